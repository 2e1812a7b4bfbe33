"""The days on which work stands still: factories over Chinese New Year and National Day, carriers over New Year.

Day arithmetic happens on an axis of day numbers (`date.toordinal`), where the number of a day stands for its evening.
Work started on the evening of Monday that takes two days is done on the evening of Wednesday. A closed day adds
nothing: `add` walks over it. Numbers may have fractions, because drawn durations have.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from c2b.fulfillment.graph import FOLDER, Label

#: The calendar of a promise: a day on which anybody's work stops is not counted.
EVERYONE = "everyone"


class CalendarTooShort(ValueError):
    """A plan reaches beyond the days that schemas/timelines/blackouts.json knows; a promise there would be a guess."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Work of `stops` ("factory", "carrier") stands still from `first` to `latest`, both inside."""

    code: str
    label: Label
    stops: tuple[str, ...]
    first: date
    latest: date


class Calendar:
    """Closures of several years. Immutable; `covers` are the first and last day it knows."""

    def __init__(self, closures: Iterable[Closure], *, covers: tuple[date, date]) -> None:
        self.closures = tuple(sorted(closures, key=lambda closure: (closure.first, closure.code)))
        self.covers = covers
        self._begin, self._limit = covers[0].toordinal() - 1, covers[1].toordinal()
        names = {name for closure in self.closures for name in closure.stops}
        self._spans: dict[str, list[tuple[int, int]]] = {
            name: _merged(c for c in self.closures if name in c.stops) for name in names
        }
        self._spans[EVERYONE] = _merged(self.closures)
        self._ends = {name: [end for _, end in spans] for name, spans in self._spans.items()}

    def add(self, start: float, days: float, calendar: str) -> float:
        """The day number at which `days` of work from `start` are done; never earlier for later or longer work.

        Raises CalendarTooShort outside the covered years.
        """
        spans, at = self._spans.get(calendar, ()), start
        if days <= 0:
            return start
        for begin, end in spans[bisect_right(self._ends.get(calendar, ()), start) :]:
            if at + days <= begin:
                break
            days -= max(0, begin - at)
            at = end
        if start < self._begin or at + days > self._limit:
            raise CalendarTooShort(
                f"schemas/timelines/blackouts.json covers {self.covers[0]} to {self.covers[1]}"
            )
        return at + days

    def add_each(self, starts: Sequence[float], days: Sequence[float], calendar: str) -> list[float]:
        """`add` for many worlds at once; plain sums where no closure is near."""
        begin, end = min(starts), max(starts) + max(days)
        closed = any(first < end and latest > begin for first, latest in self._spans.get(calendar, ()))
        if closed or begin < self._begin or end > self._limit:
            return [self.add(start, length, calendar) for start, length in zip(starts, days, strict=True)]
        return [start + length for start, length in zip(starts, days, strict=True)]

    def day_after(self, start: date, days: int, calendar: str = EVERYONE) -> date:
        """The day on whose evening `days` of work, started on the evening of `start`, are done."""
        return date.fromordinal(int(self.add(start.toordinal(), days, calendar)))

    def between(self, first: date, latest: date, calendar: str = EVERYONE) -> tuple[Closure, ...]:
        """Closures of `calendar` that touch the days from `first` to `latest`."""
        mine = (c for c in self.closures if calendar == EVERYONE or calendar in c.stops)
        return tuple(c for c in mine if c.first <= latest and c.latest >= first)


def calendar_from_json(doc: Mapping[str, Any]) -> Calendar:
    """Read a blackouts document."""
    closures = [
        Closure(
            code=item["code"],
            label=Label(en=item["label"]["en"], zh=item["label"]["zh"]),
            stops=tuple(item["stops"]),
            first=date.fromisoformat(first),
            latest=date.fromisoformat(latest),
        )
        for item in doc["blackouts"]
        for first, latest in item["spans"]
    ]
    begin, end = doc["covers"]
    return Calendar(closures, covers=(date.fromisoformat(begin), date.fromisoformat(end)))


@cache
def load_calendar() -> Calendar:
    """The calendar of schemas/timelines/blackouts.json, read once."""
    return calendar_from_json(json.loads((FOLDER / "blackouts.json").read_text(encoding="utf-8")))


def _merged(closures: Iterable[Closure]) -> list[tuple[int, int]]:
    """Closed stretches (evening before the first day, evening of the last day), joined where they touch."""
    merged: list[tuple[int, int]] = []
    for closure in closures:
        begin, end = closure.first.toordinal() - 1, closure.latest.toordinal()
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
