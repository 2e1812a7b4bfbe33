"""Forbidden choices are explained: which, why, because of what, and whether anything can be done."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from c2b.catalog.conditions import broken
from c2b.catalog.explain import (
    Forbidden,
    blocking_rules,
    forbidden,
    forbidden_in_all,
    impossible,
    needed,
    witness,
)
from c2b.catalog.schema import parse_schema
from c2b.catalog.validation import validate
from tests.catalog.samples import LAMP, PRODUCTS, example, examples, parsed, product, small, words

KEYBOARD = parsed("keyboard")
MEMBER = ("variant", "unit")


def fixed_by(which: str, **changes: Any) -> dict[str, Any]:
    """Ana's batch answers, as in one of the examples."""
    return {**KEYBOARD.part(example("keyboard", which), "batch"), **changes}


def explained(fixed: dict[str, Any], **answers: Any) -> dict[tuple[str, Any], Forbidden]:
    return forbidden(KEYBOARD, fixed=fixed, answers=answers, scopes=MEMBER)


class TestForbiddenByTheCampaign:
    def test_is_final_and_names_what_was_fixed(self) -> None:
        refused = explained(fixed_by("tri_mode_tactile_engraved"))["switch", "hall_d"]
        assert refused.final
        assert refused.because == ("pcb_sensing",)
        assert refused.reason["en"] == "Magnetic D works only on a Hall-effect board: choose another switch."

    def test_color_of_the_campaign_needs_the_campaign_to_have_one(self) -> None:
        assert ("case_color", "custom") in explained(fixed_by("tri_mode_tactile_engraved"))
        assert ("case_color", "custom") not in explained(fixed_by("campaign_color"))

    def test_reaches_through_chains_of_rules(self) -> None:
        """The Alice board is ANSI only, German legends are ISO only: no German Alice, though no rule says so."""
        refused = explained(fixed_by("barebones_kit", form_factor="alice"))
        assert refused["legend", "de"].final
        assert refused["physical_layout", "iso"].final

    def test_covers_the_parts_of_a_group(self) -> None:
        refused = explained(fixed_by("abs_case_engraved_on_the_back"))["engraving.position", "weight_back"]
        assert refused.final
        assert "back of the case" in refused.reason["en"]

    def test_covers_whole_attributes(self) -> None:
        phone = parsed("phone")
        fixed = phone.part(example("phone", "leather_debossed_pro"), "batch")
        refused = forbidden(phone, fixed=fixed, answers={}, scopes=MEMBER)
        assert {key for key in refused if key[1] is None} == {("laser_text", None), ("uv_image", None)}

    @pytest.mark.parametrize("name", PRODUCTS)
    def test_is_exactly_what_no_complete_answers_contain(self, name: str) -> None:
        """Each choice not explained away really is in some answers that validate accepts, and the other way round."""
        schema = parsed(name)
        for which in examples(name, "valid"):
            whole = example(name, which)
            fixed = schema.part(whole, "batch")
            dead = impossible(schema, fixed=fixed)
            for attribute in schema.of_scope(*MEMBER):
                for option in attribute.options if attribute.kind == "choice" else ():
                    found = witness(schema, fixed=fixed, chosen={attribute.name: option.code})
                    assert (found is None) == ((attribute.name, option.code) in dead)


class TestForbiddenByOtherAnswers:
    def test_can_be_changed_and_says_by_what(self) -> None:
        refused = explained(fixed_by("tri_mode_tactile_engraved"), kit="barebones")["switch", "linear_a"]
        assert not refused.final
        assert refused.because == ("kit", "keycap")

    def test_works_in_both_directions(self) -> None:
        refused = explained(fixed_by("tri_mode_tactile_engraved"), switch="linear_a")
        assert ("kit", "barebones") in refused
        assert ("kit", "full") not in refused

    def test_nothing_but_the_fixed_is_refused_before_the_first_answer(self) -> None:
        assert all(each.final for each in explained(fixed_by("tri_mode_tactile_engraved")).values())

    def test_what_can_still_be_answered_is_no_reason(self) -> None:
        """A full keyboard needs legends; they come further down the form."""
        assert ("kit", "full") not in explained(
            fixed_by("tri_mode_tactile_engraved"), switch="linear_a", keycap="pbt_dye_a"
        )

    def test_a_leftover_is_no_reason(self) -> None:
        """Legends are dropped with the keycaps, they do not hold them."""
        refused = explained(
            fixed_by("tri_mode_tactile_engraved"), kit="barebones", switch="none", legend="us"
        )
        assert ("keycap", "none") not in refused

    def test_following_the_explanation_leads_to_right_answers(self) -> None:
        """Choose anything that is not refused, attribute by attribute: the result breaks no rule between choices."""
        fixed = fixed_by("tri_mode_tactile_engraved")
        answers: dict[str, Any] = {}
        for attribute in KEYBOARD.of_scope("variant"):
            refused = forbidden(KEYBOARD, fixed=fixed, answers=answers, scopes=MEMBER)
            open_codes = [
                each.code for each in attribute.options if (attribute.name, each.code) not in refused
            ]
            if attribute.required or attribute.name in needed(KEYBOARD, {**fixed, **answers}):
                answers[attribute.name] = open_codes[-1]
        assert validate(product("keyboard"), answers=answers, fixed=fixed) == []


class TestNeeded:
    def test_is_what_rules_ask_for_beside_these_answers(self) -> None:
        assert set(needed(KEYBOARD, {"kit": "full"})) == {"legend"}
        assert set(needed(KEYBOARD, {"kit": "full", "connectivity": "tri"})) == {"legend", "battery_mah"}
        assert set(needed(KEYBOARD, {})) == set()


