"""Pages of the waitlist: the form of a full group, one's place in the line, and the way out of it."""

from __future__ import annotations

import pytest_asyncio

from c2b.kit import db
from c2b.participations import operations as participations
from tests import world
from tests.web.consumer.test_join import CHOICES


@pytest_asyncio.fixture
async def full(w):
    """The address of a campaign without a free place, and who could leave it."""
    campaign = await w.open_campaign(cap=50, tiers=(world.PriceTier(50, 45900),), closes="at_deadline")
    for _ in range(2):
        await w.join(campaign, quantity=20)
    last = await w.join(campaign, quantity=10)
    row = await db.fetch_one("SELECT slug FROM campaign WHERE id = ?", campaign)
    assert row
    return f"/campaigns/{row['slug']}", w.members[-1], last


class TestAFullGroup:
    async def test_offers_the_waitlist_instead_of_a_place(self, full, bo):
        address, _, _ = full
        assert (await bo.get(address)).says("All places are taken at the moment. You can join the waitlist.")
        page = await bo.get(f"{address}/join")
        assert page.says("All places are taken at the moment.", "Join the waitlist", "You pay nothing now.")
        assert page.says("you have 12 hours to pay", "To pay once a place opens")
        assert "You pay now" not in page.text
        assert "Reserve my place and pay" not in page.text

    async def test_takes_the_same_form_and_shows_the_place_in_the_line(self, full, w, bo):
        address, _, _ = full
        await participations.join(w.cy, address.rpartition("/")[2], answers=world.ANSWERS, waits=True)
        form = (await bo.get(f"{address}/join")).form("/join")
        page = await bo.send(form, button="waitlist", quantity=2, **CHOICES)
        assert page.path.startswith("/participations/")
        assert page.says("You are on the waitlist.", "On the waitlist", "You are number 2 on the waitlist.")
        assert page.says("No money has moved yet.")
        assert "Pay CN¥" not in page.text
        seen = await bo.get(address)
        assert seen.says("You wait for 2 units", "2 people are on the waitlist.")

    async def test_sends_back_a_form_with_faults(self, full, bo):
        address, _, _ = full
        form = (await bo.get(f"{address}/join")).form("/join")
        page = await bo.send(form, 422, button="waitlist", **{**CHOICES, "answers__plate": "gold"})
        assert page.says("“gold” is not offered")
        assert await db.fetch("SELECT id FROM participation WHERE state = 'waitlisted'") == []

    async def test_asks_whoever_waits_to_pay_once_a_place_opens(self, full, w, bo):
        address, who, last = full
        joined = await participations.join(
            w.bo, address.rpartition("/")[2], answers=world.ANSWERS, waits=True
        )
        await participations.withdraw(who, last.participation_id)
        page = await bo.get(f"/participations/{joined.participation_id}")
        assert page.says("Waiting for payment", "Reserved until", "Pay CN¥639.00")
        assert "on the waitlist." not in page.text

    async def test_can_be_waited_for_no_longer(self, full, w, bo):
        address, _, _ = full
        joined = await participations.join(
            w.bo, address.rpartition("/")[2], answers=world.ANSWERS, waits=True
        )
        place = f"/participations/{joined.participation_id}"
        assert (await bo.get(place)).says("Leave the waitlist")
        page = await bo.get(f"{place}/withdrawal")
        assert page.says("You give up your turn. Nothing was charged.")
        assert (await bo.send(page.form("/withdrawal"))).says("Withdrawn")

    async def test_says_how_the_wait_ended(self, full, w, bo):
        from c2b.campaigns import operations as campaigns
        from c2b.participations.waitlist import keep_waitlists

        address, _, _ = full
        joined = await participations.join(
            w.bo, address.rpartition("/")[2], answers=world.ANSWERS, waits=True
        )
        campaign = await db.fetch_one("SELECT id FROM campaign WHERE slug = ?", address.rpartition("/")[2])
        assert campaign
        await campaigns.cancel(w.ana, campaign["id"], reason="No.")
        await keep_waitlists()
        page = await bo.get(f"/participations/{joined.participation_id}")
        assert page.says(
            "The wait has ended", "No place opened for you on the waitlist. Nothing was charged."
        )
        assert "waited" not in page.text
