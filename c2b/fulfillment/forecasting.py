"""Where a running timeline stands today and when it will be done, from what has happened so far. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from c2b.fulfillment import pert
from c2b.fulfillment.calendar import Calendar, load_calendar
from c2b.fulfillment.graph import Stage
from c2b.fulfillment.planning import TimelinePlan, drawn, evening, latest_of

DONE = frozenset({"approved", "skipped"})


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of one stage: its state and, where they happened, the days it started and finished."""

    code: str
    state: str = "planned"
    started_on: date | None = None
    finished_on: date | None = None


@dataclass(frozen=True, slots=True)
class StageForecast:
    """One stage today: `start` and `end` are actual days where `started` and `finished` say so, else forecast.

    `slip_days` is the end against the planned end, below zero when early. `overdue_days` counts the days since the
    planned end while the stage is not done, else 0.
    """

    code: str
    state: str
    start: date
    end: date
    started: bool
    finished: bool
    slip_days: int
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole timeline today.

    `delivery` is the likely day of delivery, `delivery_p80` the day that holds in four of five drawn worlds; both are
    the actual day when `finished`. `slip_days` is the likely delivery against the promise, below zero while there is
    room. `at_risk`: the promise still holds at the likely pace, but in fewer than four of five worlds.
    """

    today: date
    stages: tuple[StageForecast, ...]
    ships: date
    delivery: date
    delivery_p80: date
    promised_delivery: date
    finished: bool

    @property
    def slip_days(self) -> int:
        return (self.delivery - self.promised_delivery).days

    @property
    def is_late(self) -> bool:
        return self.slip_days > 0

    @property
    def at_risk(self) -> bool:
        return not self.is_late and self.delivery_p80 > self.promised_delivery

    def stage(self, code: str) -> StageForecast:
        """The forecast of a stage. Raises KeyError."""
        for stage in self.stages:
            if stage.code == code:
                return stage
        raise KeyError(code)


def forecast(
    plan: TimelinePlan, progress: Iterable[Progress], today: date, *, calendar: Calendar | None = None
) -> Forecast:
    """Forecast every stage and the delivery.

    A finished stage keeps its days. A stage at work ends at its likely end, but not before today. A stage not begun
    starts when everything it waits for is done, but not before today. Stages without progress count as planned.
    Raises ValueError for a code the plan does not have, twice the same code, an approved stage without its last day,
    a stage at work without its first day, or one that finished before it started.
    """
    return _forecast(plan, _checked(plan, progress), today, calendar or load_calendar())


def _checked(plan: TimelinePlan, progress: Iterable[Progress]) -> tuple[Progress, ...]:
    given: dict[str, Progress] = {}
    for item in progress:
        if item.code in given or item.code not in plan.graph.codes:
            raise ValueError(f"{item.code}: twice, or not a stage of {plan.graph.code}")
        given[item.code] = item
        _check_days(item)
    return tuple(given.get(code, Progress(code)) for code in plan.graph.codes)


def _check_days(item: Progress) -> None:
    if item.state == "approved" and item.finished_on is None:
        raise ValueError(f"{item.code} is approved but has no last day")
    if item.state not in DONE and item.state != "planned" and item.started_on is None:
        raise ValueError(f"{item.code} is {item.state} but has no first day")
    if item.started_on and item.finished_on and item.finished_on < item.started_on:
        raise ValueError(f"{item.code} finished before it started")


@lru_cache(maxsize=256)
def _forecast(
    plan: TimelinePlan, progress: tuple[Progress, ...], today: date, calendar: Calendar
) -> Forecast:
    pairs = tuple(zip(plan.graph.stages, progress, strict=True))
    stages: list[StageForecast] = []
    ends: dict[str, date] = {}
    for stage, item in pairs:
        start, end = _likely(stage, item, ends, plan.locked_on, today, calendar)
        ends[stage.code] = end
        stages.append(_stage_forecast(plan, item, start, end, today))
    final = stages[-1]
    safe = final.end if final.finished else _p80(pairs, plan.locked_on, today, calendar)
    return Forecast(
        today=today,
        stages=tuple(stages),
        ships=ends[plan.graph.shipping.code],
        delivery=final.end,
        delivery_p80=max(final.end, safe),
        promised_delivery=plan.promised_delivery,
        finished=final.finished,
    )


def _stage_forecast(plan: TimelinePlan, item: Progress, start: date, end: date, today: date) -> StageForecast:
    planned_end, finished = plan.stage(item.code).end, item.state in DONE
    return StageForecast(
        code=item.code,
        state=item.state,
        start=start,
        end=end,
        started=finished or _at_work(item),
        finished=finished,
        slip_days=(end - planned_end).days,
        overdue_days=0 if finished else max(0, (today - planned_end).days),
    )


def _likely(
    stage: Stage, item: Progress, ends: Mapping[str, date], lock: date, today: date, calendar: Calendar
) -> tuple[date, date]:
    """Start and end of one stage; the days that happened stay, the others follow at the likely pace."""
    ready = max((ends[code] for code in stage.after), default=lock)
    if item.state in DONE:
        end = item.finished_on or ready
        return min(item.started_on or ready, end), end
    start = item.started_on if _at_work(item) and item.started_on else max(ready, today)
    return start, max(calendar.day_after(start, stage.likely_days, stage.calendar), today)


def _at_work(item: Progress) -> bool:
    return item.state not in DONE and item.state != "planned"


def _p80(pairs: tuple[tuple[Stage, Progress], ...], lock: date, today: date, calendar: Calendar) -> date:
    """The day by which delivery is done in 80 of 100 drawn worlds that share what has happened so far."""
    worlds: dict[str, list[float]] = {}
    for stage, item in pairs:
        ready = [worlds[code] for code in stage.after]
        worlds[stage.code] = _ends(stage, item, latest_of(ready, lock.toordinal()), today, calendar)
    return evening(pert.quantile(worlds[pairs[-1][0].code], 80))


def _ends(stage: Stage, item: Progress, ready: list[float], today: date, calendar: Calendar) -> list[float]:
    if item.state in DONE:
        return [float(item.finished_on.toordinal())] * pert.DRAWS if item.finished_on else ready
    if _at_work(item) and item.started_on:
        starts = [float(item.started_on.toordinal())] * pert.DRAWS
    else:
        starts = [max(start, today.toordinal()) for start in ready]
    return calendar.add_each(starts, drawn(stage), stage.calendar)
