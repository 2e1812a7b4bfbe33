"""How options live and die: per cell (`c2b.catalog.cells`) how many paid units counted in it, over time. Pure.

A member counts from the payment on in the cells of their answers, in others after each change, and in none once they
have left. At the lock everybody counts in what they got, so an option that is not made falls to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.catalog.cells import LEVELS, Cell, cells_of
from c2b.catalog.rules import ProductSchema

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Stay:
    """One member's units. ``moments``: from an instant on these complete answers, or ``None``: gone. Ascending."""

    quantity: int
    moments: tuple[tuple[datetime, Answers | None], ...]


@dataclass(frozen=True)
class Life:
    """One cell. ``points``: the units from an instant on, ascending, first the first payment; ``example``: complete
    answers of a unit in it."""

    cell: Cell
    points: tuple[tuple[datetime, int], ...]
    example: Answers

    @property
    def count(self) -> int:
        """Units at the end."""
        return self.points[-1][1]

    @property
    def peak(self) -> int:
        """The most units at any time."""
        return max(count for _, count in self.points)

    @property
    def reached_at(self) -> datetime | None:
        """When the present stretch at or above the minimum began; ``None`` below it."""
        since = None
        for at, count in self.points:
            if count < self.cell.minimum:
                since = None
            elif since is None:
                since = at
        return since

    def at(self, instant: datetime) -> int:
        """Units that counted at an instant."""
        found = 0
        for at, count in self.points:
            if at > instant:
                break
            found = count
        return found


def lives(schema: ProductSchema, stays: Iterable[Stay]) -> tuple[Life, ...]:
    """The lives of all cells that anybody ever counted in: options in the order of the form, combinations,
    configurations with the most units first."""
    cells: _Cells = _Cells(schema)
    moves: dict[str, dict[datetime, int]] = {}
    for stay in stays:
        before: frozenset[str] = frozenset()
        for at, answers in stay.moments:
            after = cells.of(answers)
            for key in before ^ after:
                per_instant = moves.setdefault(key, {})
                change = stay.quantity if key in after else -stay.quantity
                per_instant[at] = per_instant.get(at, 0) + change
            before = after
    found = [Life(cells.known[key][0], _summed(moves[key]), cells.known[key][1]) for key in moves]
    return tuple(sorted(found, key=_place(schema)))


class _Cells:
    """The keys of the cells of answers, found once for equal ones: thousands of members share a few dozen."""

    def __init__(self, schema: ProductSchema) -> None:
        self.known: dict[str, tuple[Cell, Answers]] = {}
        self._schema = schema
        self._found: dict[str, frozenset[str]] = {}

    def of(self, answers: Answers | None) -> frozenset[str]:
        if answers is None:
            return frozenset()
        text = json.dumps(answers, sort_keys=True)
        if text not in self._found:
            cells = cells_of(self._schema, answers)
            for cell in cells:
                self.known.setdefault(cell.key, (cell, answers))
            self._found[text] = frozenset(cell.key for cell in cells)
        return self._found[text]


def _summed(changes: Mapping[datetime, int]) -> tuple[tuple[datetime, int], ...]:
    points: list[tuple[datetime, int]] = []
    count = 0
    for at in sorted(changes):
        count += changes[at]
        if not points or points[-1][1] != count:
            points.append((at, count))
    return tuple(points)


def _place(schema: ProductSchema) -> Callable[[Life], tuple[Any, ...]]:
    pairs = [(each.name, option.code) for each in schema.attributes for option in each.options]
    order = {pair: position for position, pair in enumerate(pairs)}
    names = [attribute.name for attribute in schema.attributes]

    def place(life: Life) -> tuple[Any, ...]:
        cell = life.cell
        if cell.level == "option":
            return (0, names.index(cell.attribute), order.get((cell.attribute, cell.code), 0), cell.key)
        return (LEVELS.index(cell.level), -life.peak, 0, cell.key)

    return place
