"""Reading the book."""

from __future__ import annotations

from typing import Any

from c2b.kit import db


async def balance(account_id: str) -> int:
    """Minor units on an account; 0 for one that was never opened."""
    row = await db.fetch_one("SELECT balance_minor FROM account WHERE id = ?", account_id)
    return row["balance_minor"] if row else 0


async def transfers_of(account_id: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """The latest transfers that touched an account, newest first; ``change_minor`` is signed."""
    return await db.fetch(
        "SELECT id, debit_id, credit_id, amount_minor, currency, cause, cause_id, occurred_at, "
        "CASE WHEN credit_id = ? THEN amount_minor ELSE -amount_minor END AS change_minor "
        "FROM transfer WHERE debit_id = ? OR credit_id = ? ORDER BY id DESC LIMIT " + str(int(limit)),
        account_id,
        account_id,
        account_id,
    )


async def faults() -> list[str]:
    """What is wrong with the book, in words; empty when all is well.

    That everything sums to zero proves nothing about duplicates, so balances are recomputed account by account.
    """
    wrong = await db.fetch(
        "SELECT a.id, a.balance_minor, COALESCE(SUM(CASE WHEN t.credit_id = a.id THEN t.amount_minor "
        "ELSE -t.amount_minor END), 0) AS recomputed FROM account a "
        "LEFT JOIN transfer t ON t.debit_id = a.id OR t.credit_id = a.id "
        "GROUP BY a.id, a.balance_minor HAVING a.balance_minor <> COALESCE(SUM(CASE WHEN t.credit_id = a.id "
        "THEN t.amount_minor ELSE -t.amount_minor END), 0)"
    )
    found = [f"{row['id']}: stored {row['balance_minor']}, recomputed {row['recomputed']}" for row in wrong]
    for row in await db.fetch("SELECT currency, SUM(balance_minor) AS total FROM account GROUP BY currency"):
        if int(row["total"]) != 0:
            found.append(f"{row['currency']} does not sum to zero: {row['total']}")
    return found
