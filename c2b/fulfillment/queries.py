"""Reading timelines: members, organizer, manufacturer and admins see the same dates; who may do what differs.

Texts are in the reader's language, days are days. Dates are forecast at the moment of reading, so a page is right even
when no clock has run.
"""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

from c2b.accounts.rules import Actor
from c2b.fulfillment import rules, view
from c2b.fulfillment.models import Evidence, Milestone, Timeline
from c2b.fulfillment.moving import AT_WORK, RUNNING
from c2b.fulfillment.shown import EvidenceView, StageRow, SubmittedStage, TimelineLine, TimelinePage
from c2b.kit import clock, db, storage
from c2b.kit.downloads import Download, checked
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.kit.i18n import gettext, pick
from c2b.participations.models import GONE

__all__ = [
    "EvidenceView", "StageRow", "SubmittedStage", "TimelineLine", "TimelinePage", "evidence_file", "submitted_stages",
    "timeline_of", "timelines_of",
]  # fmt: skip

#: What leads to a state, as pages and the API name it.
ACTIONS = {
    "in_progress": "start",
    "submitted": "submit",
    "approved": "approve",
    "rejected": "reject",
    "blocked": "block",
    "skipped": "skip",
}


async def timeline_of(actor: Actor, campaign_id: str) -> TimelinePage:
    """The timeline of a campaign for its members, organizer, manufacturer and admins. Raises ``NotFound``."""
    timeline = await Timeline.get_or_none(campaign_id=campaign_id)
    if timeline is None:
        raise NotFound
    role = await _role(actor, timeline)
    milestones = await Milestone.filter(timeline_id=timeline.id).order_by("position")
    plan = rules.plan_from_json(timeline.plan)
    progress = [rules.Progress(m.code, m.state, m.started_on, m.finished_on) for m in milestones]
    found = await asyncio.to_thread(rules.forecast, plan, progress, clock.today())
    proofs = await _evidence([each.id for each in milestones], role)
    campaign = await db.fetch_one("SELECT code, state FROM campaign WHERE id = ?", campaign_id)
    assert campaign
    may_act = role if campaign["state"] in RUNNING else ""
    states = {each.code: each.state for each in milestones}
    return TimelinePage(
        id=timeline.id,
        campaign_id=campaign_id,
        campaign_code=campaign["code"],
        template=timeline.template,
        template_label=pick(plan.graph.label.to_json()),
        locked_on=timeline.locked_on,
        promised_ship_by=timeline.promised_ship_by,
        promised_delivery=timeline.promised_delivery,
        forecast_ship=found.ships,
        forecast_delivery=found.delivery,
        forecast_delivery_p80=found.delivery_p80,
        delivered_on=timeline.delivered_on,
        slip_days=found.slip_days,
        is_late=found.is_late,
        at_risk=found.at_risk,
        stages=[
            _stage(plan, each, found.stage(each.code), proofs.get(each.id, []), states, may_act)
            for each in milestones
        ],
        drawing=view.timeline_view(plan, found, key=timeline.id),
    )


async def timelines_of(
    actor: Actor, window: Window | None = None, *, running: bool = False
) -> Slice[TimelineLine]:
    """The timelines a manufacturer works on, or all of them for an admin; newest first. Nothing for consumers."""
    window = window or Window()
    where, args = ["1 = 1"], []
    if not actor.is_admin:
        where.append("t.manufacturer_id = ?")
        args.append(actor.manufacturer_id or "")
    if running:
        where.append("t.delivered_on IS NULL AND c.state <> 'canceled'")
    if window.after:
        where.append("t.id < ?")
        args.append(str(window.after[0]))
    sql = _LINES + f"WHERE {' AND '.join(where)} ORDER BY t.id DESC LIMIT {window.limit + 1}"
    rows = await db.fetch(sql, *args)
    states = await _states([row["id"] for row in rows])
    return slice_of([_line(row, states[row["id"]]) for row in rows], window, lambda line: (line.id,))


_SUBMITTED = (
    "SELECT s.code, t.plan, t.campaign_id, c.code AS campaign_code, p.name AS product_name FROM milestone s "  # noqa: S608
    "JOIN timeline t ON t.id = s.timeline_id JOIN campaign c ON c.id = t.campaign_id "
    "JOIN product p ON p.id = c.product_id "
    f"WHERE s.state = 'submitted' AND c.state IN ({', '.join(map(repr, RUNNING))}) ORDER BY s.id LIMIT 50"
)


async def submitted_stages(actor: Actor) -> list[SubmittedStage]:
    """For admins: up to fifty stages that wait for their approval, the oldest order first. Raises ``NotFound``."""
    if not actor.is_admin:
        raise NotFound
    return [
        SubmittedStage(
            campaign_id=row["campaign_id"],
            campaign_code=row["campaign_code"],
            product_name=pick(_json(row["product_name"])),
            code=row["code"],
            name=pick(rules.plan_from_json(_json(row["plan"])).graph.stage(row["code"]).label.to_json()),
        )
        for row in await db.fetch(_SUBMITTED)
    ]


async def evidence_file(actor: Actor, evidence_id: str) -> Download:
    """The bytes of a photo or document, compared with their hash. Raises ``NotFound`` and ``FileDamaged``."""
    piece = await Evidence.get_or_none(id=evidence_id).prefetch_related("milestone__timeline")
    if piece is None or not piece.storage_key:
        raise NotFound
    role = await _role(actor, piece.milestone.timeline)
    if not _may_open(piece.kind, role):
        raise NotFound
    data = await asyncio.to_thread(storage.get, piece.storage_key)
    return Download(piece.filename, piece.media_type, checked(data, piece.sha256), piece.sha256)


