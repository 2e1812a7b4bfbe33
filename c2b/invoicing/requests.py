"""Requests for tax invoices as members and admins read them: state and reason, the amount, what red notes wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.queries import profile_of
from c2b.accounts.rules import Actor
from c2b.invoicing.queries import as_json
from c2b.invoicing.rules import invoiceable, red_due
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.participations.queries import own

#: Whose money is captured and final: the group is locked and the balance has come.
FINAL = ("confirmed", "in_fulfillment", "delivered", "completed")
#: A fapiao is made out in yuan.
CURRENCY = "CNY"
STATES = ("requested", "issued", "red_reversed", "withdrawn", "refused")
#: What admins choose from: ``red`` waits for a red note.
FILTERS = ("requested", "red", "issued", "red_reversed", "withdrawn", "refused")
_MONEY = (
    "(SELECT COALESCE(SUM(p.amount_minor), 0) FROM payment p WHERE p.participation_id = {place} "
    "AND p.state = 'succeeded') AS captured_minor, "
    "(SELECT COALESCE(SUM(p.refunded_minor), 0) FROM payment p WHERE p.participation_id = {place} "
    "AND p.state = 'succeeded') AS returned_minor, "
    "(SELECT COALESCE(SUM(f.amount_minor), 0) FROM refund f JOIN payment p ON p.id = f.payment_id "
    "WHERE p.participation_id = {place}) AS asked_minor"
)
_PLACE = f"SELECT {_MONEY.format(place='t.id')} FROM participation t WHERE t.id = ?"  # noqa: S608
_SELECT = (
    f"SELECT * FROM (SELECT i.*, c.title AS campaign_title, c.code AS campaign_code, u.name AS member, "  # noqa: S608
    f"{_MONEY.format(place='i.participation_id')} FROM invoice_request i JOIN campaign c ON c.id = i.campaign_id "
    "JOIN user_account u ON u.id = i.user_id) AS i "
)
_RED = "i.state = 'issued' AND i.amount_minor - i.captured_minor + i.returned_minor > i.red_minor"


@dataclass(frozen=True, kw_only=True)
class InvoiceView:
    """One request. Amounts in minor units; ``amount_minor``: what it was issued about, before that what it would be.

    ``red_due_minor``: what a red note has to take back. ``reason``: why it is in its state, a key of ``REASONS``.
    ``note``: why it was refused.
    """

    id: str
    participation_id: str
    campaign_id: str
    campaign_title: str
    campaign_code: str
    user_id: str
    member: str
    title_kind: str
    title: str
    tax_id: str
    email: str
    amount_minor: int
    red_minor: int
    red_due_minor: int
    currency: str
    state: str
    reason: str
    number: str | None
    red_numbers: tuple[str, ...]
    note: str
    requested_at: datetime
    issued_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a place stands: its latest request, and the amount that one may be asked for about, 0 for none."""

    latest: InvoiceView | None
    may_ask: bool
    amount_minor: int
    currency: str


async def standing(actor: Actor, participation_id: str) -> Standing:
    """For the member whose place it is. Raises ``NotFound``."""
    place = await own(actor, participation_id)
    rows = await db.fetch(
        _SELECT + "WHERE i.participation_id = ? ORDER BY i.id DESC LIMIT 1", participation_id
    )
    latest = _view(rows[0]) if rows else None
    amount = await amount_of(participation_id)
    final = place["state"] in FINAL and place["currency"] == CURRENCY
    living = latest is not None and latest.state in ("requested", "issued")
    return Standing(
        latest=latest, may_ask=final and amount > 0 and not living, amount_minor=amount if final else 0,
        currency=place["currency"],
    )  # fmt: skip


async def usual(actor: Actor) -> dict[str, str]:
    """What a member asked for last (``title_kind``, ``title``, ``tax_id``, ``email``), to begin another request with;
    before the first one their own e-mail address."""
    row = await db.fetch_one(
        "SELECT title_kind, title, tax_id, email FROM invoice_request WHERE user_id = ? ORDER BY id DESC LIMIT 1",
        actor.id,
    )
    if row is None:
        return {"email": (await profile_of(actor)).email}
    return {name: value or "" for name, value in row.items()}


async def amount_of(participation_id: str) -> int:
    """What an invoice of this place would be about now, minor units."""
    money = await db.fetch_one(_PLACE, participation_id)
    if money is None:
        raise NotFound
    return invoiceable(captured_minor=int(money["captured_minor"]), asked_minor=int(money["asked_minor"]))


async def invoices(window: Window, *, state: str = "") -> Slice[InvoiceView]:
    """All of them, newest first; of one of ``FILTERS`` if given. The caller has checked that an admin reads."""
    after = window.after[0] if window.after else ""
    shown = _RED if state == "red" else "(i.state = ? OR ? = '')"
    rows = await db.fetch(
        f"{_SELECT}WHERE {shown} AND (i.id < ? OR ? = '') ORDER BY i.id DESC LIMIT ?",
        *(() if state == "red" else (state, state)), after, after, window.limit + 1,
    )  # fmt: skip
    return slice_of([_view(row) for row in rows], window, lambda each: (each.id,))


async def invoice(request_id: str) -> InvoiceView:
    """One of them. Raises ``NotFound``. The caller has checked that an admin reads."""
    row = await db.fetch_one(_SELECT + "WHERE i.id = ?", request_id)
    if row is None:
        raise NotFound
    return _view(row)


async def waiting() -> int:
    """How many wait for a number or for a red note."""
    row = await db.fetch_one(
        f"SELECT COUNT(*) AS n FROM ({_SELECT}WHERE i.state = 'requested' OR ({_RED})) AS waiting"  # noqa: S608
    )
    return int(row["n"]) if row else 0


def _view(row: dict[str, Any]) -> InvoiceView:
    same = (
        "id", "participation_id", "campaign_id", "campaign_title", "campaign_code", "user_id", "member", "title_kind",
        "title", "tax_id", "email", "red_minor", "currency", "state", "number", "note",
    )  # fmt: skip
    captured, asked = int(row["captured_minor"]), int(row["asked_minor"])
    now = invoiceable(captured_minor=captured, asked_minor=asked)
    due = 0
    if row["state"] == "issued":
        due = red_due(
            amount_minor=row["amount_minor"], red_minor=row["red_minor"], captured_minor=captured,
            returned_minor=int(row["returned_minor"]),
        )  # fmt: skip
    requested_at = db.instant(row["requested_at"])
    assert requested_at
    return InvoiceView(
        **{name: row[name] for name in same},
        amount_minor=now if row["state"] == "requested" else row["amount_minor"],
        red_due_minor=due,
        reason=_reason(row, due=due, now=now),
        red_numbers=tuple(as_json(row["red_numbers"])),
        requested_at=requested_at,
        issued_at=db.instant(row["issued_at"]),
        ended_at=db.instant(row["ended_at"]),
    )


def _reason(row: dict[str, Any], *, due: int, now: int) -> str:
    state = str(row["state"])
    if state == "issued":
        return "red_waits" if due else "red_in_part" if row["red_minor"] else "issued"
    if state == "withdrawn":
        return "withdrawn" if now else "all_refunded"
    return state
