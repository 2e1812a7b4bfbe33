"""The book for people who check it: accounts, what moved on one of them with its running balance, and a trial balance.

Amounts are minor units. A change is signed as the account sees it: what it receives is above zero, what it pays below.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.kit.months import bounds_of
from c2b.ledger.rules import CHART, AccountKind, kind_of

_ACCOUNT = (
    "SELECT a.id, a.currency, a.balance_minor, (SELECT COUNT(*) FROM transfer t WHERE t.debit_id = a.id) "
    "+ (SELECT COUNT(*) FROM transfer t WHERE t.credit_id = a.id) AS transfers FROM account a "
)


@dataclass(frozen=True, kw_only=True)
class AccountLine:
    """One account with its balance. ``owner``: the part of its id that names whose it is."""

    id: str
    kind: AccountKind
    owner: str
    currency: str
    balance_minor: int
    transfers: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One transfer as an account sees it, with the account on the other side and the balance after it."""

    id: str
    at: datetime
    other: str
    other_kind: AccountKind
    change_minor: int
    balance_minor: int
    cause: str
    cause_id: str


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What an account, or all of a kind, had at the beginning, paid (``debit``), received (``credit``), and had in the
    end. ``accounts``: its own, where it is a kind."""

    id: str
    kind: AccountKind
    opening_minor: int
    debit_minor: int
    credit_minor: int
    accounts: tuple[Sums, ...] = ()

    @property
    def closing_minor(self) -> int:
        return self.opening_minor - self.debit_minor + self.credit_minor


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The trial balance of one currency and month. ``kinds`` in the order of the chart of accounts."""

    currency: str
    kinds: tuple[Sums, ...]

    @property
    def debit_minor(self) -> int:
        return sum(each.debit_minor for each in self.kinds)

    @property
    def credit_minor(self) -> int:
        return sum(each.credit_minor for each in self.kinds)

    @property
    def balanced(self) -> bool:
        """Whether as much was paid as received, and all accounts together have nothing, before and after. Whether the
        balances that the database keeps are these too, ``queries.faults`` says."""
        before = sum(each.opening_minor for each in self.kinds)
        after = sum(each.closing_minor for each in self.kinds)
        return self.debit_minor == self.credit_minor and before == after == 0


async def accounts(window: Window, *, kind: str = "", currency: str = "") -> Slice[AccountLine]:
    """All accounts in the order of their ids, of one kind or currency where asked."""
    rows = await db.fetch(
        _ACCOUNT + "WHERE (a.id LIKE ? OR ? = '') AND (a.currency = ? OR ? = '') AND a.id > ? ORDER BY a.id LIMIT ?",
        f"{kind}:%", kind, currency, currency, str(window.after[0]) if window.after else "", window.limit + 1,
    )  # fmt: skip
    return slice_of([_line(row) for row in rows], window, lambda line: (line.id,))


async def account(account_id: str) -> AccountLine:
    """One account. Raises ``NotFound``."""
    row = await db.fetch_one(_ACCOUNT + "WHERE a.id = ?", account_id)
    if row is None:
        raise NotFound
    return _line(row)


async def currencies() -> list[str]:
    """The currencies that the book is kept in."""
    return [
        row["currency"] for row in await db.fetch("SELECT DISTINCT currency FROM account ORDER BY currency")
    ]


async def entries(account_id: str, window: Window) -> Slice[Entry]:
    """What moved on an account, newest first, with the balance after each: one statement, so of one moment."""
    after = str(window.after[0]) if window.after else ""
    rows = await db.fetch(
        "SELECT * FROM (SELECT id, debit_id, credit_id, cause, cause_id, occurred_at, change, "
        "SUM(change) OVER (ORDER BY id) AS balance FROM (SELECT t.*, CASE WHEN credit_id = ? THEN amount_minor "
        "ELSE -amount_minor END AS change FROM transfer t WHERE debit_id = ? OR credit_id = ?) moved) counted "
        "WHERE id < ? OR ? = '' ORDER BY id DESC LIMIT ?",
        account_id, account_id, account_id, after, after, window.limit + 1,
    )  # fmt: skip
    return slice_of([_entry(row) for row in rows], window, lambda entry: (entry.id,))


async def trial_balance(month: date) -> tuple[Trial, ...]:
    """Every currency's trial balance for the month in which a day lies, from the transfers alone."""
    begin, end = bounds_of(month)
    rows = await db.fetch(
        "SELECT currency, account, "
        "SUM(CASE WHEN at < ? THEN change ELSE 0 END) AS opening, "
        "SUM(CASE WHEN at >= ? AND change < 0 THEN -change ELSE 0 END) AS debit, "
        "SUM(CASE WHEN at >= ? AND change > 0 THEN change ELSE 0 END) AS credit FROM ("
        "SELECT currency, debit_id AS account, -amount_minor AS change, occurred_at AS at FROM transfer "
        "UNION ALL SELECT currency, credit_id, amount_minor, occurred_at FROM transfer) moved "
        "WHERE at < ? GROUP BY currency, account ORDER BY currency, account",
        begin, begin, begin, end,
    )  # fmt: skip
    by_currency: dict[str, dict[str, list[Sums]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        kind = kind_of(row["account"])
        by_currency[row["currency"]][kind.prefix].append(
            Sums(
                id=row["account"], kind=kind, opening_minor=int(row["opening"]), debit_minor=int(row["debit"]),
                credit_minor=int(row["credit"]),
            )
        )  # fmt: skip
    return tuple(
        Trial(
            currency=currency,
            kinds=tuple(_together(kind, kinds[kind.prefix]) for kind in CHART if kind.prefix in kinds),
        )
        for currency, kinds in by_currency.items()
    )


def _together(kind: AccountKind, own: list[Sums]) -> Sums:
    return Sums(
        id=kind.prefix,
        kind=kind,
        opening_minor=sum(each.opening_minor for each in own),
        debit_minor=sum(each.debit_minor for each in own),
        credit_minor=sum(each.credit_minor for each in own),
        accounts=tuple(own),
    )


def _line(row: dict[str, Any]) -> AccountLine:
    return AccountLine(
        id=row["id"], kind=kind_of(row["id"]), owner=row["id"].split(":")[1], currency=row["currency"],
        balance_minor=row["balance_minor"], transfers=int(row["transfers"]),
    )  # fmt: skip


def _entry(row: dict[str, Any]) -> Entry:
    at, change = db.instant(row["occurred_at"]), int(row["change"])
    assert at
    other = row["debit_id"] if change > 0 else row["credit_id"]
    return Entry(
        id=row["id"], at=at, other=other, other_kind=kind_of(other), change_minor=change,
        balance_minor=int(row["balance"]), cause=row["cause"], cause_id=row["cause_id"],
    )  # fmt: skip
