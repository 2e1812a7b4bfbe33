"""Rules read directly: what applies, what is met, and the same verdict from jsonschema for each case."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.catalog import dialect
from c2b.catalog.conditions import MISSING, answer_at, broken, conditional_names
from c2b.catalog.schema import parse_schema
from c2b.catalog.validation import compiled, validate
from tests.catalog.samples import LAMP, parsed, small, words

MARK = {"text": "Bo", "place": "foot"}


def with_note() -> dict[str, Any]:
    """Marks may carry a note; dimmed lamps with a mark need it, and steel lamps have none."""
    document = small()
    mark = document["properties"]["mark"]
    mark["x-order"].append("note")
    mark["properties"]["note"] = {"x-title": words("Note"), "type": "string", "maxLength": 9}
    document["allOf"] = [
        {
            "x-reason": words("A marked and dimmed lamp needs a note."),
            "if": {"properties": {"dimmer": {"const": True}}, "required": ["dimmer"]},
            "then": {"properties": {"mark": {"required": ["note"]}}},
        },
        {
            "x-reason": words("Wood has no notes, and few watts."),
            "if": {"properties": {"base": {"const": "wood"}}, "required": ["base"]},
            "then": {
                "properties": {
                    "mark": {"properties": {"note": False}},
                    "watts": {"minimum": 10, "maximum": 15},
                }
            },
        },
    ]
    return document


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"dimmer": True}, []),
    ({"dimmer": True, "mark": MARK}, ["mark.note"]),
    ({"dimmer": True, "mark": {**MARK, "note": "x"}}, []),
    ({"dimmer": False, "mark": MARK}, []),
    ({"base": "wood", "mark": MARK}, []),
    ({"base": "wood", "mark": {**MARK, "note": "x"}}, ["mark.note"]),
    ({"base": "wood", "dimmer": True, "mark": MARK}, ["mark.note"]),
    ({"base": "wood", "dimmer": True, "mark": {**MARK, "note": "x"}}, ["mark.note"]),
    ({"base": "wood", "watts": 5}, ["watts"]),
    ({"base": "wood", "watts": 10}, []),
    ({"base": "wood", "watts": 15}, []),
    ({"base": "wood", "watts": 20}, ["watts"]),
    ({"base": "wood", "watts": 25, "mark": {**MARK, "note": "x"}}, ["watts", "mark.note"]),
]


class TestBrokenRules:
    def test_are_written_in_the_dialect(self) -> None:
        assert dialect.check(with_note()) == []

    @pytest.mark.parametrize(("changes", "paths"), CASES, ids=str)
    def test_name_the_demands_that_are_not_met(self, changes: dict[str, Any], paths: list[str]) -> None:
        schema = parse_schema(with_note())
        answers = {**LAMP, **changes}
        assert [each.path for rule in schema.rules for each in broken(rule, answers)] == paths

    @pytest.mark.parametrize(("changes", "paths"), CASES, ids=str)
    def test_are_those_that_jsonschema_finds(self, changes: dict[str, Any], paths: list[str]) -> None:
        made = compiled(with_note())
        answers = {**LAMP, **changes}
        assert made.authority.is_valid(answers) == made.fast.is_valid(answers) == (paths == [])

    def test_are_said_beside_the_part(self) -> None:
        errors = validate(with_note(), answers={**LAMP, "dimmer": True, "mark": MARK})
        assert [(error.path, error.code) for error in errors] == [("mark.note", "rule")]


class TestAnswers:
    def test_are_found_at_dotted_paths(self) -> None:
        assert answer_at({"mark": MARK}, "mark.text") == "Bo"
        assert answer_at({"mark": MARK}, "mark.size") is MISSING
        assert answer_at({"mark": "Bo"}, "mark.text") is MISSING
        assert answer_at({"tag": None}, "tag") is None
        assert answer_at({}, "tag") is MISSING


def test_conditional_attributes_are_those_a_rule_asks_for() -> None:
    assert conditional_names(parsed("keyboard")) == {"battery_mah", "legend", "campaign_color"}
