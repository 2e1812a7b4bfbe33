"""The provider's side of a payment: created, then captured, failed or expired, each for good.

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
        " return_url, notify_url, expires_at) VALUES (:ref, 'created', :created_at, :payment_id, :amount_minor,"
        " :currency, :description, :locale, :return_url, :notify_url, :expires_at)",
        {**request, "ref": ref, "created_at": text(now)},
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
        _finish(db, payment, "captured", at=now, now=now, faults=faults, waits=waits)
    if behavior is Behavior.OUT_OF_ORDER:
        earlier = now - timedelta(seconds=1)
        tell(
            db, payment, "payment.processing", occurred_at=earlier, now=now, faults=faults, waits=(STRAGGLES,)
        )


def is_open(payment: sqlite3.Row, now: datetime) -> bool:
    """A person may still decide."""
    undecided = payment["status"] == "created" and payment["captures_at"] is None
    return undecided and now < instant(payment["expires_at"])


def due(db: sqlite3.Connection, now: datetime, ref: str | None = None) -> list[sqlite3.Row]:
    """Payments that time has decided: late money that has arrived, checkouts that have run out."""
    return db.execute(
        "SELECT * FROM payment WHERE status = 'created' AND coalesce(captures_at, expires_at) <= ?"
        " AND ref = coalesce(?, ref) LIMIT ?",
        (text(now), ref, _SETTLED_AT_A_TIME),
    ).fetchall()


def settle(db: sqlite3.Connection, now: datetime, *, faults: Misbehavior, ref: str | None = None) -> None:
    """Write down what time has decided."""
    for payment in due(db, now, ref):
        if payment["captures_at"] is not None:
            _finish(db, payment, "captured", at=instant(payment["captures_at"]), now=now, faults=faults)
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
    changed = db.execute(
        "UPDATE payment SET status = ?, captured_at = ? WHERE ref = ? AND status = 'created'",
        (status, captured_at, payment["ref"]),
    )
    if changed.rowcount != 1:
        raise CheckoutClosed
    tell(db, payment, f"payment.{status}", occurred_at=at, now=now, faults=faults, waits=waits)
