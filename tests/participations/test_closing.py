"""A group at its close: allocated, proposed, objected to, locked; and what each member pays for what they get."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.campaigns.counting import keep_deadlines
from c2b.catalog import operations as catalog
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.participations.closing.allocating import allocate
from c2b.participations.closing.locking import LockRefused, lock
from c2b.participations.closing.objecting import NothingToAnswer, accept
from c2b.participations.closing.proposing import propose
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work

FR4 = {"attribute": "plate", "any_of": ["fr4"]}
BRASS_OR_FR4 = {"alternatives": [FR4]}
ASKED = {**BRASS_OR_FR4, "ask_first": True}


async def group(*, premium_minor: int = 0, hours: int = 24, **changes: Any) -> tuple[world.World, str]:
    """A group of three units at least; two brass plates are the minimum, three of POM, at a premium if one is given."""
    w = await small.build()
    if premium_minor:
        document = small.document()
        for option in document["properties"]["plate"]["x-options"]:
            if option["code"] in small.MINIMUMS:
                option["premium_minor"] = premium_minor
        await catalog.publish_schema(w.product_id, document)
    campaign = await small.open_campaign(w, closes="at_deadline", **changes)
    await db.execute("UPDATE campaign SET objection_hours = ? WHERE id = ?", hours, campaign)
    return w, campaign


async def member(
    campaign: str, name: str, plate: str, *, quantity: int = 1, **wishes: Any
) -> tuple[Actor, str]:
    who = await world.person(name)
    answers = {**world.ANSWERS, "plate": plate}
    joined = await join_and_pay(who, campaign, answers, quantity=quantity, preferences=wishes or None)
    return who, joined.participation_id


async def pay(who: Actor, id: str) -> None:
    address = await start_checkout(who, id)
    await gateways.sandbox().pay(address.rstrip("/").rsplit("/", 1)[-1], Behavior.PAY)


async def close(*kinds: str) -> None:
    clock.shift(timedelta(days=3, seconds=1))
    await keep_deadlines()
    await work(*kinds)


async def state_of(campaign: str) -> str:
    return str((await hold(campaign))["state"])


async def place(id: str) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", id)
    assert row
    return {
        **row,
        **{name: parsed(row[name]) for name in ("answers", "outcome", "quote", "preferences")},
    }


def parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


async def turns(campaign: str) -> list[tuple[int, str]]:
    rows = await db.fetch("SELECT turn, state FROM allocation WHERE campaign_id = ? ORDER BY turn", campaign)
    return [(row["turn"], row["state"]) for row in rows]


class TestAMemberWhoseFirstChoiceDies:
    async def test_gets_the_second_and_what_it_costs_less(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        _, eve = await member(campaign, "Eve", "brass", **BRASS_OR_FR4)
        before = await place(eve)
        await close()
        assert await state_of(campaign) == "locked"
        row = await place(eve)
        assert row["answers"]["plate"] == "fr4"
        assert (row["outcome"]["kind"], row["outcome"]["rank"], row["outcome"]["cause"]) == (
            "alternative", 1, "minimum",
        )  # fmt: skip
        assert row["outcome"]["cell"] == {
            "key": "option:plate:brass",
            "level": "option",
            "count": 1,
            "minimum": 2,
        }
        assert row["settled_minor"] == before["total_minor"] - 6000
        assert row["quote"]["total_minor"] == row["settled_minor"]
        assert row["digest"] != before["digest"]
        frozen = await db.fetch_one("SELECT canonical FROM frozen_batch WHERE campaign_id = ?", campaign)
        assert frozen
        agreed = {each["id"]: each for each in json.loads(frozen["canonical"])["participations"]}
        assert (agreed[eve]["answers"], agreed[eve]["digest"]) == (row["answers"], row["digest"])
        await assert_books(database, provider.store.path)

    async def test_leaves_with_everything_when_nothing_else_was_acceptable(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        _, eve = await member(campaign, "Eve", "brass")
        await close()
        row = await place(eve)
        assert (await state_of(campaign), row["state"], row["outcome"]["kind"]) == (
            "locked",
            "refunded",
            "left",
        )
        await assert_books(database, provider.store.path)

    async def test_pays_the_small_lot_fee_within_the_limit_and_never_more_than_was_paid(
        self, database, provider
    ):
        _, campaign = await group(premium_minor=1000)
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        wishes = {"otherwise": "small_lot_fee", "fee_limit_minor": 600}
        _, eve = await member(campaign, "Eve", "pom", quantity=2, **wishes)
        await close()
        row = await place(eve)
        assert (row["state"], row["outcome"]["kind"], row["outcome"]["fee_minor"]) == (
            "confirmed",
            "fee",
            1000,
        )
        assert row["settled_minor"] == row["quote"]["unit_price_minor"] * 2 - 2 * 3000 + 1000
        assert row["total_minor"] - row["settled_minor"] == 2 * 3000
        await assert_books(database, provider.store.path)


class TestSomebodyWhoAskedToBeAskedFirst:
    async def test_has_the_stated_hours_and_silence_is_consent(self, database, provider):
        _, campaign = await group(hours=5)
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        _, eve = await member(campaign, "Eve", "brass", **ASKED)
        await close()
        assert await state_of(campaign) == "closed"
        assert (await place(eve))["state"] == "joined"
        clock.shift(timedelta(hours=5) - timedelta(minutes=1))
        await work()
        assert await state_of(campaign) == "closed"
        clock.shift(timedelta(minutes=2))
        await work()
        assert await state_of(campaign) == "locked"
        assert (await place(eve))["answers"]["plate"] == "fr4"
        await assert_books(database, provider.store.path)

    async def test_ends_the_wait_by_accepting_and_twice_is_once(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        who, eve = await member(campaign, "Eve", "brass", **ASKED)
        await close()
        for _ in range(2):
            await accept(who, eve)
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'participation.accepted'")) == 1
        await work()
        assert await state_of(campaign) == "locked"

    async def test_may_refuse_and_the_rest_is_worked_out_again(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        who, eve = await member(campaign, "Eve", "brass", **ASKED)
        await close()
        await participations.withdraw(who, eve)
        await work()
        assert await state_of(campaign) == "locked"
        assert await turns(campaign) == [(1, "superseded"), (2, "locked")]
        assert (await place(eve))["state"] == "refunded"
        await assert_books(database, provider.store.path)

    async def test_is_waited_for_by_name_and_not_asked_the_same_twice(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy"):
            await member(campaign, name, "fr4", quantity=2)
        who, eve = await member(campaign, "Eve", "brass", **ASKED)
        other, fay = await member(campaign, "Fay", "pom", **ASKED)
        await close()
        await accept(other, fay)
        await work()
        assert await state_of(campaign) == "closed"  # Eve has not answered yet
        await participations.withdraw(who, eve)
        await work()
        assert await state_of(campaign) == "locked"  # Fay gets what she accepted: nothing to ask
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'participation.proposed'")) == 2

    async def test_is_asked_again_when_somebody_elses_leaving_makes_it_dearer(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        who, eve = await member(campaign, "Eve", "brass", **ASKED)
        other, fay = await member(campaign, "Fay", "pom", **ASKED)
        await close()
        await accept(other, fay)
        await participations.withdraw(who, eve)
        await work()
        assert (await state_of(campaign), await turns(campaign)) == (
            "closed",
            [(1, "superseded"), (2, "proposed")],
        )
        await accept(other, fay)
        await work()
        assert await state_of(campaign) == "locked"

    async def test_may_bring_the_group_down_and_everybody_is_refunded(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy"):
            await member(campaign, name, "fr4")
        who, eve = await member(campaign, "Eve", "brass", **ASKED)
        await close()
        await participations.withdraw(who, eve)
        await work()
        assert await state_of(campaign) == "failed"
        await assert_books(database, provider.store.path)

    async def test_is_not_waited_for_where_the_campaign_gives_no_time(self, database, provider):
        _, campaign = await group(hours=0)
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        await member(campaign, "Eve", "brass", **ASKED)
        await close()
        assert await state_of(campaign) == "locked"

    async def test_is_not_asked_about_the_first_choice(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy"):
            await member(campaign, name, "fr4")
        who, eve = await member(campaign, "Eve", "fr4", ask_first=True)
        await close()
        assert await state_of(campaign) == "locked"
        with pytest.raises(NothingToAnswer):
            await accept(who, eve)


class TestAProposal:
    async def test_that_is_not_true_any_more_is_not_locked(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        who, eve = await member(campaign, "Eve", "fr4")
        await close("nothing")
        found = await allocate(campaign)
        told = await db.atomically(lambda: propose(campaign, turn=1, proposal=found))
        assert told == {"verdict": "proposed", "until": None}
        await participations.withdraw(who, eve)
        assert await db.atomically(lambda: lock(campaign, turn=1)) == "changed"
        late = await db.atomically(lambda: propose(campaign, turn=2, proposal=found))
        assert late == {"verdict": "changed", "until": None}
        assert await world.lock(campaign, turn=2) == "locked"
        assert await turns(campaign) == [(1, "superseded"), (2, "locked")]

    @pytest.mark.parametrize("wrong", ["price", "minimum", "version", "member", "fee", "answer"])
    async def test_that_was_tampered_with_is_refused(self, database, provider, wrong):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        _, eve = await member(campaign, "Eve", "brass", **BRASS_OR_FR4)
        await close("nothing")
        found = await allocate(campaign)
        assert found
        TAMPER[wrong](next(each for each in found["result"]["members"] if each["id"] == eve))
        if wrong == "version":
            await db.execute("UPDATE participation SET schema_version = 99 WHERE id = ?", eve)
            found = await allocate(campaign)
        await db.atomically(lambda: propose(campaign, turn=1, proposal=found))
        with pytest.raises(LockRefused):
            await db.atomically(lambda: lock(campaign, turn=1))
        assert await state_of(campaign) == "closed"


TAMPER: dict[str, Callable[[dict[str, Any]], Any]] = {
    "price": lambda eve: eve.update(settled_minor=eve["settled_minor"] - 1),
    "minimum": lambda eve: eve["answers"].update(plate="brass"),
    "version": lambda eve: None,
    "member": lambda eve: eve.update(id="somebody"),
    "fee": lambda eve: (
        eve["outcome"].update(fee_minor=1),
        eve.update(settled_minor=eve["settled_minor"] + 1),
    ),
    "answer": lambda eve: eve["answers"].update(plate="gold"),
}


class TestAPlaceThatOpensAtTheClose:
    async def full(self) -> tuple[str, str, Actor, str]:
        """Four places, all paid; Eve's plate is not made for her alone, and Fay waits."""
        _, campaign = await group(cap=4, tiers=small.TIERS[:1])
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        _, eve = await member(campaign, "Eve", "brass")
        fay = await world.person("Fay")
        waiting = await participations.join(fay, campaign, answers=world.ANSWERS, waits=True)
        await close()
        return campaign, eve, fay, waiting.participation_id

    async def test_is_offered_to_who_waits_and_paying_for_it_ends_the_wait(self, database, provider):
        campaign, eve, fay, waiting = await self.full()
        assert (await state_of(campaign), (await place(eve))["state"]) == ("closed", "refunded")
        assert (await place(waiting))["state"] == "pending_payment"
        await pay(fay, waiting)
        await work()
        assert await state_of(campaign) == "locked"
        assert (await place(waiting))["state"] == "confirmed"
        assert await turns(campaign) == [(1, "superseded"), (2, "locked")]
        await assert_books(database, provider.store.path)

    async def test_is_given_up_when_nobody_pays_for_it(self, database, provider):
        campaign, _, _, waiting = await self.full()
        clock.shift(timedelta(days=2))
        await participations.keep_reservations()
        await work()
        assert (await state_of(campaign), (await place(waiting))["state"]) == ("locked", "expired")
        await assert_books(database, provider.store.path)

    async def test_may_save_the_group_at_its_deadline(self, database, provider):
        _, campaign = await group(cap=3, tiers=small.TIERS[:1])
        for name in ("Bo", "Cy"):
            await member(campaign, name, "fr4")
        await member(campaign, "Eve", "brass")
        fay = await world.person("Fay")
        waiting = await participations.join(fay, campaign, answers=world.ANSWERS, waits=True)
        await close()
        assert await state_of(campaign) == "closed"
        await pay(fay, waiting.participation_id)
        await work()
        assert await state_of(campaign) == "locked"


class TestALargeGroup:
    async def test_is_allocated_in_a_process_of_its_own_to_the_same_result(
        self, database, provider, monkeypatch
    ):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name, "fr4")
        await member(campaign, "Eve", "brass", **BRASS_OR_FR4)
        await close("nothing")
        here = await allocate(campaign)
        monkeypatch.setattr("c2b.participations.closing.allocating.SMALL", 0)
        monkeypatch.setattr("c2b.participations.closing.allocating.compute", None)
        assert await allocate(campaign) == here
        await work()
        assert await state_of(campaign) == "locked"
