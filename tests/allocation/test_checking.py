"""The checker refuses every kind of broken allocation: one change to a right one each, named after the mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from c2b.allocation import allocate, verify
from c2b.allocation.problem import Allocation, Cell, Member, Problem, Seat, Spec, Tier

CELLS = (Cell("navy", 6, 10), Cell("black", 4), Cell("brass", 2))
#: Navy has 5 of 6: a fee of 10, shared 4 : 3 : 3. Black has 4. One named the black that nobody else would go to.
MEMBERS = (
    Member("ana", 2, (Spec(0, (0, 2), 0), Spec(1, (1,), 0)), 420, 2),
    Member("bo", 2, (Spec(0, (0,), 5),), 407, 2),
    Member("cy", 1, (Spec(0, (0,), 0), Spec(0, (2,), 0)), None, 2),
    Member("dee", 4, (Spec(0, (1,), 0),)),
    Member("eve", 1, (Spec(0, (1,), 10),), 405),
)
PROBLEM = Problem(CELLS, MEMBERS, (Tier(1, 420), Tier(9, 400)), 5, 9)
RIGHT = Allocation(
    seats=(Seat(0, 4), Seat(0, 4), Seat(0, 2), Seat(0), None),
    units=9,
    unit_price_minor=400,
    counts=(5, 4, 2),
    fees_minor=(10, 0, 0),
    units_bound=9,
    optimal=True,
)


def seated(*changed: tuple[int, Seat | None]) -> tuple[Seat | None, ...]:
    seats = list(RIGHT.seats)
    for member, seat in changed:
        seats[member] = seat
    return tuple(seats)


BROKEN = {
    "a member without a seat": (replace(RIGHT, seats=RIGHT.seats[:-1]), "4 seats for 5 members"),
    "a count too few": (replace(RIGHT, counts=(5, 4)), "beside the cells"),
    "a specification nobody named": (replace(RIGHT, seats=seated((1, Seat(1, 4)))), "no specification 1"),
    "units that are not seated": (replace(RIGHT, units=8), "states 8 units, seats 9"),
    "more than the cap": (replace(RIGHT, seats=seated((4, Seat(0)))), "exceed the cap of 9"),
    "a bound below what is served": (replace(RIGHT, units_bound=8), "exceed the stated bound"),
    "optimal below its bound": (replace(RIGHT, units_bound=10), "its bound is higher"),
    "the price of another tier": (replace(RIGHT, unit_price_minor=420), "the tier says 400"),
    "a count that is not there": (replace(RIGHT, counts=(6, 4, 2)), "states 6 units, 5 stand"),
    "a cell below its minimum": (replace(RIGHT, seats=seated((3, None), (4, Seat(0)))), "below its minimum"),
    "a fee that is not the cell's": (replace(RIGHT, fees_minor=(9, 0, 0)), "states a fee of 9"),
    "a fee shared wrongly": (
        replace(RIGHT, seats=seated((0, Seat(0, 5)), (1, Seat(0, 3)))),
        "the share is 4",
    ),
    "a fee of somebody who owes none": (replace(RIGHT, seats=seated((3, Seat(0, 1)))), "the share is 0"),
}


class TestVerify:
    def test_accepts_a_right_allocation(self):
        assert verify(PROBLEM, RIGHT) == []
        assert allocate(PROBLEM) == RIGHT

    @pytest.mark.parametrize("mistake", BROKEN)
    def test_refuses(self, mistake):
        broken, complaint = BROKEN[mistake]
        assert any(complaint in each for each in verify(PROBLEM, broken)), verify(PROBLEM, broken)

    def test_refuses_a_fee_above_the_members_limit(self):
        stingy = replace(PROBLEM, members=(replace(MEMBERS[0], fee_limit_minor=1), *MEMBERS[1:]))
        assert verify(stingy, RIGHT) == ["member ana: a fee of 2 per unit, 1 is the limit"]

    def test_refuses_a_tier_above_the_price_from_which_a_member_joins(self):
        later = replace(PROBLEM, members=(replace(MEMBERS[0], tier_limit_minor=399), *MEMBERS[1:]))
        assert verify(later, RIGHT) == ["member ana: joins from a tier price of 399 on, it is 400"]

    def test_refuses_a_price_above_the_members_limit(self):
        stingy = replace(PROBLEM, members=(MEMBERS[0], replace(MEMBERS[1], limit_minor=406), *MEMBERS[2:]))
        assert verify(stingy, RIGHT) == ["member bo: 407 per unit, 406 is the limit"]