async def _role(actor: Actor, timeline: Timeline) -> str:
    """``"admin"``, ``"manufacturer"`` or ``"reader"`` (members and organizer). Raises ``NotFound`` for others."""
    if actor.is_admin:
        return "admin"
    if actor.makes_for(timeline.manufacturer_id):
        return "manufacturer"
    if not await db.fetch(_READERS, timeline.campaign_id, actor.id, timeline.campaign_id, actor.id):
        raise NotFound
    return "reader"


_READERS = (
    "SELECT 1 AS one FROM campaign WHERE id = ? AND organizer_id = ? UNION ALL SELECT 1 FROM participation "  # noqa: S608
    f"WHERE campaign_id = ? AND user_id = ? AND state NOT IN ({', '.join(map(repr, GONE))})"
)
_LINES = (
    "SELECT t.*, c.code, p.name AS product_name, o.number FROM timeline t JOIN campaign c ON c.id = t.campaign_id "
    "JOIN product p ON p.id = c.product_id LEFT JOIN purchase_order o ON o.campaign_id = c.id "
)


def _may_open(kind: str, role: str) -> bool:
    """Documents may hold addresses (waybills) and stay between manufacturer and platform; photos are for all."""
    return kind == "photo" or (kind == "document" and role in ("admin", "manufacturer"))


async def _evidence(milestone_ids: list[str], role: str) -> dict[str, list[EvidenceView]]:
    found: dict[str, list[EvidenceView]] = {}
    for row in await Evidence.filter(milestone_id__in=milestone_ids).order_by("id"):
        names = ("id", "kind", "note", "filename", "media_type", "size_bytes", "sha256", "at")
        piece = EvidenceView(
            **{name: getattr(row, name) for name in names},
            kind_label=gettext(rules.EVIDENCE_LABELS[row.kind]),
            may_open=_may_open(row.kind, role),
        )
        found.setdefault(row.milestone_id, []).append(piece)
    return found


def _stage(
    plan: rules.TimelinePlan,
    milestone: Milestone,
    found: rules.StageForecast,
    proofs: list[EvidenceView],
    states: dict[str, str],
    role: str,
) -> StageRow:
    graph, stage = plan.graph, plan.graph.stage(milestone.code)
    waiting = rules.waiting_for(graph, states, milestone.code)
    missing = rules.evidence_missing(stage, [each.kind for each in proofs])
    return StageRow(
        id=milestone.id,
        code=milestone.code,
        name=pick(stage.label.to_json()),
        actor=stage.actor,
        actor_label=pick(rules.actor_labels()[stage.actor].to_json()),
        state=milestone.state,
        state_label=gettext(rules.STATE_LABELS[milestone.state]),
        gate=pick(stage.gate.to_json()),
        evidence_wanted=pick(stage.evidence.to_json()),
        closes_on=stage.closes_on,
        waiting_for=[pick(graph.stage(code).label.to_json()) for code in waiting],
        planned_start=milestone.planned_start,
        planned_end=milestone.planned_end,
        forecast_start=found.start,
        forecast_end=found.end,
        started_on=milestone.started_on,
        finished_on=milestone.finished_on,
        slip_days=found.slip_days,
        overdue_days=found.overdue_days,
        reason=milestone.reason,
        missing_evidence=missing,
        evidence=proofs,
        actions=_actions(stage, milestone.state, role, ready=not waiting, proven=not missing),
    )


def _actions(stage: rules.Stage, state: str, role: str, *, ready: bool, proven: bool) -> list[str]:
    if role not in ("admin", "manufacturer"):
        return []
    found = ["prove"] if state in AT_WORK else []
    for target in rules.next_states(state, role=role, closes_on=stage.closes_on):
        action = "resume" if target == "in_progress" and state != "planned" else ACTIONS[target]
        waits = (action in ("start", "skip") and not ready) or (action == "submit" and not proven)
        itself = action == "approve" and stage.closes_on != "approval"  # the submission closes these gates
        if not waits and not itself:
            found.append(action)
    return found


async def _states(timeline_ids: list[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {each: [] for each in timeline_ids}
    rows = Milestone.filter(timeline_id__in=timeline_ids).order_by("position")
    for row in await rows.values("timeline_id", "code", "state"):
        found[row["timeline_id"]].append(row)
    return found


def _line(row: dict[str, Any], states: list[Any]) -> TimelineLine:
    graph = rules.plan_from_json(_json(row["plan"])).graph
    promised, forecast = _day(row["promised_delivery"]), _day(row["forecast_delivery"])
    assert promised
    assert forecast
    return TimelineLine(
        id=row["id"],
        campaign_id=row["campaign_id"],
        campaign_code=row["code"],
        product_name=pick(_json(row["product_name"])),
        number=row["number"] or "",
        template=row["template"],
        promised_delivery=promised,
        forecast_delivery=forecast,
        delivered_on=_day(row["delivered_on"]),
        is_late=forecast > promised,
        done=sum(each["state"] in rules.DONE for each in states),
        total=len(states),
        at_work=[
            pick(graph.stage(each["code"]).label.to_json()) for each in states if each["state"] in AT_WORK
        ],
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value
