"""Changing one's mind before the lock: for the same price or less, validated like the first time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from c2b.campaigns import operations as campaigns
from c2b.campaigns.counting import keep_deadlines
from c2b.kit import clock, db
from c2b.kit.errors import Invalid, NotFound
from c2b.participations import operations as participations
from c2b.participations.revising import BeingAllocated
from c2b.payments.queries import money_of
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work


def wanting(**changes: object) -> dict[str, object]:
    return {**world.ANSWERS, **changes}


async def row_of(joined) -> dict[str, object]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return row


class TestARevision:
    async def test_for_the_same_price_replaces_the_requirement_and_nothing_else(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        engraved = wanting(engraving={"text": "Bo", "font": "sans", "position": "case_back"})
        joined = await join_and_pay(w.bo, campaign, engraved, quantity=2)
        before = await row_of(joined)
        await participations.revise(w.bo, joined.participation_id, answers={**engraved, "plate": "pc"})
        after = await row_of(joined)
        changed = {key for key in after if after[key] != before[key]}
        assert changed == {"answers", "digest", "configuration_key", "quote"}
        answers = after["answers"]
        assert (json.loads(answers) if isinstance(answers, str) else answers)["plate"] == "pc"
        again = await join_and_pay(w.cy, campaign, wanting(plate="pc"))
        assert (await row_of(again))["configuration_key"] == after["configuration_key"]
        (event,) = await db.fetch("SELECT payload FROM event WHERE name = 'requirement.revised'")
        before_it = json.loads(event["payload"]) if isinstance(event["payload"], str) else event["payload"]
        assert before_it["before"]["plate"] == "fr4"
        assert "engraving" not in before_it["before"]

    async def test_that_costs_less_gives_the_difference_back_with_the_lock_and_may_be_taken_back(
        self, database, provider
    ):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, wanting(switch="silent_c"), quantity=2)
        await join_and_pay(w.cy, campaign, wanting())
        for switch in ("linear_a", "silent_c", "tactile_b"):  # 2500 paid for, then none, then 1500
            await participations.revise(w.bo, joined.participation_id, answers=wanting(switch=switch))
        clock.shift(timedelta(days=3, seconds=1))
        await keep_deadlines()
        await work()
        (refund,) = (await money_of(joined.participation_id))["refunds"]
        assert (refund["amount_minor"], refund["reason"], refund["state"]) == (
            2 * 1000, "price_difference", "succeeded",
        )  # fmt: skip
        await assert_books(database, provider.store.path)

    async def test_that_costs_more_is_refused_and_says_by_how_much(self, database, provider):
        w = await small.build()
        joined = await join_and_pay(w.bo, await small.open_campaign(w), wanting(), quantity=2)
        before = await row_of(joined)
        with pytest.raises(participations.PriceWouldRise) as caught:
            await participations.revise(w.bo, joined.participation_id, answers=wanting(plate="brass"))
        assert "¥120.00" in caught.value.text()
        assert await row_of(joined) == before

    @pytest.mark.parametrize(
        "answers",
        [{"plate": "gold"}, {"price_minor": 1}, {"case_material": "abs"}, {"quantity": 20}, {"legend": None}],
        ids=["unknown option", "unknown key", "batch answer", "quantity", "missing answer"],
    )
    async def test_that_is_tampered_with_changes_nothing(self, database, provider, answers):
        w = await small.build()
        joined = await join_and_pay(w.bo, await small.open_campaign(w), wanting())
        before = await row_of(joined)
        with pytest.raises(Invalid) as caught:
            await participations.revise(w.bo, joined.participation_id, answers=wanting(**answers))
        assert {fault.path for fault in caught.value.fields} == answers.keys()
        assert await row_of(joined) == before

    async def test_is_for_the_member_alone(self, database, provider):
        w = await small.build()
        joined = await join_and_pay(w.bo, await small.open_campaign(w), wanting())
        for somebody in (w.ana, w.cy, w.mill, w.root):
            with pytest.raises(NotFound):
                await participations.revise(somebody, joined.participation_id, answers=wanting())

    async def test_comes_after_paying_and_before_the_close(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        unpaid = await w.join(campaign, w.bo)
        with pytest.raises(participations.PayFirst):
            await participations.revise(w.bo, unpaid.participation_id, answers=wanting(plate="pc"))
        joined = await join_and_pay(w.cy, campaign, wanting(), quantity=3)
        with pytest.raises(BeingAllocated):  # closed, not locked
            await participations.revise(w.cy, joined.participation_id, answers=wanting(plate="pc"))
        await work()
        with pytest.raises(participations.TooLate):
            await participations.revise(w.cy, joined.participation_id, answers=wanting(plate="alu"))
        frozen = await db.fetch_one("SELECT canonical FROM frozen_batch WHERE campaign_id = ?", campaign)
        assert frozen
        (member,) = json.loads(frozen["canonical"])["participations"]
        assert (member["answers"]["plate"], member["digest"]) == ("fr4", (await row_of(joined))["digest"])

    async def test_is_over_when_the_group_is_canceled(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await join_and_pay(w.bo, campaign, wanting())
        await campaigns.cancel(w.ana, campaign, reason="No time.")
        with pytest.raises(participations.TooLate):
            await participations.revise(w.bo, joined.participation_id, answers=wanting(plate="pc"))
