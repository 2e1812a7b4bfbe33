"""Reading our bank's statement: which lines wait for a decision, and what each seems to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from c2b.accounts.queries import names_of
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.payments.disbursing import opened
from c2b.payments.gateways.bank.references import printed, references_in
from c2b.payments.statement.payouts import Payout, payouts_for, providers_for

STATES = ("open", "assigned", "returning", "returned", "own")
#: How a line and a payment go together: it makes up the amount; it is too little or too much; the place is gone, so it
#: would be refunded; it is paid; it is in another currency.
FITS, SHORT, OVER, LATE, PAID, OTHER = "fits", "short", "over", "late", "paid", "other_currency"
LIKELY = 5
#: A part of a payment whose rest is not waited for any more: its member pays another way, or has lost the place.
_STRANDED = (
    "(l.state = 'assigned' AND EXISTS (SELECT 1 FROM payment p JOIN participation t ON t.id = p.participation_id "
    "WHERE p.id = l.payment_id AND (p.state IN ('closed', 'failed') OR (p.state = 'created' AND t.state NOT IN "
    "('pending_payment', 'joined', 'needs_attention')))))"
)
_LINE = f"SELECT l.*, {_STRANDED} AS stranded FROM bank_line l "  # noqa: S608
#: What waits for a person.
_WAITS = f"(l.state = 'open' OR {_STRANDED})"
_PAYMENTS = (
    "SELECT p.id, p.provider_ref, p.amount_minor, p.currency, p.state, p.purpose, p.due_at, p.participation_id, "
    "p.campaign_id, c.title, u.name AS member, t.state AS place, t.due_minor, t.captured_minor, "
    "COALESCE((SELECT SUM(l.amount_minor) FROM bank_line l WHERE l.payment_id = p.id AND l.state = 'assigned'), 0) "
    "AS arrived FROM payment p JOIN participation t ON t.id = p.participation_id JOIN campaign c "
    "ON c.id = p.campaign_id JOIN user_account u ON u.id = p.user_id WHERE p.gateway = 'bank' "
)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A payment that a line may pay. ``missing_minor``: what it still lacks before this line. ``fit``: see above."""

    payment_id: str
    reference: str
    participation_id: str
    campaign_title: str
    member: str
    amount_minor: int
    missing_minor: int
    currency: str
    fit: str


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One line; amounts in minor units. ``pays``: the payment it is assigned to, or the one whose reference stands in
    its text. ``stranded``: assigned, and the rest of that payment is not waited for any more. ``source``: where our own
    money came from."""

    id: str
    reference: str
    booked_on: date
    amount_minor: int
    currency: str
    payer_name: str
    text: str
    state: str
    payment_id: str | None
    return_minor: int
    source: str
    note: str
    entered_by: str | None
    entered_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    returned_at: datetime | None
    pays: Suggestion | None
    stranded: bool


@dataclass(frozen=True, kw_only=True)
class LineView:
    """One line with the end of its payer's account, payments it may be meant for, and the transfer back if there is
    one. ``payouts`` and ``providers``: what else it may be, if it is our own. ``actions``: ``assign``, ``send_back``,
    ``keep``, ``reopen``."""

    line: StatementLine
    account_end: str
    bank: str
    likely: tuple[Suggestion, ...]
    payouts: tuple[Payout, ...]
    providers: tuple[str, ...]
    transfer_id: str | None
    actions: tuple[str, ...]


async def lines(window: Window, *, state: str = "") -> Slice[StatementLine]:
    """All lines, the latest entered first; of one state if given, ``open`` being all that waits for a person.

    The caller has checked that an admin reads.
    """
    after = window.after[0] if window.after else ""
    shown = _WAITS if state == "open" else "(l.state = ? OR ? = '')"
    rows = await db.fetch(
        f"{_LINE}WHERE {shown} AND (l.id < ? OR ? = '') ORDER BY l.id DESC LIMIT ?",
        *(() if state == "open" else (state, state)),
        after,
        after,
        window.limit + 1,
    )
    return slice_of(await _lines(rows), window, lambda line: (line.id,))


async def line(line_id: str) -> LineView:
    """One line. Raises ``NotFound``."""
    row = await db.fetch_one(_LINE + "WHERE l.id = ?", line_id)
    if row is None:
        raise NotFound
    (found,) = await _lines([row])
    payer = opened(row["payer_sealed"])
    transfer = await db.fetch_one(
        "SELECT id FROM disbursement WHERE kind = 'return' AND subject_id = ? AND state <> 'refused'", line_id
    )
    part = found.state == "assigned" and found.pays is not None and found.pays.fit != PAID
    surplus = found.state == "assigned" and found.return_minor > 0 and transfer is None
    waits = found.state == "open"
    actions = ("assign", "keep", "send_back") if waits else ("send_back",) if part or surplus else ()
    return LineView(
        line=found,
        account_end=payer.account[-4:] if payer else "",
        bank=payer.bank if payer else "",
        likely=await _likely(row) if waits else (),
        payouts=await payouts_for(row) if waits else (),
        providers=await providers_for(found.currency) if waits else (),
        transfer_id=transfer["id"] if transfer else None,
        actions=("reopen",) if found.state == "own" else actions,
    )


async def by_reference(written: str) -> str | None:
    """The payment whose reference somebody has typed; its id."""
    found = await _payments_of(references_in(written))
    return next((row["id"] for row in found.values()), None)


async def fitting() -> list[tuple[str, str]]:
    """(line, payment) of all open lines that exactly make up the payment whose reference stands in their text."""
    rows = await db.fetch(_LINE + "WHERE l.state = 'open' ORDER BY l.id LIMIT 2000")
    return [
        (line.id, line.pays.payment_id) for line in await _lines(rows) if line.pays and line.pays.fit == FITS
    ]


async def stranded(line_id: str = "") -> list[dict[str, Any]]:
    """Parts whose rest is not waited for any more, and whose sender's account is known: the stored lines.

    With ``line_id``: that line alone, or nothing when it is none of them.
    """
    return await db.fetch(
        f"{_LINE}WHERE {_STRANDED} AND l.payer_sealed <> '' AND (l.id = ? OR ? = '') ORDER BY l.id LIMIT 200",
        line_id,
        line_id,
    )


async def waiting() -> int:
    """How many lines wait for a decision."""
    row = await db.fetch_one(f"SELECT COUNT(*) AS n FROM bank_line l WHERE {_WAITS}")  # noqa: S608
    return int(row["n"]) if row else 0


async def _lines(rows: list[dict[str, Any]]) -> list[StatementLine]:
    names = await names_of({row[by] for row in rows for by in ("entered_by", "decided_by") if row[by]})
    written = {row["id"]: references_in(row["text"]) for row in rows if not row["payment_id"]}
    known = await _payments_of([each for found in written.values() for each in found])
    assigned = await _payments_by_id({row["payment_id"] for row in rows if row["payment_id"]})
    found = []
    for row in rows:
        payment = assigned.get(row["payment_id"]) or next(
            (known[each] for each in written.get(row["id"], ()) if each in known), None
        )
        found.append(_line(row, names, suggestion_of(row, payment) if payment else None))
    return found


async def _payments_of(references: list[str]) -> dict[str, dict[str, Any]]:
    if not references:
        return {}
    places = ", ".join("?" for _ in references)
    rows = await db.fetch(_PAYMENTS + f"AND p.provider_ref IN ({places})", *references)
    return {row["provider_ref"]: row for row in rows}


async def _payments_by_id(ids: set[str]) -> dict[str | None, dict[str, Any]]:
    if not ids:
        return {}
    rows = await db.fetch(_PAYMENTS + f"AND p.id IN ({', '.join('?' for _ in ids)})", *sorted(ids))
    return {row["id"]: row for row in rows}


async def _likely(line: dict[str, Any]) -> tuple[Suggestion, ...]:
    """Open payments that lack exactly what has come: for lines whose payer wrote no reference, or a wrong one."""
    rows = await db.fetch(
        f"SELECT * FROM ({_PAYMENTS} AND p.state = 'created' AND p.currency = ? AND p.provider_ref IS NOT NULL) "  # noqa: S608
        "waiting WHERE amount_minor - arrived = ? ORDER BY id DESC LIMIT ?",
        line["currency"],
        line["amount_minor"],
        LIKELY,
    )
    return tuple(suggestion_of(line, row) for row in rows)


def suggestion_of(line: dict[str, Any], payment: dict[str, Any]) -> Suggestion:
    """How a stored line and a payment (a row of ``_PAYMENTS``) go together."""
    missing = payment["amount_minor"] - int(payment["arrived"])
    return Suggestion(
        payment_id=payment["id"],
        reference=printed(payment["provider_ref"]),
        participation_id=payment["participation_id"],
        campaign_title=payment["title"],
        member=payment["member"],
        amount_minor=payment["amount_minor"],
        missing_minor=missing,
        currency=payment["currency"],
        fit=_fit(line, payment, missing),
    )


def _fit(line: dict[str, Any], payment: dict[str, Any], missing: int) -> str:
    if line["currency"] != payment["currency"]:
        return OTHER
    if payment["state"] == "succeeded":
        return PAID
    owes = payment["purpose"] == "balance" and payment["captured_minor"] < payment["due_minor"]
    if payment["place"] != "pending_payment" and not (
        owes and payment["place"] in ("joined", "needs_attention")
    ):
        return LATE
    if line["amount_minor"] == missing:
        return FITS
    return SHORT if line["amount_minor"] < missing else OVER


def _line(row: dict[str, Any], names: dict[str, str], pays: Suggestion | None) -> StatementLine:
    same = ("id", "reference", "amount_minor", "currency", "payer_name", "text", "state", "payment_id", "return_minor",
            "source", "note")  # fmt: skip
    booked, entered_at = row["booked_on"], db.instant(row["entered_at"])
    assert entered_at
    return StatementLine(
        **{name: row[name] for name in same},
        booked_on=booked if isinstance(booked, date) else date.fromisoformat(str(booked)[:10]),
        entered_by=names.get(row["entered_by"]),
        entered_at=entered_at,
        decided_by=names.get(row["decided_by"]),
        decided_at=db.instant(row["decided_at"]),
        returned_at=db.instant(row["returned_at"]),
        pays=pays,
        stranded=bool(row["stranded"]),
    )
