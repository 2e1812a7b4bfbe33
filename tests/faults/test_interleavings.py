"""Two acts on one campaign, one at an exact point of the other: whatever comes first, the books are right.

Six acts make fifteen pairs, each in both orders. ``stale``: the rival acts after the first has looked and before its
transaction begins. ``at once``: the rival starts while the first holds the campaign's row, and has to wait its turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from c2b import wiring
from c2b.campaigns import changes, counting
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import AppError
from c2b.ledger import queries as ledger
from c2b.participations import operations as participations
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import receive
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.models import Payment
from tests import world
from tests.faults.banking import member
from tests.faults.place import documents, provider

pytestmark = pytest.mark.faults

CLOSES_AFTER = timedelta(days=20)


@dataclass
class Scene:
    """Forty of fifty units are paid; ``paying`` would reach the threshold, ``expired`` comes too late."""

    w: world.World
    campaign: str
    paying: Payment
    expired: Payment
    leaver: Any
    leaver_place: str

    async def join(self) -> None:
        await self.w.join(self.campaign, quantity=20)

    async def pay(self) -> None:
        """Workers are quick: the group may be locked and ordered before the other act goes on."""
        await _tell(self.paying)
        await drain()

    async def pay_late(self) -> None:
        await _tell(self.expired)

    async def deadline(self) -> None:
        clock.shift(CLOSES_AFTER)
        await counting.keep_deadlines()
        await drain()

    async def cancel(self) -> None:
        await campaigns.cancel(self.w.ana, self.campaign, reason="My workshop burned down.")

    async def withdraw(self) -> None:
        await participations.withdraw(self.leaver, self.leaver_place)


ACTS = ("join", "pay", "pay_late", "deadline", "cancel", "withdraw")
PAIRS = list(itertools.combinations(ACTS, 2))
assert len(PAIRS) == 15


async def _scene(w: world.World, sandbox: Any, number: int) -> Scene:
    campaign = await w.open_campaign(title=f"Board {number}", deadline=clock.now() + CLOSES_AFTER)
    places = [await w.join(campaign, quantity=20) for _ in range(2)]
    people = w.members[-2:]
    for place, who in zip(places, people, strict=True):
        await _capture(sandbox, await _ask(who.id, place.participation_id))
    late = await w.join(campaign, quantity=1)
    expired = await _ask(w.members[-1].id, late.participation_id)
    await db.execute(
        "UPDATE participation SET reserved_until = ? WHERE id = ?", clock.now(), late.participation_id
    )
    assert await participations.keep_reservations() == 1
    paying = await w.join(campaign, quantity=20)
    payment = await _ask(w.members[-1].id, paying.participation_id)
    for each in (payment, expired):
        await sandbox.choose(each.provider_ref)  # the money has moved; nobody has told us yet
    await drain()
    return Scene(w, campaign, payment, expired, people[0], places[0].participation_id)


async def _ask(user_id: str, participation_id: str) -> Payment:
    await start_checkout(member(user_id), participation_id)
    return await Payment.get(participation_id=participation_id)


async def _capture(sandbox: Any, payment: Payment) -> None:
    await sandbox.choose(payment.provider_ref)
    await _tell(payment)


async def _tell(payment: Payment) -> None:
    """The provider's notification of captured money."""
    event = GatewayEvent(
        event_id=f"captured-{payment.id}", kind="payment.captured", provider_ref=payment.provider_ref or "",
        payment_id=payment.id, amount_minor=payment.amount_minor, currency=payment.currency,
        occurred_at=clock.now(), refund_key=None,
    )  # fmt: skip
    await receive("sandbox", event)


