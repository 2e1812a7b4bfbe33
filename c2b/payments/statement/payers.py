"""Where a payment by bank transfer came from, and so where it goes back to."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Came:
    """One line of a payment; minor units. ``account_end``: the last four characters of its sender's account."""

    id: str
    amount_minor: int
    currency: str
    payer_name: str
    account_end: str


async def came_for(refund_id: str) -> list[Came]:
    """The lines that made up the payment of a refund: where its money came from. Empty for all other ways to pay."""
    rows = await db.fetch(
        "SELECT l.id, l.amount_minor, l.currency, l.payer_name, l.payer_sealed FROM bank_line l JOIN refund r "
        "ON r.payment_id = l.payment_id WHERE r.id = ? AND l.state = 'assigned' ORDER BY l.id",
        refund_id,
    )
    found = []
    for row in rows:
        payer = opened(row.pop("payer_sealed"))
        found.append(Came(**row, account_end=payer.account[-4:] if payer else ""))
    return found


async def arrived_of(payment_id: str) -> int:
    """What has come for a payment so far, minor units: all lines that are assigned to it, less what was too much."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor - return_minor), 0) AS arrived FROM bank_line "
        "WHERE payment_id = ? AND state = 'assigned'",
        payment_id,
    )
    return int(row["arrived"]) if row else 0
