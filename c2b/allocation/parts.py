"""A problem at one unit price cut into parts that do not touch, each with one number for all objectives.

Inside a part members, cells and options are numbered anew. ``value`` of an option is what it adds to the whole, all
objectives in one integer (`README.md`); an allocation of the part is one option for each member.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm, prod

from c2b.allocation.eligible import Option, Wishes, safe
from c2b.allocation.problem import Problem

NOT_SERVED, NO_LIMIT = -1, 1 << 60
#: Values are multiples of every member's units, so that a loss per unit is a whole number; not for absurd quantities.
_LARGEST_SCALE = 1 << 64


@dataclass(slots=True)
class Part:
    """Cells in doubt and the members who may stand in them. The last cell is the cap's where ``cap`` is set."""

    members: list[int] = field(default_factory=list)  # positions in Problem.members, in order of payment
    units: list[int] = field(default_factory=list)
    options: list[range] = field(default_factory=list)  # of each member, best first
    owner: list[int] = field(default_factory=list)
    spec: list[int] = field(default_factory=list)  # position in Member.specs, or NOT_SERVED
    cells: list[tuple[int, ...]] = field(default_factory=list)
    pairs: list[tuple[int, ...]] = field(default_factory=list)  # beside `cells`: which (member, cell)
    tolerance: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    minimum: list[int] = field(default_factory=list)
    premium: list[int] = field(default_factory=list)
    users: list[list[tuple[int, int]]] = field(default_factory=list)  # of each cell: (member, pair)
    inside: list[list[int]] = field(
        default_factory=list
    )  # of each pair: the member's options through the cell
    outside: list[list[int]] = field(default_factory=list)  # and their others
    most: int = 1  # units of the largest participation
    cap: int | None = None
    unit: int = 1  # what one unit served is worth
    minor: int = 1  # what one minor unit of money costs
    grain: int = 1  # every value is a multiple of it
    never: int = 0  # worth less than anything, whatever the prices


@dataclass(slots=True)
class Cut:
    """What is decided without search, and the parts that are not."""

    settled: list[tuple[int, int]]  # (member, position in their specs)
    parts: list[Part]


def cut(problem: Problem, wishes: Wishes) -> Cut:
    """Settle who is in no doubt, and part the rest by the cells they share."""
    members = problem.members
    wanted = sum(member.units for member, options in zip(members, wishes, strict=True) if options)
    capped = wanted > problem.cap
    certain = set() if capped else safe(problem, wishes)
    doubts = [_in_doubt(problem, options, certain, capped=capped) for options in wishes]
    settled, groups = [], _Groups()
    for index, options in enumerate(doubts):
        if not options:
            continue
        cells = sorted({cell for option in options for cell in option.cells})
        if cells or capped:
            groups.join(index, [-1] if capped else cells)
        else:
            settled.append((index, options[0].spec))
    parts = [_part(problem, indexes, doubts, capped=capped) for indexes in groups.all()]
    return Cut(settled, parts)


def _in_doubt(problem: Problem, options: list[Option], certain: set[int], *, capped: bool) -> list[Option]:
    """Only cells in doubt; of options through the same cells the best; "not served" where that is possible."""
    kept: list[Option] = []
    seen: set[tuple[int, ...]] = set()
    for option in options:
        cells = tuple(cell for cell in option.cells if cell not in certain)
        if cells in seen and not any(problem.cells[cell].premium_minor for cell in cells):
            continue
        seen.add(cells)
        kept.append(Option(option.spec, option.rank, option.surcharge_minor, cells, option.tolerance_minor))
    if kept and (capped or all(option.cells for option in kept)):
        kept.append(Option(NOT_SERVED, 0, 0, (), 0))
    return kept


