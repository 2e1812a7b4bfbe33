"""Which rules hold for some answers: the small part of JSON Schema that rules are written in, read directly.

`validation` lets jsonschema decide whether answers are right; this module lets the rest of the package ask a
single rule about a single answer, thousands of times in a search. Tests hold the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from c2b.catalog.schema import Demand, ProductSchema, Rule, Test, same

Answers = Mapping[str, Any]

#: Stands for "no answer", which is different from the answer null.
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__bool__": lambda _: False})()


def answer_at(answers: Answers, path: str) -> Any:
    """The answer at a dotted path, or MISSING."""
    name, _, part = path.partition(".")
    value = answers.get(name, MISSING)
    if part and value is not MISSING:
        return value.get(part, MISSING) if isinstance(value, dict) else MISSING
    return value


def applies(rule: Rule, answers: Answers) -> bool:
    """Whether every condition of the rule holds."""
    for test in rule.when:
        value = answer_at(answers, test.path)
        if value is MISSING or not passes(test, value):
            return False
    return True


def broken(rule: Rule, answers: Answers) -> tuple[Demand, ...]:
    """The demands of a rule that these answers do not meet; empty when it does not apply."""
    if not applies(rule, answers):
        return ()
    return tuple(each for each in rule.then if not meets(each, answers))


def meets(demand: Demand, answers: Answers) -> bool:
    """Whether one demand is met. Demands on the parts of a group that is absent are met."""
    parent, _, part = demand.path.partition(".")
    if part and not isinstance(answers.get(parent), dict):
        return True
    value = answer_at(answers, demand.path)
    if demand.kind == "needed":
        return value is not MISSING
    if value is MISSING:
        return True
    return demand.kind != "forbidden" and passes(demand.test, value)


def passes(test: Test, value: Any) -> bool:
    """Whether an answer is among the allowed and within the bounds (bounds say nothing about other types)."""
    if test.allowed is not None and not any(same(each, value) for each in test.allowed):
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        below = test.minimum is not None and value < test.minimum
        above = test.maximum is not None and value > test.maximum
        return not (below or above)
    return True


def conditional_names(schema: ProductSchema) -> frozenset[str]:
    """Attributes that some rule asks for: where another rule forbids them, an answer is a leftover, not a wish."""
    return frozenset(each.path for rule in schema.rules for each in rule.then if each.kind == "needed")


def without_pointless(
    schema: ProductSchema, answers: Answers, names: frozenset[str], *, beside: Answers | None = None
) -> dict[str, Any]:
    """`answers` without those of `names` that rules ask for in one case and forbid in the present one.

    `beside`: other answers that decide which rules apply.
    """
    kept = dict(answers)
    conditional = conditional_names(schema) & names
    for rule in schema.rules:
        pointless = {each.path for each in rule.then if each.kind == "forbidden"} & conditional
        if pointless and applies(rule, {**(beside or {}), **kept}):
            kept = {name: each for name, each in kept.items() if name not in pointless}
    return kept
