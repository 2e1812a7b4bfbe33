"""The time an order has to be answered, and every turn that people give it: answered, more time, again, withdrawn.

The order's row is the truth. Each turn counts ``turn`` up in the transaction of the change and signals the run that
waits for exactly that turn; what the run then does it reads from the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypedDict

from c2b.durable.signals import signal
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import NotFound
from c2b.purchasing.models import PurchaseOrder

#: An order nobody has to do anything about by a certain hour is looked at again after this time.
PATIENCE = timedelta(days=3650)
LAST_CALL = timedelta(days=1)


class Moment(TypedDict):
    """When the run has to act by itself (an ISO instant), and how: ``"remind"``, ``"expire"`` or ``"look"``."""

    at: str
    do: str


class Standing(TypedDict):
    """Where an order stands, as JSON: a checkpoint can hold it."""

    state: str
    revision: int
    turn: int
    agenda: list[Moment]


def run_id(campaign_id: str) -> str:
    """The run that carries out the order of a campaign."""
    return f"ordering:{campaign_id}"


def turn_name(turn: int) -> str:
    """The signal of the n-th turn."""
    return f"turn {turn}"


async def standing(*, purchase_order_id: str) -> Standing:
    """Where the order stands, with what is due from now on."""
    order = await find(purchase_order_id)
    after = clock.now()
    return Standing(
        state=order.state,
        revision=order.revision,
        turn=order.turn,
        agenda=[Moment(at=at.isoformat(), do=do) for at, do in _agenda(order, after)],
    )


def _agenda(order: PurchaseOrder, after: datetime) -> Iterable[tuple[datetime, str]]:
    """Halfway and a day before the end a reminder, then the end. While an admin decides, nothing is due."""
    if order.state != "issued" or order.validity_until is None:
        return [(after + PATIENCE, "look")]
    end = order.validity_until
    reminders = sorted({after + (end - after) // 2, end - LAST_CALL})
    return [*((at, "remind") for at in reminders if after < at < end), (end, "expire")]


async def keep_hour(*, purchase_order_id: str, do: str, at: str) -> Standing:
    """What the agenda says for the hour ``at``, now that it has come."""
    if do == "remind":
        await _remind(purchase_order_id)
    elif do == "expire":
        await _expire(purchase_order_id, datetime.fromisoformat(at))
    return await standing(purchase_order_id=purchase_order_id)


async def _remind(purchase_order_id: str) -> None:
    """Remind the manufacturer, unless the order was answered or its time ran out while we slept."""
    order = await find(purchase_order_id)
    if order.state == "issued" and order.validity_until is not None and clock.now() < order.validity_until:
        await tell("purchase_order.reminded", order, audience="manufacturer")


async def _expire(purchase_order_id: str, at: datetime) -> None:
    """The time is over without an answer: expired, never silent acceptance. An admin decides what follows."""
    rows = await db.execute(
        "UPDATE purchase_order SET state = 'expired' WHERE id = ? AND state = 'issued' AND validity_until <= ?",
        purchase_order_id,
        at,
    )
    if rows == 1:
        await tell("purchase_order.expired", await find(purchase_order_id), audience="organizer")


async def take_turn(
    order: PurchaseOrder, changes: str, *args: Any, guard: str, guard_args: tuple[Any, ...]
) -> bool:
    """Change the order's row if ``guard`` holds, count the turn and wake the run. ``False`` if it did not hold."""
    row = await db.fetch_one(
        f"UPDATE purchase_order SET turn = turn + 1, {changes} WHERE id = ? AND {guard} RETURNING turn",  # noqa: S608
        *args,
        order.id,
        *guard_args,
    )
    if row is None:
        return False
    await signal(run_id(order.campaign_id), turn_name(row["turn"]), True)
    return True


async def find(purchase_order_id: str) -> PurchaseOrder:
    """The order's row as it stands now. Raises ``NotFound``."""
    order = await PurchaseOrder.get_or_none(id=purchase_order_id)
    if order is None:
        raise NotFound
    return order


async def tell(
    name: str,
    order: PurchaseOrder,
    *,
    audience: str,
    actor_id: str | None = None,
    **payload: str | int | None,
) -> None:
    """Record an event on the order with its number and revision, in the present transaction."""
    validity = order.validity_until.isoformat() if order.validity_until else None
    await record(
        name,
        subject="purchase_order",
        subject_id=order.id,
        campaign_id=order.campaign_id,
        actor_id=actor_id,
        audience=audience,
        payload={"number": order.number, "revision": order.revision, "validity_until": validity, **payload},
    )
