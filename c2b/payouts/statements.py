"""A manufacturer's monthly statement: every transfer of its accounts, with the balance before and after.

Drawn from the book itself, so it adds up by construction: what was released, taken back for refunds and short
deliveries, and paid by bank transfer. A negative balance is owed by the manufacturer. Months are those of Beijing time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.catalog.payment_terms import MILESTONES
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.i18n import N_, gettext, pick
from c2b.kit.months import bounds_of
from c2b.ledger.operations import payable, recourse
from c2b.payouts.following import as_json

CAUSES = {
    "release": N_("Released: {milestone}"),
    "payout": N_("Paid by bank transfer"),
    "refund_source": N_("Taken back for a refund"),
    "shortage": N_("Units that never came"),
}
#: Everything on a manufacturer's two accounts but the netting between them.
_LINES = (
    "SELECT t.id, t.occurred_at, t.cause, t.cause_id, CASE WHEN t.credit_id IN (?, ?) THEN t.amount_minor "
    "ELSE -t.amount_minor END AS minor, r.milestone, COALESCE(o.number, p.number, q.number) AS number, "
    "d.bank_reference FROM transfer t LEFT JOIN payment_release r ON t.cause = 'release' AND r.id = t.cause_id "
    "LEFT JOIN purchase_order o ON o.campaign_id = r.campaign_id "
    "LEFT JOIN refund f ON t.cause = 'refund_source' AND f.id = t.cause_id "
    "LEFT JOIN purchase_order p ON p.campaign_id = f.campaign_id "
    "LEFT JOIN payment_schedule s ON t.cause = 'shortage' AND s.id = t.cause_id "
    "LEFT JOIN purchase_order q ON q.campaign_id = s.campaign_id "
    "LEFT JOIN disbursement d ON t.cause = 'payout' AND d.kind = 'payout' AND d.subject_id = t.cause_id "
    "AND d.state = 'sent' WHERE (t.debit_id IN (?, ?) OR t.credit_id IN (?, ?)) AND t.cause <> 'netting' "
    "AND t.occurred_at >= ? AND t.occurred_at < ? ORDER BY t.id"
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One transfer: ``amount_minor`` is signed (to the manufacturer is positive), ``balance_minor`` is after it."""

    at: datetime
    what: str
    order: str
    reference: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One month in one currency, minor units."""

    manufacturer_name: str
    month: date
    currency: str
    opening_minor: int
    lines: tuple[Line, ...]

    @property
    def closing_minor(self) -> int:
        return self.lines[-1].balance_minor if self.lines else self.opening_minor

    @property
    def released_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines if line.amount_minor > 0)

    @property
    def taken_minor(self) -> int:
        return -sum(line.amount_minor for line in self.lines if line.amount_minor < 0)


async def statements(actor: Actor, *, month: date, manufacturer_id: str | None = None) -> list[Statement]:
    """The statements of a month, one for each currency there ever was; a manufacturer's own, or (admins) one's.

    Raises ``NotFound`` for whoever may not see it.
    """
    maker_id = (manufacturer_id if actor.is_admin else actor.manufacturer_id) or ""
    maker = await db.fetch_one("SELECT name FROM manufacturer WHERE id = ?", maker_id)
    if maker is None:
        raise NotFound
    rows = await db.fetch(
        "SELECT DISTINCT currency FROM account WHERE id LIKE ? OR id LIKE ? ORDER BY currency",
        f"payable:{maker_id}:%",
        f"recourse:{maker_id}:%",
    )
    name = pick(as_json(maker["name"]))
    return [await _statement(maker_id, name, row["currency"], month) for row in rows]


async def _statement(maker_id: str, name: str, currency: str, month: date) -> Statement:
    ours = (payable(maker_id, currency), recourse(maker_id, currency))
    since, until = bounds_of(month)
    balance = opening = await _balance_before(ours, since)
    lines = []
    for row in await db.fetch(_LINES, *ours, *ours, *ours, since, until):
        balance += row["minor"]
        lines.append(_line(row, balance))
    return Statement(
        manufacturer_name=name, month=month, currency=currency, opening_minor=opening, lines=tuple(lines)
    )


async def _balance_before(ours: tuple[str, str], instant: datetime) -> int:
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(CASE WHEN credit_id IN (?, ?) THEN amount_minor ELSE -amount_minor END), 0) AS minor "
        "FROM transfer WHERE (debit_id IN (?, ?) OR credit_id IN (?, ?)) AND cause <> 'netting' AND occurred_at < ?",
        *ours, *ours, *ours, instant,
    )  # fmt: skip
    return int(row["minor"]) if row else 0


def _line(row: dict[str, Any], balance: int) -> Line:
    at = db.instant(row["occurred_at"])
    assert at
    milestone, cause = MILESTONES.get(row["milestone"], ""), CAUSES[row["cause"]]
    what = gettext(cause, milestone=gettext(milestone) if milestone else "")
    return Line(
        at=at, what=what, order=row["number"] or "", reference=row["bank_reference"] or "",
        amount_minor=row["minor"], balance_minor=balance,
    )  # fmt: skip
