"""Cut off at each dangerous line of collecting: whoever takes over finishes, and every cent moves once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from c2b import wiring
from c2b.campaigns.counting import keep_deadlines
from c2b.kit import clock, db, faults
from c2b.participations import operations as participations
from c2b.payments import gateways
from c2b.payments.asking import NothingToPay, start_checkout
from c2b.payments.capturing import ask_again
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, provider, work

__all__ = ["provider"]

#: A worker that fell silent is taken over after this time.
LEASE_OVER = timedelta(seconds=61)


class Killed(BaseException):
    """The process ends here; nothing that follows is carried out, not even what handles errors."""


def kill_once(monkeypatch: pytest.MonkeyPatch, point: str) -> list[str]:
    """Die at ``point`` the first time; where that happened."""
    died: list[str] = []

    def at(name: str) -> None:
        if name == point and not died:
            died.append(name)
            raise Killed(name)

    monkeypatch.setattr(faults, "point", at)
    return died


async def until_done() -> None:
    """Work, die, take over."""
    for _ in range(3):
        try:
            await work()
        except Killed:
            clock.shift(LEASE_OVER)
    await ask_again()
    await work()


async def joined(campaign: str, name: str) -> tuple[Any, str]:
    who = await world.person(name)
    return who, (await join_and_pay(who, campaign, world.ANSWERS)).participation_id


async def pay(who: Any, place: str) -> None:
    ref = (await start_checkout(who, place)).rsplit("/", 1)[-1]
    try:
        await gateways.sandbox().pay(ref)
    except BaseExceptionGroup:
        clock.shift(timedelta(minutes=6))  # the provider tells us again
        await gateways.sandbox().deliver_due(now=clock.now())
    await until_done()


DEPOSIT = ("collect:asked", "step:ask for money 1:before", "step:ask for money 1:worked", "step:ask for money 1:after",
           "webhook:before commit", "webhook:booked", "step:look for money 1.1:worked", "collect:let go",
           "step:look for money 1.1:after", "step:ask for money 2:worked", "step:lock 2:worked",
           "step:settle prices:worked")  # fmt: skip
HOLD = ("collect:asked", "capture:before provider", "sandbox.capture.acted", "capture:after provider",
        "job:payment.capture:before commit", "job:payment.capture:done", "sandbox.void.acted", "void:after provider",
        "job:payment.void:before commit")  # fmt: skip


class TestCollectingCutOff:
    @pytest.mark.parametrize("point", DEPOSIT)
    async def test_takes_every_balance_once_and_lets_the_overdue_go_once(
        self, point, database, provider, monkeypatch
    ):
        wiring.connect()
        w = await small.build()
        campaign = await small.open_campaign(
            w, closes="at_deadline", payment_plan="deposit", deposit_percent=20
        )
        members = [await joined(campaign, name) for name in ("Bo", "Cy", "Di", "Late", "Eve")]
        died = kill_once(monkeypatch, point)
        clock.shift(timedelta(days=3, seconds=1))
        await keep_deadlines()
        await until_done()
        for who, place in members[:3]:
            await pay(who, place)
        await pay(*members[4])
        clock.shift(timedelta(days=15, hours=1))
        await until_done()
        for who, place in (*members[:3], members[4]):  # the price rose with the one who left
            await pay(who, place)
        row = await db.fetch_one("SELECT state, paid FROM campaign WHERE id = ?", campaign)
        assert (row, died) == ({"state": "locked", "paid": 4}, [point])
        await assert_books(database, provider.store.path)

    @pytest.mark.parametrize("point", HOLD)
    async def test_charges_every_hold_once_and_releases_that_of_whoever_left(
        self, point, database, provider, monkeypatch
    ):
        wiring.connect()
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline", payment_plan="authorize")
        members = [await joined(campaign, name) for name in ("Bo", "Cy", "Di", "Eve")]
        died = kill_once(monkeypatch, point)
        await participations.withdraw(*members[3])
        await until_done()
        clock.shift(timedelta(days=3, seconds=1))
        await keep_deadlines()
        await until_done()
        row = await db.fetch_one("SELECT state, paid FROM campaign WHERE id = ?", campaign)
        assert (row, died) == ({"state": "locked", "paid": 3}, [point])
        await assert_books(database, provider.store.path)


class TestWhoseMoneyIsHeld:
    async def test_is_not_asked_to_pay_again_when_the_group_has_closed(self, database, provider):
        wiring.connect()
        w = await small.build()
        campaign = await small.open_campaign(w, closes="on_threshold", payment_plan="authorize")
        who, place = await joined(campaign, "Bo")
        for name in ("Cy", "Di"):
            await joined(campaign, name)
        assert (await db.fetch_one("SELECT state FROM campaign WHERE id = ?", campaign))["state"] == "closed"
        with pytest.raises(NothingToPay):
            await start_checkout(who, place)
        assert len(await db.fetch("SELECT id FROM payment WHERE participation_id = ?", place)) == 1