async def _quietly(act: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(AppError):  # refusing politely is one of the right answers
        await act()


async def stale(
    first: Callable[[], Awaitable[None]], rival: Callable[[], Awaitable[None]], patch: Any
) -> None:
    """The rival acts between what the first has read and its transaction."""
    real, acted = db.atomically, []

    async def interrupted(work: Any) -> Any:
        if not acted:
            acted.append(True)
            await _quietly(rival)
        return await real(work)

    with patch.context() as inside:
        inside.setattr(db, "atomically", interrupted)
        await _quietly(first)
    assert acted, "the rival never acted"


async def at_once(
    first: Callable[[], Awaitable[None]], rival: Callable[[], Awaitable[None]], patch: Any
) -> None:
    """The rival begins while the first holds the campaign's row."""
    outside, started = contextvars.copy_context(), []
    real = db.fetch_one

    async def held(sql: str, *args: Any) -> Any:
        row = await real(sql, *args)
        if not started and db.in_transaction():
            started.append(asyncio.get_running_loop().create_task(_quietly(rival), context=outside))
        return row

    with patch.context() as inside:
        inside.setattr(db, "fetch_one", held)
        await _quietly(first)
        if started:
            await started[0]
    if not started:  # the first was refused before it held anything
        await _quietly(rival)


class TestEveryPairOfActs:
    @pytest.mark.parametrize("one", ACTS[:-1])
    async def test_leaves_the_books_right(self, one, database, monkeypatch):
        wiring.connect()
        forget_offers()
        w = await world.build()
        with documents(False), provider() as sandbox:
            pairs = [order for pair in PAIRS if pair[0] == one for order in (pair, pair[::-1])]
            for number, (way, (first, rival)) in enumerate(itertools.product((stale, at_once), pairs)):
                clock.reset()
                scene = await _scene(w, sandbox, number)
                await way(getattr(scene, first), getattr(scene, rival), monkeypatch)
                await _go_on(scene)
                assert await _wrong(scene.campaign) == [], (way.__name__, first, rival)


async def _go_on(scene: Scene) -> None:
    """Everything else happens too, so that each story has an end."""
    await drain()
    await scene.pay()
    await scene.pay_late()
    await drain()
    clock.shift(CLOSES_AFTER)
    await participations.keep_reservations()
    await counting.keep_deadlines()
    await drain()
    clock.shift(timedelta(hours=3))
    await drain()


async def _wrong(campaign_id: str) -> list[str]:
    """What must hold of a campaign at its end, in words."""
    campaign = await changes.hold(campaign_id)
    steps = await db.fetch("SELECT to_state FROM campaign_transition WHERE campaign_id = ?", campaign_id)
    ends = Counter(step["to_state"] for step in steps if step["to_state"] in ("locked", "failed", "canceled"))
    found = [f"outcomes {dict(ends)}"] if sum(ends.values()) != 1 else []
    places = await db.fetch("SELECT * FROM participation WHERE campaign_id = ?", campaign_id)
    found += [
        f"{place['state']} for ever" for place in places if place["state"] in ("pending_payment", "refunding")
    ]
    kept = sum(place["quantity"] for place in places if place["state"] in ("joined", "confirmed"))
    if ends["locked"] and not kept == campaign["paid"] == campaign["reserved"]:
        found.append(f"{kept} units kept, {campaign['paid']} counted, {campaign['reserved']} reserved")
    if not ends["locked"] and kept:
        found.append(f"{kept} units kept of a group that came to nothing")
    frozen = await db.fetch_one("SELECT canonical FROM frozen_batch WHERE campaign_id = ?", campaign_id)
    agreed = {each["id"] for each in json.loads(frozen["canonical"])["participations"]} if frozen else set()
    if agreed != {place["id"] for place in places if place["state"] == "confirmed"}:
        found.append("what was frozen is not what is confirmed")
    found += await _money_wrong(campaign_id, places)
    undone = await db.fetch("SELECT key, error FROM job WHERE state = 'dead' OR state = 'running'")
    return found + [f"{job['key']}: {job['error'][-200:]}" for job in undone] + await ledger.faults()


async def _money_wrong(campaign_id: str, places: list[dict[str, Any]]) -> list[str]:
    payments = await db.fetch("SELECT * FROM payment WHERE campaign_id = ?", campaign_id)
    found = [f"money of payment {row['id']} never booked" for row in payments if row["state"] != "succeeded"]
    held = Counter[str]()
    for row in payments:
        held[row["participation_id"]] += row["amount_minor"] - row["refunded_minor"]
    right = {
        place["id"]: place["settled_minor"] or 0 if place["state"] == "confirmed" else 0 for place in places
    }
    found += [
        f"place {key} holds {held[key]}, not {minor}" for key, minor in right.items() if held[key] != minor
    ]
    if await ledger.balance(f"escrow:{campaign_id}") != sum(right.values()):
        found.append("escrow is not what is held")
    return found
