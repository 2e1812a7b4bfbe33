"""What a reader is shown of a timeline: frozen values of primitives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from c2b.fulfillment.view import TimelineView


@dataclass(frozen=True, kw_only=True)
class EvidenceView:
    """One piece of evidence. ``may_open``: this reader may have the file."""

    id: str
    kind: str
    kind_label: str
    note: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    at: datetime
    may_open: bool


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One stage. ``forecast_*`` are actual days where it started or finished; ``missing_evidence`` what the gate lacks.

    ``actions`` are what this reader may do now: start, resume, submit, approve, reject, block, skip, prove.
    """

    id: str
    code: str
    name: str
    actor: str
    actor_label: str
    state: str
    state_label: str
    gate: str
    evidence_wanted: str
    closes_on: str
    waiting_for: list[str]
    planned_start: date
    planned_end: date
    forecast_start: date
    forecast_end: date
    started_on: date | None
    finished_on: date | None
    slip_days: int
    overdue_days: int
    reason: str
    missing_evidence: int
    evidence: list[EvidenceView]
    actions: list[str]


@dataclass(frozen=True, kw_only=True)
class TimelinePage:
    """A timeline with everything a page or a JSON answer shows; ``drawing`` is for ``partials/timeline.html``."""

    id: str
    campaign_id: str
    campaign_code: str
    template: str
    template_label: str
    locked_on: date
    promised_ship_by: date
    promised_delivery: date
    forecast_ship: date
    forecast_delivery: date
    forecast_delivery_p80: date
    delivered_on: date | None
    slip_days: int
    is_late: bool
    at_risk: bool
    stages: list[StageRow]
    drawing: TimelineView


@dataclass(frozen=True, kw_only=True)
class TimelineLine:
    """One row of a list of timelines."""

    id: str
    campaign_id: str
    campaign_code: str
    product_name: str
    number: str
    template: str
    promised_delivery: date
    forecast_delivery: date
    delivered_on: date | None
    is_late: bool
    done: int
    total: int
    at_work: list[str]


@dataclass(frozen=True, kw_only=True)
class SubmittedStage:
    """A stage that was reported as done and waits for an admin."""

    campaign_id: str
    campaign_code: str
    product_name: str
    code: str
    name: str
