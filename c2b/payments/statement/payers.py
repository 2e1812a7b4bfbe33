"""Where a payment by bank transfer came from, and so where it goes back to."""

from __future__ import annotations

from c2b.kit import db
from c2b.payments.disbursing import Payee, opened


async def payer_of(payment_id: str) -> Payee | None:
    """The sender of all lines that pay it, in the open. ``None`` where the statement told no account of one of them,
    or they came from several: what one person has sent does not go back to another, so people look."""
    rows = await db.fetch(
        "SELECT payer_sealed FROM bank_line WHERE payment_id = ? AND state = 'assigned' ORDER BY id",
        payment_id,
    )
    payers = [opened(row["payer_sealed"]) for row in rows]
    accounts = {payer.account if payer else None for payer in payers}
    return payers[0] if len(accounts) == 1 else None


async def arrived_of(payment_id: str) -> int:
    """What has come for a payment so far, minor units: all lines that are assigned to it, less what was too much."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor - return_minor), 0) AS arrived FROM bank_line "
        "WHERE payment_id = ? AND state = 'assigned'",
        payment_id,
    )
    return int(row["arrived"]) if row else 0
