"""The rules of a timeline, in one place to import from: templates, plan and promise, forecast, states and gates.

Pure: values in, values out, no database. The algorithm in prose is in README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from c2b.fulfillment.forecasting import DONE, Forecast, Progress, StageForecast, forecast
from c2b.fulfillment.graph import (
    Label,
    Stage,
    StageGraph,
    actor_labels,
    load_template,
    template_codes,
)
from c2b.fulfillment.planning import StagePlan, TimelinePlan, plan, plan_from_json, plan_to_json
from c2b.kit.errors import Conflict, Invalid
from c2b.kit.i18n import N_, gettext, pick

__all__ = [
    "DONE",
    "EVIDENCE_LABELS",
    "STATES",
    "STATE_LABELS",
    "TRANSITIONS",
    "EvidenceMissing",
    "Forecast",
    "Label",
    "MilestoneMoveRefused",
    "MilestoneNotReady",
    "Progress",
    "Stage",
    "StageForecast",
    "StageGraph",
    "StagePlan",
    "TimelinePlan",
    "Transition",
    "actor_labels",
    "check_evidence",
    "check_move",
    "check_ready",
    "evidence_missing",
    "forecast",
    "load_template",
    "must_be_told",
    "next_states",
    "plan",
    "plan_from_json",
    "plan_to_json",
    "ready_stages",
    "silence_is_consent",
    "template_codes",
    "waiting_for",
]

#: Up to this many days a first delay is short.
SHORT_DELAY_DAYS = 30
#: A delay that grows by this many days beyond what members were told is told again, with a new choice.
GROWN_DAYS = 14
#: How long members have to answer a delay before their silence may count.
ANSWER_DAYS = 14

STATE_LABELS: Mapping[str, str] = {
    "planned": N_("Not started"),
    "in_progress": N_("In progress"),
    "blocked": N_("Held up"),
    "submitted": N_("Waiting for approval"),
    "approved": N_("Passed"),
    "rejected": N_("Not passed"),
    "skipped": N_("Skipped"),
}
STATES = tuple(STATE_LABELS)

EVIDENCE_LABELS: Mapping[str, str] = {
    "note": N_("Note"),
    "photo": N_("Photo"),
    "document": N_("Document"),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """A move of a milestone and who may make it. "system" is the platform acting by itself."""

    source: str
    target: str
    roles: frozenset[str]


def _may(source: str, target: str, *roles: str) -> Transition:
    return Transition(source, target, frozenset(roles))


#: Every legal move. `next_states` narrows it by how the gate of the stage closes.
TRANSITIONS: tuple[Transition, ...] = (
    _may("planned", "in_progress", "manufacturer", "admin", "system"),
    _may("planned", "skipped", "admin", "system"),
    _may("in_progress", "blocked", "manufacturer", "admin"),
    _may("in_progress", "submitted", "manufacturer", "admin", "system"),
    _may("in_progress", "skipped", "admin"),
    _may("blocked", "in_progress", "manufacturer", "admin"),
    _may("blocked", "skipped", "admin"),
    _may("submitted", "approved", "manufacturer", "admin", "system"),
    _may("submitted", "rejected", "admin"),
    _may("rejected", "in_progress", "manufacturer", "admin"),
)


class MilestoneMoveRefused(Conflict):
    """The move is not in the table, or not for that role."""

    code = "milestone_move_refused"
    message = N_("You cannot take this stage from “{source}” to “{target}”.")


class MilestoneNotReady(Conflict):
    """A stage was to start before everything it waits for was approved or skipped."""

    code = "milestone_not_ready"
    message = N_("This stage starts when these are done: {waiting_for}.")


class EvidenceMissing(Invalid):
    """A gate was to close without its evidence."""

    code = "evidence_missing"
    message = N_("This stage closes with evidence: {evidence}. Still missing: {count} ({kinds}).")


def next_states(state: str, *, role: str, closes_on: str = "evidence") -> tuple[str, ...]:
    """Where `role` ("manufacturer", "admin", "system") may take a milestone in `state`.

    A gate that closes on "approval" is approved by an admin only; one that closes on "system" is moved by the
    platform, or by an admin for it; one that closes on "evidence" is approved by the submission itself.
    """
    moves = (move for move in TRANSITIONS if move.source == state and role in move.roles)
    return tuple(move.target for move in moves if _allowed(move, role, closes_on))


def check_move(stage: Stage, state: str, target: str, *, role: str) -> None:
    """Raise MilestoneMoveRefused unless `role` may take this stage from `state` to `target`."""
    if target not in next_states(state, role=role, closes_on=stage.closes_on):
        names = {name: gettext(STATE_LABELS.get(name, name)) for name in (state, target)}
        raise MilestoneMoveRefused(source=names[state], target=names[target])


def waiting_for(graph: StageGraph, states: Mapping[str, str], code: str) -> tuple[str, ...]:
    """The stages that must be done before `code` starts and are not. `states` maps codes; absent means planned."""
    return tuple(other for other in graph.stage(code).after if states.get(other) not in DONE)


def ready_stages(graph: StageGraph, states: Mapping[str, str]) -> tuple[str, ...]:
    """Planned stages that wait for nothing more, in order."""
    planned = (code for code in graph.codes if states.get(code, "planned") == "planned")
    return tuple(code for code in planned if not waiting_for(graph, states, code))


def check_ready(graph: StageGraph, states: Mapping[str, str], code: str) -> None:
    """Raise MilestoneNotReady, naming what is open, while `code` waits for another stage."""
    if waiting := waiting_for(graph, states, code):
        labels = (pick(graph.stage(other).label.to_json()) for other in waiting)
        raise MilestoneNotReady(waiting_for=" · ".join(labels))


def evidence_missing(stage: Stage, kinds: Iterable[str]) -> int:
    """How many more items the gate asks for, given the kinds ("note", "photo", "document") of those there are."""
    counting = sum(kind in stage.evidence_kinds for kind in kinds)
    return max(0, stage.evidence_at_least - counting)


def check_evidence(stage: Stage, kinds: Iterable[str]) -> None:
    """Raise EvidenceMissing while the gate of the stage lacks evidence."""
    if missing := evidence_missing(stage, kinds):
        kinds_text = ", ".join(gettext(EVIDENCE_LABELS[kind]) for kind in stage.evidence_kinds)
        raise EvidenceMissing(evidence=pick(stage.evidence.to_json()), kinds=kinds_text, count=missing)


def _allowed(move: Transition, role: str, closes_on: str) -> bool:
    if closes_on == "system":
        return role in ("system", "admin")
    if move.target == "approved" and closes_on == "approval":
        return role == "admin"
    return True


def must_be_told(*, promised: date, forecast: date, told: date | None) -> bool:
    """Whether members have to be told that the likely day is late: the first time, or much later than ``told``."""
    return forecast > promised and (told is None or (forecast - told).days >= GROWN_DAYS)


def silence_is_consent(*, number: int, late_days: int) -> bool:
    """Whether members who do not answer a delay have agreed to wait: only for the first one, and only if it is short.

    The strictest of the laws we sell under (US, 16 CFR 435.2(b)): a longer or second delay needs their express word.
    """
    return number == 1 and late_days <= SHORT_DELAY_DAYS
