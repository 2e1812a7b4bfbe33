"""Allocations: the order of objectives case by case, and thousands of small groups beside trying everything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from c2b.allocation import Unsound, allocate, solver
from c2b.allocation.problem import Cell, Member, Problem, Seat, Spec, Tier
from tests.allocation.cases import small
from tests.allocation.reference import best_choice

NAVY, BLACK = 0, 1


def group(
    *wishes: tuple[int, ...], minimum: int = 3, premium: int = 0, cap: int = 100, fee_limit: int = 0
) -> Problem:
    """Members of one unit who rank colors."""
    members = tuple(
        Member(
            str(number), 1, tuple(Spec(rank, (cell,), 0) for rank, cell in enumerate(wish)), None, fee_limit
        )
        for number, wish in enumerate(wishes)
    )
    cells = (Cell("navy", minimum, premium), Cell("black", minimum, premium))
    return Problem(cells, members, (Tier(1, 400),), 1, cap)


def picks(problem: Problem) -> list[int | None]:
    return [None if seat is None else seat.spec for seat in allocate(problem).seats]


class TestTheOrderOfObjectives:
    def test_everybody_gets_the_first_choice_where_it_is_made(self):
        assert picks(group((NAVY,), (NAVY, BLACK), (NAVY,), (BLACK,), (BLACK,), (BLACK, NAVY))) == [0] * 6

    def test_who_named_a_second_choice_gets_it_when_the_first_is_not_made(self):
        found = allocate(group((NAVY, BLACK), (NAVY,), (BLACK,), (BLACK,)))
        assert found.seats == (Seat(1), None, Seat(0), Seat(0))
        assert (found.units, found.counts, found.optimal) == (3, (0, 3), True)

    def test_one_more_served_outweighs_everybodys_first_choice(self):
        """Three prefer navy, one can only have black: all four are served in no other way."""
        assert picks(group((NAVY, BLACK), (NAVY, BLACK), (NAVY, BLACK), (BLACK,), minimum=4)) == [1, 1, 1, 0]

    def test_who_paid_first_keeps_the_first_choice(self):
        wishes = [(NAVY, BLACK)] * 4 + [(BLACK,)] * 2
        assert picks(group(*wishes)) == [0, 0, 0, 1, 0, 0]

    def test_the_cap_is_kept_and_who_paid_first_is_in(self):
        assert picks(group(*[(NAVY,)] * 5, cap=4)) == [0, 0, 0, 0, None]

    def test_a_cheaper_specification_wins_among_equal_ranks(self):
        cells = (Cell("navy", 1), Cell("black", 1))
        bo = Member("bo", 1, (Spec(0, (NAVY,), 90), Spec(0, (BLACK,), 80)))
        assert picks(Problem(cells, (bo,), (Tier(1, 400),), 1, 10)) == [1]

    def test_a_fee_is_paid_by_those_who_agreed_to_it(self):
        found = allocate(group((NAVY,), (NAVY,), premium=10, fee_limit=5))
        assert found.seats == (Seat(0, 5), Seat(0, 5)) and found.fees_minor == (10, 0)
        assert allocate(group((NAVY,), (NAVY,), premium=11, fee_limit=5)).units == 0

    def test_a_limit_is_judged_at_the_tier_that_the_total_reaches(self):
        members = tuple(Member(str(number), 1, (Spec(0, (), 0),), 390) for number in range(3))
        tiers = (Tier(1, 400), Tier(3, 380))
        assert allocate(Problem((), members, tiers, 1, 10)).unit_price_minor == 380
        assert allocate(Problem((), members[:2], tiers, 1, 10)).units == 0

    def test_who_joins_from_a_lower_price_on_is_counted_where_that_price_is_reached(self):
        """Three at any price and two from 380 on: together they reach it; a third of them would not bring 360."""
        any_price = [Member(str(number), 1, (Spec(0, (), 0),)) for number in range(3)]
        later = [replace(any_price[0], id=name, tier_limit_minor=380) for name in ("dee", "eve")]
        tiers = (Tier(1, 400), Tier(5, 380), Tier(7, 360))
        together = allocate(Problem((), (*any_price, *later), tiers, 1, 10))
        assert (together.units, together.unit_price_minor) == (5, 380)
        alone = allocate(Problem((), (*any_price, later[0]), tiers, 1, 10))
        assert (alone.units, alone.unit_price_minor, alone.seats[3]) == (3, 400, None)

    def test_surcharges_do_not_count_towards_the_price_from_which_one_joins(self):
        dear = Member("bo", 1, (Spec(0, (), 50),), tier_limit_minor=400)
        assert picks(Problem((), (dear,), (Tier(1, 400),), 1, 10)) == [0]

    def test_nobody_is_no_trouble(self):
        found = allocate(Problem((), (), (Tier(5, 400),), 5, 10))
        assert (found.units, found.unit_price_minor, found.optimal) == (0, 400, True)


class TestSmallGroups:
    @pytest.mark.parametrize(("first", "many", "members"), [(0, 1500, 4), (1500, 1500, 5), (3000, 200, 6)])
    def test_get_exactly_what_trying_everything_finds_best(self, first, many, members):
        for seed in range(first, first + many):
            problem = small(seed, members=members)
            found = allocate(problem)
            choice, units = best_choice(problem)
            assert found.optimal and found.units_bound == units, seed
            assert tuple(None if seat is None else seat.spec for seat in found.seats) == choice, seed


class TestAnAnswerThatDoesNotCheck:
    def test_is_never_returned(self, monkeypatch):
        monkeypatch.setattr(solver, "verify", lambda problem, found: ["made up"])
        with pytest.raises(Unsound, match="made up"):
            allocate(group((NAVY,)))
