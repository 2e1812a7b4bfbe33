"""Reading receipts: those of one place, and one with its content for whoever may see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import db
from c2b.kit.errors import NotFound

#: A refund may come back to its provider after its receipt was issued; then there is nothing to show for it.
_MOVED = (
    "SELECT * FROM (SELECT r.*, p.participation_id FROM receipt r JOIN payment p ON r.kind = 'payment' "
    "AND p.id = r.subject_id WHERE p.state = 'succeeded' UNION ALL "
    "SELECT r.*, p.participation_id FROM receipt r JOIN refund f ON r.kind = 'refund' AND f.id = r.subject_id "
    "JOIN payment p ON p.id = f.payment_id WHERE f.state = 'succeeded') AS moved "
)


@dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    """One receipt. ``subject_id``: the payment or refund; the amount in minor units."""

    id: str
    number: str
    kind: str
    subject_id: str
    user_id: str
    participation_id: str
    amount_minor: int
    currency: str
    issued_at: datetime
    content: dict[str, Any]
    files: dict[str, Any]


async def receipts_of(participation_id: str) -> list[ReceiptLine]:
    """The receipts of a place, oldest first. The caller has checked whose place it is."""
    rows = await db.fetch(_MOVED + "WHERE participation_id = ? ORDER BY id", participation_id)
    return [_line(row) for row in rows]


async def receipts_by_subject(participation_id: str) -> dict[str, str]:
    """Payment or refund of a place → the id of its receipt. The caller has checked whose place it is."""
    return {line.subject_id: line.id for line in await receipts_of(participation_id)}


async def receipt(actor: Actor, receipt_id: str) -> ReceiptLine:
    """One receipt, for its payer and for admins. Raises ``NotFound`` for everybody else."""
    rows = await db.fetch(_MOVED + "WHERE id = ?", receipt_id)
    if not rows or not (actor.is_admin or rows[0]["user_id"] == actor.id):
        raise NotFound
    return _line(rows[0])


def _line(row: dict[str, Any]) -> ReceiptLine:
    content, issued_at = as_json(row["content"]), db.instant(row["issued_at"])
    assert issued_at
    names = ("id", "number", "kind", "subject_id", "user_id", "participation_id")
    return ReceiptLine(
        **{name: row[name] for name in names},
        amount_minor=content["amount_minor"],
        currency=content["currency"],
        issued_at=issued_at,
        content=content,
        files=as_json(row["files"]),
    )


def as_json(stored: Any) -> Any:
    """A stored JSON value, read."""
    return json.loads(stored) if isinstance(stored, str) else stored
