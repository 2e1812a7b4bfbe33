"""A bank transfer that a place waits for, as its member sees it."""

from __future__ import annotations

from c2b.kit import db
from c2b.payments.choosing import TRANSFER
from c2b.payments.statement.payers import arrived_of


async def awaited(participation_id: str) -> dict[str, int] | None:
    """What has come of the open transfer and what is missing, minor units (``arrived_minor``, ``missing_minor``);
    ``None`` where the place is paid in another way, or is nobody's any more."""
    row = await db.fetch_one(
        "SELECT p.id, p.amount_minor FROM payment p JOIN participation t ON t.id = p.participation_id "
        "WHERE p.participation_id = ? AND p.state = 'created' AND p.checkout_url LIKE ? "
        "AND (t.state = 'pending_payment' OR p.due_at IS NOT NULL)",
        participation_id,
        f"{TRANSFER}%",
    )
    if row is None:
        return None
    arrived = await arrived_of(row["id"])
    return {"arrived_minor": arrived, "missing_minor": row["amount_minor"] - arrived}