class _Groups:
    """Union and find over cells; members come out grouped, in order of payment."""

    def __init__(self) -> None:
        self.above: dict[int, int] = {}
        self.members: list[tuple[int, int]] = []

    def root(self, cell: int) -> int:
        while self.above.setdefault(cell, cell) != cell:
            self.above[cell] = cell = self.above[self.above[cell]]
        return cell

    def join(self, member: int, cells: list[int]) -> None:
        self.members.append((member, cells[0]))
        for cell in cells[1:]:
            self.above[self.root(cell)] = self.root(cells[0])

    def all(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for member, cell in self.members:
            found.setdefault(self.root(cell), []).append(member)
        return list(found.values())


def _part(problem: Problem, indexes: list[int], doubts: Wishes, *, capped: bool) -> Part:
    part = Part(members=indexes, units=[problem.members[index].units for index in indexes])
    used = sorted({cell for index in indexes for option in doubts[index] for cell in option.cells})
    local = {cell: number for number, cell in enumerate(used)}
    part.minimum = [problem.cells[cell].minimum for cell in used]
    part.premium = [problem.cells[cell].premium_minor for cell in used]
    if capped:
        part.cap = problem.cap
        part.minimum.append(0)
        part.premium.append(0)
    part.users = [[] for _ in part.minimum]
    part.most = max(part.units)
    for number, index in enumerate(indexes):
        first = len(part.owner)
        pairs: dict[int, int] = {}
        for option in doubts[index]:
            cells = tuple(local[cell] for cell in option.cells)
            if capped and option.spec != NOT_SERVED:
                cells += (len(used),)
            for cell in cells:
                if cell not in pairs:
                    pairs[cell] = len(part.inside)
                    part.users[cell].append((number, len(part.inside)))
                    part.inside.append([])
                part.inside[pairs[cell]].append(len(part.owner))
            part.owner.append(number)
            part.spec.append(option.spec)
            part.cells.append(cells)
            part.pairs.append(tuple(pairs[cell] for cell in cells))
            part.tolerance.append(option.tolerance_minor)
        part.options.append(range(first, len(part.owner)))
        part.outside += [
            [option for option in part.options[-1] if option not in inside]
            for inside in part.inside[len(part.outside) :]
        ]
    _weigh(part, [doubts[index] for index in indexes])
    return part


def _weigh(part: Part, wishes: Wishes) -> None:
    """Units above ranks above cost above time of payment: weights so far apart that nothing below adds up to one."""
    served = [option for options in wishes for option in options if option.spec != NOT_SERVED]
    cheapest = min(option.surcharge_minor for option in served)
    dearest = max(option.surcharge_minor for option in served)
    total = sum(part.units)
    fees = sum(minimum * premium for minimum, premium in zip(part.minimum, part.premium, strict=True))
    turns, range_of_turns = _turns(wishes)
    part.grain = lcm(*part.units)
    if part.grain > _LARGEST_SCALE:
        part.grain = 1
    part.minor = range_of_turns * part.grain
    weight = part.minor * (total * (dearest - cheapest) + fees + 1)
    weights = {}
    for rank in sorted({option.rank for option in served}, reverse=True):
        weights[rank] = weight
        weight *= total + 1
    part.unit = weight
    part.never = -(weight * (total + 1)) << 64
    for units, options, ties in zip(part.units, wishes, turns, strict=True):
        for option, tie in zip(options, ties, strict=True):
            worth = tie * part.grain
            if option.spec != NOT_SERVED:
                cost = (option.surcharge_minor - cheapest) * part.minor
                worth += units * (part.unit + weights[option.rank] - cost)
            part.value.append(worth)


def _turns(wishes: Wishes) -> tuple[list[list[int]], int]:
    """Ties as numbers: digits of rank in order of payment, then digits of the place among options of one rank."""
    places: list[
        list[tuple[int, int]]
    ] = []  # (how many ranks are not better, how many of this rank are named later)
    for options in wishes:
        named = sorted((option.rank, option.spec) for option in options if option.spec != NOT_SERVED)
        ranks = sorted({rank for rank, _ in named})
        later = {each: sum(other[0] == each[0] and other > each for other in named) for each in named}
        places.append(
            [
                (len(ranks) - ranks.index(option.rank), later[option.rank, option.spec])
                if option.spec != NOT_SERVED
                else (0, 0)
                for option in options
            ]
        )
    rank_weight, spec_weight = prod(1 + max(later for _, later in each) for each in places), 1
    turns: list[list[int]] = []
    for each in reversed(places):
        turns.append([rank * rank_weight + later * spec_weight for rank, later in each])
        rank_weight *= 1 + max(rank for rank, _ in each)
        spec_weight *= 1 + max(later for _, later in each)
    turns.reverse()
    return turns, rank_weight
