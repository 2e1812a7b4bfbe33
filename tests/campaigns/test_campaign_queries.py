"""Who sees which campaign, and reading page by page."""

from __future__ import annotations

from itertools import pairwise

import pytest

from c2b.campaigns import operations as campaigns
from c2b.campaigns import queries
from c2b.kit.errors import NotFound
from tests import small, world


class TestACampaign:
    async def test_that_is_not_open_yet_is_seen_by_organizer_and_admin_alone(self, database):
        w = await world.build()
        made = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        for step in (None, campaigns.submit(w.ana, made.id)):
            if step:
                await step
            for reader in (w.ana, w.root):
                assert (await queries.campaign_for(reader, made.slug))["id"] == made.id
            for reader in (w.bo, w.mill, None):
                with pytest.raises(NotFound):
                    await queries.campaign_for(reader, made.slug)
            with pytest.raises(NotFound):
                await queries.join_offer(made.id)
        await campaigns.approve(w.root, made.id)
        for reader in (w.bo, w.mill, None):
            assert (await queries.campaign_for(reader, made.id))["slug"] == made.slug
        assert (await queries.join_offer(made.id)).entry_price_minor == 45900

    async def test_canceled_before_it_was_open_stays_hidden(self, database):
        w = await world.build()
        made = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        await campaigns.cancel(w.ana, made.id, reason="Changed my mind.")
        with pytest.raises(NotFound):
            await queries.campaign_for(None, made.id)
        assert await queries.discover() == []

    async def test_by_link_is_found_by_its_address_and_not_by_looking_around(self, database):
        w = await world.build()
        hidden = await w.open_campaign(visibility="by_link", title="For our club")
        shown = await w.open_campaign(title="For everybody")
        assert [each["id"] for each in await queries.discover()] == [shown]
        assert (await queries.campaign_for(None, hidden))["title"] == "For our club"
        assert {each["id"] for each in await queries.organized_by(w.ana)} == {hidden, shown}
        assert await queries.organized_by(w.bo) == []

    async def test_says_how_far_it_is(self, database):
        w = await world.build()
        campaign = await small.open_campaign(await _small(w), threshold=3, closes="at_deadline")
        await w.fill(campaign, 5)
        now = await queries.progress(campaign)
        assert (now["paid"], now["missing"], now["price_minor"], now["state"]) == (
            5,
            0,
            42900,
            "threshold_met",
        )
        with pytest.raises(NotFound):
            await queries.progress("0" * 26)


async def _small(w: world.World) -> world.World:
    """The same cast with the product in small."""
    other = await small.build()
    w.product_slug = other.product_slug
    return w


class TestLists:
    async def test_are_read_page_by_page_without_losing_or_repeating_one(self, database):
        w = await world.build()
        made = [await w.open_campaign(title=f"Number {number}") for number in range(5)]
        await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer(title="A draft"))
        pages, before = [], None
        while page := await queries.discover(limit=2, before=before):
            pages.append([each["id"] for each in page])
            before = page[-1]["id"]
        assert [len(page) for page in pages] == [2, 2, 1]
        found = [each for page in pages for each in page]
        assert sorted(found) == sorted(made)
        assert all(one > other for one, other in pairwise(found)), "newest first"
        assert await queries.discover(family="laptop") == []
        assert len(await queries.discover(family="keyboard")) == 5

    async def test_of_everything_are_for_admins(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        for reader in (w.ana, w.bo, w.mill):
            with pytest.raises(NotFound):
                await queries.all_campaigns(reader)
        assert len(await queries.all_campaigns(w.root)) == 2
        assert [each["id"] for each in await queries.all_campaigns(w.root, state="open")] == [campaign]
        assert len(await queries.all_campaigns(w.root, limit=1)) == 1
