"""Who could make a cell real by moving to something they named themselves: tried, not argued. True or absent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from c2b.allocation.problem import Allocation, Member, Problem, Spec
from c2b.allocation.reasons import Facts
from c2b.allocation.solver import counted

#: Evaluations (`solver.counted`) after which no new trial begins, and trials for one cell.
_EFFORT, _TRIALS = 3_000_000, 12


@dataclass(frozen=True, slots=True)
class Nudge:
    """``people`` (``units``) moving to ``cell`` make it real, and nobody else gets anything worse than now.

    ``movers``: positions of members with whom it was tried. ``shown_to``: positions of members for whom the sentence
    is true of themselves: each was tried in a set of this size. ``from_cells``: what they would leave. ``count``: units
    that want it already. It then brings ``served`` people a place who had none, and ``better`` people a better rank.
    """

    cell: int
    count: int
    minimum: int
    people: int
    units: int
    movers: tuple[int, ...]
    shown_to: tuple[int, ...]
    from_cells: tuple[int, ...]
    served: int
    better: int


Move = tuple[int, int]  # member, position in their specs


def nudges(problem: Problem, allocation: Allocation, limit: int = 5) -> tuple[Nudge, ...]:
    """At most ``limit``, those that need the fewest people first."""
    tries = _Tries(problem, allocation)
    found = [nudge for cell in tries.cells() if (nudge := tries.nudge(cell)) is not None]
    return tuple(sorted(found, key=lambda nudge: (nudge.people, nudge.units, nudge.cell))[:limit])


class _Tries:
    def __init__(self, problem: Problem, allocation: Allocation) -> None:
        self.problem, self.allocation = problem, allocation
        self.facts = Facts(problem, allocation)
        self.effort = _EFFORT

    def cells(self) -> list[int]:
        """Cells that are not made though somebody wants them, those that lack the smallest part first."""
        cells, willing = self.problem.cells, self.facts.willing
        short = [
            index
            for index, cell in enumerate(cells)
            if not self.facts.made(index) and 0 < willing[index] < cell.minimum
        ]
        return sorted(short, key=lambda index: (-willing[index] * 1000 // cells[index].minimum, index))

    def nudge(self, cell: int) -> Nudge | None:
        """The fewest people found, by trial."""
        trials, able = _TRIALS, self._able(cell)
        movers, brings = self._enough(cell, able), None
        while movers and trials and (tried := self._tried(cell, movers)) is not None:
            brings, kept, trials = tried, movers, trials - 1
            movers = movers[:-1]  # perhaps one less will do
        if brings is None:
            return None
        shown = {member for member, _ in kept}
        for other in able:
            if other[0] not in shown and trials:
                trials -= 1
                if self._tried(cell, [*kept[:-1], other]) is not None:
                    shown.add(other[0])
        return Nudge(
            cell=cell, count=self.facts.willing[cell], minimum=self.problem.cells[cell].minimum, people=len(kept),
            units=sum(self.problem.members[member].units for member, _ in kept),
            movers=tuple(sorted(member for member, _ in kept)), shown_to=tuple(sorted(shown)),
            from_cells=self._left(kept), served=brings[0], better=brings[1],
        )  # fmt: skip

    def _able(self, cell: int) -> list[Move]:
        """Served members with something in the cell behind what they got, the rest of it made; the largest first."""
        moves: list[Move] = []
        for member, person in enumerate(self.problem.members):
            rank = self.facts.rank(member)
            if rank is None or cell in self.facts.would_stand_in(member, rank):
                continue
            for at, spec in self._worse(person, rank):
                if cell in spec.cells and self._otherwise_made(cell, member, spec):
                    moves.append((member, at))
                    break
        return sorted(moves, key=lambda move: (-self.problem.members[move[0]].units, move))

    @staticmethod
    def _worse(person: Member, rank: int) -> Iterator[tuple[int, Spec]]:
        order = sorted(range(len(person.specs)), key=lambda at: (person.specs[at].rank, at))
        return ((at, person.specs[at]) for at in order if person.specs[at].rank > rank)

    def _otherwise_made(self, cell: int, member: int, spec: Spec) -> bool:
        made = all(each == cell or self.facts.made(each) for each in spec.cells)
        return made and self.facts.affordable(member, spec)

    def _enough(self, cell: int, able: list[Move]) -> list[Move]:
        """The largest first until the minimum is reached, nobody breaking what they leave; nothing if it is not."""
        counts, chosen = list(self.allocation.counts), []
        missing = self.problem.cells[cell].minimum - self.facts.willing[cell]
        for member, at in able:
            units = self.problem.members[member].units
            leaving = self._left([(member, at)])
            if all(counts[each] - units >= self.problem.cells[each].minimum for each in leaving):
                for each in leaving:
                    counts[each] -= units
                chosen.append((member, at))
                missing -= units
                if missing <= 0:
                    return chosen
        return []

    def _left(self, moves: list[Move]) -> tuple[int, ...]:
        left: set[int] = set()
        for member, at in moves:
            seat, specs = self.allocation.seats[member], self.problem.members[member].specs
            if seat is not None:
                left |= set(specs[seat.spec].cells) - set(specs[at].cells)
        return tuple(sorted(left))

    def _tried(self, cell: int, moves: list[Move]) -> tuple[int, int] | None:
        """People newly served and people better off where it works: the cell made, and nobody but movers worse off."""
        if self.effort <= 0:
            return None
        members = list(self.problem.members)
        for member, at in moves:
            members[member] = _first(members[member], at)
        after, effort = counted(replace(self.problem, members=tuple(members)))
        self.effort -= effort
        movers = {member for member, _ in moves}
        if after.counts[cell] < self.problem.cells[cell].minimum:
            return None
        served = better = 0
        for member, (seat, then) in enumerate(zip(self.allocation.seats, after.seats, strict=True)):
            if member in movers or then is None:
                if seat is not None and then is None:
                    return None
                continue
            specs = self.problem.members[member].specs
            if seat is not None and specs[then.spec].rank > specs[seat.spec].rank:
                return None
            served += seat is None
            better += seat is not None and specs[then.spec].rank < specs[seat.spec].rank
        return (served, better) if served or better else None


def _first(member: Member, at: int) -> Member:
    """This specification put first, all others behind it in their order."""
    specs = [
        replace(spec, rank=0 if place == at else spec.rank + 1) for place, spec in enumerate(member.specs)
    ]
    return replace(member, specs=tuple(specs))