class TestSearch:
    def test_completes_what_is_fixed(self) -> None:
        schema = parse_schema(small())
        found = witness(schema, fixed={"base": "wood", "dimmer": True}, chosen={"shade": 2})
        assert found is not None
        assert found["base"] == "wood"
        assert found["watts"] in (5, 10, 15)
        assert not any(broken(rule, found) for rule in schema.rules)

    def test_finds_no_answer_where_there_is_none(self) -> None:
        schema = parse_schema(small())
        assert witness(schema, fixed={"base": "wood"}, chosen={"mark.place": "top"}) is None
        assert witness(schema, fixed={"base": "steel"}, chosen={"mark.place": "top"}) is not None

    def test_names_the_rules_in_the_way_and_no_other(self) -> None:
        schema = parse_schema(small())
        rules = blocking_rules(schema, fixed={"base": "wood"}, chosen={"mark.place": "top"})
        assert [rule.number for rule in rules] == [2]
        assert blocking_rules(schema, fixed=None, chosen={}) == []

    def test_tries_numbers_where_a_rule_changes_its_mind(self) -> None:
        """Only 5, 10 and 15 watts go with shade 2; the bounds alone would try 5 and 25."""
        document = small()
        document["allOf"].append(
            {
                "x-reason": {"en": "Dimmed lamps take 10 watts and more.", "zh": "调光灯至少十瓦。"},
                "if": {"properties": {"dimmer": {"const": True}}, "required": ["dimmer"]},
                "then": {"properties": {"watts": {"minimum": 10}}},
            }
        )
        found = witness(parse_schema(document), fixed={"base": "steel", "dimmer": True}, chosen={"shade": 2})
        assert found is not None
        assert found["watts"] in (10, 15)
        assert validate(document, answers={**LAMP, "dimmer": True, "shade": 2, "watts": found["watts"]}) == []

    @pytest.mark.parametrize("order", list(permutations(("ab", "bc", "cd"))), ids=str)
    def test_follows_a_chain_of_rules_in_whatever_order_they_are_written(
        self, order: tuple[str, ...]
    ) -> None:
        """a asks for b, b for c, c for d; and d is refused."""
        document = flags("a", "b", "c", "d")
        document["allOf"] = [asks(one, other) for one, other in order]
        schema = parse_schema(document)
        assert witness(schema, fixed={"a": True, "d": False}) is None
        assert witness(schema, fixed={"a": False, "d": False}) is not None
        assert len(blocking_rules(schema, fixed={"a": True, "d": False}, chosen={})) == 3

    def test_finds_the_number_between_two_that_are_refused(self) -> None:
        document = small()
        refused = [
            {
                "x-reason": words(f"{watts} watts need a dimmer."),
                "if": {"properties": {"watts": {"const": watts}}, "required": ["watts"]},
                "then": {"properties": {"dimmer": {"const": True}}},
            }
            for watts in (5, 15, 25)
        ]
        document["allOf"] = [{**document["allOf"][0], "then": {"required": ["watts"]}}, *refused]
        found = witness(parse_schema(document), fixed={"base": "steel", "dimmer": False}, chosen={"shade": 2})
        assert found is not None
        assert found["watts"] in (10, 20)


def flags(*names: str) -> dict[str, Any]:
    """A schema of questions to be answered with yes or no; the first and the last are the organizer's."""
    document = small()
    ends = (names[0], names[-1])
    document["properties"] = {
        name: {"x-title": words(name), "x-scope": "batch" if name in ends else "variant", "type": "boolean"}
        for name in names
    }
    return {**document, "x-order": list(names), "required": list(names)}


def asks(one: str, other: str) -> dict[str, Any]:
    return {
        "x-reason": words(f"{one} asks for {other}"),
        "if": {"properties": {one: {"const": True}}, "required": [one]},
        "then": {"properties": {other: {"const": True}}},
    }


class TestWhileTheBatchIsStillOpen:
    """Mechanical or Hall-effect sensing is put to a vote: switches of either kind can be chosen, one kind at a time."""

    REST = {"form_factor": "75", "case_material": "alu", "mounting": "gasket", "connectivity": "wired",
            "hot_swap": True}  # fmt: skip
    BATCHES = tuple({"pcb_sensing": code, **rest} for code, rest in (("mech", REST), ("hall", REST)))

    def refused(self, **answers: Any) -> dict[tuple[str, Any], Forbidden]:
        return forbidden_in_all(KEYBOARD, batches=self.BATCHES, answers=answers, scopes=MEMBER)

    def test_what_one_outcome_allows_can_be_chosen(self) -> None:
        assert not {("switch", "hall_d"), ("switch", "tactile_b")} & self.refused().keys()

    def test_what_no_outcome_allows_cannot(self) -> None:
        mech_only = forbidden_in_all(KEYBOARD, batches=self.BATCHES[:1], answers={}, scopes=MEMBER)
        assert mech_only["switch", "hall_d"].final
        assert mech_only == forbidden(KEYBOARD, fixed=self.BATCHES[0], answers={}, scopes=MEMBER)
        assert self.refused()["case_color", "custom"].final

    def test_what_goes_with_another_outcome_than_the_present_answers_is_not_refused_for_good(self) -> None:
        found = self.refused(kit="full", switch="hall_d")
        assert ("switch", "hall_d") not in found
        assert not found["switch", "tactile_b"].final
