"""Where everything in the small charts of option lives goes: numbers and texts for the SVG, no markup. Pure.

One chart per cell, all over the same days: steps of paid units under a line for the minimum.
`templates/partials/option_lives.html` turns them into SVG, `lives.css` gives them their colors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from c2b.insights.lives import Life

WIDTH, HEIGHT = 320, 132
LEFT, RIGHT = 8, 282  # the rest holds the figures at the line's ends
TOP, FLOOR = 14, 108
#: More steps than this are not told apart at this width.
_STEPS = 140
#: Columns of the table below.
_COLUMNS = 6
_APART = 13  # two texts of this size need so much between their lines


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing. ``line`` and ``area`` are paths; ``*_y`` where a text stands; ``reached``: at its minimum now."""

    width: int
    height: int
    left: int
    right: int
    floor: int
    line: str
    area: str
    minimum_y: int
    minimum_text_y: int
    end_x: int
    end_y: int
    end_text_y: int
    locked_x: int | None
    reached: bool


@dataclass(frozen=True, slots=True)
class Days:
    """The instants that all charts of a page share."""

    begins: datetime
    ends: datetime
    locked_at: datetime | None

    def x(self, at: datetime) -> int:
        """Where an instant stands, within the plot."""
        whole = max((self.ends - self.begins) // timedelta(seconds=1), 1)
        passed = min(max((at - self.begins) // timedelta(seconds=1), 0), whole)
        return LEFT + passed * (RIGHT - LEFT) // whole

    def columns(self) -> tuple[datetime, ...]:
        """A few instants from begin to end, evenly spread, the end included."""
        step = (self.ends - self.begins) / _COLUMNS
        if step < timedelta(minutes=1):
            return (self.ends,)
        return tuple(self.begins + step * number for number in range(1, _COLUMNS + 1))


def chart(life: Life, days: Days) -> Chart:
    """Lay out one cell's life."""
    most = max(life.peak, life.cell.minimum, 1)
    steps = list(_steps(life, days))
    line = f"M{LEFT} {FLOOR}" + "".join(f"H{x}V{_y(count, most)}" for x, count in steps) + f"H{RIGHT}"
    minimum_y, end_y = _y(life.cell.minimum, most), _y(life.count, most)
    minimum_text_y, end_text_y = _apart(minimum_y, end_y)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        floor=FLOOR,
        line=line,
        area=f"{line}V{FLOOR}Z",
        minimum_y=minimum_y,
        minimum_text_y=minimum_text_y,
        end_x=RIGHT,
        end_y=end_y,
        end_text_y=end_text_y,
        locked_x=days.x(days.locked_at) if days.locked_at else None,
        reached=life.count >= life.cell.minimum,
    )


def _steps(life: Life, days: Days) -> Iterator[tuple[int, int]]:
    """The last count at each place of the axis, thinned to what can be seen; the end is always right."""
    latest: dict[int, int] = {}
    for at, count in life.points:
        latest[days.x(at)] = count
    places = list(latest.items())
    every = 1 + len(places) // _STEPS
    yield from places[:-1:every]
    yield places[-1]


def _y(count: int, most: int) -> int:
    return FLOOR - count * (FLOOR - TOP) // most


def _apart(first: int, second: int) -> tuple[int, int]:
    """Two text lines beside these heights that do not cover each other."""
    if abs(first - second) >= _APART:
        return first + 4, second + 4
    upper = min(first, second)
    low = min(upper + 4 + _APART, FLOOR + 6)
    high = low - _APART
    return (high, low) if first <= second else (low, high)
