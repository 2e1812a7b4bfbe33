"""What answers mean: configurations, prices, counts. Worked examples, then properties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.catalog.rules import (
    Nre,
    PriceOutOfRange,
    Quote,
    Shortfall,
    Surcharge,
    batch_minimum,
    batch_part,
    certificates,
    configuration_key,
    configuration_of,
    lead_days,
    nre,
    option_counts,
    parse_schema,
    quote,
    shortfalls,
    surcharges,
    unit_part,
)
from c2b.catalog.schema import Words
from c2b.kit.canonical import canonical_json, digest
from c2b.kit.i18n import use_locale
from tests.catalog.samples import LAMP, PICTURE, example, parsed, product, small
from tests.catalog.strategies import answers_to

SMALL = parse_schema(small())
KEYBOARD = parsed("keyboard")
BO = example("keyboard", "tri_mode_tactile_engraved")
MARK = {"text": "Bo", "place": "foot"}


class TestConfiguration:
    def test_is_everything_but_the_personal_part(self) -> None:
        assert configuration_of(KEYBOARD, BO) == {
            key: value for key, value in BO.items() if key != "engraving"
        }
        assert unit_part(KEYBOARD, BO) == {"engraving": BO["engraving"]}
        assert batch_part(SMALL, LAMP) == {"base": "steel", "dimmer": False}

    def test_of_two_members_with_different_engravings_is_one(self) -> None:
        ana = {**BO, "engraving": {**BO["engraving"], "text": "Ana"}}
        assert configuration_key(KEYBOARD, ana) == configuration_key(KEYBOARD, BO)

    def test_of_different_colors_is_two(self) -> None:
        assert configuration_key(KEYBOARD, {**BO, "case_color": "black"}) != configuration_key(KEYBOARD, BO)

    def test_does_not_depend_on_the_order_of_answers(self) -> None:
        backwards = dict(reversed(BO.items()))
        assert configuration_key(KEYBOARD, backwards) == configuration_key(KEYBOARD, BO)

    def test_does_not_depend_on_the_order_of_several_choices(self) -> None:
        one, other = ["bulb", "cord"], ["cord", "bulb"]
        assert configuration_key(SMALL, {**LAMP, "extras": one}) == configuration_key(
            SMALL, {**LAMP, "extras": other}
        )

    def test_key_is_the_hash_of_its_canonical_bytes(self) -> None:
        assert configuration_key(SMALL, LAMP) == digest({"base": "steel", "dimmer": False, "shade": 1})


class TestSchema:
    def test_does_not_depend_on_the_order_of_keys(self) -> None:
        """PostgreSQL's jsonb and canonical JSON reorder keys; the form must not change."""
        shuffled = json.loads(canonical_json(product("keyboard")))
        assert list(shuffled["properties"]) != list(product("keyboard")["properties"])
        assert parse_schema(shuffled) == KEYBOARD

    def test_label_shows_itself_in_the_language_of_the_reader(self) -> None:
        label = Words(en="Black", zh="黑色")
        assert f"{label}" == "Black"
        with use_locale("zh_CN"):
            assert f"{label:>4}" == "  黑色"

    def test_tells_one_from_true(self) -> None:
        assert SMALL.attribute("shade").option(1) is not None
        assert SMALL.attribute("shade").option(True) is None
        assert SMALL.attribute("shade").option("1") is None


def priced(answers: Mapping[str, Any], *, base: int = 10_000, quantity: int = 1) -> Quote:
    return quote(
        SMALL, answers, tier_unit_price_minor=base, quantity=quantity, currency="CNY", schema_version="lamp/1"
    )


