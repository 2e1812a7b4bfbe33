"""Places that open while people leave, wait, come and look at the clock, all at once on real PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import partial

from c2b.kit import db
from c2b.kit.errors import AppError
from c2b.participations import joining
from c2b.participations import operations as participations
from c2b.participations.waitlist import keep_waitlists
from tests import world
from tests.races.test_races import a_join, crowded

__all__ = ["crowded"]

ROUNDS = 5
WAITING = NEWCOMERS = 30
LEAVING = 10


async def _round(w: world.World, chance: random.Random) -> tuple[str, list[str], int]:
    """Ten of fifty places open while thirty wait and thirty others try to join: (campaign, who waits, who got in)."""
    campaign = await w.open_campaign(cap=50, tiers=(world.PriceTier(50, 45900),), closes="at_deadline")
    await w.fill(campaign, 40)
    places = [await w.join(campaign) for _ in range(LEAVING)]
    leavers = w.members[-LEAVING:]
    priced = participations.requirement(
        await participations.join_offer(campaign), answers=world.ANSWERS, quantity=1
    )
    waiting = []
    for _ in range(WAITING):
        wish = a_join(campaign, world.new_id(), priced)
        [verdict] = await db.atomically(partial(joining.write, [replace(wish, waits=True)]))
        assert isinstance(verdict, joining.Joined)
        waiting.append(verdict.participation_id)
    acts = [
        partial(participations.withdraw, who, place.participation_id)
        for who, place in zip(leavers, places, strict=True)
    ]
    acts += [
        partial(db.atomically, partial(joining.write, [a_join(campaign, world.new_id(), priced)]))
        for _ in range(NEWCOMERS)
    ]
    acts += [keep_waitlists] * 5
    chance.shuffle(acts)
    results = await asyncio.gather(*(act() for act in acts), return_exceptions=True)
    unexpected = [r for r in results if isinstance(r, Exception) and not isinstance(r, AppError)]
    assert unexpected == []
    in_by_luck = sum(isinstance(each, list) and isinstance(each[0], joining.Joined) for each in results)
    return campaign, waiting, in_by_luck


async def _states(campaign: str) -> dict[str, str]:
    rows = await db.fetch("SELECT id, state FROM participation WHERE campaign_id = ?", campaign)
    return {row["id"]: row["state"] for row in rows}


class TestPlacesThatOpen:
    async def test_go_to_the_earliest_who_wait_to_nobody_who_came_later_and_never_beyond_the_cap(
        self, crowded
    ):
        w = await world.build()
        for number in range(ROUNDS):
            campaign, waiting, in_by_luck = await _round(w, random.Random(number))
            states = await _states(campaign)
            assert in_by_luck == 0
            assert [states[each] for each in waiting] == ["pending_payment"] * LEAVING + ["waitlisted"] * (
                WAITING - LEAVING
            )
            row = await db.fetch_one("SELECT reserved, cap FROM campaign WHERE id = ?", campaign)
            held = await db.fetch_one(
                "SELECT SUM(quantity) AS n FROM participation WHERE campaign_id = ? "
                "AND state IN ('pending_payment', 'joined')",
                campaign,
            )
            assert row
            assert held
            assert row["reserved"] == held["n"] == row["cap"]
            offers = await db.fetch(
                "SELECT id FROM event WHERE campaign_id = ? AND name = 'participation.place_offered'",
                campaign,
            )
            assert len(offers) == LEAVING

    async def test_are_lost_to_newcomers_where_nothing_is_offered_at_once_nor_kept_for_who_waits(
        self, crowded, monkeypatch
    ):
        """The control: free is what the counter says, and only the clock looks at the waitlist."""
        w = await world.build()

        async def nothing(_: str) -> int:
            return 0

        monkeypatch.setattr(participations, "offer_places", nothing)
        monkeypatch.setattr(joining, "places_left", lambda campaign: campaign["cap"] - campaign["reserved"])
        lucky = [(await _round(w, random.Random(number)))[2] for number in range(ROUNDS)]
        assert sum(lucky) > 0
