"""Reading the bank transfers that people make: what waits for whom, what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.queries import names_of
from c2b.accounts.rules import Actor
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.payments.disbursing import opened

STATES = ("proposed", "approved", "sent", "refused")
KINDS = ("refund", "payout", "commission", "return")
_PEOPLE = ("proposed_by", "approved_by", "sent_by", "filed_by")


@dataclass(frozen=True, kw_only=True)
class DisbursementLine:
    """One bank transfer in a list. Amounts in minor units; people by name, ``None`` for the platform or a member."""

    id: str
    kind: str
    subject_id: str
    campaign_id: str | None
    campaign_title: str | None
    amount_minor: int
    currency: str
    payee_name: str
    state: str
    two_persons: bool
    note: str
    bank_reference: str | None
    proposed_by: str | None
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    sent_by: str | None
    sent_at: datetime | None
    filed_by: str | None
    filed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DisbursementView:
    """One with the end of its payee's account (``disbursing.reveal`` shows all of it), its bank, and what this admin
    may do: ``approve``, ``refuse``, ``send``. ``another``: it is somebody else's turn."""

    line: DisbursementLine
    account_end: str
    bank: str
    actions: tuple[str, ...]
    another: bool


async def disbursements(window: Window, *, state: str = "", kind: str = "") -> Slice[DisbursementLine]:
    """All of them, newest first. The caller has checked that an admin reads."""
    rows = await db.fetch(
        "SELECT d.*, c.title FROM disbursement d LEFT JOIN campaign c ON c.id = d.campaign_id "
        "WHERE (d.state = ? OR ? = '') AND (d.kind = ? OR ? = '') AND (d.id < ? OR ? = '') "
        "ORDER BY d.id DESC LIMIT ?",
        state,
        state,
        kind,
        kind,
        window.after[0] if window.after else "",
        window.after[0] if window.after else "",
        window.limit + 1,
    )
    return slice_of(await _lines(rows), window, lambda line: (line.id,))


async def disbursement(actor: Actor, disbursement_id: str) -> DisbursementView:
    """One of them, as this admin sees it. Raises ``NotFound``."""
    row = await db.fetch_one(
        "SELECT d.*, c.title FROM disbursement d LEFT JOIN campaign c ON c.id = d.campaign_id WHERE d.id = ?",
        disbursement_id,
    )
    if row is None:
        raise NotFound
    (line,) = await _lines([row])
    payee, actions = opened(row["payee_sealed"]), actions_of(row, actor.id)
    return DisbursementView(
        line=line,
        account_end=payee.account[-4:] if payee else "",
        bank=payee.bank if payee else "",
        actions=actions,
        another=actions == ("refuse",),
    )


async def waiting() -> int:
    """How many wait for somebody to approve or send them."""
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM disbursement WHERE state IN ('proposed', 'approved')")
    return int(row["n"]) if row else 0


def actions_of(row: dict[str, Any], admin_id: str) -> tuple[str, ...]:
    """What this admin may do with a stored disbursement now; two persons above the limit."""
    if row["state"] == "proposed":
        own = row["two_persons"] and row["proposed_by"] == admin_id
        return ("refuse",) if own else ("approve", "refuse")
    if row["state"] == "approved":
        own = row["two_persons"] and row["proposed_by"] is None and row["approved_by"] == admin_id
        return ("refuse",) if own else ("send", "refuse")
    return ()


async def _lines(rows: list[dict[str, Any]]) -> list[DisbursementLine]:
    people = {row[by] for row in rows for by in _PEOPLE if row[by]}
    names = await names_of(people)
    return [_line(row, names) for row in rows]


def _line(row: dict[str, Any], names: dict[str, str]) -> DisbursementLine:
    same = ("id", "kind", "subject_id", "campaign_id", "amount_minor", "currency", "payee_name", "state", "note",
            "bank_reference")  # fmt: skip
    proposed_at = db.instant(row["proposed_at"])
    assert proposed_at
    return DisbursementLine(
        **{name: row[name] for name in same},
        campaign_title=row["title"],
        two_persons=bool(row["two_persons"]),
        proposed_by=names.get(row["proposed_by"]),
        proposed_at=proposed_at,
        approved_by=names.get(row["approved_by"]),
        approved_at=db.instant(row["approved_at"]),
        sent_by=names.get(row["sent_by"]),
        sent_at=db.instant(row["sent_at"]),
        filed_by=names.get(row["filed_by"]),
        filed_at=db.instant(row["filed_at"]),
    )
