"""Why each member got what they got: facts only; the words are somebody else's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from c2b.allocation.eligible import rate_minor
from c2b.allocation.problem import Allocation, Problem, Spec


class Cause(StrEnum):
    """Why a specification was not given; the first that holds, in this order."""

    TIER = "tier"  # the member joins from a lower tier price on
    PRICE = "price"  # above the member's limit, before any fee
    MINIMUM = "minimum"  # a cell is not made: too few
    FEE = "fee"  # made only with a fee beyond what this member would pay
    FULL = "full"  # the cap
    NEEDED = "needed"  # possible as such, but the member was needed elsewhere, or others would have lost more


@dataclass(frozen=True, slots=True)
class Refusal:
    """One specification, better than what was got, and what stood in its way.

    ``cell``: the cell that is not made, too dear, or (``NEEDED``) cannot spare the member; or None. ``count``: units in
    it, or that would stand in it without anybody getting worse than they got, everything else as decided. ``chosen``:
    units of those whose first choice goes through it. ``unit_price_minor``: at the tier reached, without fee.
    ``fee_minor``: the fee per unit at that count; 0 where it is not for sale.
    """

    spec: int
    rank: int
    cause: Cause
    unit_price_minor: int
    cell: int | None = None
    count: int = 0
    minimum: int = 0
    chosen: int = 0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """What a member got (nothing: ``spec`` and ``rank`` are None) and why nothing better, best refused first."""

    spec: int | None
    rank: int | None
    refused: tuple[Refusal, ...]


def reasons(problem: Problem, allocation: Allocation) -> tuple[Reason, ...]:
    """One for each member, in order of payment."""
    facts = Facts(problem, allocation)
    return tuple(facts.reason(member) for member in range(len(problem.members)))


class Facts:
    """What can be counted about an allocation."""

    def __init__(self, problem: Problem, allocation: Allocation) -> None:
        self.problem, self.allocation = problem, allocation
        self.price_minor = allocation.unit_price_minor
        self.willing = [0] * len(problem.cells)  # units in it, or that would go there and not get worse
        self.chosen = [0] * len(problem.cells)
        for member in range(len(problem.members)):
            units = problem.members[member].units
            for cell in {
                cell for spec in problem.members[member].specs if not spec.rank for cell in spec.cells
            }:
                self.chosen[cell] += units
            for cell in self.would_stand_in(member, self.rank(member)):
                self.willing[cell] += units

    def rank(self, member: int) -> int | None:
        """The rank of what the member got."""
        seat = self.allocation.seats[member]
        return None if seat is None else self.problem.members[member].specs[seat.spec].rank

    def made(self, cell: int) -> bool:
        """Whether anybody gets something in it; without a minimum a cell is as good as made."""
        return self.allocation.counts[cell] > 0 or self.problem.cells[cell].minimum <= 1

    def affordable(self, member: int, spec: Spec) -> bool:
        person = self.problem.members[member]
        within = person.limit_minor is None or self.price_minor + spec.surcharge_minor <= person.limit_minor
        return within and person.joins_at(self.price_minor)

    def would_stand_in(self, member: int, worst: int | None) -> set[int]:
        """Cells that the member may go through at no worse a rank, each the only one that need be made for it."""
        found: set[int] = set()
        for spec in self.problem.members[member].specs:
            if (worst is None or spec.rank <= worst) and self.affordable(member, spec):
                closed = [cell for cell in spec.cells if not self.made(cell)]
                found.update(closed if len(closed) == 1 else () if closed else spec.cells)
        return found

    def reason(self, member: int) -> Reason:
        seat, worst = self.allocation.seats[member], self.rank(member)
        specs = self.problem.members[member].specs
        better = [at for at, spec in enumerate(specs) if worst is None or spec.rank < worst]
        better.sort(key=lambda at: (specs[at].rank, at))
        return Reason(seat.spec if seat else None, worst, tuple(self._refusal(member, at) for at in better))

    def _refusal(self, member: int, at: int) -> Refusal:
        spec = self.problem.members[member].specs[at]
        if not self.problem.members[member].joins_at(self.price_minor):
            return self._refused(at, spec, Cause.TIER)
        if not self.affordable(member, spec):
            return self._refused(at, spec, Cause.PRICE)
        closed = [cell for cell in spec.cells if not self.made(cell)]
        for cell in closed:
            if self.willing[cell] < self.problem.cells[cell].minimum:
                return self._refused(at, spec, Cause.MINIMUM, cell)
        if closed:
            return self._refused(at, spec, Cause.NEEDED, closed[0])
        if dear := self._too_dear(member, spec):
            return self._refused(at, spec, Cause.FEE, dear[0])
        units, seat = self.problem.members[member].units, self.allocation.seats[member]
        if seat is None:
            full = self.allocation.units + units > self.problem.cap
            return self._refused(at, spec, Cause.FULL if full else Cause.NEEDED)
        left = set(self.problem.members[member].specs[seat.spec].cells) - set(spec.cells)
        broken = [
            cell
            for cell in sorted(left)
            if self.allocation.counts[cell] - units < self.problem.cells[cell].minimum
        ]
        return self._refused(at, spec, Cause.NEEDED, broken[0] if broken else None)

    def _too_dear(self, member: int, spec: Spec) -> list[int]:
        """The cells with a fee, the dearest first, where together they are beyond what the member would pay."""
        rates = {cell: self._rate(cell, self.allocation.counts[cell]) for cell in spec.cells}
        total, person = sum(rates.values()), self.problem.members[member]
        price = self.price_minor + spec.surcharge_minor + total
        if total <= person.fee_limit_minor and (person.limit_minor is None or price <= person.limit_minor):
            return []
        return sorted((cell for cell in rates if rates[cell]), key=lambda cell: (-rates[cell], cell))

    def _rate(self, cell: int, count: int) -> int:
        missing = self.problem.cells[cell].minimum - count
        return (
            rate_minor(missing, self.problem.cells[cell].premium_minor, count) if missing > 0 and count else 0
        )

    def _refused(self, at: int, spec: Spec, cause: Cause, cell: int | None = None) -> Refusal:
        price = self.price_minor + spec.surcharge_minor
        if cell is None:
            return Refusal(at, spec.rank, cause, price)
        count = self.allocation.counts[cell] or self.willing[cell]
        minimum = self.problem.cells[cell].minimum
        return Refusal(
            at, spec.rank, cause, price, cell, count, minimum, self.chosen[cell], self._rate(cell, count)
        )
