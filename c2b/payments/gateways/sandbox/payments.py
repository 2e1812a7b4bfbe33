"""The provider's side of a payment: created, then captured, failed or expired, each for good; one that is only held is
authorized first, then captured (a part of it, the rest is released), voided or expired.

Every function runs inside one write transaction of the provider's store and leaves payment, event and deliveries
saying the same thing.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any

from c2b.kit.ids import new_token
from c2b.kit.money import exponent
from c2b.payments.gateways.base import MAX_AMOUNT_MINOR, GatewayRefused
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.notices import AT_ONCE, tell
from c2b.payments.gateways.sandbox.store import instant, text

#: An authorization holds so long, as those of cards do.
HOLD = timedelta(days=7)
#: "Pay late": the money arrives this long after the checkout has expired.
LATENESS = timedelta(minutes=1)
#: "Out of order": the earlier event is told this long after the later one.
STRAGGLES = timedelta(seconds=3)
_SETTLED_AT_A_TIME = 500


class CheckoutClosed(GatewayRefused):
    """Somebody chose before, or the checkout has expired: nothing can be chosen any more."""

    def __init__(self) -> None:
        super().__init__("checkout_closed")


def find(db: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """The payment row; raises ``GatewayRefused("unknown_payment")``."""
    row = db.execute("SELECT * FROM payment WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        raise GatewayRefused("unknown_payment")
    return row


def create(db: sqlite3.Connection, request: dict[str, Any], now: datetime) -> str:
    """Open a checkout and return its unguessable reference. ``request``: the parameters of ``Gateway.start``."""
    _check_money(request["amount_minor"], request["currency"])
    ref = f"sbx_{new_token()}"
    db.execute(
        "INSERT INTO payment (ref, status, created_at, payment_id, amount_minor, currency, description, locale,"
        " return_url, notify_url, expires_at, holds) VALUES (:ref, 'created', :created_at, :payment_id, :amount_minor,"
        " :currency, :description, :locale, :return_url, :notify_url, :expires_at, :holds)",
        {**request, "holds": int(request.get("holds", False)), "ref": ref, "created_at": text(now)},
    )
    return ref


def _check_money(amount_minor: object, currency: str) -> None:
    if type(amount_minor) is not int or not 0 < amount_minor <= MAX_AMOUNT_MINOR:
        raise GatewayRefused("amount")
    try:
        exponent(currency)
    except ValueError as error:
        raise GatewayRefused("currency") from error


def choose(
    db: sqlite3.Connection, ref: str, behavior: Behavior, *, now: datetime, faults: Misbehavior
) -> None:
    """What the person on the checkout page decides, once. Raises ``CheckoutClosed`` for a second decision."""
    payment = find(db, ref)
    if not is_open(payment, now):
        raise CheckoutClosed
    if behavior is Behavior.DECLINE:
        _finish(db, payment, "failed", at=now, now=now, faults=faults)
    elif behavior is Behavior.LATE:
        arrives = max(now, instant(payment["expires_at"])) + LATENESS
        db.execute("UPDATE payment SET captures_at = ? WHERE ref = ?", (text(arrives), ref))
    else:
        waits = AT_ONCE * 2 if behavior is Behavior.TWICE else AT_ONCE
        _finish(db, payment, paid_as(payment), at=now, now=now, faults=faults, waits=waits)
    if behavior is Behavior.OUT_OF_ORDER:
        earlier = now - timedelta(seconds=1)
        tell(
            db, payment, "payment.processing", occurred_at=earlier, now=now, faults=faults, waits=(STRAGGLES,)
        )


def paid_as(payment: sqlite3.Row) -> str:
    """What a payment becomes when it is paid: captured, or held until somebody captures it."""
    return "authorized" if payment["holds"] else "captured"


def capture(
    db: sqlite3.Connection, ref: str, *, amount_minor: int, currency: str, now: datetime, faults: Misbehavior
) -> str:
    """Charge a part or all of what is held; the rest is released. Its reference.

    Raises ``GatewayRefused``: not_authorized, amount, currency; declined where ``faults`` say so.
    """
    settle(db, now, faults=faults, ref=ref)
    payment = find(db, ref)
    if payment["status"] != "authorized":
        raise GatewayRefused("not_authorized")
    if type(amount_minor) is not int or not 0 < amount_minor <= payment["amount_minor"]:
        raise GatewayRefused("amount")
    if currency != payment["currency"]:
        raise GatewayRefused("currency")
    if faults.declines_capture:
        raise GatewayRefused("declined")
    db.execute(
        "UPDATE payment SET status = 'captured', captured_at = ?, amount_minor = ? WHERE ref = ?",
        (text(now), amount_minor, ref),
    )
    tell(db, find(db, ref), "payment.captured", occurred_at=now, now=now, faults=faults)
    return ref


def void(db: sqlite3.Connection, ref: str, *, now: datetime, faults: Misbehavior) -> str:
    """Release what is held; nothing is left to release of what has expired. Raises ``GatewayRefused("captured")``."""
    settle(db, now, faults=faults, ref=ref)
    payment = find(db, ref)
    if payment["status"] == "captured":
        raise GatewayRefused("captured")
    if payment["status"] == "authorized":
        db.execute("UPDATE payment SET status = 'voided' WHERE ref = ?", (ref,))
        tell(db, payment, "payment.voided", occurred_at=now, now=now, faults=faults)
    return ref


def is_open(payment: sqlite3.Row, now: datetime) -> bool:
    """A person may still decide."""
    undecided = payment["status"] == "created" and payment["captures_at"] is None
    return undecided and now < instant(payment["expires_at"])


def due(db: sqlite3.Connection, now: datetime, ref: str | None = None) -> list[sqlite3.Row]:
    """Payments that time has decided: late money that has arrived, checkouts that have run out."""
    return db.execute(
        "SELECT * FROM payment WHERE ((status = 'created' AND coalesce(captures_at, expires_at) <= ?1)"
        " OR (status = 'authorized' AND hold_until <= ?1)) AND ref = coalesce(?2, ref) LIMIT ?3",
        (text(now), ref, _SETTLED_AT_A_TIME),
    ).fetchall()


def settle(db: sqlite3.Connection, now: datetime, *, faults: Misbehavior, ref: str | None = None) -> None:
    """Write down what time has decided."""
    for payment in due(db, now, ref):
        if payment["status"] == "authorized":
            _finish(db, payment, "expired", at=instant(payment["hold_until"]), now=now, faults=faults)
        elif payment["captures_at"] is not None:
            arrived = instant(payment["captures_at"])
            _finish(db, payment, paid_as(payment), at=arrived, now=now, faults=faults)
        else:
            _finish(db, payment, "expired", at=instant(payment["expires_at"]), now=now, faults=faults)


def _finish(
    db: sqlite3.Connection,
    payment: sqlite3.Row,
    status: str,
    *,
    at: datetime,
    now: datetime,
    faults: Misbehavior,
    waits: tuple[timedelta, ...] = AT_ONCE,
) -> None:
    captured_at = text(at) if status == "captured" else None
    hold_until = text(at + HOLD) if status == "authorized" else payment["hold_until"]
    changed = db.execute(
        "UPDATE payment SET status = ?, captured_at = ?, hold_until = ? WHERE ref = ? AND status = ?",
        (status, captured_at, hold_until, payment["ref"], payment["status"]),
    )
    if changed.rowcount != 1:
        raise CheckoutClosed
    tell(db, payment, f"payment.{status}", occurred_at=at, now=now, faults=faults, waits=waits)
