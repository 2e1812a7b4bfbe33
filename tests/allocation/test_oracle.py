"""Groups too large to try everything, beside a general solver that knows nothing of ours."""

from __future__ import annotations

import pytest

from c2b.allocation import allocate
from c2b.allocation.problem import Allocation, Problem
from tests.allocation.cases import attributes, colors
from tests.allocation.oracle import best_objectives

CASES = {
    "colors, one unit each": [colors(seed, members=60, options=6, minimum=(6, 16)) for seed in range(8)],
    "colors, several units": [
        colors(seed, members=40, options=5, minimum=(30, 70), most_units=9) for seed in range(6)
    ],
    "colors, fees": [
        colors(seed, members=40, options=6, minimum=(12, 30), most_units=3, premium=10) for seed in range(4)
    ],
    "attributes": [attributes(seed, members=60, across=3, options=5, minimum=(4, 18)) for seed in range(8)],
}


def objectives(problem: Problem, found: Allocation) -> tuple[int, ...]:
    got = [
        (member, member.specs[seat.spec])
        for member, seat in zip(problem.members, found.seats, strict=True)
        if seat is not None
    ]
    ranks = sorted({spec.rank for member in problem.members for spec in member.specs})
    cost = sum(found.fees_minor)
    cost += sum(member.units * (found.unit_price_minor + spec.surcharge_minor) for member, spec in got)
    return found.units, *(sum(m.units for m, spec in got if spec.rank == rank) for rank in ranks), -cost


class TestLargerGroups:
    @pytest.mark.parametrize("family", CASES)
    def test_are_served_as_well_as_a_general_solver_can(self, family):
        for number, problem in enumerate(CASES[family]):
            found, best = allocate(problem), best_objectives(problem)
            assert found.units == best[0] == found.units_bound, number
            if found.optimal:
                assert objectives(problem, found) == best, number

    def test_are_proven_best(self):
        """Of these groups all are proven but where quantities cannot be split; the oracle judged those as well."""
        for family, problems in CASES.items():
            proven = sum(allocate(problem).optimal for problem in problems)
            assert proven == len(problems) or (family == "colors, several units" and proven >= 4), family
