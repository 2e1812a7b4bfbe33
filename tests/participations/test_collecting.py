"""Deposits and balances, and money that is only held: nothing is ordered that has not been paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.campaigns.counting import keep_deadlines
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.participations.operations import keep_reservations
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import ask_again
from c2b.payments.collecting import balance_of, collecting_of, keep_reminders
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.record import record_of
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work


async def group(plan: str = "deposit", **changes: Any) -> tuple[world.World, str]:
    """Three units at least, five reach a lower price; 20 % at joining, or all of it held."""
    w = await small.build()
    terms = {"payment_plan": plan, **({"deposit_percent": 20} if plan == "deposit" else {})}
    return w, await small.open_campaign(w, closes="at_deadline", **{**terms, **changes})


async def member(campaign: str, name: str, plate: str = "fr4", *, quantity: int = 1) -> tuple[Actor, str]:
    who = await world.person(name)
    joined = await join_and_pay(who, campaign, {**world.ANSWERS, "plate": plate}, quantity=quantity)
    return who, joined.participation_id


async def close() -> None:
    clock.shift(timedelta(days=3, seconds=1))
    await keep_deadlines()
    await work()


async def pay(member: tuple[Actor, str], behavior: Behavior = Behavior.PAY) -> None:
    address = await start_checkout(*member)
    await gateways.sandbox().pay(address.rstrip("/").rsplit("/", 1)[-1], behavior)
    await work()


async def state_of(campaign: str) -> str:
    return str((await hold(campaign))["state"])


async def place(member: tuple[Actor, str]) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", member[1])
    assert row
    return row


async def names(name: str) -> int:
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM event WHERE name = ?", name)
    assert row
    return int(row["n"])


class TestADeposit:
    async def test_is_asked_for_at_joining_and_the_balance_before_the_lock(self, database, provider):
        _, campaign = await group()
        members = [await member(campaign, name) for name in ("Bo", "Cy", "Di")]
        row = await place(members[0])
        assert row["due_minor"] == row["captured_minor"] == (row["total_minor"] * 20 + 50) // 100
        await close()
        assert await state_of(campaign) == "closed"
        balance = await balance_of(members[0][1])
        assert balance
        assert balance["missing_minor"] == row["total_minor"] - row["captured_minor"]
        assert (await collecting_of(await hold(campaign)) or {})["missing"] == 3
        for each in members:
            assert await state_of(campaign) == "closed"
            await pay(each)
        assert await state_of(campaign) == "locked"
        assert await names("participation.balance_requested") == 3
        await assert_books(database, provider.store.path)

    async def test_asks_for_the_price_that_was_reached(self, database, provider):
        _, campaign = await group()
        members = [await member(campaign, name, quantity=2) for name in ("Bo", "Cy", "Di")]
        before = await place(members[0])
        await close()
        balance = await balance_of(members[0][1])
        assert balance
        assert balance["asked_minor"] == before["total_minor"] - 2 * 3000
        for each in members:
            await pay(each)
        row = await place(members[0])
        assert (row["state"], row["settled_minor"], row["captured_minor"]) == (
            "confirmed", balance["asked_minor"], balance["asked_minor"],
        )  # fmt: skip
        await assert_books(database, provider.store.path)

    async def test_comes_back_in_full_with_the_balance_when_somebody_leaves_before_the_lock(
        self, database, provider
    ):
        _, campaign = await group()
        members = [await member(campaign, name) for name in ("Bo", "Cy", "Di", "Eve")]
        await close()
        await pay(members[0])
        await participations.withdraw(*members[0])
        await work()
        assert (await place(members[0]))["state"] == "refunded"
        for each in members[1:]:
            await pay(each)
        assert await state_of(campaign) == "locked"
        await assert_books(database, provider.store.path)


class TestAnOverdueBalance:
    async def test_is_reminded_of_on_three_days_and_then_the_place_is_lost_with_all_money_back(
        self, database, provider
    ):
        _, campaign = await group()
        members = [await member(campaign, name) for name in ("Bo", "Cy", "Di", "Late")]
        await close()
        for each in members[:3]:
            await pay(each)
        clock.shift(timedelta(days=7, hours=1))
        for day in range(8):
            await keep_reminders()
            await work()
            await keep_reminders()
            await work()
            assert await names("participation.balance_late") == (0, 1, 1, 2, 2, 2, 2, 3)[day]
            assert (await place(members[3]))["state"] == "joined"
            clock.shift(timedelta(days=1))
        await work()
        row = await place(members[3])
        assert (row["state"], row["attention"]) == ("refunded", "overdue")
        assert await state_of(campaign) == "locked"
        assert {row["reason"] for row in await db.fetch("SELECT reason FROM refund")} == {"overdue"}
        await assert_books(database, provider.store.path)

    async def test_that_lifts_the_price_asks_the_others_for_the_difference_and_never_more(
        self, database, provider
    ):
        _, campaign = await group()
        members = [await member(campaign, name, quantity=2) for name in ("Bo", "Cy")]
        late = await member(campaign, "Late", quantity=1)
        await close()
        for each in members:
            await pay(each)
        clock.shift(timedelta(days=15, hours=1))
        await work()
        assert (await place(late))["state"] == "refunded"
        balance = await balance_of(members[0][1])
        assert balance
        assert balance["missing_minor"] == 2 * 3000
        assert balance["asked_minor"] == (await place(members[0]))["total_minor"]
        for each in members:
            await pay(each)
        assert await state_of(campaign) == "locked"
        await assert_books(database, provider.store.path)

    async def test_that_leaves_too_few_of_an_option_lets_the_others_of_it_go_too(self, database, provider):
        _, campaign = await group()
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name)
        brass = await member(campaign, "Eve", "brass")
        late = await member(campaign, "Late", "brass")
        await close()
        for row in await db.fetch("SELECT id, user_id FROM participation WHERE id <> ?", late[1]):
            await pay((await actor(row["user_id"]), row["id"]))
        clock.shift(timedelta(days=15, hours=1))
        await work()
        assert (await place(late))["attention"] == "overdue"
        # the price fell back with the group: the three who stay owe the difference
        for row in await db.fetch("SELECT id, user_id FROM participation WHERE state = 'joined'"):
            if await balance_of(row["id"]):
                await pay((await actor(row["user_id"]), row["id"]))
        assert await state_of(campaign) == "locked"
        assert (await place(brass))["state"] == "refunded"
        await assert_books(database, provider.store.path)

    async def test_gives_the_place_to_the_waitlist(self, database, provider):
        _, campaign = await group(cap=5)
        members = [await member(campaign, "Bo", quantity=2), await member(campaign, "Cy", quantity=2)]
        members.append(await member(campaign, "Late"))
        who = await world.person("Wai")
        waiting = await participations.join(who, campaign, answers=world.ANSWERS, waits=True)
        await close()
        clock.shift(timedelta(hours=13))
        await work()
        for each in members[:2]:
            await pay(each)
        clock.shift(timedelta(days=15))
        await work()
        assert (await place(members[2]))["attention"] == "overdue"
        newcomer = (who, waiting.participation_id)  # type: ignore[union-attr]
        assert (await place(newcomer))["state"] == "pending_payment"
        await pay(newcomer)
        await pay(newcomer)  # the deposit, then the balance
        assert await state_of(campaign) == "locked"
        await assert_books(database, provider.store.path)

    async def test_ends_a_group_that_is_too_small_without_it_and_everybody_has_all_back(
        self, database, provider
    ):
        _, campaign = await group()
        members = [await member(campaign, name) for name in ("Bo", "Cy", "Late")]
        await close()
        for each in members[:2]:
            await pay(each)
        clock.shift(timedelta(days=15, hours=1))
        await work()
        assert await state_of(campaign) == "failed"
        assert {(await place(each))["state"] for each in members} == {"refunded"}
        await assert_books(database, provider.store.path)


class TestMoneyThatIsHeld:
    async def test_counts_at_joining_and_is_charged_exactly_what_was_reached(self, database, provider):
        _, campaign = await group("authorize")
        members = [await member(campaign, name, quantity=2) for name in ("Bo", "Cy", "Di")]
        row = await place(members[0])
        assert (row["state"], row["captured_minor"]) == ("joined", 0)
        assert (await hold(campaign))["paid"] == 6
        assert not await db.fetch("SELECT id FROM transfer")
        await close()
        assert await state_of(campaign) == "locked"
        row = await place(members[0])
        assert row["captured_minor"] == row["settled_minor"] == row["total_minor"] - 2 * 3000
        assert not await db.fetch("SELECT id FROM refund")
        await assert_books(database, provider.store.path)

    async def test_is_released_when_somebody_leaves_and_when_the_group_fails(self, database, provider):
        _, campaign = await group("authorize")
        bo, cy = await member(campaign, "Bo"), await member(campaign, "Cy")
        await participations.withdraw(*bo)
        await work()
        await close()
        assert await state_of(campaign) == "failed"
        assert [row.status for row in record_of(provider.store.path).payments] == ["voided", "voided"]
        assert [(await place(each))["state"] for each in (bo, cy)] == ["refunded", "refunded"]
        await assert_books(database, provider.store.path)

    async def test_that_expires_must_be_authorized_again_or_the_place_is_lost(self, database, provider):
        _, campaign = await group("authorize")
        members = [await member(campaign, name) for name in ("Bo", "Cy", "Di", "Eve")]
        await db.execute(
            "UPDATE campaign SET deadline = ? WHERE id = ?", clock.now() + timedelta(days=9), campaign
        )
        clock.shift(timedelta(days=7, hours=1))
        await ask_again()
        await work()
        assert (await hold(campaign))["paid"] == 0
        assert {(await place(each))["state"] for each in members} == {"pending_payment"}
        for each in members[:3]:
            await pay(each)
        clock.shift(timedelta(hours=13))
        await keep_reservations()
        assert (await place(members[3]))["state"] == "expired"
        clock.shift(timedelta(days=2))
        await keep_deadlines()
        await work()
        assert await state_of(campaign) == "locked"
        await assert_books(database, provider.store.path)

    async def test_that_cannot_be_charged_costs_the_place_after_one_more_chance(self, database, provider):
        _, campaign = await group("authorize")
        members = [await member(campaign, name) for name in ("Bo", "Cy", "Di")]
        provider.misbehave(Misbehavior(declines_capture=True))
        await close()
        assert {(await place(each))["state"] for each in members} == {"pending_payment"}
        provider.misbehave(Misbehavior())
        for each in members:
            await pay(each)
        assert await state_of(campaign) == "locked"
        await assert_books(database, provider.store.path)

    async def test_is_charged_once_when_every_answer_is_lost(self, database, provider):
        _, campaign = await group("authorize")
        for name in ("Bo", "Cy", "Di"):
            await member(campaign, name)
        provider.misbehave(Misbehavior(timeout_percent=100))
        await close()
        assert await state_of(campaign) == "closed"
        provider.misbehave(Misbehavior())
        clock.shift(timedelta(minutes=10))
        await work()
        assert await state_of(campaign) == "locked"
        await assert_books(database, provider.store.path)


class TestTheDatabase:
    async def test_refuses_a_final_price_that_has_not_been_paid(self, database, provider):
        _, campaign = await group()
        bo = await member(campaign, "Bo")
        with pytest.raises(IntegrityError):
            await db.execute("UPDATE participation SET settled_minor = total_minor WHERE id = ?", bo[1])


async def actor(user_id: str) -> Actor:
    row = await db.fetch_one("SELECT * FROM user_account WHERE id = ?", user_id)
    assert row
    return Actor(id=row["id"], name=row["name"], role=row["role"], locale="en", email_verified=True)
