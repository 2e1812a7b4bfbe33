"""Nudges are true: carried out, they do what they say; and absent where nothing would come of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from c2b.allocation import Nudge, allocate, nudges
from c2b.allocation.problem import Cell, Member, Problem, Spec, Tier

NAVY, BLACK, SILVER = 0, 1, 2


def group(*wishes: tuple[int, ...], minimum: int = 5, units: dict[int, int] | None = None) -> Problem:
    cells = (Cell("navy", minimum), Cell("black", 2), Cell("silver", 1))
    members = tuple(
        Member(
            str(at), (units or {}).get(at, 1), tuple(Spec(rank, (cell,), 0) for rank, cell in enumerate(wish))
        )
        for at, wish in enumerate(wishes)
    )
    return Problem(cells, members, (Tier(1, 400),), 1, 100)


def found(problem: Problem) -> tuple[Nudge, ...]:
    return nudges(problem, allocate(problem))


#: Two want navy, which needs five; four of six who have black named navy behind it. Making navy would cost three
#: people their first choice to give it to two, so it is not made unless the three want it themselves.
SPLIT = ((NAVY, BLACK), (NAVY, BLACK), *[(BLACK, NAVY)] * 4, (BLACK,), (BLACK,))


class TestANudge:
    def test_says_how_many_people_moving_make_a_cell_real_and_what_it_brings(self):
        assert found(group(*SPLIT)) == (
            Nudge(
                cell=NAVY, count=2, minimum=5, people=3, units=3, movers=(2, 3, 4), shown_to=(2, 3, 4, 5),
                from_cells=(BLACK,), served=0, better=2,
            ),
        )  # fmt: skip

    def test_needs_fewer_people_where_one_has_more_units(self):
        (nudge,) = found(group(*SPLIT, units={5: 3}))
        assert (nudge.people, nudge.units, nudge.movers, nudge.shown_to) == (1, 3, (5,), (5,))

    def test_is_absent_where_too_few_named_the_cell(self):
        assert found(group(*SPLIT[:4], (BLACK, SILVER), (BLACK,))) == ()

    def test_is_absent_where_the_move_would_break_what_is_left(self):
        """All who could move are the black that others stand in."""
        wishes = ((NAVY, SILVER), (NAVY, SILVER), *[(BLACK, NAVY)] * 3, (BLACK,))
        assert found(group(*wishes)) == ()

    def test_is_absent_where_nobody_would_gain(self):
        assert found(group(*[(BLACK, NAVY)] * 7)) == ()

    def test_comes_at_most_as_often_as_asked(self):
        problem = group(*SPLIT)
        assert nudges(problem, allocate(problem), limit=0) == ()


class TestEveryNudge:
    def test_does_what_it_says_when_it_is_carried_out(self):
        """The whole sentence is tried anew, apart from the code that made it."""
        seen = 0
        for problem in map(_camps, range(60)):
            before = allocate(problem)
            for nudge in nudges(problem, before):
                seen += 1
                after = allocate(_moved(problem, nudge))
                assert not before.counts[nudge.cell] and after.counts[nudge.cell] >= nudge.minimum
                assert sum(problem.members[at].units for at in nudge.movers) == nudge.units
                assert len(nudge.movers) == nudge.people and set(nudge.movers) <= set(nudge.shown_to)
                assert all(then for was, then in zip(before.seats, after.seats, strict=True) if was)
        assert seen > 10


def _camps(seed: int) -> Problem:
    """A few who want navy beside many who want something else and named navy behind it."""
    chance = Random(seed)
    wishes = [(NAVY, chance.choice([BLACK, SILVER])) for _ in range(chance.randint(2, 4))]
    wishes += [
        chance.choice([(BLACK, NAVY), (SILVER, BLACK, NAVY), (BLACK,)]) for _ in range(chance.randint(6, 12))
    ]
    chance.shuffle(wishes)
    units = {at: chance.choice([1, 1, 2]) for at in range(len(wishes))}
    return group(*wishes, minimum=chance.randint(5, 9), units=units)


def _moved(problem: Problem, nudge: Nudge) -> Problem:
    """Each mover wants nothing but their best specification in the cell first, then all else as before."""
    members = list(problem.members)
    seats = allocate(problem).seats
    for at in nudge.movers:
        person, seat = members[at], seats[at]
        assert seat is not None
        behind = [
            (spec.rank, place)
            for place, spec in enumerate(person.specs)
            if nudge.cell in spec.cells and spec.rank > person.specs[seat.spec].rank
        ]
        works = [
            place for _, place in sorted(behind) if _stands(problem, seats, person.specs[place], nudge.cell)
        ]
        first = works[0]
        specs = tuple(
            replace(spec, rank=0 if place == first else spec.rank + 1)
            for place, spec in enumerate(person.specs)
        )
        members[at] = replace(person, specs=specs)
    return replace(problem, members=tuple(members))


def _stands(problem: Problem, seats: object, spec: Spec, cell: int) -> bool:
    counts = allocate(problem).counts
    return all(each == cell or counts[each] or problem.cells[each].minimum <= 1 for each in spec.cells)
