"""From the deepest price tier up: the best allocation of a problem, checked before anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence

from c2b.allocation.checking import verify
from c2b.allocation.eligible import Wishes, affordable, reachable
from c2b.allocation.fees import shares_minor
from c2b.allocation.parts import NOT_SERVED, cut
from c2b.allocation.problem import Allocation, Problem, Seat, Tier
from c2b.allocation.search import search

#: Evaluations: at least and at most so many in all, between them this part of the cube of the members in doubt.
_LEAST, _MOST, _OF_CUBE = 300_000, 5_000_000, 32


class Unsound(Exception):
    """The solver's answer was not accepted by the checker; it must not be used."""


def allocate(problem: Problem) -> Allocation:
    """The best allocation in the strict order of objectives of `README.md`; ``Unsound`` if it does not check."""
    return counted(problem)[0]


def counted(problem: Problem) -> tuple[Allocation, int]:
    """The same, with the work it took in option evaluations: a measure of time that is equal everywhere."""
    found, work = _allocate(problem)
    if complaints := verify(problem, found):
        raise Unsound("; ".join(complaints[:5]))
    return found, work + sum(len(member.specs) for member in problem.members)


def tier_at(tiers: Sequence[Tier], units: int) -> int:
    """The position of the tier that so many units reach; below the first tier, the first."""
    return max((index for index, tier in enumerate(tiers) if tier.from_quantity <= units), default=0)


def _allocate(problem: Problem) -> tuple[Allocation, int]:
    best: _Answer | None = None
    bound, proven, work = 0, True, 0
    solved: tuple[Wishes, _Answer] | None = None
    for index in range(len(problem.tiers) - 1, -1, -1):
        tier = problem.tiers[index]
        quantity = tier.from_quantity if index else 0
        wishes = reachable(problem, affordable(problem, tier.unit_price_minor))
        if min(problem.cap, _units(problem, wishes)) < quantity:
            continue
        if solved is None or solved[0] != wishes:
            solved = wishes, _solve(problem, wishes)
            work += solved[1].work
        answer = solved[1]
        if answer.bound >= quantity:
            bound = max(bound, answer.bound)
            proven = proven and answer.optimal and answer.units >= quantity
        if answer.units >= quantity:
            best = answer
            break
    assert best is not None
    return _written(problem, best, units_bound=max(bound, best.units), optimal=proven), work


class _Answer:
    """Positions in each member's specs (or none), at one unit price."""

    def __init__(
        self, problem: Problem, picks: list[int | None], bound: int, optimal: bool, work: int
    ) -> None:
        self.picks, self.optimal, self.work = picks, optimal, work
        self.units = sum(m.units for m, pick in zip(problem.members, picks, strict=True) if pick is not None)
        self.bound = min(bound, problem.cap)


def _units(problem: Problem, wishes: Wishes) -> int:
    return sum(member.units for member, options in zip(problem.members, wishes, strict=True) if options)


def _solve(problem: Problem, wishes: Wishes) -> _Answer:
    """Every part by itself, the small ones first; what they leave of the budget is there for the large ones."""
    found = cut(problem, wishes)
    picks: list[int | None] = [None] * len(problem.members)
    bound, optimal, work = 0, True, 0
    for member, spec in found.settled:
        picks[member] = spec
        bound += problem.members[member].units
    size = sum(len(part.members) for part in found.parts)
    budget = min(_MOST, max(_LEAST, size**3 // _OF_CUBE))
    for part in sorted(found.parts, key=lambda part: (len(part.owner), part.members[0])):
        best = search(part, budget * len(part.members) // size)
        budget, size = max(0, budget - best.work), size - len(part.members)
        work += best.work
        bound += best.bound // part.unit
        optimal = optimal and best.optimal
        for member, option in zip(part.members, best.picks, strict=True):
            picks[member] = None if part.spec[option] == NOT_SERVED else part.spec[option]
    return _Answer(problem, picks, bound, optimal, work)


def _written(problem: Problem, answer: _Answer, *, units_bound: int, optimal: bool) -> Allocation:
    counts = [0] * len(problem.cells)
    for member, pick in zip(problem.members, answer.picks, strict=True):
        for cell in member.specs[pick].cells if pick is not None else ():
            counts[cell] += member.units
    fees = [
        (cell.minimum - count) * cell.premium_minor if 0 < count < cell.minimum else 0
        for cell, count in zip(problem.cells, counts, strict=True)
    ]
    owed = shares_minor(problem, answer.picks, counts, fees)
    return Allocation(
        seats=tuple(
            None if pick is None else Seat(pick, fee) for pick, fee in zip(answer.picks, owed, strict=True)
        ),
        units=answer.units,
        unit_price_minor=problem.tiers[tier_at(problem.tiers, answer.units)].unit_price_minor,
        counts=tuple(counts),
        fees_minor=tuple(fees),
        units_bound=units_bound,
        optimal=optimal,
    )