class TestQuote:
    def test_adds_every_surcharge_to_the_tier(self) -> None:
        answers = {**LAMP, "dimmer": True, "shade": 2, "watts": 5, "extras": ["cord", "bulb"], "mark": MARK}
        made = priced(answers, quantity=3)
        assert made.surcharges == (
            Surcharge("base", "steel", "batch", 500),
            Surcharge("dimmer", "", "batch", 300),
            Surcharge("shade", 2, "variant", -200),
            Surcharge("extras", "bulb", "variant", 100),
            Surcharge("extras", "cord", "variant", 50),
            Surcharge("mark", "", "unit", 900),
        )
        assert (made.base_minor, made.unit_price_minor, made.total_minor) == (10_000, 11_650, 34_950)

    def test_of_bos_keyboard(self) -> None:
        """¥899 tier + aluminum 150 + gasket 15 + tri-mode 60 + tactile 15 + engraving 15."""
        made = quote(
            KEYBOARD,
            BO,
            tier_unit_price_minor=89_900,
            quantity=1,
            currency="CNY",
            schema_version="keyboard/1",
        )
        assert made.unit_price_minor == 89_900 + 15_000 + 1_500 + 6_000 + 1_500 + 1_500

    def test_charges_nothing_for_what_was_left_out_or_answered_no(self) -> None:
        assert priced({"base": "wood", "dimmer": False, "shade": 1}).surcharges == ()

    def test_takes_a_negative_surcharge_off(self) -> None:
        assert (
            priced({"base": "wood", "dimmer": False, "shade": 2, "watts": 5}, base=200).unit_price_minor == 0
        )

    def test_is_never_negative(self) -> None:
        with pytest.raises(PriceOutOfRange):
            priced({"base": "wood", "dimmer": False, "shade": 2, "watts": 5}, base=199)
        with pytest.raises(PriceOutOfRange):
            priced(LAMP, base=-1)

    @pytest.mark.parametrize("quantity", [0, -1])
    def test_is_for_at_least_one_unit(self, quantity: int) -> None:
        with pytest.raises(PriceOutOfRange):
            priced(LAMP, quantity=quantity)

    def test_stays_within_exact_integers(self) -> None:
        with pytest.raises(PriceOutOfRange):
            priced(LAMP, base=2**52, quantity=3)

    def test_is_stored_with_its_inputs_and_comes_back_equal(self) -> None:
        made = priced({**LAMP, "mark": MARK}, quantity=2)
        stored = json.loads(canonical_json(made.to_dict()))
        assert Quote.from_dict(stored) == made
        assert stored["schema_version"] == "lamp/1"
        assert stored["schema_digest"] == SMALL.digest
        assert stored["answers_digest"] == digest({**LAMP, "mark": MARK})

    @pytest.mark.parametrize("field", ["base_minor", "unit_price_minor", "total_minor", "quantity"])
    def test_does_not_come_back_with_other_sums(self, field: str) -> None:
        stored = priced(LAMP, quantity=2).to_dict()
        stored[field] += 1
        with pytest.raises(ValueError, match="wrong"):
            Quote.from_dict(stored)

    @given(answers=answers_to(SMALL), base=st.integers(200, 10**9), quantity=st.integers(1, 1000))
    @settings(deadline=None)
    def test_is_the_sum_of_its_parts_whatever_was_chosen(
        self, answers: dict[str, Any], base: int, quantity: int
    ) -> None:
        made = priced(answers, base=base, quantity=quantity)
        by_scope = sum(
            each.minor for scope in ("batch", "variant", "unit") for each in surcharges(SMALL, answers, scope)
        )
        assert made.total_minor == quantity * (base + by_scope)
        assert Quote.from_dict(made.to_dict()) == made


class TestTerms:
    def test_engineering_is_paid_once_per_option(self) -> None:
        custom = {**BO, "campaign_color": "2965 C", "case_color": "custom"}
        assert nre(KEYBOARD, [custom, BO, custom]) == (Nre("case_color", "custom", 150_000),)
        assert nre(SMALL, [LAMP, LAMP]) == (Nre("base", "steel", 90_000),)

    def test_materials_wait_side_by_side_and_personal_work_comes_after(self) -> None:
        answers = {**LAMP, "shade": 2, "watts": 5, "extras": ["cord"], "mark": MARK}
        assert lead_days(SMALL, answers) == 7 + 3
        assert lead_days(SMALL, LAMP) == 0

    def test_certificates_are_named_once(self) -> None:
        phone = example("phone", "glass_plain")
        assert certificates(parsed("phone"), phone) == ("CCC", "SRRC", "NAL")
        assert certificates(KEYBOARD, BO) == ("SRRC", "CE", "FCC", "UN38.3")

    def test_threshold_is_at_least_the_largest_batch_minimum(self) -> None:
        assert batch_minimum(KEYBOARD, BO) == 200
        assert batch_minimum(SMALL, {"base": "wood"}) == 50
        assert batch_minimum(SMALL, {"base": "steel"}) == 1


class TestCounts:
    def test_count_units_not_people(self) -> None:
        counts = option_counts(
            SMALL, [(LAMP, 2), ({**LAMP, "shade": 2, "watts": 5, "extras": ["bulb", "cord"]}, 3)]
        )
        assert counts["base"] == {"steel": 5}
        assert counts["shade"] == {1: 2, 2: 3}
        assert counts["extras"] == {"bulb": 3, "cord": 3}
        assert "dimmer" not in counts

    def test_name_options_below_their_minimum(self) -> None:
        counts = option_counts(SMALL, [({**LAMP, "shade": 2, "watts": 5}, 9)])
        assert shortfalls(SMALL, counts) == (Shortfall("shade", 2, 9, 10),)

    def test_let_an_option_be_at_its_minimum(self) -> None:
        assert shortfalls(SMALL, option_counts(SMALL, [({**LAMP, "shade": 2, "watts": 5}, 10)])) == ()

    def test_ignore_an_option_nobody_chose(self) -> None:
        assert shortfalls(SMALL, option_counts(SMALL, [(LAMP, 100)])) == ()

    def test_of_pictures_and_texts_stay_personal(self) -> None:
        photo = {**LAMP, "photo": {"image": PICTURE, "agreed": True}}
        assert option_counts(SMALL, [(photo, 1)])["photo"] == {"": 1}
