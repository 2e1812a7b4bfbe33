"""A timeline as people read it: texts in the reader's language, days, and the geometry of its drawing. No models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_skeleton

from c2b.fulfillment.calendar import Calendar, load_calendar
from c2b.fulfillment.drawing import Chart, Closed, Row, Strip, draw, draw_strips
from c2b.fulfillment.forecasting import Forecast, StageForecast
from c2b.fulfillment.graph import Stage, actor_labels
from c2b.fulfillment.planning import StagePlan, TimelinePlan
from c2b.fulfillment.rules import STATE_LABELS
from c2b.kit.i18n import N_, babel_locale, current_locale, format_date, gettext, ngettext, pick

TONE_LABELS = {
    "done": N_("Delivered"),
    "good": N_("On course"),
    "tight": N_("Tight"),
    "late": N_("Behind the promise"),
}


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage for people. `dates` (actual or forecast) and `planned` are short ranges; `note` says how far it is
    off its plan, or nothing. `is_late`: it ends too late for its part of the promise."""

    code: str
    name: str
    actor: str
    state: str
    state_label: str
    gate: str
    evidence: str
    start: date
    end: date
    started: bool
    finished: bool
    dates: str
    planned: str
    note: str
    is_late: bool
    strip: Strip


@dataclass(frozen=True, slots=True)
class TimelineView:
    """Everything `templates/partials/timeline.html` shows. `key` makes the ids on a page unique.

    `tone` is "done", "good", "tight" (the promise holds at the likely pace only) or "late".
    """

    key: str
    label: str
    tone: str
    tone_label: str
    headline: str
    description: str
    today: date
    locked_on: date
    promised_ship_by: date
    promised_delivery: date
    delivery: date
    delivery_p80: date
    finished: bool
    stages: tuple[StageView, ...]
    chart: Chart


def timeline_view(
    plan: TimelinePlan, forecast: Forecast, *, key: str = "timeline", calendar: Calendar | None = None
) -> TimelineView:
    """The timeline in the reader's language (kit.i18n), drawn."""
    rows = tuple(
        _row(stage, planned, found)
        for stage, planned, found in zip(plan.graph.stages, plan.stages, forecast.stages, strict=True)
    )
    chart = draw(
        rows,
        locked_on=plan.locked_on,
        today=None if forecast.finished else forecast.today,
        promised=plan.promised_delivery,
        latest=forecast.delivery_p80,
        closed=_closed(plan, forecast, calendar or load_calendar()),
        locale=current_locale(),
    )
    strips = draw_strips(rows, chart)
    tone = _tone(forecast)
    return TimelineView(
        key=key,
        label=pick(plan.graph.label.to_json()),
        tone=tone,
        tone_label=gettext(TONE_LABELS[tone]),
        headline=_headline(forecast),
        description=_description(plan, forecast),
        today=forecast.today,
        locked_on=plan.locked_on,
        promised_ship_by=plan.promised_ship_by,
        promised_delivery=plan.promised_delivery,
        delivery=forecast.delivery,
        delivery_p80=forecast.delivery_p80,
        finished=forecast.finished,
        stages=tuple(
            _stage_view(stage, row, strip)
            for stage, row, strip in zip(plan.graph.stages, rows, strips, strict=True)
        ),
        chart=chart,
    )


def short_day(day: date) -> str:
    """A day without its year, for tight places: "Apr 19", "4月19日"."""
    return format_skeleton("MMMd", day, locale=babel_locale(current_locale()))


def short_range(start: date, end: date) -> str:
    """Two days without their year; one where they are the same."""
    return short_day(start) if start == end else f"{short_day(start)} – {short_day(end)}"


def _row(stage: Stage, planned: StagePlan, found: StageForecast) -> Row:
    state_label = gettext(STATE_LABELS[found.state])
    return Row(
        code=found.code,
        name=pick(stage.label.to_json()),
        detail=f"{pick(actor_labels()[stage.actor].to_json())} · {state_label}",
        state=found.state,
        window_start=planned.start,
        window_end=planned.promised_by,
        start=found.start,
        end=found.end,
        started=found.started,
        finished=found.finished,
        dates=short_range(found.start, found.end),
        note=_note(found),
        is_late=found.end > planned.promised_by,
        planned=short_range(planned.start, planned.end),
    )


def _stage_view(stage: Stage, row: Row, strip: Strip) -> StageView:
    return StageView(
        code=row.code,
        name=row.name,
        actor=pick(actor_labels()[stage.actor].to_json()),
        state=row.state,
        state_label=gettext(STATE_LABELS[row.state]),
        gate=pick(stage.gate.to_json()),
        evidence=pick(stage.evidence.to_json()),
        start=row.start,
        end=row.end,
        started=row.started,
        finished=row.finished,
        dates=row.dates,
        planned=row.planned,
        note=row.note,
        is_late=row.is_late,
        strip=strip,
    )


def _note(found: StageForecast) -> str:
    """How far a stage is off its planned end, in a few words; nothing where it is not."""
    if found.slip_days > 0:
        return ngettext("{n} day behind plan", "{n} days behind plan", found.slip_days)
    if found.slip_days < 0:
        return ngettext("{n} day ahead of plan", "{n} days ahead of plan", -found.slip_days)
    return ""


def _tone(forecast: Forecast) -> str:
    if forecast.is_late:
        return "late"
    if forecast.finished:
        return "done"
    return "tight" if forecast.at_risk else "good"


def _headline(forecast: Forecast) -> str:
    day, slip = format_date(forecast.delivery), forecast.slip_days
    if forecast.finished:
        return _delivered(day, slip)
    if slip > 0:
        return ngettext(
            "Likely delivery on {date}, {n} day after the promised day.",
            "Likely delivery on {date}, {n} days after the promised day.",
            slip,
            date=day,
        )
    if slip == 0:
        return gettext("Likely delivery on {date}, the promised day.", date=day)
    return ngettext(
        "Likely delivery on {date}, {n} day before the promised day.",
        "Likely delivery on {date}, {n} days before the promised day.",
        -slip,
        date=day,
    )


def _delivered(day: str, slip: int) -> str:
    if slip > 0:
        return ngettext(
            "Delivered on {date}, {n} day after the promised day.",
            "Delivered on {date}, {n} days after the promised day.",
            slip,
            date=day,
        )
    if slip == 0:
        return gettext("Delivered on {date}, the promised day.", date=day)
    return ngettext(
        "Delivered on {date}, {n} day before the promised day.",
        "Delivered on {date}, {n} days before the promised day.",
        -slip,
        date=day,
    )


def _description(plan: TimelinePlan, forecast: Forecast) -> str:
    """The drawing in words, for who does not see it."""
    done = sum(stage.finished for stage in forecast.stages)
    return gettext(
        "{done} of {total} stages done. Locked on {locked}, promised by {promised}.",
        done=done,
        total=len(forecast.stages),
        locked=format_date(plan.locked_on),
        promised=format_date(plan.promised_delivery),
    )


def _closed(plan: TimelinePlan, forecast: Forecast, calendar: Calendar) -> tuple[Closed, ...]:
    """The factories' holidays on the way; the carriers' lie inside them."""
    latest = max(plan.promised_delivery, forecast.delivery_p80)
    found = calendar.between(plan.locked_on, latest, "factory")
    return tuple(Closed(c.first, c.latest, pick(c.label.to_json())) for c in found)
