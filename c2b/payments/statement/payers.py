"""Where a payment by bank transfer came from, and so where it goes back to."""

from __future__ import annotations

from c2b.kit import db
from c2b.payments.disbursing import Payee, opened


async def payer_of(payment_id: str) -> Payee | None:
    """The sender of the largest line that pays it, as far as the statement told an account; in the open."""
    row = await db.fetch_one(
        "SELECT payer_sealed FROM bank_line WHERE payment_id = ? AND state = 'assigned' AND payer_sealed <> '' "
        "ORDER BY amount_minor DESC, id LIMIT 1",
        payment_id,
    )
    return opened(row["payer_sealed"]) if row else None


async def arrived_of(payment_id: str) -> int:
    """What has come for a payment so far, minor units: all lines that are assigned to it, less what was too much."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor - return_minor), 0) AS arrived FROM bank_line "
        "WHERE payment_id = ? AND state = 'assigned'",
        payment_id,
    )
    return int(row["arrived"]) if row else 0
