"""From which price on one is in, chosen in a browser without JavaScript, and what everybody else reads of it."""

from __future__ import annotations

import pytest_asyncio

from c2b.kit import db
from tests import world
from tests.web.consumer.browser import Browser
from tests.web.consumer.test_wishes import asked, campaign, join_form, place

__all__ = ["campaign"]

#: The tier from 80 units on; with what the organizer fixed a unit costs 594.00 there.
LOWER = "42900"


@pytest_asyncio.fixture
async def on_threshold(w: world.World) -> str:
    row = await db.fetch_one("SELECT slug FROM campaign WHERE id = ?", await w.open_campaign())
    assert row
    return f"/campaigns/{row['slug']}"


class TestTheChoice:
    async def test_is_any_price_unless_something_else_is_chosen(self, w, campaign, bo):
        page = await asked(bo, campaign)
        assert page.says(
            "From which price on are you in?",
            "At any price the group reaches, CN¥624.00 per unit at most",
            "Only if 80 units bring it down to CN¥594.00",
        )
        assert '<input type="radio" name="commit_below" value="" checked>' in page.html

    async def test_speaks_chinese(self, w, campaign, app):
        page = await asked(Browser(app, locale="zh_CN"), campaign)
        assert page.says("什么价格您才参加？", "只有满 80 台、降到 ¥594.00 才参加")

    async def test_is_not_offered_where_there_is_one_price_to_count_on(self, w, on_threshold, bo):
        assert "From which price on" not in (await asked(bo, on_threshold)).text

    async def test_of_a_lower_price_shows_what_is_paid_and_what_it_means(self, w, campaign, bo):
        before = await asked(bo, campaign)
        page = await bo.send(join_form(before), button="quote", commit_below=LOWER)
        assert f'<input type="radio" name="commit_below" value="{LOWER}" checked>' in page.html
        assert page.says("Base price from 80 units", "You pay now CN¥609.00")
        assert page.says("Your units count once 80 paid units bring this price.")

    async def test_is_stored_with_the_place_and_shown_on_it(self, w, campaign, bo, sandbox):
        await bo.send(join_form(await asked(bo, campaign)), commit_below=LOWER)
        row = await place()
        assert (row["preferences"], row["commit_below_minor"]) == ({"commit_below_minor": 42900}, 42900)
        page = await bo.get(f"/participations/{row['id']}")
        assert page.says("Only if the price falls to CN¥594.00, before your own options")
        assert page.says("Your place is reserved. It counts once your payment has arrived.")

    async def test_says_on_the_place_what_it_still_takes_to_count_and_promises_nothing_back(
        self, w, campaign, bo
    ):
        slug = campaign.rpartition("/")[2]
        await w.fill(slug, 12)
        mine = await w.join(slug, w.bo, quantity=2, wishes={"commit_below_minor": 42900})
        await w.pay(mine)
        page = await bo.get(f"/participations/{mine.participation_id}")
        assert page.says("Your place is kept and counts once 66 more paid units bring your price.")
        assert "your place counts" not in page.text and "comes back to you" not in page.text
        await w.fill(slug, 66)
        page = await bo.get(f"/participations/{mine.participation_id}")
        assert page.says("Your payment has arrived and your place counts.")

    async def test_of_any_price_says_what_comes_back(self, w, campaign, bo):
        mine = await w.join(campaign.rpartition("/")[2], w.bo, quantity=2)
        await w.pay(mine)
        page = await bo.get(f"/participations/{mine.participation_id}")
        assert page.says("78 more paid units in the group and CN¥60.00 comes back to you.")

    async def test_that_is_rubbish_is_refused_beside_itself(self, w, campaign, bo):
        form = join_form(await asked(bo, campaign))
        page = await bo.send(form, 422, commit_below="12345")
        assert page.says("No tier here has this price: choose CN¥429.00, for example, or leave it out.")
        assert 'href="#wish-commit_below_minor"' in page.html
        page = await bo.send(form, 422, commit_below="٣<script>")
        assert page.says("Give an amount in minor units: a whole number.")
        assert not await db.fetch("SELECT id FROM participation")


class TestTheCampaignsPage:
    async def test_tells_who_counts_now_from_who_waits_for_the_price(self, w, campaign, bo, stranger):
        slug = campaign.rpartition("/")[2]
        await w.fill(slug, 12)
        joined = await w.join(slug, quantity=2, wishes={"commit_below_minor": 42900})
        await w.pay(joined)
        page = await stranger.get(campaign)
        assert page.says("12 of 50 units paid", "38 more paid units and it goes ahead.")
        assert page.says(
            "66 more units and everyone saves CN¥30.00: CN¥594.00 each.", "from 80 CN¥594.00 66 more"
        )
        assert page.says("2 more units belong to members who are in from a lower price on.")
        card = await stranger.get("/")
        assert card.says("12 of 50 paid", "38 more needed")
