"""Where everything in the drawing of a timeline goes: numbers and texts for the SVG, no markup. Pure.

`draw` gives the wide chart, one row per stage; `draw_strips` one small strip per stage for narrow screens.
`templates/partials/timeline.html` turns both into SVG, `timeline.css` gives them their colors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_skeleton

from c2b.kit.i18n import babel_locale

WIDTH = 960
PLOT_LEFT, PLOT_RIGHT = 288, 806
HEAD, ROW_HEIGHT, FOOT = 66, 46, 26
STRIP_WIDTH = 320
_WEEKS_UP_TO = 75  # days; a longer axis counts months
_YEAR_LABEL = 66  # room that "Dec 2026" and "2026年12月" need between two ticks


@dataclass(frozen=True, slots=True)
class Row:
    """One stage to draw: its promised window, its actual or forecast days, and the texts beside them."""

    code: str
    name: str
    detail: str
    state: str
    window_start: date
    window_end: date
    start: date
    end: date
    started: bool
    finished: bool
    dates: str
    planned: str
    note: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """A holiday, both days inside."""

    first: date
    latest: date
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a row. `kind` is "window", "actual", "forecast", "actual-late" or "forecast-late"."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A day on the axis with a text; `anchor` is "start", "middle" or "end" as SVG has it, at `text_x`."""

    x: float
    label: str
    text_x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Band:
    """A closed stretch behind the rows, its name centered at `text_x`."""

    x: float
    width: float
    label: str
    text_x: float


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A row of the wide chart, its upper edge at `y`."""

    row: Row
    y: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Days on a line from `left` to `right`."""

    first: date
    latest: date
    left: float
    right: float

    def x(self, day: date) -> float:
        share = (day - self.first).days / max(1, (self.latest - self.first).days)
        return round(self.left + share * (self.right - self.left), 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """The wide drawing: everything in units of its view box, `width` by `height`."""

    width: int
    height: int
    axis: Axis
    rows: tuple[ChartRow, ...]
    ticks: tuple[Mark, ...]
    closed: tuple[Band, ...]
    today: Mark | None
    promise: Mark
    promised: date
    today_on: date | None


@dataclass(frozen=True, slots=True)
class Strip:
    """One stage on a narrow screen, `STRIP_WIDTH` wide: its bars, and where today and the promise are."""

    width: int
    bars: tuple[Bar, ...]
    today_x: float | None
    promise_x: float


def draw(
    rows: tuple[Row, ...],
    *,
    locked_on: date,
    today: date | None,
    promised: date,
    latest: date,
    closed: tuple[Closed, ...],
    locale: str,
) -> Chart:
    """Lay out the wide chart. `latest` is the last day that must be seen; `today` None draws no line for it."""
    days = [locked_on, promised, latest, *(row.end for row in rows), *(row.start for row in rows)]
    first, end = min(days), max(days)
    room = timedelta(days=max(1, (end - first).days // 40))
    axis = Axis(first - room, end + room, PLOT_LEFT, PLOT_RIGHT)
    seen = today if today and axis.first <= today <= axis.latest else None
    return Chart(
        width=WIDTH,
        height=HEAD + ROW_HEIGHT * len(rows) + FOOT,
        axis=axis,
        rows=tuple(
            ChartRow(row, HEAD + ROW_HEIGHT * i, bars(row, axis, today)) for i, row in enumerate(rows)
        ),
        ticks=tuple(_ticks(axis, locale)),
        closed=tuple(_bands(closed, axis)),
        today=_mark(seen, axis, locale) if seen else None,
        promise=_mark(promised, axis, locale),
        promised=promised,
        today_on=seen,
    )


def draw_strips(rows: tuple[Row, ...], chart: Chart) -> tuple[Strip, ...]:
    """The rows again, each on its own small axis over the same days."""
    axis = Axis(chart.axis.first, chart.axis.latest, 0, STRIP_WIDTH)
    today_x = axis.x(chart.today_on) if chart.today_on else None
    promise_x = axis.x(chart.promised)
    return tuple(Strip(STRIP_WIDTH, bars(row, axis, chart.today_on), today_x, promise_x) for row in rows)


def bars(row: Row, axis: Axis, today: date | None) -> tuple[Bar, ...]:
    """The promised window, then what happened up to today and what is forecast, each turning late past the window."""
    window = _bar("window", row.window_start, row.window_end, axis)
    if row.finished:
        parts = [("actual", row.start, row.end)]
    elif row.started and today and row.start < today:
        parts = [("actual", row.start, min(today, row.end)), ("forecast", min(today, row.end), row.end)]
    else:
        parts = [("forecast", row.start, row.end)]
    return (window, *(bar for part in parts for bar in _split(*part, row.window_end, axis)))


def _split(kind: str, start: date, end: date, limit: date, axis: Axis) -> Iterator[Bar]:
    """One stretch, or two where it passes the limit. A stretch of no days is drawn as a sliver."""
    if start == end and kind == "forecast":
        return
    if start < limit < end:
        yield _bar(kind, start, limit, axis)
        yield _bar(f"{kind}-late", limit, end, axis)
    else:
        yield _bar(kind if end <= limit else f"{kind}-late", start, end, axis)


def _bar(kind: str, start: date, end: date, axis: Axis) -> Bar:
    x = axis.x(start)
    return Bar(kind, x, round(max(3.0, axis.x(end) - x), 1))


def _mark(day: date, axis: Axis, locale: str) -> Mark:
    x = axis.x(day)
    anchor = "start" if x < (axis.left + axis.right) / 2 else "end"
    text_x = round(x + (6 if anchor == "start" else -6), 1)
    return Mark(x, format_skeleton("MMMd", day, locale=babel_locale(locale)), text_x, anchor)


def _bands(closed: tuple[Closed, ...], axis: Axis) -> Iterator[Band]:
    for item in closed:
        first = max(item.first - timedelta(days=1), axis.first)
        latest = min(item.latest, axis.latest)
        if first < latest:
            x, end = axis.x(first), axis.x(latest)
            middle = min(max((x + end) / 2, axis.left + 45), axis.right - 45)
            yield Band(x, round(end - x, 1), item.label, round(middle, 1))


def _ticks(axis: Axis, locale: str) -> Iterator[Mark]:
    """Mondays on a short axis, first days of months on a long one; the year where it begins or changes."""
    days = list(_tick_days(axis))
    weekly = (axis.latest - axis.first).days <= _WEEKS_UP_TO
    narrow = len(days) > 1 and axis.x(days[1]) - axis.x(days[0]) < _YEAR_LABEL
    for before, day in zip([None, *days], days, strict=False):
        new_year = before is not None and before.year < day.year
        skeleton = "MMMd" if weekly else "MMM"
        if not weekly and (new_year or before is None):
            skeleton = "yMMM" if not narrow else "y" if new_year else "MMM"
        x = axis.x(day)
        yield Mark(x, format_skeleton(skeleton, day, locale=babel_locale(locale)), x, "middle")


def _tick_days(axis: Axis) -> Iterator[date]:
    span = (axis.latest - axis.first).days
    days = (axis.first + timedelta(days=number) for number in range(span + 1))
    if span <= _WEEKS_UP_TO:
        yield from (day for day in days if day.weekday() == 0)
        return
    step = 1 + span // 400
    yield from (day for day in days if day.day == 1 and (day.month - 1) % step == 0)
