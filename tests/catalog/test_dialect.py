"""What may not be a product schema: foreign keywords, bombs, nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from c2b.catalog import dialect
from c2b.catalog.validation import validate
from tests.catalog.samples import LAMP, SMALL, hang_guard, option, small, words

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    document = small()
    change(document)
    return document


def at(*path: str | int) -> Callable[..., Change]:
    """A change that sets a value deep inside the document."""

    def setting(value: Any) -> Change:
        def change(document: dict[str, Any]) -> None:
            node: Any = document
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value

        return change

    return setting


TAG = ("properties", "tag")
MISTAKES: dict[str, Change] = {
    # keywords outside the list
    "an id": at("$id")("https://example.test/schema"),
    "another draft": at("$schema")("http://json-schema.org/draft-03/schema#"),
    "no draft": lambda d: d.pop("$schema"),
    "a dynamic reference": at("$dynamicRef")("#x"),
    "an anchor": at(*TAG, "$anchor")("x"),
    "a vocabulary": at("$vocabulary")({}),
    "a comment": at("$comment")("hello"),
    "a typo in a keyword": lambda d: d["properties"]["tag"].update(maxlength=3),
    "pattern properties": at("patternProperties")({"^(a+)+$": {}}),
    "property names": at("propertyNames")({"pattern": "^(a+)+$"}),
    "one of": at("oneOf")([{}]),
    "any of in a rule": at("allOf", 0, "then")({"anyOf": [{}]}),
    "not in a rule": at("allOf", 0, "then")({"not": {"required": ["tag"]}}),
    "else in a rule": at("allOf", 0, "else")({"required": ["tag"]}),
    "a rule inside a rule": at("allOf", 0, "then")({"allOf": []}),
    "unevaluated properties": at("unevaluatedProperties")(False),
    "a number with decimals": at("properties", "watts", "type")("number"),
    "a default": at("properties", "watts", "default")(5),
    "a list of types": at("properties", "watts", "type")(["integer", "null"]),
    "a boolean attribute schema": at("properties", "tag")(True),
    # open objects
    "an open object": at("additionalProperties")(True),
    "an object that forgets to close": lambda d: d.pop("additionalProperties"),
    "an open group": at("properties", "mark", "additionalProperties")({"type": "string"}),
    "a group within a group": at("properties", "mark", "properties", "text")(SMALL["properties"]["mark"]),
    # bounds left out or too wide
    "text without maxLength": lambda d: d["properties"]["tag"].pop("maxLength"),
    "text too long": at(*TAG, "maxLength")(10_001),
    "a list without maxItems": lambda d: d["properties"]["extras"].pop("maxItems"),
    "a list too long": at("properties", "extras", "maxItems")(501),
    "a list that may repeat": at("properties", "extras", "uniqueItems")(False),
    "a number without bounds": lambda d: d["properties"]["watts"].pop("maximum"),
    "bounds the wrong way round": at("properties", "watts", "minimum")(100),
    "no number between the bounds": lambda d: d["properties"]["watts"].update(minimum=6, maximum=9),
    "a number beyond exact integers": at("properties", "watts", "maximum")(2**53),
    "a step of zero": at("properties", "watts", "multipleOf")(0),
    # patterns
    "a pattern too long": at(*TAG, "pattern")(f"^{'a' * 200}$"),
    "a pattern without a hint": lambda d: d["properties"]["tag"].pop("x-hint"),
    "a pattern without anchors": at(*TAG, "pattern")("[A-Z]{3}"),
    "anchors that hold one side only": at(*TAG, "pattern")("^a|b$"),
    "an escaped anchor": at(*TAG, "pattern")("^a\\$"),
    "look-ahead": at(*TAG, "pattern")("^(?=a)a$"),
    "a back-reference": at(*TAG, "pattern")("^(a)\\1$"),
    "a named group": at(*TAG, "pattern")("^(?P<x>a)$"),
    "a repetition bomb": at(*TAG, "pattern")("^(?:a{1000}){1000}$"),
    "digits of any script": at(*TAG, "pattern")("^\\d{3}$"),
    "class arithmetic": at(*TAG, "pattern")("^[a-z&&[^b]]$"),
    "an unbalanced pattern": at(*TAG, "pattern")("^(a$"),
    "an example that is refused": at(*TAG, "x-example")("abc"),
    "an unknown format": lambda d: d["properties"]["day"].update(format="email"),
    # labels, options, order
    "a label in one language": lambda d: d["properties"]["tag"]["x-title"].pop("zh"),
    "a label that is empty": at(*TAG, "x-title", "zh")(""),
    "a label with hidden direction": at(*TAG, "x-title", "en")("Tag\u202egat"),
    "a label with a control character": at(*TAG, "x-title", "en")("Tag\x07"),
    "no scope": lambda d: d["properties"]["tag"].pop("x-scope"),
    "an unknown scope": at(*TAG, "x-scope")("person"),
    "a scope inside a group": at("properties", "mark", "properties", "text", "x-scope")("unit"),
    "no options": lambda d: d["properties"]["base"].pop("x-options"),
    "an option without a code in enum": lambda d: d["properties"]["base"]["x-options"].append(
        option("glass")
    ),
    "a code without an option": lambda d: d["properties"]["base"]["enum"].append("glass"),
    "codes of another type": lambda d: d["properties"]["shade"].update(type="string"),
    "a code twice": lambda d: d["properties"]["base"].update(
        {"enum": ["wood", "wood"], "x-options": [option("wood"), option("wood")]}
    ),
    "a price beside priced options": at("properties", "base", "x-price")({"surcharge_minor": 1}),
    "a price with decimals": at("properties", "base", "x-options", 0, "surcharge_minor")(1.5),
    "a minimum of nothing": at("properties", "base", "x-options", 0, "moq")(0),
    "a negative engineering cost": at("properties", "base", "x-options", 0, "nre_minor")(-1),
    "a swatch that is not a color": at("properties", "base", "x-options", 0, "swatch")("red;}"),
    "an unknown term": at("properties", "base", "x-options", 0, "color")("red"),
    "an order that forgets one": lambda d: d["x-order"].pop(),
    "an order with a stranger": lambda d: d["x-order"].append("ghost"),
    "a required stranger": lambda d: d["required"].append("ghost"),
    "a name in capitals": lambda d: d["properties"].update(TAG=d["properties"]["tag"]),
    "a name that is a prototype": lambda d: d["properties"].update(__proto__=d["properties"]["tag"]),
    # rules
    "a rule without a reason": lambda d: d["allOf"][0].pop("x-reason"),
    "a rule about a stranger": at("allOf", 0, "if")({"required": ["ghost"]}),
    "a rule that asks a stranger": at("allOf", 0, "then")({"required": ["ghost"]}),
    "a test that no answer passes too": at("allOf", 0, "if", "required")(["base"]),
    "a test for an unknown code": at("allOf", 0, "if", "properties", "shade", "const")(3),
    "a test for a code of another type": at("allOf", 0, "if", "properties", "shade", "const")("2"),
    "a rule that forbids what is required": at("allOf", 0, "then")({"properties": {"dimmer": False}}),
    "a rule about itself": at("allOf", 0, "then")({"properties": {"shade": {"const": 1}}}),
    "a rule about the text itself": at("allOf", 0, "then")({"properties": {"tag": {"const": "ABC"}}}),
    "bounds for a choice": at("allOf", 0, "then")({"properties": {"base": {"minimum": 1}}}),
    "a rule about parts of no group": at("allOf", 0, "then")({"properties": {"tag": {"required": ["x"]}}}),
    "a rule about an unknown part": at("allOf", 2, "then")(
        {"properties": {"mark": {"properties": {"size": {"const": "big"}}}}}
    ),
    "a rule whose consequence is true": at("allOf", 0, "then")({"properties": {"tag": True}}),
    "an empty test": at("allOf", 0, "if", "properties", "shade")({}),
    # references
    "a reference to nowhere": at(*TAG)({"$ref": "#/$defs/ghost", "x-scope": "unit"}),
    "a reference to the root": at(*TAG)({"$ref": "#", "x-scope": "unit"}),
    "a reference into the document": at(*TAG)({"$ref": "#/properties/base", "x-scope": "unit"}),
    "a reference beside a keyword": lambda d: d.update(
        {"$defs": {"t": SMALL["properties"]["tag"]}, **d}
        | {"properties": {**d["properties"], "tag": {"$ref": "#/$defs/t", "x-scope": "unit", "maxLength": 9}}}
    ),
    "a definition that refers to itself": at("$defs")({"a": {"$ref": "#/$defs/a"}}),
    "two definitions in a circle": at("$defs")({"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}),
    "a referenced attribute without a title": lambda d: d.update(
        {"$defs": {"flag": {"type": "boolean"}}}
        | {"properties": {**d["properties"], "dimmer": {"$ref": "#/$defs/flag", "x-scope": "batch"}}}
    ),
}


def minimums(**parts: Any) -> Change:
    return at("x-minimums")(parts)


def combination(when: Any, **terms: Any) -> dict[str, Any]:
    return {"code": "pair", "label": words("Pair"), "when": when, "moq": 4, **terms}


SHADE_AND_CORD = {"shade": [2], "extras": ["cord"]}
MINIMUM_MISTAKES: dict[str, Change] = {
    "a premium without a minimum": at("properties", "shade", "x-options", 0, "premium_minor")(100),
    "a premium beside a minimum of one": lambda d: d["properties"]["shade"]["x-options"][0].update(
        moq=1, premium_minor=100
    ),
    "a premium of nothing": at("properties", "shade", "x-options", 1, "premium_minor")(0),
    "a premium on what the whole batch has": at("properties", "base", "x-options", 0, "premium_minor")(100),
    "a premium on a part of a group": lambda d: d["properties"]["mark"]["properties"]["place"]["x-options"][
        0
    ].update(moq=9, premium_minor=100),
    "minimums of nothing": minimums(),
    "minimums of a stranger": minimums(batch={"moq": 5}),
    "a configuration minimum of one": minimums(configuration={"moq": 1}),
    "a configuration minimum without a number": minimums(configuration={"premium_minor": 100}),
    "no combinations": minimums(combinations=[]),
    "a combination without a minimum": minimums(
        combinations=[{k: v for k, v in combination(SHADE_AND_CORD).items() if k != "moq"}]
    ),
    "a combination without a label": minimums(
        combinations=[{k: v for k, v in combination(SHADE_AND_CORD).items() if k != "label"}]
    ),
    "a combination of nothing": minimums(combinations=[combination({})]),
    "a combination with a stranger": minimums(combinations=[combination({**SHADE_AND_CORD, "ghost": ["x"]})]),
    "a combination with an unknown code": minimums(
        combinations=[combination({"shade": [3], "extras": ["cord"]})]
    ),
    "a combination with a code of another type": minimums(
        combinations=[combination({"shade": ["2"], "extras": ["cord"]})]
    ),
    "a combination with an attribute without options": minimums(
        combinations=[combination({"shade": [2], "watts": [5]})]
    ),
    "a combination of one option": minimums(combinations=[combination({"shade": [2]})]),
    "a combination of the whole batch": minimums(combinations=[combination({"base": ["wood", "steel"]})]),
    "two combinations of one code": minimums(
        combinations=[combination(SHADE_AND_CORD), combination({"shade": [1, 2], "extras": ["cord"]})]
    ),
    "two combinations of the same options": minimums(
        combinations=[combination(SHADE_AND_CORD), combination({**SHADE_AND_CORD}, code="twin")]
    ),
}


class TestMinimums:
    @pytest.mark.parametrize(
        "change",
        [
            minimums(configuration={"moq": 5, "premium_minor": 600}),
            minimums(combinations=[combination(SHADE_AND_CORD, premium_minor=70)]),
            minimums(combinations=[combination({"shade": [1, 2]})]),
            minimums(combinations=[combination({"base": ["wood"], "shade": [2]})]),
            at("properties", "mark", "x-price")({"moq": 20, "premium_minor": 300}),
        ],
    )
    def test_are_let_in_on_every_level(self, change: Change) -> None:
        assert dialect.check(changed(change)) == []

    @pytest.mark.parametrize("mistake", MINIMUM_MISTAKES)
    def test_are_refused_as(self, mistake: str) -> None:
        assert dialect.check(changed(MINIMUM_MISTAKES[mistake])) != []

    def test_of_a_combination_that_stands_for_too_many_are_refused(self) -> None:
        codes = [f"c{n}" for n in range(30)]
        choice = {"x-title": words("Many"), "x-scope": "variant", "type": "string", "enum": codes,
                  "x-options": [option(code) for code in codes]}  # fmt: skip
        document = changed(minimums(combinations=[combination({"one": codes, "two": codes})]))
        document["properties"] |= {"one": choice, "two": choice}
        document["x-order"] += ["one", "two"]
        assert "more than 500" in str(dialect.check(document)[0])


class TestDialect:
    def test_lets_a_right_document_in(self) -> None:
        assert dialect.check(small()) == []

    def test_lets_a_local_reference_in(self) -> None:
        document = small()
        place = document["properties"]["mark"]["properties"]["place"]
        document["$defs"] = {"place": place, "again": {"$ref": "#/$defs/place"}}
        document["properties"]["mark"]["properties"]["place"] = {
            "$ref": "#/$defs/again",
            "x-title": words("Where"),
        }
        assert dialect.check(document) == []
        assert validate(document, answers={**LAMP, "mark": {"text": "Bo", "place": "top"}}) == []
        errors = validate(document, answers={**LAMP, "mark": {"text": "Bo", "place": "side"}})
        assert [(error.path, error.code) for error in errors] == [("mark.place", "not_offered")]

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_refuses(self, mistake: str) -> None:
        assert dialect.check(changed(MISTAKES[mistake])) != []

    @pytest.mark.parametrize("document", [None, [], "x", 7, True, {}, {"type": "object"}])
    def test_refuses_what_is_no_schema(self, document: object) -> None:
        assert dialect.check(document) != []

    def test_says_where_and_what(self) -> None:
        document = changed(MISTAKES["a repetition bomb"])
        assert [problem.where for problem in dialect.check(document)] == ["/properties/tag/pattern"]

    def test_refuses_with_an_error_people_may_see(self) -> None:
        with pytest.raises(dialect.Refused) as refused:
            dialect.ensure(changed(MISTAKES["a step of zero"]))
        assert refused.value.status == 422
        assert "/properties/watts/multipleOf" in refused.value.text()

    def test_lists_at_most_fifty_problems(self) -> None:
        document = small()
        document["properties"] |= {f"p{n}": {} for n in range(190)}
        assert 1 < len(dialect.check(document)) <= dialect.MAX_PROBLEMS


class TestSize:
    def test_refuses_a_large_document(self) -> None:
        document = small()
        document["properties"]["tag"]["x-help"] = words("x" * 290)
        document["allOf"] *= 60
        assert "larger" in str(dialect.check(document)[0])

    def test_refuses_a_deep_document(self) -> None:
        document: dict[str, Any] = small()
        node = document["properties"]
        for _ in range(100_000):
            node["deep"] = {}
            node = node["deep"]
        assert "deeper" in str(dialect.check(document)[0])

    def test_refuses_a_document_that_contains_itself(self) -> None:
        document: dict[str, Any] = small()
        document["properties"]["self"] = document
        assert "deeper" in str(dialect.check(document)[0])

    def test_refuses_a_very_wide_document(self) -> None:
        document: dict[str, Any] = small()
        document["x-order"] = list(range(1_000_000))
        with hang_guard():
            assert "larger" in str(dialect.check(document)[0])

    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), 1e400, 1.5, 10**400, "\ud800", "\x00", {1: 2}]
    )
    def test_refuses_values_that_are_not_exact_json(self, value: object) -> None:
        assert dialect.check({**small(), "x-help": value}) != []


class TestReferenceBomb:
    @pytest.mark.parametrize("levels", [4, 10, 20])
    def test_doubling_definitions_are_refused_without_being_expanded(self, levels: int) -> None:
        """1,152 bytes of such pairs cost jsonschema eight seconds."""
        document = small()
        document["$defs"] = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
        document["$defs"][f"d{levels}"] = {"type": "boolean"}
        document["allOf"].append({"$ref": "#/$defs/d0"})
        with hang_guard():
            assert dialect.check(document) != []

    def test_many_uses_of_a_large_group_are_refused(self) -> None:
        """Within the grammar, only repetition multiplies: attributes times parts."""
        part = {"x-title": words("Part"), "type": "string", "maxLength": 9}
        names = [f"p{n}" for n in range(20)]
        group = {
            "x-title": words("Group"),
            "type": "object",
            "x-order": names,
            "properties": {name: {"$ref": "#/$defs/part"} for name in names},
            "additionalProperties": False,
        }
        uses = {f"g{n}": {"$ref": "#/$defs/group", "x-scope": "unit"} for n in range(60)}
        document = {
            "$schema": SMALL["$schema"],
            "x-title": words("Many"),
            "type": "object",
            "x-order": list(uses),
            "properties": uses,
            "additionalProperties": False,
            "$defs": {"part": part, "group": group},
        }
        assert "expanded" in str(dialect.check(document)[0])
        fewer = dict(list(uses.items())[:10])
        assert dialect.check({**document, "x-order": list(fewer), "properties": fewer}) == []

    def test_a_long_chain_of_definitions_is_walked_once(self) -> None:
        document = small()
        document["$defs"] = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(49)}
        document["$defs"]["d49"] = SMALL["properties"]["tag"] | {"x-scope": "unit"}
        document["$defs"]["d49"].pop("x-scope")
        document["properties"]["tag"] = {"$ref": "#/$defs/d0", "x-scope": "unit"}
        assert dialect.check(document) == []
        assert validate(document, answers={**LAMP, "tag": "abc"})[0].path == "tag"


class TestOptionsNobodyCanChoose:
    def test_refuse_the_publication(self) -> None:
        document = changed(
            lambda d: d["allOf"].append(
                {
                    "x-reason": words("No wood, ever."),
                    "if": {"required": ["dimmer"]},
                    "then": {"properties": {"base": {"const": "steel"}}},
                }
            )
        )
        assert dialect.check(document) == []
        with pytest.raises(dialect.Refused, match="wood can never be chosen"):
            dialect.ensure(document)

    def test_are_found_behind_a_chain_of_rules(self) -> None:
        """Shade 2 needs watts; forbid watts, and shade 2 is gone though no rule names it."""
        document = changed(
            lambda d: d["allOf"].append(
                {
                    "x-reason": words("Dimmers and watts exclude each other."),
                    "if": {"required": ["dimmer"]},
                    "then": {"properties": {"watts": False}},
                }
            )
        )
        assert "the option 2" in " ".join(map(str, dialect.unreachable(document)))

    def test_rules_too_entangled_to_judge_are_refused(self) -> None:
        """Twelve pigeons in eleven holes: every search is long, and the budget ends it."""
        holes = [f"h{n}" for n in range(11)]
        names = [f"pigeon{n}" for n in range(12)]
        choice = {
            "x-title": words("Hole"),
            "x-scope": "variant",
            "type": "string",
            "enum": holes,
            "x-options": [option(hole) for hole in holes],
        }
        rules = [
            {
                "x-reason": words("One pigeon per hole."),
                "if": {"properties": {one: {"const": hole}}, "required": [one]},
                "then": {
                    "properties": {
                        other: {"enum": [each for each in holes if each != hole]} for other in names[n + 1 :]
                    }
                },
            }
            for n, one in enumerate(names[:-1])
            for hole in holes[:11]
        ]
        document = {
            **{key: SMALL[key] for key in ("$schema", "type", "additionalProperties")},
            "x-title": words("Pigeons"),
            "x-order": names,
            "properties": dict.fromkeys(names, choice),
            "required": names,
            "allOf": rules,
        }
        with hang_guard(60):
            assert "entangled" in str(dialect.unreachable(document)[0])


def test_refusing_is_not_forgetting() -> None:
    """The samples of mistakes start from a document that is right, so each is refused for its mistake alone."""
    assert json.dumps(small()) == json.dumps(SMALL)
