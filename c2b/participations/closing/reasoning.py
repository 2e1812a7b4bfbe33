"""Why a member does not get their first choice, read off the allocation: the facts that `explaining.py` puts in words.

A first choice has died when one of its cells fell short; a living one can be above the member's limit; a choice can be
ruled out before anything is allocated, by a vote or by another schema. What remains is the first objective: somebody
gets a later choice of theirs because more people are served that way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from c2b.allocation.problem import Allocation, Member, Spec
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import surcharges
from c2b.catalog.validation import compiled
from c2b.participations.closing.posing import Case, accepts
from c2b.participations.explanations.outcomes import CellMark

Json = dict[str, Any]


@dataclass(frozen=True)
class Cause:
    """See `outcomes.Outcome`: the same names, the same meaning."""

    cause: str | None = None
    cells: tuple[CellMark, ...] = ()
    limit_minor: int | None = None
    lowest_minor: int | None = None
    decided: tuple[str, Any] | None = None


@dataclass(frozen=True)
class Reasons:
    """The causes of one allocation, asked for member by member (by position)."""

    schema: PinnedSchema
    inputs: Json
    case: Case
    allocation: Allocation

    def of(self, position: int) -> Cause:
        """Why this member gets something else than their first choice, or nothing. No cause where they get it."""
        member, seat = self.case.problem.members[position], self.allocation.seats[position]
        if seat and member.specs[seat.spec].rank == 0:
            return Cause(cells=self._small_lots(member.specs[seat.spec]) if seat.fee_minor else ())
        if not member.specs or member.specs[0].rank:
            ruled_out = self._ruled_out(position)
            if seat is None or not seat.fee_minor:
                return ruled_out
        if seat is None:
            return self._left(position)
        return self._moved(position, member.specs[0], member.specs[seat.spec], fee=bool(seat.fee_minor))

    @cached_property
    def _wanted(self) -> tuple[int, ...]:
        """Units per cell whose first choice counts in it."""
        wanted = [0] * len(self.case.cells)
        for member in self.case.problem.members:
            if member.specs and member.specs[0].rank == 0:
                for cell in member.specs[0].cells:
                    wanted[cell] += member.units
        return tuple(wanted)

    def wanted(self, cell: int) -> int:
        """Units whose first choice counts in this cell."""
        return self._wanted[cell]

    def made(self, cell: int) -> bool:
        """Whether anything is made that counts in this cell."""
        return self.allocation.counts[cell] > 0

    def _moved(self, position: int, first: Spec, given: Spec, *, fee: bool) -> Cause:
        if fee:  # whose lot is small matters more to who pays for it than what became of the first choice
            return Cause(cause="minimum", cells=self._small_lots(given))
        if dead := self._dead(first):
            return Cause(cause="minimum", cells=dead)
        if too_dear := self._too_dear(position, (first,)):
            return too_dear
        units = self.case.problem.members[position].units
        carried = [
            cell
            for cell in given.cells
            if self.allocation.counts[cell] - units < self.case.cells[cell].minimum
            and cell not in first.cells
        ]
        return Cause(
            cause="group", cells=tuple(self._mark(cell, self.allocation.counts[cell]) for cell in carried[:1])
        )

    def _left(self, position: int) -> Cause:
        member = self.case.problem.members[position]
        if not member.joins_at(self.allocation.unit_price_minor):
            return self._not_reached(member)
        specs = member.specs
        living = [spec for spec in specs if all(self.made(cell) for cell in spec.cells)]
        if living:
            return self._too_dear(position, living) or Cause(cause="full")
        return Cause(cause="minimum", cells=self._dead(specs[0]) or self._unmade(specs[0]))

    def _not_reached(self, member: Member) -> Cause:
        """Prices as the pages show them: with what the batch adds for everybody."""
        assert member.tier_limit_minor is not None
        batch = self.inputs["campaign"]["batch_answers"]
        fixed = sum(each.minor for each in surcharges(self.schema.parsed, batch, "batch"))
        return Cause(
            cause="tier",
            limit_minor=member.tier_limit_minor + fixed,
            lowest_minor=self.allocation.unit_price_minor + fixed,
        )

    def _dead(self, spec: Spec) -> tuple[CellMark, ...]:
        """The cells of a specification that nobody gets because too few wanted them."""
        return tuple(mark for mark in self._unmade(spec) if mark.count < mark.minimum)

    def _unmade(self, spec: Spec) -> tuple[CellMark, ...]:
        return tuple(self._mark(cell, self._wanted[cell]) for cell in spec.cells if not self.made(cell))

    def _small_lots(self, spec: Spec) -> tuple[CellMark, ...]:
        return tuple(
            self._mark(cell, self.allocation.counts[cell])
            for cell in spec.cells
            if self.allocation.fees_minor[cell]
        )

    def _too_dear(self, position: int, specs: tuple[Spec, ...] | list[Spec]) -> Cause | None:
        member = self.case.problem.members[position]
        lowest = min(self.allocation.unit_price_minor + spec.surcharge_minor for spec in specs)
        if member.limit_minor is None or lowest <= member.limit_minor:
            return None
        return Cause(cause="price", limit_minor=member.limit_minor, lowest_minor=lowest)

    def _ruled_out(self, position: int) -> Cause:
        """A vote, if the first choice would have been possible had it ended otherwise; else another schema."""
        member, batch = self.inputs["members"][position], self.inputs["campaign"]["batch_answers"]
        judge = compiled(self.schema.document, digest=self.schema.digest)
        for vote in self.inputs["campaign"]["votes"]:
            for choice in vote["choices"]:
                other = {**batch, vote["attribute"]: choice}
                possible = accepts(member["preferences"], other) and judge.accepts(
                    {**member["answers"], **other}
                )
                if choice != vote["outcome"] and possible:
                    return Cause(cause="vote", decided=(vote["attribute"], vote["outcome"]))
        return Cause(cause="schema")

    def _mark(self, cell: int, count: int) -> CellMark:
        found = self.case.cells[cell]
        return CellMark(key=found.key, level=found.level, count=count, minimum=found.minimum)
