"""From a stage graph and the day of the lock to planned dates and a promise. Pure; the prose is in README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import ceil
from typing import Any

from c2b.fulfillment import pert
from c2b.fulfillment.calendar import EVERYONE, Calendar, load_calendar
from c2b.fulfillment.graph import Stage, StageGraph, graph_from_json, graph_to_json, with_lead_days


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Planned dates of one stage: start and end at the likely durations, its end at 50 and at 80 percent.

    `promised_by` is the day by which it must end for the promise to hold, by the rule of the promise itself.
    """

    code: str
    start: date
    end: date
    p50: date
    p80: date
    promised_by: date


@dataclass(frozen=True, slots=True)
class TimelinePlan:
    """What was planned and promised at the lock. Stored as it is (`plan_to_json`), never computed again.

    `graph` is the template as planned, lead days of the options included. `likely_days`, `p50_days` and `p80_days`
    are whole days of work from lock to delivery, holidays not counted.
    """

    graph: StageGraph
    locked_on: date
    extra_lead_days: int
    stages: tuple[StagePlan, ...]
    likely_days: int
    p50_days: int
    p80_days: int
    promised_ship_by: date
    promised_delivery: date

    def stage(self, code: str) -> StagePlan:
        """Planned dates of a stage. Raises KeyError."""
        for stage in self.stages:
            if stage.code == code:
                return stage
        raise KeyError(code)


@dataclass(frozen=True, slots=True)
class Totals:
    """Days of work from the lock to the end of one stage, holidays not counted."""

    likely: int
    p50: float
    p80: float


def plan(
    graph: StageGraph, *, locked_on: date, extra_lead_days: int = 0, calendar: Calendar | None = None
) -> TimelinePlan:
    """Plan and promise a timeline.

    `extra_lead_days` are the lead days of the chosen options, added to the production stage. The promise is
    `locked_on + ceil(P80 x factor)` days of work, counted over days on which nobody's work stops, so it never lands
    in a holiday and never ignores one. Raises ValueError for negative lead days, CalendarTooShort when the plan
    leaves the years whose holidays are known.
    """
    return _plan(
        with_lead_days(graph, extra_lead_days), locked_on, extra_lead_days, calendar or load_calendar()
    )


@lru_cache(maxsize=256)
def totals(graph: StageGraph) -> Mapping[str, Totals]:
    """Days from the lock to the end of every stage, without a calendar."""
    likely: dict[str, int] = {}
    worlds: dict[str, list[float]] = {}
    for stage in graph.stages:
        likely[stage.code] = max((likely[code] for code in stage.after), default=0) + stage.likely_days
        starts = latest_of([worlds[code] for code in stage.after], 0.0)
        worlds[stage.code] = [start + days for start, days in zip(starts, drawn(stage), strict=True)]
    return {
        code: Totals(days, pert.quantile(worlds[code], 50), pert.quantile(worlds[code], 80))
        for code, days in likely.items()
    }


def promised(totals: Totals, percent: int) -> int:
    """Promised days of work: P80 times the factor of the template (110 is 1.10), rounded up."""
    return ceil(round(totals.p80 * percent / 100, 6))


def plan_to_json(plan: TimelinePlan) -> dict[str, Any]:
    """The plan as JSON of texts and integers, fit to be stored and hashed."""
    return {
        "template": graph_to_json(plan.graph),
        "locked_on": plan.locked_on.isoformat(),
        "extra_lead_days": plan.extra_lead_days,
        "stages": [_stage_to_json(stage) for stage in plan.stages],
        "likely_days": plan.likely_days,
        "p50_days": plan.p50_days,
        "p80_days": plan.p80_days,
        "promised_ship_by": plan.promised_ship_by.isoformat(),
        "promised_delivery": plan.promised_delivery.isoformat(),
    }


def plan_from_json(doc: Mapping[str, Any]) -> TimelinePlan:
    """Read a stored plan: nothing in it is computed again."""
    day = date.fromisoformat
    return TimelinePlan(
        graph=graph_from_json(doc["template"]),
        locked_on=day(doc["locked_on"]),
        extra_lead_days=doc["extra_lead_days"],
        stages=tuple(_stage_from_json(stage) for stage in doc["stages"]),
        likely_days=doc["likely_days"],
        p50_days=doc["p50_days"],
        p80_days=doc["p80_days"],
        promised_ship_by=day(doc["promised_ship_by"]),
        promised_delivery=day(doc["promised_delivery"]),
    )


_STAGE_DATES = ("start", "end", "p50", "p80", "promised_by")


def _stage_to_json(stage: StagePlan) -> dict[str, str]:
    return {"code": stage.code, **{name: getattr(stage, name).isoformat() for name in _STAGE_DATES}}


def _stage_from_json(doc: Mapping[str, str]) -> StagePlan:
    return StagePlan(doc["code"], *(date.fromisoformat(doc[name]) for name in _STAGE_DATES))


def drawn(stage: Stage) -> tuple[float, ...]:
    """The durations of a stage in every drawn world, in days."""
    return pert.draws(stage.code, stage.min_days, stage.likely_days, stage.max_days, count=pert.DRAWS)


def latest_of(ends: list[list[float]], otherwise: float) -> list[float]:
    """World by world the latest of several ends; `otherwise` in all of them when there is nothing to wait for."""
    if not ends:
        return [otherwise] * pert.DRAWS
    return ends[0] if len(ends) == 1 else [max(world) for world in zip(*ends, strict=True)]


def evening(number: float) -> date:
    """The first day whose evening is not before that day number."""
    return date.fromordinal(ceil(round(number, 6)))


@lru_cache(maxsize=256)
def _plan(graph: StageGraph, locked_on: date, extra_lead_days: int, calendar: Calendar) -> TimelinePlan:
    days = totals(graph)
    promises = {
        code: calendar.day_after(locked_on, promised(total, graph.promise_percent), EVERYONE)
        for code, total in days.items()
    }
    return TimelinePlan(
        graph=graph,
        locked_on=locked_on,
        extra_lead_days=extra_lead_days,
        stages=_stage_plans(graph, locked_on, promises, calendar),
        likely_days=days[graph.final.code].likely,
        p50_days=round(days[graph.final.code].p50),
        p80_days=round(days[graph.final.code].p80),
        promised_ship_by=promises[graph.shipping.code],
        promised_delivery=promises[graph.final.code],
    )


def _stage_plans(
    graph: StageGraph, locked_on: date, promises: Mapping[str, date], calendar: Calendar
) -> tuple[StagePlan, ...]:
    lock = locked_on.toordinal()
    likely: dict[str, float] = {}
    worlds: dict[str, list[float]] = {}
    plans = []
    for stage in graph.stages:
        start = max((likely[code] for code in stage.after), default=lock)
        likely[stage.code] = calendar.add(start, stage.likely_days, stage.calendar)
        starts = latest_of([worlds[code] for code in stage.after], lock)
        worlds[stage.code] = calendar.add_each(starts, drawn(stage), stage.calendar)
        middle, safe = (pert.quantile(worlds[stage.code], percent) for percent in (50, 80))
        plans.append(
            StagePlan(
                code=stage.code,
                start=evening(start),
                end=evening(likely[stage.code]),
                p50=evening(middle),
                p80=evening(safe),
                promised_by=promises[stage.code],
            )
        )
    return tuple(plans)
