"""Moving money in the book: one transfer, one key, once."""

from __future__ import annotations

from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.ledger.rules import (
    commission,
    costs,
    escrow,
    fees,
    kind_of,
    margin,
    payable,
    recourse,
    suspense,
    world,
)

__all__ = [
    "commission",
    "costs",
    "ensure",
    "escrow",
    "fees",
    "margin",
    "open_account",
    "payable",
    "recourse",
    "suspense",
    "transfer",
    "world",
]


async def open_account(account_id: str, currency: str, *, floored: bool) -> None:
    """Make sure an account exists, in the present transaction."""
    await db.execute(
        "INSERT INTO account (id, currency, floored, balance_minor) VALUES (?, ?, ?, 0) ON CONFLICT (id) DO NOTHING",
        account_id,
        currency,
        floored,
    )


async def ensure(account_id: str, currency: str) -> str:
    """``account_id``, opened with the floor that its kind has."""
    await open_account(account_id, currency, floored=kind_of(account_id).floored)
    return account_id


async def transfer(
    *,
    debit: str,
    credit: str,
    amount_minor: int,
    currency: str,
    key: str,
    cause: str,
    cause_id: str,
    reverses_id: str | None = None,
) -> bool:
    """Move ``amount_minor`` (> 0) from ``debit`` to ``credit``. ``False`` if this key has moved before: twice is once.

    Raises ``IntegrityError`` where the book refuses: an unknown account, another currency, a floor undercut.
    """
    rows = await db.execute(
        "INSERT INTO transfer (id, debit_id, credit_id, amount_minor, currency, key, reverses_id, cause, cause_id, "
        "occurred_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        new_id(),
        debit,
        credit,
        amount_minor,
        currency,
        key,
        reverses_id,
        cause,
        cause_id,
        clock.now(),
    )
    return rows == 1
