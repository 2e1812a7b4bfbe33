"""What a refund takes back of commissions: all of it, or its share; what was paid out already is netted later."""

from __future__ import annotations

from typing import Any

from c2b.campaigns.changes import hold
from c2b.kit import clock, db
from c2b.referrals.booking import lock_people, net
from c2b.referrals.rules import reversed_by
from c2b.referrals.telling import tell
from c2b.referrals.withdrawing import call_off


async def reverse(participation_id: str) -> int:
    """A refund was made: what was earned on that money ends, in the present transaction. Twice is once; how many rows.

    In full, or in proportion; a claim that was paid out already is netted with later ones.
    """
    order = await db.fetch_one(
        "SELECT campaign_id, settled_minor FROM participation WHERE id = ?", participation_id
    )
    if order is None or order["settled_minor"] is None:
        return 0
    await hold(order["campaign_id"])
    rows = await db.fetch(
        "SELECT * FROM commission WHERE participation_id = ? AND state NOT IN ('reversed', 'expired') ORDER BY id",
        participation_id,
    )
    await lock_people({row["beneficiary_id"] for row in rows})
    returned = await _returned(participation_id)
    changed = 0
    for row in rows:
        changed += await _reverse(row, settled_minor=order["settled_minor"], returned_minor=returned)
    return changed


async def _reverse(row: dict[str, Any], *, settled_minor: int, returned_minor: int) -> bool:
    target = reversed_by(row["amount_minor"], settled_minor=settled_minor, returned_minor=returned_minor)
    whole = target == row["amount_minor"]
    rows = await db.execute(
        "UPDATE commission SET reversed_minor = ?"
        + (", state = 'reversed', reason = 'refunded', ended_at = ?" if whole else "")
        + " WHERE id = ? AND reversed_minor < ?",
        target,
        *((clock.now(),) if whole else ()),
        row["id"],
        target,
    )
    if rows != 1:
        return False
    if row["withdrawal_id"]:
        await call_off(row["withdrawal_id"])
    if row["confirmed_at"]:
        await net(row["beneficiary_id"], row["currency"])
    await tell(
        "reversed", row["id"], row["campaign_id"], row["beneficiary_id"], currency=row["currency"],
        amount_minor=target - row["reversed_minor"], left_minor=row["amount_minor"] - target,
        paid_before=row["state"] == "paid",
    )  # fmt: skip
    return True


async def _returned(participation_id: str) -> int:
    """What of the final price has gone back; differences above it and late money were never part of it."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(r.amount_minor), 0) AS minor FROM refund r JOIN payment y ON y.id = r.payment_id "
        "WHERE y.participation_id = ? AND r.state = 'succeeded' AND r.reason NOT IN ('price_difference', 'late')",
        participation_id,
    )
    return int(row["minor"]) if row else 0
