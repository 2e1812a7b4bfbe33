"""Ranked wishes on their way: stored with the place, paid for at their dearest, changed within what was paid."""

from __future__ import annotations

import json
from typing import Any

import pytest

from c2b.campaigns.queries import join_offer
from c2b.kit import db
from c2b.kit.errors import Invalid
from c2b.participations import operations as participations
from c2b.participations import revising
from c2b.participations.joining import TermsChanged
from c2b.seeds.acting import join_and_pay
from tests import small, world

FIRST = 45900 + 15000 + 1500 + 1500
BLACK = {"attribute": "case_color", "any_of": ["black"]}
BRASS = {"attribute": "plate", "any_of": ["brass"]}


async def place(joined: Any) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    parsed = {name: json.loads(row[name]) for name in ("preferences", "quote") if isinstance(row[name], str)}
    return {**row, **parsed}


async def wishes_version(campaign: str) -> int:
    row = await db.fetch_one("SELECT wishes_version FROM campaign WHERE id = ?", campaign)
    assert row
    return row["wishes_version"]


async def join(who: Any, campaign: str, wishes: Any, **more: Any) -> Any:
    return await participations.join(who, campaign, answers=world.ANSWERS, preferences=wishes, **more)


class TestAPlace:
    async def test_keeps_the_wishes_and_asks_for_the_dearest_of_them(self, database):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await join(w.bo, campaign, {"alternatives": [BRASS], "ask_first": True}, quantity=2)
        row = await place(joined)
        assert row["preferences"] == {"alternatives": [BRASS], "ask_first": True}
        assert joined.total_minor == row["total_minor"] == 2 * (FIRST + 6000)
        assert row["quote"]["total_minor"] == 2 * FIRST
        plain = await place(await join(w.cy, campaign, None))
        assert (plain["preferences"], plain["total_minor"]) == ({}, FIRST)

    async def test_is_not_taken_by_somebody_whose_wishes_are_wrong(self, database):
        w = await small.build()
        campaign = await small.open_campaign(w)
        with pytest.raises(Invalid):
            await join(w.bo, campaign, {"alternatives": [BLACK, BLACK]})
        assert not await db.fetch("SELECT id FROM participation")
        assert not await db.fetch("SELECT id FROM event WHERE name = 'requirement.submitted'")

    async def test_is_judged_by_the_terms_that_hold_when_it_is_taken(self, database):
        w = await small.build()
        campaign = await small.open_campaign(w)
        await join_offer(campaign)  # kept by this process
        batch = json.dumps({**world.BATCH, "case_material": "abs"})
        await db.execute(
            "UPDATE campaign SET batch_answers = ?, terms_version = terms_version + 1 WHERE id = ?",
            batch,
            campaign,
        )
        with pytest.raises(Invalid) as caught:
            await join(w.bo, campaign, {})
        assert [fault.path for fault in caught.value.fields] == ["case_color"]
        black = {**world.ANSWERS, "case_color": "black"}
        await participations.join(
            w.bo, campaign, answers=black
        )  # which the terms kept before would have priced higher
        row = await db.fetch_one("SELECT total_minor FROM participation")
        assert row == {"total_minor": FIRST - 15000}


class TestWishesThatChange:
    async def test_may_take_everything_that_was_paid_for_and_nothing_more(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, world.ANSWERS)
        await participations.revise(w.bo, joined.participation_id, preferences={"alternatives": [BLACK]})
        assert (await place(joined))["preferences"] == {"alternatives": [BLACK]}
        before = await place(joined)
        with pytest.raises(participations.PriceWouldRise) as caught:
            await participations.revise(w.bo, joined.participation_id, preferences={"alternatives": [BRASS]})
        assert "¥60.00" in caught.value.text()
        assert await place(joined) == before
        within = {
            "alternatives": [BRASS],
            "limit_minor": FIRST + 5000,
        }  # brass from the second tier on: 3000 more
        with pytest.raises(participations.PriceWouldRise):
            await participations.revise(w.bo, joined.participation_id, preferences=within)

    async def test_stay_when_only_the_answers_change_and_are_judged_again(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, world.ANSWERS)
        wishes = {"alternatives": [BLACK], "ask_first": True}
        await participations.revise(w.bo, joined.participation_id, preferences=wishes)
        plate = {**world.ANSWERS, "plate": "pc"}
        await participations.revise(w.bo, joined.participation_id, answers=plate)
        assert (await place(joined))["preferences"] == wishes
        with pytest.raises(Invalid) as caught:
            await participations.revise(
                w.bo, joined.participation_id, answers={**plate, "case_color": "black"}
            )
        assert [fault.path for fault in caught.value.fields] == ["preferences.alternatives.0.any_of"]
        await participations.revise(w.bo, joined.participation_id, preferences={})
        assert (await place(joined))["preferences"] == {}

    async def test_under_terms_that_have_just_changed_are_to_be_looked_at_again(
        self, database, provider, monkeypatch
    ):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, world.ANSWERS)
        before = await place(joined)
        stale = await join_offer(campaign)
        await db.execute("UPDATE campaign SET terms_version = terms_version + 1 WHERE id = ?", campaign)

        async def as_it_was(*_: Any, **__: Any) -> Any:
            return stale

        monkeypatch.setattr("c2b.participations.revising.join_offer", as_it_was)
        with pytest.raises(TermsChanged):
            await participations.revise(w.bo, joined.participation_id, preferences={"alternatives": [BLACK]})
        assert await place(joined) == before

    async def test_that_were_stored_from_another_window_meanwhile_are_not_lost(
        self, database, provider, monkeypatch
    ):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await join_and_pay(w.bo, campaign, world.ANSWERS)

        async def meanwhile() -> None:
            monkeypatch.setattr(revising, "join_offer", join_offer)
            await participations.revise(w.bo, joined.participation_id, preferences={"ask_first": True})

        async def slow_offer(*args: Any, **more: Any) -> Any:
            await meanwhile()
            return await join_offer(*args, **more)

        monkeypatch.setattr(revising, "join_offer", slow_offer)
        with pytest.raises(TermsChanged):
            await participations.revise(
                w.bo, joined.participation_id, answers={**world.ANSWERS, "plate": "pc"}
            )
        kept = (await place(joined))["preferences"]
        assert (json.loads(kept) if isinstance(kept, str) else kept) == {"ask_first": True}

    async def test_are_counted_with_every_payment_change_and_leave(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        await join(w.cy, campaign, {})
        assert await wishes_version(campaign) == 0
        joined = await join_and_pay(w.bo, campaign, world.ANSWERS)
        assert await wishes_version(campaign) == 1
        await participations.revise(w.bo, joined.participation_id, preferences={"ask_first": True})
        assert await wishes_version(campaign) == 2
        await participations.withdraw(w.bo, joined.participation_id)
        assert await wishes_version(campaign) == 3
