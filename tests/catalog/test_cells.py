"""Which minimums a unit counts towards, and what it costs to be made below one. Worked examples, then properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.catalog.cells import Cell, cell_counts, cells_of, named_cells, small_lot_fee, small_lot_shares
from c2b.catalog.rules import configuration_key, option_counts
from c2b.catalog.schema import parse_schema
from c2b.kit.i18n import use_locale
from tests.catalog.samples import LAMP, example, newest, parsed, small, words
from tests.catalog.strategies import answers_to

KEYBOARD = parse_schema(newest("keyboard"))
EARPHONES = parse_schema(newest("earphones"))
NAVY_BRASS = example("keyboard", "brass_plate_in_navy", version=2)
PAIR = {"when": {"shade": [2], "extras": ["cord"]}, "moq": 4, "premium_minor": 70}


def lamp(**minimums: Any) -> Any:
    """The small lamp with minimums beside those of its options."""
    return parse_schema({**small(), "x-minimums": minimums} if minimums else small())


def with_pair() -> Any:
    return lamp(combinations=[{"code": "pair", "label": words("Pair"), **PAIR}])


def keys(schema: Any, answers: Any) -> list[str]:
    return [cell.key for cell in cells_of(schema, answers)]


class TestAUnit:
    def test_counts_in_every_option_that_has_a_minimum_in_the_order_of_the_form_and_in_its_combination(self):
        assert keys(KEYBOARD, NAVY_BRASS) == [
            "option:case_color:navy", "option:plate:brass", "option:keycap:pbt_dye_a", "combination:navy_brass",
        ]  # fmt: skip

    def test_counts_in_no_combination_of_which_it_lacks_an_option(self):
        for other in ({"plate": "fr4"}, {"case_color": "black"}):
            assert "combination:navy_brass" not in keys(KEYBOARD, {**NAVY_BRASS, **other})

    def test_counts_in_its_whole_configuration_where_the_factory_has_a_minimum_for_those(self):
        answers = example("earphones", "black_soft_touch", version=2)
        *_, last = cells_of(EARPHONES, answers)
        assert last.key == f"configuration:{configuration_key(EARPHONES, answers)}"
        assert (last.level, last.minimum, last.premium_minor) == ("configuration", 5, 600)

    def test_shares_its_configuration_with_units_that_differ_in_what_is_personal(self):
        answers = example("earphones", "black_soft_touch", version=2)
        smaller = {**answers, "eartip_size": "S"}
        assert keys(EARPHONES, answers)[-1] == keys(EARPHONES, smaller)[-1]
        assert keys(EARPHONES, answers)[-1] != keys(EARPHONES, {**answers, "tuning": "vocal"})[-1]

    def test_counts_in_nothing_that_is_the_same_for_the_whole_batch(self):
        assert keys(lamp(), {**LAMP, "base": "wood"}) == []

    def test_counts_where_one_of_several_choices_is_in_the_combination(self):
        answers = {**LAMP, "shade": 2, "watts": 5, "extras": ["bulb", "cord"]}
        assert keys(with_pair(), answers) == ["option:shade:2", "combination:pair"]
        assert keys(with_pair(), {**answers, "extras": ["bulb"]}) == ["option:shade:2"]

    def test_counts_in_an_attribute_of_its_own_that_has_a_minimum(self):
        document = small()
        document["properties"]["mark"]["x-price"] |= {"moq": 20, "premium_minor": 300}
        schema = parse_schema(document)
        (cell,) = cells_of(schema, {**LAMP, "mark": {"text": "Bo", "place": "foot"}})
        assert (cell.key, cell.minimum, cell.premium_minor) == ("option:mark", 20, 300)
        assert cells_of(schema, LAMP) == ()

    def test_has_cells_that_say_their_names_in_the_language_of_the_reader(self):
        navy, *_, pair = cells_of(KEYBOARD, NAVY_BRASS)
        assert (f"{navy.title}: {navy.label}", f"{pair.label}") == (
            "Case color: Navy",
            "Brass plate in a navy case",
        )
        with use_locale("zh_CN"):
            assert f"{pair.label}" == "藏青外壳配黄铜定位板"


class TestCounting:
    def test_adds_up_units_per_cell(self):
        pairs = [
            (NAVY_BRASS, 3),
            ({**NAVY_BRASS, "plate": "fr4"}, 2),
            ({**NAVY_BRASS, "case_color": "black"}, 1),
        ]
        counts = cell_counts(KEYBOARD, pairs)
        assert counts == {
            "option:case_color:navy": 5, "option:case_color:black": 1, "option:plate:brass": 4,
            "option:keycap:pbt_dye_a": 6, "combination:navy_brass": 3,
        }  # fmt: skip

    def test_lists_what_has_a_name_whoever_chose_it(self):
        named = [cell.key for cell in named_cells(EARPHONES)]
        assert named == [
            "option:housing_color:custom", "option:finish:matte", "option:finish:rubber",
            "option:prompt_lang:yue", "combination:black_soft_touch",
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["keyboard", "laptop", "phone", "earphones", "powerbank"])
    @given(data=st.data())
    def test_agrees_with_the_counts_of_options(self, name: str, data: st.DataObject):
        schema = parsed(name)
        pairs = data.draw(st.lists(st.tuples(answers_to(schema), st.integers(1, 20)), max_size=4))
        per_option = option_counts(schema, pairs)
        counts = cell_counts(schema, pairs)
        wanted = {
            cell.key: units
            for cell in named_cells(schema)
            if (units := per_option.get(cell.attribute, {}).get(cell.code))
        }
        assert counts == wanted


BRASS = Cell("option", "option:plate:brass", KEYBOARD.title, 30, 1800)


class TestTheSmallLotFee:
    def test_is_the_premium_of_every_missing_unit(self):
        """Brass: minimum 30, ¥18 per missing unit. 24 units: 6 × ¥18 = ¥108."""
        assert small_lot_fee(BRASS, 24) == 10_800
        assert small_lot_fee(BRASS, 29) == 1_800

    @pytest.mark.parametrize("count", [30, 31, 500])
    def test_is_nothing_once_the_minimum_is_reached(self, count: int):
        assert small_lot_fee(BRASS, count) == 0

    def test_does_not_exist_where_the_factory_names_no_premium(self):
        with pytest.raises(ValueError, match="not made"):
            small_lot_fee(Cell("option", "option:plate:brass", KEYBOARD.title, 30), 29)

    def test_is_shared_by_units(self):
        """¥108 over 24 units is ¥4.50 a unit: Ana has 20, Bo 4."""
        assert small_lot_shares(BRASS, [20, 4]) == [9_000, 1_800]

    def test_gives_what_does_not_divide_to_the_largest_remainders(self):
        """23 units: 7 × ¥18 = 12600; 7/23, 6/23 and 10/23 of it are 3834.78, 3286.96 and 5478.26."""
        assert small_lot_shares(BRASS, [7, 6, 10]) == [3_835, 3_287, 5_478]

    def test_gives_equal_remainders_to_who_paid_first(self):
        """Minimum 4, three single units, ¥1.00 missing: 33.33 each, and one cent left over."""
        assert small_lot_shares(Cell("option", "option:x:y", KEYBOARD.title, 4, 100), [1, 1, 1]) == [
            34,
            33,
            33,
        ]

    @given(
        units=st.lists(st.integers(1, 20), min_size=1, max_size=40),
        minimum=st.integers(2, 1_000),
        premium=st.integers(1, 10**8),
    )
    def test_is_paid_to_the_cent_and_nobody_pays_a_cent_more_than_their_part(
        self, units: list[int], minimum: int, premium: int
    ):
        cell = Cell("option", "option:x:y", KEYBOARD.title, minimum, premium)
        fee, shares = small_lot_fee(cell, sum(units)), small_lot_shares(cell, units)
        assert sum(shares) == fee
        assert all(
            abs(part * sum(units) - fee * own) < sum(units) for part, own in zip(shares, units, strict=True)
        )
