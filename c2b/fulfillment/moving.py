"""Moving a stage: one guarded update, the forecast of everything after it, and the event, in one transaction.

Every change of a timeline first ``hold``s its row, so two stages that change at once are forecast one after the other
and neither forgets the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from c2b.events.operations import record
from c2b.fulfillment import rules
from c2b.fulfillment.delays import notice_of
from c2b.fulfillment.models import Milestone, Timeline
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_

#: States of a campaign in which its stages move.
RUNNING = ("ordered", "in_production", "shipping")
#: States in which work on a stage goes on and evidence is added.
AT_WORK = ("in_progress", "blocked", "submitted", "rejected")


class TimelineClosed(Conflict):
    code = "timeline_closed"
    message = N_("This campaign is over: its stages do not move any more.")


@dataclass(frozen=True)
class Board:
    """A timeline that is held by the present transaction."""

    timeline: Timeline
    plan: rules.TimelinePlan
    milestones: dict[str, Milestone]

    @property
    def states(self) -> dict[str, str]:
        return {code: each.state for code, each in self.milestones.items()}

    def progress(self) -> list[rules.Progress]:
        """What has happened so far, for ``rules.forecast``."""
        return [
            rules.Progress(each.code, each.state, each.started_on, each.finished_on)
            for each in self.milestones.values()
        ]


async def hold(timeline_id: str) -> Board:
    """The timeline with its milestones, locked until the transaction ends. Raises ``NotFound``."""
    held = await Timeline.filter(id=timeline_id).update(forecast_on=clock.today())
    if not held:
        raise NotFound
    timeline = await Timeline.get(id=timeline_id)
    milestones = await Milestone.filter(timeline_id=timeline_id).order_by("position")
    plan = rules.plan_from_json(timeline.plan)
    return Board(timeline, plan, {each.code: each for each in milestones})


async def ensure_running(board: Board) -> None:
    """Raise ``TimelineClosed`` when the campaign was canceled or is completed."""
    row = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", board.timeline.campaign_id)
    if row is None or row["state"] not in RUNNING:
        raise TimelineClosed


async def move(board: Board, code: str, target: str, *, role: str, **columns: Any) -> None:
    """Take a stage to ``target`` with its new ``columns``. Raises what ``rules.check_move`` raises."""
    milestone, stage = board.milestones[code], board.plan.graph.stage(code)
    rules.check_move(stage, milestone.state, target, role=role)
    changed = await Milestone.filter(id=milestone.id, state=milestone.state).update(state=target, **columns)
    if changed != 1:  # cannot be while the timeline is held
        raise RuntimeError(f"{code} of {board.timeline.id} moved under our hands")
    milestone.state = target
    for name, value in columns.items():
        setattr(milestone, name, value)


async def reforecast(board: Board) -> rules.Forecast:
    """Forecast every stage from what has happened and write what changed; tell when the promise is lost."""
    found = rules.forecast(board.plan, board.progress(), clock.today())
    for stage in found.stages:
        milestone = board.milestones[stage.code]
        if (milestone.forecast_start, milestone.forecast_end) != (stage.start, stage.end):
            milestone.forecast_start, milestone.forecast_end = stage.start, stage.end
            await Milestone.filter(id=milestone.id).update(forecast_start=stage.start, forecast_end=stage.end)
    await _note_delivery(board.timeline, found.delivery)
    return found


async def _note_delivery(timeline: Timeline, delivery: date) -> None:
    before, timeline.forecast_delivery = timeline.forecast_delivery, delivery
    if before == delivery:
        return
    await Timeline.filter(id=timeline.id).update(forecast_delivery=delivery)
    notice = await notice_of(timeline.campaign_id) if before > timeline.promised_delivery else None
    if rules.must_be_told(
        promised=timeline.promised_delivery, forecast=delivery, told=notice.forecast if notice else None
    ):
        await record(
            "timeline.delayed",
            subject="timeline",
            subject_id=timeline.id,
            campaign_id=timeline.campaign_id,
            audience="members",
            payload={
                "promised_delivery": timeline.promised_delivery.isoformat(),
                "forecast_delivery": delivery.isoformat(),
            },
        )


async def tell(
    name: str, board: Board, code: str, *, actor_id: str | None = None, **payload: str | int | bool | None
) -> None:
    """Record an event on a stage for the members to read, in the present transaction."""
    milestone, stage = board.milestones[code], board.plan.graph.stage(code)
    timeline = board.timeline
    await record(
        name,
        subject="milestone",
        subject_id=milestone.id,
        campaign_id=timeline.campaign_id,
        actor_id=actor_id,
        audience="members",
        payload={
            "code": code,
            "label": stage.label.to_json(),
            "planned_end": milestone.planned_end.isoformat(),
            "forecast_delivery": timeline.forecast_delivery.isoformat(),
            "promised_delivery": timeline.promised_delivery.isoformat(),
            **payload,
        },
    )
