"""Why each member got what they got: one small group for every cause."""

from __future__ import annotations

from c2b.allocation import Cause, Reason, Refusal, allocate, reasons
from c2b.allocation.problem import Cell, Member, Problem, Spec, Tier

NAVY, BLACK = 0, 1


def member(name: str, *cells: int, units: int = 1, limit: int | None = None, fee_limit: int = 0) -> Member:
    """Ranks one cell after the other, none dearer than another."""
    specs = tuple(Spec(rank, (cell,), 0) for rank, cell in enumerate(cells))
    return Member(name, units, specs, limit, fee_limit)


def told(*members: Member, navy: Cell, black: Cell | None = None, cap: int = 100) -> tuple[Reason, ...]:
    cells = (navy, black or Cell("black", 1))
    problem = Problem(cells, members, (Tier(1, 400), Tier(50, 380)), 1, cap)
    return reasons(problem, allocate(problem))


class TestReasons:
    def test_are_none_for_a_first_choice(self):
        assert told(member("bo", NAVY), navy=Cell("navy", 1)) == (Reason(0, 0, ()),)

    def test_name_the_cell_that_is_not_made_with_its_count_and_minimum(self):
        bo, cy = told(member("bo", NAVY, BLACK, units=2), member("cy", NAVY), navy=Cell("navy", 5))
        refusal = Refusal(0, 0, Cause.MINIMUM, 400, NAVY, count=3, minimum=5, chosen=3)
        assert bo == Reason(1, 1, (refusal,))
        assert cy == Reason(None, None, (refusal,))

    def test_count_in_a_cell_only_whom_it_would_not_make_worse_off(self):
        """Two named navy behind the black that they got: the navy that bo wanted reached one."""
        others = (member("cy", BLACK, NAVY), member("dee", BLACK, NAVY))
        (refused,) = told(member("bo", NAVY, BLACK), *others, navy=Cell("navy", 3))[0].refused
        assert (refused.cause, refused.count, refused.chosen) == (Cause.MINIMUM, 1, 1)

    def test_name_the_price_where_the_limit_is_below_it(self):
        bo = Member("bo", 1, (Spec(0, (NAVY,), 90), Spec(1, (BLACK,), 0)), 450)
        (told_bo,) = told(bo, navy=Cell("navy", 1))
        assert told_bo == Reason(1, 1, (Refusal(0, 0, Cause.PRICE, 490),))

    def test_name_the_tier_where_the_member_joins_from_a_lower_price_on(self):
        bo = Member("bo", 1, (Spec(0, (NAVY,), 0),), tier_limit_minor=380)
        assert told(bo, navy=Cell("navy", 1)) == (Reason(None, None, (Refusal(0, 0, Cause.TIER, 400),)),)

    def test_name_the_fee_where_others_pay_more_than_this_member_would(self):
        payers = (member("ana", NAVY, fee_limit=9), member("bo", NAVY, fee_limit=9))
        cy = told(*payers, member("cy", NAVY, BLACK, fee_limit=2), navy=Cell("navy", 5, 4))[2]
        assert cy.refused == (Refusal(0, 0, Cause.FEE, 400, NAVY, count=2, minimum=5, chosen=3, fee_minor=6),)

    def test_say_what_a_cell_that_is_not_made_would_have_cost(self):
        (told_bo,) = told(member("bo", NAVY, units=2, fee_limit=5), navy=Cell("navy", 5, 4))
        assert told_bo.refused == (
            Refusal(0, 0, Cause.MINIMUM, 400, NAVY, count=2, minimum=5, chosen=2, fee_minor=6),
        )

    def test_say_when_all_places_are_taken(self):
        bo, cy = told(member("bo", NAVY, units=2), member("cy", NAVY, units=2), navy=Cell("navy", 1), cap=3)
        assert bo == Reason(0, 0, ()) and cy == Reason(None, None, (Refusal(0, 0, Cause.FULL, 400),))

    def test_name_the_cell_that_could_not_spare_a_member(self):
        """Black needs three and cy can only have black; who paid last gives way."""
        members = (
            member("ana", NAVY),
            *(member(name, NAVY, BLACK) for name in ("bo", "dee")),
            member("cy", BLACK),
        )
        dee = told(*members, navy=Cell("navy", 1), black=Cell("black", 3))[2]
        assert dee == Reason(1, 1, (Refusal(0, 0, Cause.NEEDED, 400, BLACK, count=3, minimum=3, chosen=1),))
