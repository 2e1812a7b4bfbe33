"""Sampling plans against the published table of ISO 2859-1 (single, normal, general level II)."""

from __future__ import annotations

import pytest

from c2b.purchasing import quality
from tests.purchasing.orders import crowd, draft

LIMITS = ("1.0", "1.5", "2.5", "4.0")
TABLE = {
    50: ((13, 0), (8, 0), (5, 0), (13, 1)),
    120: ((13, 0), (32, 1), (20, 1), (20, 2)),
    300: ((50, 1), (50, 2), (50, 3), (50, 5)),
    500: ((50, 1), (50, 2), (50, 3), (50, 5)),
    800: ((80, 2), (80, 3), (80, 5), (80, 7)),
    1200: ((80, 2), (80, 3), (80, 5), (80, 7)),
    3000: ((125, 3), (125, 5), (125, 7), (125, 10)),
    5000: ((200, 5), (200, 7), (200, 10), (200, 14)),
}


class TestASinglePlan:
    @pytest.mark.parametrize("lot", TABLE)
    def test_is_the_one_in_the_table(self, lot: int) -> None:
        assert tuple(quality.single_plan(lot, limit) for limit in LIMITS) == TABLE[lot]

    @pytest.mark.parametrize(
        ("lot", "letter"),
        [(1, "A"), (8, "A"), (9, "B"), (150, "F"), (151, "G"), (10_000, "L"), (10_001, "M"), (500_001, "Q")],
    )
    def test_has_the_code_letter_of_its_lot(self, lot: int, letter: str) -> None:
        assert quality.code_letter(lot) == letter

    def test_never_accepts_more_than_twenty_one(self) -> None:
        assert quality.single_plan(400_000, "6.5") == (200, 21)

    def test_of_an_unknown_limit_or_an_empty_lot_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"3\.0"):
            quality.single_plan(100, "3.0")
        with pytest.raises(ValueError, match="at least one"):
            quality.code_letter(0)


class TestThePlansOfAnOrder:
    def test_share_the_largest_sample_any_class_needs(self) -> None:
        found = quality.sampling(120, {"critical": "0", "major": "1.5", "minor": "4.0"})
        assert found.code_letter == "G"
        assert [(plan.sample, plan.accept, plan.reject) for plan in found.plans] == [
            (32, 0, 1),
            (32, 1, 2),
            (32, 3, 4),
        ]

    def test_inspect_a_small_lot_in_full(self) -> None:
        assert {plan.sample for plan in quality.sampling(5, {"critical": "0", "major": "1.5"}).plans} == {5}

    @pytest.mark.parametrize("lot", [2, 13, 27, 51, 91, 151, 281, 1201, 3201, 10_001, 160_000, 600_000])
    def test_are_never_more_lenient_than_the_standard_plan_of_each_class(self, lot: int) -> None:
        limits = {"major": "1.5", "minor": "4.0", "fine": "0.65", "coarse": "6.5"}
        for plan in quality.sampling(lot, limits).plans:
            sample, accept = quality.single_plan(lot, plan.limit)
            assert plan.sample >= sample
            assert accept <= plan.accept <= 21 or plan.accept == 0

    def test_are_computed_for_the_units_ordered_with_spares_rounded_up(self) -> None:
        order = draft(crowd(120)).snapshot
        assert order.quality.lot_size == 120
        assert order.quality.spare_units == 3
        assert [plan.limit for plan in order.quality.plans] == ["0", "1.5", "4.0"]
        assert order.quality.certificates == ("CCC", "RoHS", "SRRC", "CE", "FCC", "UN38.3")
