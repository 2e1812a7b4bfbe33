"""The provider's side of a refund: never more than was captured, whatever the shop asks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from c2b.kit.ids import new_id
from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from c2b.payments.gateways.sandbox.notices import tell
from c2b.payments.gateways.sandbox.payments import find
from c2b.payments.gateways.sandbox.store import instant, text

#: From the capture; a year, as at the large wallets.
WINDOW = timedelta(days=365)
_SETTLED_AT_A_TIME = 500


def give_back(
    db: sqlite3.Connection,
    ref: str,
    *,
    amount_minor: int,
    currency: str,
    key: str,
    reason: str,
    metadata: Mapping[str, str],
    now: datetime,
    faults: Misbehavior,
) -> dict[str, Any]:
    """Take the amount from what is left of the payment and record the refund.

    Raises ``GatewayRefused``: unknown_payment, amount, currency, not_captured, refund_window_over, over_refund.
    """
    payment = find(db, ref)
    _check(payment, amount_minor, currency, now)
    taken = db.execute(
        "UPDATE payment SET refunded_minor = refunded_minor + ?1"
        " WHERE ref = ?2 AND refunded_minor + ?1 <= amount_minor",
        (amount_minor, ref),
    )
    if taken.rowcount != 1:
        raise GatewayRefused("over_refund")
    refund, arrives_at = f"rfd_{new_id()}", now + faults.refund_delay
    db.execute(
        "INSERT INTO refund (ref, payment_ref, key, amount_minor, status, reason, metadata, created_at, settles_at)"
        " VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
        (refund, ref, key, amount_minor, reason, json.dumps(dict(metadata)), text(now), text(arrives_at)),
    )
    settle(db, now, faults=faults, ref=ref)
    return as_answer(db.execute("SELECT * FROM refund WHERE ref = ?", (refund,)).fetchone())


def _check(payment: sqlite3.Row, amount_minor: object, currency: str, now: datetime) -> None:
    if payment["status"] != "captured":
        raise GatewayRefused("not_captured")
    if type(amount_minor) is not int or amount_minor <= 0:
        raise GatewayRefused("amount")
    if currency != payment["currency"]:
        raise GatewayRefused("currency")
    if now > instant(payment["captured_at"]) + WINDOW:
        raise GatewayRefused("refund_window_over")


def due(db: sqlite3.Connection, now: datetime, ref: str | None = None) -> list[sqlite3.Row]:
    """Refunds whose money has arrived by now."""
    return db.execute(
        "SELECT * FROM refund WHERE status = 'pending' AND settles_at <= ? AND payment_ref = coalesce(?, payment_ref)"
        " ORDER BY settles_at LIMIT ?",
        (text(now), ref, _SETTLED_AT_A_TIME),
    ).fetchall()


def settle(db: sqlite3.Connection, now: datetime, *, faults: Misbehavior, ref: str | None = None) -> None:
    """Let the money of pending refunds arrive, and tell the shop."""
    for refund in due(db, now, ref):
        db.execute("UPDATE refund SET status = 'succeeded' WHERE ref = ?", (refund["ref"],))
        payment = find(db, refund["payment_ref"])
        arrived = instant(refund["settles_at"])
        tell(db, payment, "refund.succeeded", occurred_at=arrived, now=now, faults=faults, refund=refund)


def of_payment(db: sqlite3.Connection, ref: str) -> list[dict[str, Any]]:
    """All refunds of a payment, oldest first."""
    find(db, ref)
    rows = db.execute("SELECT * FROM refund WHERE payment_ref = ? ORDER BY created_at, ref", (ref,))
    return [as_answer(row) for row in rows]


def as_answer(row: sqlite3.Row) -> dict[str, Any]:
    """The refund as the provider's API words it."""
    return {
        "refund_ref": row["ref"],
        "key": row["key"],
        "amount_minor": row["amount_minor"],
        "status": row["status"],
        "metadata": json.loads(row["metadata"]),
    }
