"""Answers judged: what is right, what is wrong, and the one sentence that says so."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from c2b.catalog import validation
from c2b.catalog.validation import MAX_ERRORS, compiled, judge, validate, validate_batch
from c2b.kit.errors import FieldError
from c2b.kit.i18n import use_locale
from tests.catalog.samples import LAMP, PICTURE, example, parsed, product, small

RIGHT, WRONG = True, False
MARK = {"text": "Bo", "place": "foot"}
PHOTO = {"image": PICTURE, "agreed": True}

#: Changes to complete answers, and the verdict. DROP leaves the answer out.
DROP: Any = ...
VERDICTS: list[tuple[dict[str, Any], bool]] = [
    ({}, RIGHT),
    # choices: exactly the codes, exactly their type
    ({"base": "wood"}, RIGHT),
    ({"base": "glass"}, WRONG),
    ({"base": "Steel"}, WRONG),
    ({"base": "steel "}, WRONG),
    ({"base": ""}, WRONG),
    ({"base": None}, WRONG),
    ({"base": ["steel"]}, WRONG),
    ({"base": DROP}, WRONG),
    ({"shade": True}, WRONG),
    ({"shade": "1"}, WRONG),
    ({"shade": 1.0}, WRONG),
    ({"shade": 3}, WRONG),
    # yes or no
    ({"dimmer": True}, RIGHT),
    ({"dimmer": 0}, WRONG),
    ({"dimmer": 1}, WRONG),
    ({"dimmer": "yes"}, WRONG),
    ({"dimmer": None}, WRONG),
    # numbers: whole, in bounds, on the step
    ({"shade": 2, "watts": 5}, RIGHT),
    ({"shade": 2, "watts": 15}, RIGHT),
    ({"shade": 2, "watts": 20}, WRONG),
    ({"shade": 2, "watts": 7}, WRONG),
    ({"shade": 2, "watts": 0}, WRONG),
    ({"shade": 2, "watts": -5}, WRONG),
    ({"shade": 2, "watts": 5.0}, WRONG),
    ({"shade": 2, "watts": 1e308}, WRONG),
    ({"shade": 2, "watts": float("nan")}, WRONG),
    ({"shade": 2, "watts": float("inf")}, WRONG),
    ({"shade": 2, "watts": 10**400}, WRONG),
    ({"shade": 2, "watts": "10"}, WRONG),
    ({"shade": 2, "watts": True}, WRONG),
    ({"shade": 2}, WRONG),
    ({"watts": 5}, WRONG),
    # text: whole, anchored, ASCII digits and letters mean themselves
    ({"tag": "ABC"}, RIGHT),
    ({"tag": "ABC\n"}, WRONG),
    ({"tag": "\nABC"}, WRONG),
    ({"tag": "ABCD"}, WRONG),
    ({"tag": "AB"}, WRONG),
    ({"tag": "abc"}, WRONG),
    ({"tag": "ＡＢＣ"}, WRONG),
    ({"tag": "АВС"}, WRONG),  # Cyrillic
    ({"tag": ""}, WRONG),
    ({"tag": "A\x00C"}, WRONG),
    ({"tag": "A\ud800"}, WRONG),
    ({"tag": "\u202eAB"}, WRONG),
    ({"tag": 123}, WRONG),
    # several choices
    ({"extras": ["bulb"]}, RIGHT),
    ({"extras": ["cord", "bulb"]}, RIGHT),
    ({"extras": []}, WRONG),
    ({"extras": ["bulb", "bulb"]}, WRONG),
    ({"extras": ["bulb", "cord", "plug"]}, WRONG),
    ({"extras": "bulb"}, WRONG),
    ({"extras": {"bulb": True}}, WRONG),
    ({"extras": [["bulb"]]}, WRONG),
    # days that exist
    ({"day": "2028-02-29"}, RIGHT),
    ({"day": "2026-02-29"}, WRONG),
    ({"day": "2026-1-01"}, WRONG),
    ({"day": "20260101"}, WRONG),
    ({"day": "2026-01-01T00:00"}, WRONG),
    ({"day": "2026-01-01\n"}, WRONG),
    ({"day": "٢٠٢٦-٠١-٠١"}, WRONG),
    # groups are closed and complete
    ({"mark": MARK}, RIGHT),
    ({"mark": {**MARK, "size": "big"}}, WRONG),
    ({"mark": {"text": "Bo"}}, WRONG),
    ({"mark": {}}, WRONG),
    ({"mark": None}, WRONG),
    ({"mark": [MARK]}, WRONG),
    ({"mark": {**MARK, "text": "123456789"}}, WRONG),
    ({"mark": {**MARK, "text": "e\u0301" * 8}}, RIGHT),  # eight letters once composed
    ({"base": "wood", "mark": {**MARK, "place": "top"}}, WRONG),
    ({"base": "wood", "mark": MARK}, RIGHT),
    # pictures are named by their hash and need the right to use them
    ({"photo": PHOTO}, RIGHT),
    ({"photo": {**PHOTO, "agreed": False}}, WRONG),
    ({"photo": {**PHOTO, "agreed": 1}}, WRONG),
    ({"photo": {**PHOTO, "image": PICTURE.upper()}}, WRONG),
    ({"photo": {**PHOTO, "image": PICTURE + "\n"}}, WRONG),
    ({"photo": {**PHOTO, "image": "../../etc/passwd"}}, WRONG),
    ({"photo": PHOTO, "mark": MARK}, WRONG),
    # unknown keys, however they look
    ({"color": "red"}, WRONG),
    ({"": "x"}, WRONG),
    ({"Base": "wood"}, WRONG),
    ({"base ": "wood"}, WRONG),
    ({"__proto__": {}}, WRONG),
    ({"x-scope": "batch"}, WRONG),
    ({"surcharge_minor": -1}, WRONG),
]


def lamp(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**LAMP, **changes}.items() if value is not DROP}


def found(errors: list[FieldError]) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in errors]


class TestVerdict:
    @pytest.mark.parametrize(("changes", "verdict"), VERDICTS, ids=lambda each: ascii(each)[:60])
    def test_is_as_tabled(self, changes: dict[str, Any], verdict: bool) -> None:
        assert (validate(small(), answers=lamp(**changes)) == []) is verdict

    def test_has_sixty_cases_at_least(self) -> None:
        assert len(VERDICTS) >= 60

    @pytest.mark.parametrize(("changes", "verdict"), VERDICTS, ids=lambda each: ascii(each)[:60])
    def test_blames_only_what_was_changed(self, changes: dict[str, Any], verdict: bool) -> None:
        """Shade is the other end of the rule about watts."""
        names = {error.path.partition(".")[0] for error in validate(small(), answers=lamp(**changes))}
        blamed = {name for name in names if name}
        assert blamed <= {key.strip() for key in changes} | {"watts", "base "}

    @pytest.mark.parametrize("answers", [None, [], "x", 1, True, 1.5, object(), b"{}", {1, 2}, [LAMP]])
    def test_refuses_what_is_no_object(self, answers: object) -> None:
        assert found(validate(small(), answers=answers)) == [("", "malformed")]


class TestOneSentencePerCause:
    def test_a_wrong_answer_hides_the_rules_it_would_break(self) -> None:
        errors = validate(small(), answers=lamp(shade=2, watts="ten"))
        assert found(errors) == [("watts", "type")]

    def test_a_rule_that_two_answers_break_is_said_once_and_names_the_other(self) -> None:
        keyboard = example("keyboard", "wired_with_personal_keycap")
        errors = validate(product("keyboard"), answers={**keyboard, "kit": "barebones"})
        assert found(errors) == [("switch", "rule")]
        assert errors[0].params["related"] == ["keycap", "kit"]
        assert "choose None for both, or choose the fully built kit" in errors[0].text()

    def test_two_causes_are_two_sentences(self) -> None:
        errors = validate(small(), answers=lamp(base="glass", shade=9))
        assert found(errors) == [("base", "not_offered"), ("shade", "not_offered")]

    def test_they_come_in_the_order_of_the_form(self) -> None:
        errors = validate(small(), answers={"mark": {}, "tag": "x", "zzz": 1})
        assert [path for path, _ in found(errors)] == [
            "zzz",
            "base",
            "dimmer",
            "shade",
            "tag",
            "mark.text",
            "mark.place",
        ]

    def test_a_missing_answer_and_a_rule_about_another_are_both_said(self) -> None:
        keyboard = example("keyboard", "wired_with_personal_keycap")
        for name in ("switch", "legend"):
            del keyboard[name]
        assert found(validate(product("keyboard"), answers=keyboard)) == [
            ("switch", "required"),
            ("legend", "rule"),
        ]

    def test_it_names_what_is_offered_with_the_codes(self) -> None:
        [error] = validate(small(), answers=lamp(base="glass"))
        assert (
            error.text()
            == "“glass” is not offered for “Base”. Choose from: Option wood (wood), Option steel (steel)."
        )

    def test_it_tells_text_and_numbers_apart(self) -> None:
        [error] = validate(small(), answers=lamp(shade="1"))
        assert error.text() == "“Shade” takes the number 1, without quotation marks."

    def test_it_says_the_bounds_with_their_unit(self) -> None:
        [error] = validate(small(), answers=lamp(shade=2, watts=7))
        assert error.text() == "“Power” goes from 5 to 25 W, in steps of 5."

    def test_it_is_in_the_language_of_whoever_reads_it(self) -> None:
        [error] = validate(small(), answers=lamp(base=DROP))
        assert error.text() == "Choose an option for “Base”."
        with use_locale("zh_CN"):
            assert error.text() == "请为“中Base”选择一个选项。"


class TestLimits:
    def test_at_most_twenty_errors(self) -> None:
        errors = validate(small(), answers={f"key{n}": n for n in range(500)})
        assert len(errors) == MAX_ERRORS

    def test_a_value_is_echoed_to_eighty_characters(self) -> None:
        for answers in (lamp(base="x" * 5_000), lamp(base=["y" * 5_000]), lamp(**{"k" * 5_000: 1})):
            for error in validate(small(), answers=answers):
                assert len(error.path) <= 80
                assert len(error.text()) <= 300
                assert all(len(str(value)) <= 300 for value in error.params.values())

    def test_too_deep(self) -> None:
        deep: dict[str, Any] = {}
        for _ in range(100_000):
            deep = {"a": deep}
        assert found(validate(small(), answers=deep)) == [("", "too_large")]

    def test_too_many_nodes(self) -> None:
        assert found(validate(small(), answers=lamp(extras=["bulb"] * 3_000))) == [("", "too_large")]

    def test_too_much_text(self) -> None:
        assert found(validate(small(), answers=lamp(tag="A" * 70_000))) == [("", "too_large")]

    def test_answers_that_contain_themselves(self) -> None:
        loop = lamp()
        loop["mark"] = loop
        assert found(validate(small(), answers=loop)) == [("", "too_large")]

    def test_the_given_answers_stay_as_they_are(self) -> None:
        answers = lamp(mark={**MARK, "text": "e\u0301"})
        validate(small(), answers=answers)
        assert answers["mark"]["text"] == "e\u0301"


class TestFixedAnswers:
    FIXED = {"base": "wood", "dimmer": True}

    def test_complete_those_of_a_member(self) -> None:
        assert validate(small(), answers={"shade": 1}, fixed=self.FIXED) == []

    def test_may_be_repeated(self) -> None:
        assert validate(small(), answers={"shade": 1, **self.FIXED}, fixed=self.FIXED) == []

    @pytest.mark.parametrize("dimmer", [False, 1, "yes", None])
    def test_may_not_be_contradicted(self, dimmer: object) -> None:
        errors = validate(small(), answers={"shade": 1, "dimmer": dimmer}, fixed=self.FIXED)
        assert found(errors) == [("dimmer", "fixed")]
        assert errors[0].text() == "The organizer has fixed “Dimmer” as yes for everybody: leave it as it is."

    def test_which_are_open_are_not_for_a_member_to_settle(self) -> None:
        phone = example("phone", "glass_plain")
        fixed = parsed("phone").part(phone, "batch")
        errors = validate(product("phone"), answers={**phone, "campaign_color": "7621 C"}, fixed=fixed)
        assert found(errors) == [("campaign_color", "not_yours")]

    def test_which_are_missing_are_the_campaigns_fault(self) -> None:
        errors = validate(small(), answers={"shade": 1}, fixed={"base": "wood"})
        assert found(errors) == [("", "campaign_unfinished")]
        assert "Dimmer" in errors[0].text()

    def test_move_the_blame_to_what_the_member_can_change(self) -> None:
        """The rule speaks about the back material, which is fixed; the color is what the member may change."""
        phone = example("phone", "ceramic_uv_print")
        fixed = {**parsed("phone").part(phone, "batch"), "campaign_color": "7621 C"}
        answers = {**phone, "back_color": "custom"}
        assert found(validate(product("phone"), answers=answers, fixed=fixed)) == [("back_color", "rule")]

    def test_that_contradict_each_other_are_the_campaigns_fault(self) -> None:
        keyboard = example("keyboard", "wired_with_personal_keycap")
        fixed = {**parsed("keyboard").part(keyboard, "batch"), "battery_mah": 4000}
        answers = parsed("keyboard").part(keyboard, "variant")
        assert found(validate(product("keyboard"), answers=answers, fixed=fixed)) == [
            ("", "campaign_unfinished")
        ]

    @pytest.mark.parametrize("name", ["keyboard", "laptop", "phone", "earphones", "powerbank"])
    def test_of_every_family_complete_its_examples(self, name: str) -> None:
        for which in (
            "barebones_kit",
            "student_14_inch",
            "glass_plain",
            "entry_plain_white",
            "magnetic_pouch",
        ):
            try:
                whole = example(name, which)
            except FileNotFoundError:
                continue
            schema = parsed(name)
            assert (
                validate(
                    product(name),
                    answers=schema.part(whole, "variant", "unit"),
                    fixed=schema.part(whole, "batch"),
                )
                == []
            )
            break
        else:
            pytest.fail(f"no example for {name}")


class TestJudge:
    def test_hands_back_the_answers_to_store(self) -> None:
        clean, errors = judge(small(), answers={"shade": 1, "mark": {**MARK, "text": "e\u0301"}}, fixed=LAMP)
        assert errors == []
        assert clean == {"shade": 1, "mark": {**MARK, "text": "\u00e9"}}

    def test_has_the_same_errors(self) -> None:
        assert judge(small(), answers=lamp(shade=9))[1] == validate(small(), answers=lamp(shade=9))


class TestBatchAnswers:
    def batch(self, **changes: Any) -> dict[str, Any]:
        whole = {
            **parsed("keyboard").part(example("keyboard", "wired_with_personal_keycap"), "batch"),
            **changes,
        }
        return {key: value for key, value in whole.items() if value is not DROP}

    def test_that_leave_everything_open_to_members_are_right(self) -> None:
        assert validate_batch(product("keyboard"), self.batch()) == []

    def test_must_be_complete(self) -> None:
        assert found(validate_batch(product("keyboard"), self.batch(mounting=DROP))) == [
            ("mounting", "required")
        ]

    def test_keep_the_rules_among_themselves(self) -> None:
        errors = validate_batch(product("keyboard"), self.batch(pcb_sensing="hall", hot_swap=False))
        assert found(errors) == [("hot_swap", "rule")]
        assert found(validate_batch(product("keyboard"), self.batch(connectivity="tri"))) == [
            ("battery_mah", "rule")
        ]

    def test_do_not_answer_for_members(self) -> None:
        errors = validate_batch(product("keyboard"), self.batch(switch="linear_a", engine="v8"))
        assert found(errors) == [("switch", "not_batch"), ("engine", "unknown")]

    @pytest.mark.parametrize("answers", [None, [], {"base": float("nan")}, {"base": "\ud800"}])
    def test_are_read_as_strictly(self, answers: object) -> None:
        assert validate_batch(small(), answers) != []

    def test_that_nobody_could_complete_are_refused(self) -> None:
        document = small()
        document["allOf"] += [
            {
                "x-reason": {"en": "Dimmed lamps have shade 1.", "zh": "调光灯用灯罩一。"},
                "if": {"properties": {"dimmer": {"const": True}}, "required": ["dimmer"]},
                "then": {"properties": {"shade": {"const": 1}}},
            },
            {
                "x-reason": {"en": "Wood has shade 2.", "zh": "木座用灯罩二。"},
                "if": {"properties": {"base": {"const": "wood"}}, "required": ["base"]},
                "then": {"properties": {"shade": {"const": 2}}},
            },
        ]
        assert validate_batch(document, {"base": "wood", "dimmer": False}) == []
        errors = validate_batch(document, {"base": "wood", "dimmer": True})
        assert [error.code for error in errors] == ["dead_end"]
        assert "nobody could complete" in errors[0].text()

    def test_are_not_blamed_for_what_a_rule_asks_of_members(self) -> None:
        document = small()
        document["allOf"].append(
            {
                "x-reason": {"en": "Steel lamps are tagged.", "zh": "钢座须有标签。"},
                "if": {"properties": {"base": {"const": "steel"}}, "required": ["base"]},
                "then": {"required": ["tag"]},
            }
        )
        assert validate_batch(document, {"base": "steel", "dimmer": False}) == []
        assert found(validate(document, answers={"shade": 1}, fixed={"base": "steel", "dimmer": False})) == [
            ("tag", "rule")
        ]


class TestCompiledSchemas:
    def test_are_compiled_once(self) -> None:
        assert compiled(small()) is compiled(small())

    def test_are_told_apart_by_their_content(self) -> None:
        other = small()
        other["properties"]["base"]["x-options"][0]["surcharge_minor"] = 1
        assert compiled(other) is not compiled(small())

    def test_are_found_by_a_digest_without_reading_the_document(self) -> None:
        made = compiled(small())
        assert compiled({}, digest=made.schema.digest) is made

    def test_are_forgotten_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(validation, "MAX_COMPILED", 2)
        monkeypatch.setattr(validation, "_compiled", OrderedDict())
        first = compiled(small())
        for name in ("keyboard", "phone"):
            compiled(product(name))
        assert compiled(small()) is not first


class TestFastPath:
    def test_never_has_the_last_word_against_an_answer(self) -> None:
        """When the fast engine refuses, jsonschema decides."""

        class Refusing:
            def is_valid(self, _: object) -> bool:
                return False

        made = compiled(small())
        slow = validation.Compiled(schema=made.schema, authority=made.authority, fast=Refusing())
        assert slow.accepts(LAMP)
        assert not slow.accepts({**LAMP, "shade": 9})

    def test_a_refusal_nobody_can_explain_stays_a_refusal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(validation.Compiled, "accepts", lambda *_: False)
        assert found(validate(small(), answers=LAMP)) == [("", "invalid")]
