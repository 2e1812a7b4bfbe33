"""Taking part only from a lower price on: what is paid, what counts, and what comes of it at the close."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from c2b.campaigns.changes import hold
from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.queries import progress
from c2b.campaigns.rules import PriceTier
from c2b.kit import clock, db
from c2b.kit.errors import Invalid
from c2b.participations import operations as participations
from c2b.participations.closing.allocating import allocate
from c2b.participations.closing.collecting import collect
from c2b.participations.closing.locking import LockRefused, lock
from c2b.participations.closing.proposing import propose
from c2b.participations.conditional import conditional_of
from tests import small, world
from tests.books import assert_books, work
from tests.participations.test_closing import member, place
from tests.participations.test_deciding import ENTRY, REST, end, voted_on, voter

#: From five units on a unit is 30.00 cheaper.
LOWER = 42900
#: What the organizer's choices add for everybody.
FIXED = 15000 + 1500
IF_LOWER = {"commit_below_minor": LOWER}


async def group(**changes: Any) -> str:
    """Three units make it, five bring the lower price."""
    return await small.open_campaign(await small.build(), **{"closes": "at_deadline", **changes})


async def close() -> None:
    clock.shift(timedelta(days=3, seconds=1))
    await keep_deadlines()
    await work()


async def counts(campaign: str) -> tuple[str, int, int, dict[int, int]]:
    row = await hold(campaign)
    by_price = row["conditional_at"]
    found = json.loads(by_price) if isinstance(by_price, str) else by_price
    assert {int(price): units for price, units in found.items()} == await conditional_of(campaign)
    assert row["conditional"] == sum(found.values())
    return (
        row["state"],
        row["paid"],
        row["conditional"],
        {int(price): units for price, units in found.items()},
    )


class TestJoining:
    async def test_from_a_lower_price_on_costs_that_price(self, database, provider):
        campaign = await group()
        _, any_price = await member(campaign, "Bo", "fr4")
        _, lower = await member(campaign, "Cy", "fr4", **IF_LOWER)
        bo, cy = await place(any_price), await place(lower)
        assert bo["total_minor"] - cy["total_minor"] == 3000
        assert (bo["commit_below_minor"], cy["commit_below_minor"]) == (None, LOWER)
        assert cy["quote"]["base_minor"] == LOWER

    async def test_from_the_first_tiers_price_on_is_from_any(self, database, provider):
        _, id = await member(await group(), "Bo", "fr4", commit_below_minor=45900)
        row = await place(id)
        assert (row["commit_below_minor"], row["preferences"]) == (None, {})

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (42800, "no_tier"),
            (0, "too_small"),
            ("42900", "not_whole"),
            (True, "not_whole"),
            (10**10, "too_large"),
        ],
    )
    async def test_needs_the_price_of_a_tier(self, database, provider, value, code):
        campaign = await group()
        with pytest.raises(Invalid) as refusal:
            await member(campaign, "Bo", "fr4", commit_below_minor=value)
        assert [(each.path, each.code) for each in refusal.value.fields] == [
            ("preferences.commit_below_minor", code)
        ]

    async def test_is_no_choice_where_a_group_closes_before_the_lower_price(self, database, provider):
        campaign = await group(closes="on_threshold")
        with pytest.raises(Invalid) as refusal:
            await member(campaign, "Bo", "fr4", **IF_LOWER)
        assert refusal.value.fields[0].text() == "There is only one price here: leave this out."

    async def test_below_a_highest_unit_price_is_the_same_said_otherwise(self, database, provider):
        """Who pays 610.00 at most takes part from the tier on that comes to no more."""
        campaign = await group()
        _, id = await member(campaign, "Bo", "fr4", limit_minor=61000)
        row = await place(id)
        assert row["commit_below_minor"] == LOWER
        assert (await counts(campaign))[1:3] == (1, 1)


class TestAGroup:
    async def test_does_not_come_together_by_those_whose_price_is_not_reached(self, database, provider):
        campaign = await group()
        await member(campaign, "Bo", "fr4", quantity=2)
        await member(campaign, "Cy", "fr4", quantity=2, **IF_LOWER)
        assert await counts(campaign) == ("open", 4, 2, {LOWER: 2})
        now = await progress(campaign)
        assert (now["counted"], now["conditional"], now["missing"], now["price_minor"]) == (2, 2, 1, 45900)
        assert [tier["missing"] for tier in now["tiers"]] == [0, 1]

    async def test_comes_together_once_they_bring_the_price_with_the_others(self, database, provider):
        campaign = await group()
        await member(campaign, "Bo", "fr4", quantity=2)
        await member(campaign, "Cy", "fr4", quantity=2, **IF_LOWER)
        await member(campaign, "Di", "fr4", **IF_LOWER)
        assert await counts(campaign) == ("threshold_met", 5, 3, {LOWER: 3})
        assert (await progress(campaign))["price_minor"] == LOWER

    async def test_falls_apart_when_one_of_them_leaves_or_changes_the_price(self, database, provider):
        campaign = await group()
        bo, at_any = await member(campaign, "Bo", "fr4", quantity=3)
        _, _ = await member(campaign, "Cy", "fr4", **IF_LOWER)
        assert (await counts(campaign))[0] == "threshold_met"
        await participations.revise(bo, at_any, preferences=IF_LOWER)
        assert await counts(campaign) == ("open", 4, 4, {LOWER: 4})
        await participations.revise(bo, at_any, preferences={})
        assert await counts(campaign) == ("threshold_met", 4, 1, {LOWER: 1})
        await participations.withdraw(bo, at_any)
        assert await counts(campaign) == ("open", 1, 1, {LOWER: 1})

    async def test_fails_at_its_deadline_and_gives_everything_back(self, database, provider):
        campaign = await group()
        await member(campaign, "Bo", "fr4", quantity=2)
        _, cy = await member(campaign, "Cy", "fr4", quantity=2, **IF_LOWER)
        await close()
        assert (await hold(campaign))["state"] == "failed"
        assert (await place(cy))["state"] == "refunded"
        await assert_books(database, provider.store.path)


class TestTheClose:
    async def test_leaves_out_whose_price_is_not_reached_and_says_why(self, database, provider):
        campaign = await group()
        await member(campaign, "Bo", "fr4", quantity=3)
        _, cy = await member(campaign, "Cy", "fr4", **IF_LOWER)
        await close()
        row = await place(cy)
        assert (row["state"], row["outcome"]["kind"], row["outcome"]["cause"]) == ("refunded", "left", "tier")
        told = (row["outcome"]["limit_minor"], row["outcome"]["lowest_minor"])
        assert told == (LOWER + FIXED, 45900 + FIXED)  # as the pages show prices
        assert await counts(campaign) == ((await hold(campaign))["state"], 3, 0, {})
        await assert_books(database, provider.store.path)

    async def test_gives_everybody_the_lower_price_that_they_brought(self, database, provider):
        campaign = await group()
        _, bo = await member(campaign, "Bo", "fr4", quantity=3)
        _, cy = await member(campaign, "Cy", "fr4", quantity=2, **IF_LOWER)
        await close()
        one, other = await place(bo), await place(cy)
        assert one["settled_minor"] == one["total_minor"] - 3 * 3000
        assert other["settled_minor"] == other["total_minor"]
        assert {one["outcome"]["kind"], other["outcome"]["kind"]} == {"first"}
        await assert_books(database, provider.store.path)

    async def test_counts_on_nobody_whose_option_dies(self, database, provider):
        """Five would bring the lower price, but one brass plate is not made: four remain, three at any price."""
        campaign = await group()
        await member(campaign, "Bo", "fr4", quantity=3)
        _, cy = await member(campaign, "Cy", "fr4", **IF_LOWER)
        _, di = await member(campaign, "Di", "brass")
        assert (await counts(campaign))[:3] == ("threshold_met", 5, 1)
        await close()
        assert (await place(di))["outcome"]["cause"] == "minimum"
        assert (await place(cy))["outcome"]["cause"] == "tier"
        assert (await hold(campaign))["paid"] == 3
        await assert_books(database, provider.store.path)

    async def test_refuses_a_proposal_above_the_price_of_a_member(self, database, provider, monkeypatch):
        """The last line before the lock does not believe the allocation."""
        campaign = await group()
        await member(campaign, "Bo", "fr4", quantity=3)
        clock.shift(timedelta(days=3, seconds=1))
        await keep_deadlines()
        proposal = await db.atomically(lambda: allocate(campaign_id=campaign))
        await db.atomically(lambda: propose(campaign_id=campaign, turn=1, proposal=proposal))

        async def changed(campaign: dict[str, Any]) -> dict[str, Any]:
            inputs = await collect(campaign)
            inputs["members"][0]["preferences"] = IF_LOWER
            return inputs

        monkeypatch.setattr("c2b.participations.closing.locking.collect", changed)
        monkeypatch.setattr("c2b.participations.closing.locking.digest_of", lambda inputs: proposal["digest"])
        with pytest.raises(LockRefused, match="takes part from a lower price on"):
            await db.atomically(lambda: lock(campaign, turn=1))


class TestAVote:
    async def test_that_makes_things_dearer_moves_whom_a_highest_price_holds_to_the_lower_tier(
        self, database
    ):
        """Within the limit at the first tier with the free mounting; with the one that wins only at the second."""
        w = await small.build()
        campaign = await voted_on(w, closes="at_deadline")
        within = await voter(w, campaign, "tray", limit_minor=ENTRY + REST)
        await voter(w, campaign, "gasket", quantity=2)
        assert await counts(campaign) == ("threshold_met", 3, 0, {})
        await end()
        assert (await place(within.participation_id))["commit_below_minor"] == LOWER
        assert await counts(campaign) == ("open", 3, 1, {LOWER: 1})


class TestADeposit:
    async def test_is_reckoned_on_the_lower_price(self, database, provider):
        campaign = await group(payment_plan="deposit", deposit_percent=20)
        who = await world.person("Cy")
        joined = await participations.join(
            who, campaign, answers={**world.ANSWERS, "plate": "fr4"}, quantity=1, preferences=IF_LOWER
        )
        row = await place(joined.participation_id)  # type: ignore[union-attr]
        assert row["due_minor"] * 5 == pytest.approx(row["total_minor"], abs=5)


class TestThreePrices:
    async def test_count_each_for_itself(self, database, provider):
        tiers = (PriceTier(2, 45900), PriceTier(5, 42900), PriceTier(8, 39900))
        campaign = await group(tiers=tiers)
        await member(campaign, "Bo", "fr4", quantity=3)
        await member(campaign, "Cy", "fr4", quantity=2, **IF_LOWER)
        await member(campaign, "Di", "fr4", quantity=2, commit_below_minor=39900)
        now = await progress(campaign)
        assert (now["counted"], now["conditional"], now["price_minor"]) == (5, 2, LOWER)
        assert [tier["missing"] for tier in now["tiers"]] == [0, 0, 1]
