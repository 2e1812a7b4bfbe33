"""What a member may get at one unit price, and what can be known about it before any search.

``Wishes``: for each member their options, best first. The certain parts of `README.md`: what is out of reach goes,
and cells that reach their minimum in every best allocation need no minimum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from c2b.allocation.problem import Problem


@dataclass(frozen=True, slots=True)
class Option:
    """A specification a member can afford: the cells with a minimum in it, the fee rate they would bear."""

    spec: int
    rank: int
    surcharge_minor: int
    cells: tuple[int, ...]
    tolerance_minor: int


Wishes = list[list[Option]]


def rate_minor(missing: int, premium_minor: int, count: int) -> int:
    """The small-lot fee per unit, rounded up."""
    return -(-missing * premium_minor // count)


def affordable(problem: Problem, unit_price_minor: int) -> Wishes:
    """Everybody's options at this unit price: by rank, then cost, then as named."""
    minimums = [cell.minimum for cell in problem.cells]
    premiums = [cell.premium_minor for cell in problem.cells]
    wishes: Wishes = []
    for member in problem.members:
        options = []
        for position, spec in enumerate(member.specs if member.joins_at(unit_price_minor) else ()):
            room = member.fee_limit_minor
            if member.limit_minor is not None:
                left = member.limit_minor - unit_price_minor - spec.surcharge_minor
                if left < 0:
                    continue
                room = min(room, left)
            cells = tuple(cell for cell in spec.cells if minimums[cell] > 1)
            bears = room if any(premiums[cell] for cell in cells) else 0
            options.append(Option(position, spec.rank, spec.surcharge_minor, cells, bears))
        options.sort(key=lambda option: (option.rank, option.surcharge_minor, option.spec))
        wishes.append(options if member.units <= problem.cap else [])
    return wishes


def potentials(problem: Problem, wishes: Wishes) -> list[int]:
    """For each cell the units of members who have an option in it."""
    units = [0] * len(problem.cells)
    for member, options in zip(problem.members, wishes, strict=True):
        for cell in cells_of(options):
            units[cell] += member.units
    return units


def cells_of(options: Iterable[Option]) -> set[int]:
    """All cells that some of the options go through."""
    return {cell for option in options for cell in option.cells}


def reachable(problem: Problem, wishes: Wishes) -> Wishes:
    """Without the options through cells that cannot reach their minimum, nor be paid for, until nothing changes."""
    cells, members = problem.cells, problem.members
    kept = [list(options) for options in wishes]
    potential = potentials(problem, kept)
    users: list[list[int]] = [[] for _ in cells]
    for index, options in enumerate(kept):
        for cell in sorted(cells_of(options)):
            users[cell].append(index)

    def fee_rate(cell: int) -> int:
        missing = cells[cell].minimum - potential[cell]
        return rate_minor(missing, cells[cell].premium_minor, potential[cell]) if missing > 0 else 0

    def doomed(option: Option) -> bool:
        return any(
            potential[cell] < cells[cell].minimum and not cells[cell].premium_minor for cell in option.cells
        ) or (sum(map(fee_rate, option.cells)) > option.tolerance_minor)

    doubtful = [index for index, cell in enumerate(cells) if 0 < potential[index] < cell.minimum]
    while doubtful:
        here = doubtful.pop()
        for index in users[here]:
            out = [option for option in kept[index] if here in option.cells and doomed(option)]
            if out:
                kept[index] = [option for option in kept[index] if option not in out]
                for cell in sorted(cells_of(out) - cells_of(kept[index])):
                    potential[cell] -= members[index].units
                    if potential[cell] < cells[cell].minimum:
                        doubtful.append(cell)
    return kept


def safe(problem: Problem, wishes: Wishes) -> set[int]:
    """The largest set of cells that carry each other: their minimum is reached in every best allocation."""
    members, cells = problem.members, problem.cells
    certain = [
        set.intersection(*(set(option.cells) for option in options)) if options else set()
        for options in wishes
    ]
    inside = {cell for options in wishes for cell in cells_of(options)}
    counts = [0] * len(cells)
    users: list[list[int]] = [[] for _ in cells]
    for index, options in enumerate(wishes):
        for cell in sorted(certain[index]):
            counts[cell] += members[index].units
        for cell in sorted(cells_of(options)):
            users[cell].append(index)
    carried = [bool(options) for options in wishes]
    failing = [cell for cell in sorted(inside) if counts[cell] < cells[cell].minimum]
    while failing:
        here = failing.pop()
        if here not in inside:
            continue
        inside.remove(here)
        for index in users[here]:
            if carried[index] and not any(inside.issuperset(option.cells) for option in wishes[index]):
                carried[index] = False
                for cell in sorted(certain[index]):
                    counts[cell] -= members[index].units
                    if counts[cell] < cells[cell].minimum and cell in inside:
                        failing.append(cell)
    return inside
