"""Reading the book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from c2b.kit import db
from c2b.ledger.rules import CHART, AccountKind, escrow, kind_of

#: From where money comes into a campaign and to where it leaves it: a bank transfer waits in suspense before.
OUTSIDE = ("world", "suspense")


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


@dataclass(frozen=True, kw_only=True)
class Rests:
    """Where the money of one campaign rests, in minor units. ``parts``: each kind of account inside with what
    it has of it, the escrow first; what is below zero there is owed to us."""

    captured_minor: int
    returned_minor: int
    parts: tuple[tuple[AccountKind, int], ...]

    @property
    def adds_up(self) -> bool:
        """Whether what came in less what went back to members is all there."""
        return self.captured_minor - self.returned_minor == sum(minor for _, minor in self.parts)


async def where_it_rests(campaign_id: str) -> Rests:
    """Follow every cent of a campaign: what came from outside and went back there, and which accounts have the rest.

    The escrow's own balance is taken from the account, all else from the transfers, so that the sum can be wrong.
    """
    own = escrow(campaign_id)
    rows = await db.fetch(
        "SELECT CASE WHEN debit_id = ? THEN credit_id ELSE debit_id END AS other, "
        "SUM(CASE WHEN debit_id = ? THEN amount_minor ELSE 0 END) AS out_minor, "
        "SUM(CASE WHEN credit_id = ? THEN amount_minor ELSE 0 END) AS in_minor, "
        "SUM(CASE WHEN credit_id = ? AND cause = 'refund_failed' THEN amount_minor ELSE 0 END) AS again_minor "
        "FROM transfer WHERE debit_id = ? OR credit_id = ? "
        "GROUP BY 1",
        *(own,) * 6,
    )
    captured = returned = 0
    parts = {kind.prefix: 0 for kind in CHART if kind.prefix not in (*OUTSIDE, "costs")}
    parts["escrow"] = await balance(own)
    for row in rows:
        kind = kind_of(row["other"]).prefix
        if kind in OUTSIDE:
            captured += int(row["in_minor"]) - int(row["again_minor"])
            returned += int(row["out_minor"]) - int(row["again_minor"])  # a refund that came back is none
        else:
            parts[kind] += int(row["out_minor"]) - int(row["in_minor"])
    return Rests(
        captured_minor=captured,
        returned_minor=returned,
        parts=tuple((kind, parts[kind.prefix]) for kind in CHART if kind.prefix in parts),
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
