"""What a reader is shown of purchase orders: frozen values of primitives, and the names of the states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.kit.i18n import N_, gettext

STATE_LABELS = {
    "draft": N_("In preparation"),
    "issued": N_("Issued to manufacturer"),
    "acknowledged": N_("Acknowledged"),
    "rejected": N_("Rejected"),
    "expired": N_("Expired"),
    "in_production": N_("In production"),
    "shipped": N_("Shipped"),
    "delivered": N_("Delivered"),
    "canceled": N_("Canceled"),
}


@dataclass(frozen=True, kw_only=True)
class OrderBrief:
    """What members and the organizer may know of the order of their campaign."""

    number: str
    state: str
    state_label: str
    issued_at: datetime | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One row of a list of orders. ``total_minor`` in minor units of ``currency``, tax included.

    ``campaign_title`` is an organizer's own words, which may name people: empty for the manufacturer.
    """

    id: str
    number: str
    state: str
    state_label: str
    revision: int
    campaign_id: str
    campaign_code: str
    campaign_title: str
    product_name: str
    manufacturer_name: str
    quantity: int
    total_minor: int | None
    currency: str
    issued_at: datetime | None
    validity_until: datetime | None
    awaits_answer: bool


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """A PDF of one revision in one language."""

    id: str
    revision: int
    locale: str
    filename: str
    sha256: str
    pages: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class RevisionView:
    """One issued version. ``reason`` says why it replaced the one before."""

    revision: int
    digest: str
    total_minor: int
    reason: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """What the manufacturer answered to one revision."""

    revision: int
    decision: str
    signer_name: str
    signer_role: str
    note: str
    revision_digest: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """One order. ``page`` is the document as texts (``views.order_page``), ``lines`` and ``totals`` are numbers."""

    line: OrderLine
    digest: str
    spec_digest: str
    may_answer: bool
    lines: list[dict[str, Any]]
    charges: list[dict[str, Any]]
    totals: dict[str, int]
    page: dict[str, Any]
    documents: list[DocumentView]
    revisions: list[RevisionView]
    answers: list[AnswerView]


@dataclass(frozen=True)
class UnitRow:
    """One unit to be made: its opaque id, its line, and the personal work on it in words."""

    unit_id: str
    line_no: int
    personalization: list[str]


def state_label(state: str) -> str:
    """A state in the reader's language."""
    return gettext(STATE_LABELS.get(state, state))
