"""Commissions in the book: from a campaign's escrow to the member, and back when an order is refunded later.

A member's account never falls below zero. What a refund takes back and is not there any more (paid out, or on its way
to the bank) stays open and is netted with what is confirmed next: it is the difference between what was booked for a
commission and what is left of it, so it needs no row of its own.
"""

from __future__ import annotations

from typing import Any

from c2b.kit import db, faults
from c2b.ledger.operations import commission, ensure, escrow, margin, transfer
from c2b.ledger.queries import balance

_OPEN = (
    "SELECT c.id, c.campaign_id, c.amount_minor - c.reversed_minor AS rest, COALESCE(SUM(CASE WHEN t.cause = "
    "'commission' THEN t.amount_minor ELSE -t.amount_minor END), 0) AS booked FROM commission c "
    "JOIN transfer t ON t.cause_id = c.id AND t.cause IN ('commission', 'commission_back') "
    "WHERE c.beneficiary_id = ? AND c.currency = ? AND c.reversed_minor > 0 AND c.state <> 'expired' "
    "GROUP BY c.id, c.campaign_id, c.amount_minor, c.reversed_minor ORDER BY c.id"
)


async def lock_people(user_ids: set[str]) -> None:
    """Hold these members' commissions until the transaction ends, always in the same order."""
    if user_ids and db.dialect() == "postgres":
        places = ", ".join("?" for _ in user_ids)
        await db.fetch(
            f"SELECT id FROM user_account WHERE id IN ({places}) ORDER BY id FOR NO KEY UPDATE",
            *sorted(user_ids),
        )


async def book_in(row: dict[str, Any], amount_minor: int) -> None:
    """A confirmed commission becomes its member's: escrow pays. Refused by the book where the escrow has it not."""
    account = await ensure(commission(row["beneficiary_id"], row["currency"]), row["currency"])
    await transfer(
        debit=escrow(row["campaign_id"]), credit=account, amount_minor=amount_minor, currency=row["currency"],
        key=f"commission:{row['id']}", cause="commission", cause_id=row["id"],
    )  # fmt: skip
    faults.point("commission:booked")


async def net(user_id: str, currency: str) -> int:
    """Take back what refunds have left open, as far as it is there; what still stays open, in minor units."""
    account = commission(user_id, currency)
    free, still = await free_of(user_id, currency), 0
    for row in await db.fetch(_OPEN, user_id, currency):
        booked = int(row["booked"])
        due = booked - row["rest"]
        taken = min(due, free)
        if taken > 0:
            await transfer(
                debit=account, credit=await home_of(row["campaign_id"], currency), amount_minor=taken,
                currency=currency, key=f"commission-back:{row['id']}:{booked}", cause="commission_back",
                cause_id=row["id"],
            )  # fmt: skip
            free -= taken
        still += max(due - max(taken, 0), 0)
    return still


async def open_of(user_id: str, currency: str) -> int:
    """What refunds have left open and later commissions will be netted with, in minor units."""
    rows = await db.fetch(_OPEN, user_id, currency)
    return sum(max(int(row["booked"]) - row["rest"], 0) for row in rows)


async def free_of(user_id: str, currency: str) -> int:
    """What is on a member's account and not on its way to the bank, in minor units."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor), 0) AS asked FROM commission_withdrawal WHERE user_id = ? "
        "AND currency = ? AND state IN ('requested', 'approved')",
        user_id,
        currency,
    )
    asked = int(row["asked"]) if row else 0
    return max(await balance(commission(user_id, currency)) - asked, 0)


async def home_of(campaign_id: str, currency: str) -> str:
    """Where money of a campaign goes back to: its escrow, or what finished campaigns left once its books are closed."""
    row = await db.fetch_one("SELECT state FROM payment_schedule WHERE campaign_id = ?", campaign_id)
    closed = row is not None and row["state"] == "closed"
    return await ensure(margin(currency) if closed else escrow(campaign_id), currency)
