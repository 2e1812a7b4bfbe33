"""What a new version of a product schema means for the answers that were given under the old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from c2b.catalog import dialect
from c2b.catalog.changes import KINDS
from c2b.catalog.evolution import compare
from c2b.catalog.rules import surcharges
from c2b.catalog.schema import parse_schema
from c2b.catalog.validation import compiled
from c2b.kit.i18n import use_locale
from tests.catalog import evolved, strategies
from tests.catalog.samples import option, small, words

Document = dict[str, Any]


def compared(change: Callable[[Document], object]) -> tuple[str, list[tuple[str, str, str]]]:
    """The kind, and (kind, path, words) of each change, after `change` was done to the lamp."""
    new = small()
    change(new)
    assert dialect.check(new) == []
    found = compare(parse_schema(small()), parse_schema(new))
    return found.kind, [(each.kind, each.path, each.words) for each in found.changes]


def properties(document: Document) -> Document:
    found: Document = document["properties"]
    return found


def add(document: Document, name: str, node: Document, *, required: bool = False) -> None:
    document["x-order"].append(name)
    properties(document)[name] = node
    if required:
        document["required"].append(name)


FLAG = {"x-title": words("Plug"), "x-scope": "unit", "type": "boolean"}


def remove(document: Document, name: str) -> None:
    document["x-order"].remove(name)
    del properties(document)[name]
    document["required"] = [each for each in document["required"] if each != name]
    document["allOf"] = [rule for rule in document["allOf"] if name not in str(rule)]


def _options(document: Document, name: str, number: int) -> Document:
    found: Document = properties(document)[name]["x-options"][number]
    return found


def without_option(document: Document, name: str, code: Any) -> None:
    node = properties(document)[name]
    node["enum"] = [each for each in node["enum"] if each != code]
    node["x-options"] = [each for each in node["x-options"] if each["code"] != code]
    document["allOf"] = [rule for rule in document["allOf"] if name not in str(rule)]


def with_option(document: Document, name: str, code: Any) -> None:
    properties(document)[name]["enum"].append(code)
    properties(document)[name]["x-options"].append(option(code))


RULE = {
    "x-reason": words("Steel is not dimmed."),
    "if": {"properties": {"base": {"const": "steel"}}, "required": ["base"]},
    "then": {"properties": {"dimmer": {"const": False}}},
}
RUBBER_RULE = {**RULE, "if": {"properties": {"base": {"const": "rubber"}}, "required": ["base"]}}


def rubber(document: Document) -> None:
    """A new option, and a rule that only whoever chooses it can break."""
    with_option(document, "base", "rubber")
    document["allOf"].append(RUBBER_RULE)


CHANGES: dict[str, tuple[str, str, Callable[[Document], object]]] = {
    "an optional attribute is new": ("widening", "plug", lambda d: add(d, "plug", FLAG)),
    "a required attribute is new": ("breaking", "plug", lambda d: add(d, "plug", FLAG, required=True)),
    "an optional attribute is gone": ("narrowing", "tag", lambda d: remove(d, "tag")),
    "a required attribute is gone": ("breaking", "dimmer", lambda d: remove(d, "dimmer")),
    "a scope is another": ("breaking", "tag", lambda d: properties(d)["tag"].update({"x-scope": "variant"})),
    "a kind is another": (
        "breaking", "day", lambda d: properties(d)["day"].update({"format": "sha256"}),
    ),
    "an answer is needed": ("narrowing", "tag", lambda d: d["required"].append("tag")),
    "an answer may be left out": ("widening", "dimmer", lambda d: d["required"].remove("dimmer")),
    "an option is gone": ("narrowing", "base", lambda d: without_option(d, "base", "wood")),
    "an option is new": ("widening", "base", lambda d: with_option(d, "base", "rubber")),
    "a range is smaller": ("narrowing", "watts", lambda d: properties(d)["watts"].update(maximum=20)),
    "a range is larger": ("widening", "watts", lambda d: properties(d)["watts"].update(maximum=40)),
    "steps are finer": ("widening", "watts", lambda d: properties(d)["watts"].update(multipleOf=1)),
    "steps are others": ("narrowing", "watts", lambda d: properties(d)["watts"].update(multipleOf=3)),
    "a text is shorter": (
        "narrowing", "mark.text", lambda d: properties(d)["mark"]["properties"]["text"].update(maxLength=4),
    ),
    "a pattern is another": (
        "narrowing", "tag", lambda d: properties(d)["tag"].update(pattern="^[A-Z]{1,3}$"),
    ),
    "a pattern is gone": ("widening", "tag", lambda d: properties(d)["tag"].pop("pattern")),
    "fewer choices": ("narrowing", "extras", lambda d: properties(d)["extras"].update(maxItems=1)),
    "a price is higher": ("narrowing", "base", lambda d: _options(d, "base", 1).update(surcharge_minor=501)),
    "a price is lower": ("widening", "base", lambda d: _options(d, "base", 1).update(surcharge_minor=499)),
    "the price of a group is higher": (
        "narrowing", "mark", lambda d: properties(d)["mark"]["x-price"].update(surcharge_minor=901),
    ),
    "a minimum is higher": ("narrowing", "shade", lambda d: _options(d, "shade", 1).update(moq=11)),
    "a minimum is lower": ("widening", "shade", lambda d: _options(d, "shade", 1).update(moq=9)),
    "a small lot can be paid for": (
        "widening", "shade", lambda d: _options(d, "shade", 1).update(premium_minor=300),
    ),
    "a combination needs more": (
        "narrowing", "base",
        lambda d: d.update({"x-minimums": {"combinations": [
            {"code": "dark", "label": words("Dark"), "when": {"base": ["steel"], "shade": [2]}, "moq": 30}
        ]}}),
    ),
    "a configuration needs more": (
        "narrowing", "", lambda d: d.update({"x-minimums": {"configuration": {"moq": 3}}}),
    ),
    "days are more": ("same", "shade", lambda d: _options(d, "shade", 1).update(lead_days=20)),
    "a certificate is another": ("same", "shade", lambda d: _options(d, "shade", 1).update(cert=["CE"])),
    "a rule is new": ("narrowing", "base", lambda d: d["allOf"].append(RULE)),
    "a rule is gone": ("widening", "shade", lambda d: d["allOf"].pop(0)),
    "a rule allows more": (
        "widening", "shade",
        lambda d: d["allOf"][0]["then"].update({"properties": {"watts": {"maximum": 20}}}),
    ),
    "a rule allows less": (
        "narrowing", "shade",
        lambda d: d["allOf"][0]["then"].update({"properties": {"watts": {"maximum": 10}}}),
    ),
    "only words are others": ("same", "base", lambda d: properties(d)["base"].update({"x-title": words("Foot")})),
    "the order is another": ("same", "", lambda d: d["x-order"].reverse()),
}  # fmt: skip


class TestOneChange:
    @pytest.mark.parametrize("name", CHANGES)
    def test_is_one_sentence_of_its_kind_in_both_languages(self, name):
        kind, path, change = CHANGES[name]
        found, changes = compared(change)
        rules = {"a required attribute is gone", "an optional attribute is gone", "an option is gone"}
        own = [each for each in changes if name not in rules or "rule" not in each[2]]
        assert (found, [each[:2] for each in own]) == (kind, [(kind, path)])
        with use_locale("zh_CN"):
            _, chinese = compared(change)
        for (_, _, english), (_, _, other) in zip(changes, chinese, strict=True):
            assert english != other and not {"{", "}"} & set(english + other)

    def test_says_what_costs_how_much(self):
        _, changes = compared(CHANGES["a price is higher"][2])
        assert changes[0][2] == (
            "“Base: Option steel” now adds CN¥5.01 to the price of a unit (before: CN¥5.00)."
        )

    def test_that_brings_an_option_with_rules_of_its_own_widens(self):
        kind, changes = compared(rubber)
        assert kind == "widening"
        assert [each[0] for each in changes] == ["widening", "same"]

    def test_of_nothing_is_nothing(self):
        assert compared(lambda d: None) == ("same", [])


class TestSeveralChanges:
    def test_are_as_sharp_as_the_sharpest(self):
        def much(document: Document) -> None:
            rubber(document)
            _options(document, "shade", 1).update(surcharge_minor=0)
            add(document, "plug", FLAG, required=True)

        kind, changes = compared(much)
        assert kind == "breaking"
        assert {each[0] for each in changes} == set(KINDS)


@pytest.mark.parametrize("name", ["keyboard", "earphones"])
def test_the_shipped_second_versions_say_what_they_changed(name):
    old, new = (parse_schema(evolved.shipped(name, version)) for version in (1, 2))
    found = compare(old, new)
    assert found.kind == "narrowing" and found.changes
    assert compare(new, new).changes == ()


def _broken_promise(old: Document, new: Document, answers: Document) -> bool:
    """Whether answers that were valid are not any more, or cost more."""
    before, after = compiled(old), compiled(new)
    if not before.accepts(answers):
        return False
    event("valid answers")
    cost = [sum(each.minor for each in surcharges(made.schema, answers)) for made in (before, after)]
    return not after.accepts(answers) or cost[1] > cost[0]


class TestAMildComparison:
    """`same` and `widening` promise: valid stays valid, at no higher price."""

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_is_right_for_every_answer_to_a_random_schema(self, data):
        old = data.draw(strategies.schemas().filter(lambda document: dialect.check(document) == []))
        self._holds(data, old)

    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_is_right_for_every_answer_to_the_lamp(self, data):
        self._holds(data, small())

    def _holds(self, data: st.DataObject, old: Document) -> None:
        new = data.draw(evolved.from_(old))
        parsed = parse_schema(old)
        if dialect.check(new) or compare(parsed, parse_schema(new)).kind not in ("same", "widening"):
            return
        event("mild")
        tried = data.draw(st.lists(strategies.answers_to(parsed), min_size=8, max_size=8))
        assert not any(_broken_promise(old, new, answers) for answers in tried)
