"""The same problem put to a general solver (HiGHS), tier by tier and objective by objective.

Fees need one cell with a premium in each specification at most: then a rate within a limit is a linear condition on
the count. Ties by time of payment are left to the brute-force reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy

from c2b.allocation.problem import Problem, Tier


def best_objectives(problem: Problem) -> tuple[int, ...]:
    """Units, units at each rank from the best on, and the cost to all, negative: the larger the better."""
    found = []
    for tier, following in zip(problem.tiers, [*problem.tiers[1:], None], strict=True):
        first = 0 if tier is problem.tiers[0] else tier.from_quantity
        last = min(problem.cap, following.from_quantity - 1 if following else problem.cap)
        if first <= last and (objectives := _Model(problem, tier, first, last).solved()) is not None:
            found.append(objectives)
    return max(found)


@dataclass
class _Pick:
    """One specification a member may get: its variable, what it weighs, what it goes through."""

    taken: Any
    units: int
    rank: int
    cost: int
    cells: tuple[int, ...]
    tolerance: int


class _Model:
    def __init__(self, problem: Problem, tier: Tier, first: int, last: int) -> None:
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("mip_rel_gap", 0.0)
        self.solver.setOptionValue("threads", 1)
        self.picks: list[_Pick] = []
        for member in problem.members:
            of_member = []
            only_below = member.tier_limit_minor
            for spec in member.specs if only_below is None or tier.unit_price_minor <= only_below else ():
                price, tolerance = tier.unit_price_minor + spec.surcharge_minor, member.fee_limit_minor
                if member.limit_minor is not None:
                    tolerance = min(tolerance, member.limit_minor - price)
                if member.limit_minor is None or price <= member.limit_minor:
                    taken = self.solver.addBinary()
                    of_member.append(taken)
                    self.picks.append(
                        _Pick(taken, member.units, spec.rank, member.units * price, spec.cells, tolerance)
                    )
            if of_member:
                self.solver.addConstr(self.solver.qsum(of_member) <= 1)
        self.total = self._sum(each.taken * each.units for each in self.picks)
        if self.picks:
            self.solver.addConstr(self.total >= first)
            self.solver.addConstr(self.total <= last)
        self.possible = bool(self.picks) or first == 0
        self.fees = [
            fee for index in range(len(problem.cells)) if (fee := self._cell(problem, index)) is not None
        ]

    def _sum(self, terms: Any) -> Any:
        return self.solver.qsum(list(terms))

    def _cell(self, problem: Problem, index: int) -> Any:
        """The cell's minimum, or its fee as an expression."""
        cell, here = problem.cells[index], [each for each in self.picks if index in each.cells]
        if cell.minimum <= 1 or not here:
            return None
        count = self._sum(each.taken * each.units for each in here)
        reached, paid = self.solver.addBinary(), self.solver.addBinary()
        for each in here:
            self.solver.addConstr(each.taken - reached - paid <= 0)
        self.solver.addConstr(reached + paid <= 1)
        self.solver.addConstr(count - reached * cell.minimum >= 0)
        if not cell.premium_minor:
            self.solver.addConstr(paid <= 0)
            return None
        fee = self.solver.addVariable(0, cell.minimum * cell.premium_minor)
        most = cell.minimum * cell.premium_minor
        self.solver.addConstr(fee + count * cell.premium_minor - paid * most >= 0)
        for each in (
            here
        ):  # (minimum - count) x premium <= tolerance x count, where this one is taken and a fee is paid
            allowed = count * (cell.premium_minor + each.tolerance)
            self.solver.addConstr(allowed - each.taken * most - paid * most >= -most)
        return fee

    def solved(self) -> tuple[int, ...] | None:
        """The objectives one after the other, each fixed before the next."""
        if not self.picks:
            return (0,) if self.possible else None
        ranks = sorted({each.rank for each in self.picks})
        goals = [self.total]
        goals += [
            self._sum(each.taken * each.units for each in self.picks if each.rank == rank) for rank in ranks
        ]
        goals.append(
            self._sum([*(each.taken * -each.cost for each in self.picks), *(fee * -1 for fee in self.fees)])
        )
        reached = []
        for goal in goals:
            self.solver.maximize(goal)
            if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            reached.append(round(self.solver.getInfo().objective_function_value))
            self.solver.addConstr(goal >= reached[-1] - 0.5)
        return tuple(reached)
