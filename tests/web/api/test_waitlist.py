"""Waiting for a place through the API."""

from __future__ import annotations

from c2b.kit import db
from c2b.participations import operations as participations
from tests import world
from tests.web.api.client import Program


async def full_campaign(w: world.World):
    campaign = await w.open_campaign(cap=50, tiers=(world.PriceTier(50, 45900),), closes="at_deadline")
    for _ in range(2):
        await w.join(campaign, quantity=20)
    return campaign, await w.join(campaign, quantity=10)


class TestTheWaitlist:
    async def test_takes_whoever_finds_no_place_asks_them_in_turn_and_lets_them_leave(self, database, app):
        w = await world.build()
        campaign, last = await full_campaign(w)
        body = {"answers": world.ANSWERS, "quantity": 2}
        bo, cy = await Program.of(app, w.bo), await Program.of(app, w.cy)
        refused = await bo.post(f"/campaigns/{campaign}/participations", body, 409)
        assert refused["code"] == "group_full"
        assert "waitlist" in refused["detail"]
        place = await bo.post(f"/campaigns/{campaign}/waitlist", body, 201)
        assert (place["state"], place["reserved_until"]) == ("waitlisted", None)
        later = await cy.post(f"/campaigns/{campaign}/waitlist", body, 201)
        shown = [await who.get(f"/participations/{each['id']}") for who, each in ((bo, place), (cy, later))]
        assert [each["waitlist_position"] for each in shown] == [1, 2]
        assert (await cy.post(f"/participations/{later['id']}/withdrawal"))["state"] == "withdrawn"
        await participations.withdraw(w.members[-1], last.participation_id)
        asked = await bo.get(f"/participations/{place['id']}")
        assert (asked["state"], asked["waitlist_position"]) == ("pending_payment", None)
        assert asked["reserved_until"] is not None
        assert (await bo.post(f"/participations/{place['id']}/payment", status=201))["checkout_url"]

    async def test_is_not_needed_where_a_place_is_free(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        place = await bo.post(f"/campaigns/{campaign}/waitlist", {"answers": world.ANSWERS}, 201)
        assert place["state"] == "pending_payment"

    async def test_is_judged_field_by_field_and_writes_nothing_half(self, database, app):
        w = await world.build()
        campaign, _ = await full_campaign(w)
        bo = await Program.of(app, w.bo)
        wrong = {"answers": {**world.ANSWERS, "switch": "hall_d"}}
        refused = await bo.post(f"/campaigns/{campaign}/waitlist", wrong, 422)
        assert [each["path"] for each in refused["errors"]] == ["switch"]
        assert await db.fetch("SELECT id FROM participation WHERE user_id = ?", w.bo.id) == []
