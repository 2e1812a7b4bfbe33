"""What the provider tells the shop: an event, and the deliveries that carry it, written with the change itself."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any

from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from c2b.payments.gateways.sandbox.store import text

AT_ONCE = (timedelta(),)


def tell(
    db: sqlite3.Connection,
    payment: sqlite3.Row,
    kind: str,
    *,
    occurred_at: datetime,
    now: datetime,
    faults: Misbehavior,
    refund: sqlite3.Row | None = None,
    waits: tuple[timedelta, ...] = AT_ONCE,
) -> None:
    """Record one event and one delivery per wait (and per copy, when the provider repeats itself)."""
    event_id = f"evt_{new_id()}"
    db.execute(
        "INSERT INTO event (id, payment_ref, kind, refund_ref, occurred_at) VALUES (?, ?, ?, ?, ?)",
        (event_id, payment["ref"], kind, refund["ref"] if refund else None, text(occurred_at)),
    )
    body = _body(event_id, payment, kind, occurred_at=occurred_at, refund=refund, faults=faults)
    if faults.forged:
        _forge(db, payment, kind, occurred_at=occurred_at, now=now)
    for wait in waits * faults.copies:
        _deliver(db, payment, event_id, body, next_at=now + faults.delay + wait, forged=False)


def _body(
    event_id: str,
    payment: sqlite3.Row,
    kind: str,
    *,
    occurred_at: datetime,
    refund: sqlite3.Row | None,
    faults: Misbehavior,
) -> str:
    amount = refund["amount_minor"] if refund else payment["amount_minor"]
    data: dict[str, Any] = {
        "provider_ref": payment["ref"],
        "payment_id": payment["payment_id"],
        "amount_minor": amount + faults.amount_off_by,
        "currency": faults.other_currency or payment["currency"],
        "refund_ref": refund["ref"] if refund else None,
        "refund_key": refund["key"] if refund else None,
    }
    notice = {"id": event_id, "type": kind, "occurred_at": text(occurred_at), "data": data}
    return canonical_json(notice).decode()


def _forge(
    db: sqlite3.Connection, payment: sqlite3.Row, kind: str, *, occurred_at: datetime, now: datetime
) -> None:
    """Somebody who knows all but the secret says the same thing first."""
    event_id = f"evt_{new_id()}"
    body = _body(event_id, payment, kind, occurred_at=occurred_at, refund=None, faults=Misbehavior())
    _deliver(db, payment, event_id, body, next_at=now, forged=True)


def _deliver(
    db: sqlite3.Connection, payment: sqlite3.Row, event_id: str, body: str, *, next_at: datetime, forged: bool
) -> None:
    db.execute(
        "INSERT INTO delivery (event_id, payment_ref, url, body, forged, next_at) VALUES (?, ?, ?, ?, ?, ?)",
        (event_id, payment["ref"], payment["notify_url"], body, int(forged), text(next_at)),
    )
