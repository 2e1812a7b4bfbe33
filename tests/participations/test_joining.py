"""Joining, paying, leaving: places and money move together."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from c2b import wiring
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import Forbidden, Invalid, NotFound
from c2b.ledger import queries as ledger
from c2b.participations import operations as participations
from c2b.participations.joining import AlreadyMember, CampaignNotOpen, GroupFull
from tests import world


@pytest.fixture(autouse=True)
def _wired():
    wiring.connect()


async def counts(campaign_id: str) -> tuple[str, int, int]:
    row = await db.fetch_one("SELECT state, reserved, paid FROM campaign WHERE id = ?", campaign_id)
    assert row
    return row["state"], row["reserved"], row["paid"]


class TestJoining:
    async def test_reserves_a_place_and_counts_only_once_paid(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo, quantity=2)
        assert await counts(campaign) == ("open", 2, 0)
        await w.pay(joined)
        assert await counts(campaign) == ("open", 2, 2)

    async def test_prices_the_entry_tier_with_surcharges_and_stores_the_inputs(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(
            campaign, w.bo, engraving={"text": "Bo", "font": "sans", "position": "weight_back"}
        )
        row = await db.fetch_one("SELECT quote FROM participation WHERE id = ?", joined.participation_id)
        assert row
        quote = world.json.loads(row["quote"])
        assert quote["base_minor"] == 45900
        surcharges = {each["attribute"]: each["minor"] for each in quote["surcharges"]}
        assert surcharges["engraving"] == 1500
        assert joined.total_minor == 45900 + sum(surcharges.values())

    async def test_is_refused_with_a_fault_beside_each_field(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        with pytest.raises(Invalid) as caught:
            await w.join(campaign, w.bo, switch="hall_d", unknown="x")
        assert {fault.path for fault in caught.value.fields} == {"switch", "unknown"}
        assert await counts(campaign) == ("open", 0, 0)

    async def test_is_for_consumers_and_one_place_each(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        with pytest.raises(Forbidden):
            await w.join(campaign, w.mill)
        first = await w.join(campaign, w.bo)
        with pytest.raises(AlreadyMember):
            await w.join(campaign, w.bo)
        await participations.withdraw(w.bo, first.participation_id)
        await w.join(campaign, w.bo)

    async def test_stops_at_the_cap_and_at_the_deadline(self, database):
        w = await world.build()
        campaign = await w.open_campaign(threshold=50, cap=50, tiers=(world.PriceTier(50, 45900),))
        for _ in range(2):
            await w.join(campaign, quantity=20)
        with pytest.raises(GroupFull):
            await w.join(campaign, quantity=11)
        await w.join(campaign, quantity=10)
        clock.shift(timedelta(days=21))
        with pytest.raises(CampaignNotOpen):
            await w.join(campaign)

    async def test_of_many_at_once_gives_each_a_verdict_of_their_own(self, database):
        w = await world.build()
        campaign = await w.open_campaign(threshold=50, cap=50, tiers=(world.PriceTier(50, 45900),))
        people = [await world.person(f"P{number}") for number in range(60)]
        results = await asyncio.gather(*(w.join(campaign, who) for who in people), return_exceptions=True)
        assert sum(isinstance(result, GroupFull) for result in results) == 10
        assert await counts(campaign) == ("open", 50, 0)

    async def test_that_is_not_paid_in_time_frees_the_place_and_late_money_goes_back(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo)
        payment = await w.ask(joined)
        clock.shift(timedelta(minutes=31))
        assert await participations.keep_reservations() == 1
        assert await counts(campaign) == ("open", 0, 0)
        await w.capture(payment)
        assert await counts(campaign) == ("open", 0, 0)
        refund = await db.fetch_one(
            "SELECT reason, amount_minor FROM refund WHERE payment_id = ?", payment.id
        )
        assert refund == {"reason": "late", "amount_minor": joined.total_minor}
        assert await ledger.faults() == []


class TestLeaving:
    async def test_before_the_lock_gives_the_place_and_the_money_back(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo)
        payment = await w.pay(joined)
        await participations.withdraw(w.bo, joined.participation_id)
        await participations.withdraw(w.bo, joined.participation_id)
        assert await counts(campaign) == ("open", 0, 0)
        rows = await db.fetch("SELECT key FROM job WHERE kind = 'participation.refund'")
        assert len(rows) == 1
        assert await ledger.balance(f"escrow:{campaign}") == joined.total_minor
        assert payment

    async def test_is_for_the_member_alone(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo)
        for somebody in (w.cy, w.ana, w.root, w.mill):
            with pytest.raises(NotFound):
                await participations.withdraw(somebody, joined.participation_id)

    async def test_below_the_threshold_takes_the_threshold_back(self, database):
        w = await world.build()
        campaign = await w.open_campaign(closes="at_deadline")
        joined = await w.fill(campaign, 50)
        assert await counts(campaign) == ("threshold_met", 50, 50)
        await participations.withdraw(w.members[-1], joined[-1].participation_id)
        assert await counts(campaign) == ("open", 40, 40)
        await w.fill(campaign, 10)
        assert await counts(campaign) == ("threshold_met", 50, 50)


class TestTheLock:
    async def test_follows_the_threshold_by_itself_and_freezes_everything(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        unpaid = await w.join(campaign, w.bo)
        await w.fill(campaign, 50)
        assert (await counts(campaign))[0] == "closed"
        run = await db.fetch_one("SELECT id FROM job WHERE kind = 'workflow.advance'")
        from c2b.durable.jobs import perform

        assert run
        await perform(run["id"])
        assert await counts(campaign) == ("locked", 50, 50)
        frozen = await db.fetch_one(
            "SELECT canonical, digest FROM frozen_batch WHERE campaign_id = ?", campaign
        )
        assert frozen
        assert world.json.loads(frozen["canonical"])["campaign"]["quantity"] == 50
        states = await db.fetch(
            "SELECT state, COUNT(*) AS n FROM participation GROUP BY state ORDER BY state"
        )
        assert {row["state"]: row["n"] for row in states} == {"confirmed": 3, "expired": 1}
        assert unpaid
        with pytest.raises(participations.TooLate):
            await participations.withdraw(w.members[-1], (await _one_confirmed(w.members[-1].id)))

    async def test_settles_the_tier_that_was_reached_and_gives_the_difference_back(self, database):
        w = await world.build()
        campaign = await w.open_campaign(closes="at_deadline")
        await w.fill(campaign, 80)
        clock.shift(timedelta(days=20, seconds=1))
        from c2b.campaigns.counting import keep_deadlines

        assert await keep_deadlines() == 1
        from c2b.durable.jobs import perform

        run = await db.fetch_one("SELECT id FROM job WHERE kind = 'workflow.advance'")
        assert run
        await perform(run["id"])
        rows = await db.fetch("SELECT amount_minor, reason FROM refund")
        assert {row["reason"] for row in rows} == {"price_difference"}
        assert sum(row["amount_minor"] for row in rows) == 80 * (45900 - 42900)

    async def test_refuses_when_a_requirement_was_tampered_with(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.fill(campaign, 50)
        await db.execute(
            "UPDATE participation SET answers = ? WHERE id = ?",
            '{"switch":"hall_d"}',
            joined[0].participation_id,
        )
        await drain()
        assert (await counts(campaign))[0] == "closed"
        job = await db.fetch_one("SELECT state, error FROM job WHERE kind = 'workflow.advance'")
        assert job
        assert job["state"] == "dead"
        assert "no longer valid" in job["error"]

    async def test_refuses_when_members_hold_other_units_than_were_counted(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.fill(campaign, 60)
        await db.execute("UPDATE campaign SET paid = 55 WHERE id = ?", campaign)
        await _advance()
        assert (await counts(campaign))[0] == "closed"
        job = await db.fetch_one("SELECT state, error FROM job WHERE kind = 'workflow.advance'")
        assert job
        assert job["state"] == "dead"
        assert "another number of units" in job["error"]


async def _one_confirmed(user_id: str) -> str:
    row = await db.fetch_one(
        "SELECT id FROM participation WHERE user_id = ? AND state = 'confirmed'", user_id
    )
    assert row
    return row["id"]


class TestTheDeadline:
    async def test_without_the_threshold_fails_the_group(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.fill(campaign, 20)
        unpaid = await w.join(campaign)
        payment = await w.ask(unpaid)
        clock.shift(timedelta(days=20, seconds=1))
        from c2b.campaigns.counting import keep_deadlines

        assert await keep_deadlines() == 1
        assert await keep_deadlines() == 0
        assert (await counts(campaign))[0] == "failed"
        await w.capture(payment)
        refund = await db.fetch_one("SELECT reason FROM refund WHERE payment_id = ?", payment.id)
        assert refund == {"reason": "late"}
        assert len(await db.fetch("SELECT id FROM job WHERE kind = 'campaign.refund'")) == 1


class TestAnOptionThatTooFewChose:
    async def test_leaves_its_members_out_with_all_their_money_when_the_rest_is_enough(self, database):
        w = await world.build()
        campaign = await w.open_campaign(closes="at_deadline")
        await w.fill(campaign, 60)
        brass = await w.join(campaign, w.bo, plate="brass")
        payment_id = await w.pay(brass)
        await _close_at_deadline(campaign)
        assert await counts(campaign) == ("locked", 60, 60)
        member = await db.fetch_one(
            "SELECT state, outcome FROM participation WHERE id = ?", brass.participation_id
        )
        assert member
        outcome = json.loads(member["outcome"]) if isinstance(member["outcome"], str) else member["outcome"]
        assert (member["state"], outcome["kind"], outcome["cause"]) == ("refunding", "left", "minimum")
        assert outcome["cell"] == {"key": "option:plate:brass", "level": "option", "count": 1, "minimum": 30}
        assert await db.fetch_one(
            "SELECT id FROM job WHERE key = ?", f"refund:participation:{brass.participation_id}"
        )
        assert payment_id

    async def test_keeps_the_group_open_while_the_rest_is_not_enough(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.pay(await w.join(campaign, w.bo, plate="brass"))
        await w.fill(campaign, 49)
        assert (await counts(campaign))[0] == "closed"
        await _advance()
        assert await counts(campaign) == ("threshold_met", 50, 50)
        await w.fill(campaign, 1)
        await _advance()
        assert await counts(campaign) == ("locked", 50, 50)
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'campaign.threshold_reached'")) == 1

    async def test_is_looked_at_again_when_somebody_changes_their_mind(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo, plate="brass")
        await w.pay(joined)
        await w.fill(campaign, 49)
        await _advance()
        assert (await counts(campaign))[0] == "threshold_met"
        await participations.revise(w.bo, joined.participation_id, answers=world.ANSWERS)
        await _advance()
        assert await counts(campaign) == ("locked", 50, 50)


async def _advance() -> None:
    from c2b.durable.jobs import perform

    for row in await db.fetch(
        "SELECT id FROM job WHERE kind = 'workflow.advance' AND key LIKE 'run:closing:%'"
    ):
        await perform(row["id"])


async def _close_at_deadline(campaign: str) -> None:
    from c2b.campaigns.counting import keep_deadlines

    clock.shift(timedelta(days=20, seconds=1))
    assert await keep_deadlines() == 1
    await _advance()
