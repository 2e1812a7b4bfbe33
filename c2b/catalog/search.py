"""Whether some choice of everything else allows a choice: the search behind `explain`.

The search: attributes that rules mention are variables, their options (and "left out") the values. One is chosen
at a time; a rule with one undecided attribute left takes away the values it refuses, which may decide the next.
Numbers are tried at the values where some rule or bound changes its mind. Schemas are small, and a budget of
steps ends the search of one that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from c2b.catalog.conditions import MISSING, Answers, broken
from c2b.catalog.schema import Attribute, Code, ProductSchema, Rule, Test

#: Values tried before a search, or one set of related searches, gives up.
MAX_STEPS = 50_000
_SAMPLE = "sample"  # stands for a text or a picture: rules know only whether it is there


class SearchTooLarge(RuntimeError):
    """The rules of a schema are too entangled to tell what is possible."""


class Budget:
    """Steps left for one question, however many searches it takes to answer it."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.steps = steps

    def spend(self, steps: int) -> None:
        """Raises `SearchTooLarge` when nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise SearchTooLarge


def witness(
    schema: ProductSchema,
    *,
    fixed: Answers | None = None,
    chosen: Mapping[str, Any] | None = None,
    budget: Budget | None = None,
) -> dict[str, Any] | None:
    """Answers to the attributes that rules mention which keep every rule, or None when there are none.

    `chosen` maps paths to the value they must have (MISSING: left out). Raises `SearchTooLarge`.
    """
    return _search(_domains(schema, fixed, chosen or {}), schema.rules, budget or Budget())


def blocking_rules(
    schema: ProductSchema, *, fixed: Answers | None, chosen: Mapping[str, Any], budget: Budget | None = None
) -> list[Rule]:
    """A set of rules that together leave no answer and of which none can be spared; empty when there is one.

    Raises `SearchTooLarge`.
    """
    budget = budget or Budget()
    domains = _domains(schema, fixed, chosen)
    core = list(schema.rules)
    if _search(domains, core, budget) is not None:
        return []
    for rule in schema.rules:
        rest = [each for each in core if each is not rule]
        if _search(domains, rest, budget) is None:
            core = rest
    return core


def choices_of(attribute: Attribute) -> list[tuple[Code | None, Any]]:
    """(code, value) of every answer a rule could tell apart; for numbers none, for texts and groups a sample."""
    if attribute.kind == "choice":
        return [(option.code, option.code) for option in attribute.options]
    if attribute.kind == "flag":
        return [(True, True), (False, False)]
    if attribute.kind == "integer":
        return []
    return [(None, sample_of(attribute))]


def _domains(schema: ProductSchema, fixed: Answers | None, chosen: Mapping[str, Any]) -> dict[str, list[Any]]:
    domains = {}
    for rule in schema.rules:
        for name in rule.attributes:
            if name not in domains:
                domains[name] = _domain(schema, schema.attribute(name), fixed, chosen)
    return domains


def _domain(
    schema: ProductSchema, attribute: Attribute, fixed: Answers | None, chosen: Mapping[str, Any]
) -> list[Any]:
    name = attribute.name
    if fixed is not None and (name in fixed or attribute.scope == "batch"):
        return [fixed.get(name, MISSING)]
    if name in chosen and attribute.kind != "group":
        return [chosen[name]]
    values = [MISSING] if not attribute.required else []
    if attribute.kind == "integer":
        values += _turning_points(schema, attribute)
    elif attribute.kind == "group":
        values += _groups(attribute)
    else:
        values += [value for _, value in choices_of(attribute)]
    return [each for each in values if _agrees(each, name, chosen)]


def _agrees(value: Any, name: str, chosen: Mapping[str, Any]) -> bool:
    """Whether a value of a group attribute has the chosen parts, or is there at all when it was chosen."""
    if name in chosen:
        return (value is MISSING) == (chosen[name] is MISSING)
    parts = {path.partition(".")[2]: each for path, each in chosen.items() if path.startswith(f"{name}.")}
    if not parts:
        return True
    return isinstance(value, dict) and all(value.get(part, MISSING) == each for part, each in parts.items())


def _groups(attribute: Attribute) -> list[dict[str, Any]]:
    """Every combination of the parts with few answers; the other parts hold a sample."""
    domains = []
    for part in attribute.parts:
        values = [value for _, value in choices_of(part)] or [part.minimum]
        domains.append(values if part.required else [*values, MISSING])
    names = [part.name for part in attribute.parts]
    combinations = (dict(zip(names, values, strict=True)) for values in product(*domains))
    return [{name: each for name, each in group.items() if each is not MISSING} for group in combinations]


def _turning_points(schema: ProductSchema, attribute: Attribute) -> list[int]:
    low, high = attribute.minimum or 0, attribute.maximum or 0
    points = {low, high}
    for test in _tests(schema.rules, attribute.path):
        bounds = [each for each in (test.minimum, test.maximum) if each is not None]
        for number in [*(test.allowed or ()), *bounds]:
            points |= {number - attribute.step, number, number + attribute.step}
    step = attribute.step
    rounded = {number // step * step for number in points} | {-(-number // step) * step for number in points}
    return sorted(number for number in rounded if low <= number <= high)


def _tests(rules: Iterable[Rule], path: str) -> Iterator[Test]:
    for rule in rules:
        yield from (test for test in rule.when if test.path == path)
        yield from (demand.test for demand in rule.then if demand.path == path)


def sample_of(attribute: Attribute) -> Any:
    """Something that stands for an answer whose content no rule looks at."""
    if attribute.kind == "group":
        return {
            part.name: choices_of(part)[0][1] if choices_of(part) else part.minimum
            for part in attribute.parts
        }
    if attribute.kind == "choices":
        return [attribute.options[0].code]
    return True if attribute.kind == "confirm" else _SAMPLE


def _search(domains: Mapping[str, list[Any]], rules: Iterable[Rule], budget: Budget) -> dict[str, Any] | None:
    """Depth first, the attribute with the fewest values left first; what follows from a choice is drawn at once."""
    touching: dict[str, list[Rule]] = {name: [] for name in domains}
    for rule in rules:
        for name in rule.attributes:
            touching[name].append(rule)
    if not all(domains.values()):
        return None
    return _complete(dict(domains), list(rules), touching, budget)


def _complete(
    domains: dict[str, list[Any]], due: list[Rule], touching: Mapping[str, list[Rule]], budget: Budget
) -> dict[str, Any] | None:
    if not _narrowed(domains, due, touching, budget):
        return None
    undecided = [name for name in domains if len(domains[name]) > 1]
    if not undecided:
        return {name: values[0] for name, values in domains.items() if values[0] is not MISSING}
    name = min(undecided, key=lambda each: len(domains[each]))
    for value in domains[name]:
        found = _complete({**domains, name: [value]}, list(touching[name]), touching, budget)
        if found is not None:
            return found
    return None


def _narrowed(
    domains: dict[str, list[Any]], due: list[Rule], touching: Mapping[str, list[Rule]], budget: Budget
) -> bool:
    """Take away, in place, the values that a rule refuses once only one of its attributes is undecided."""
    while due:
        rule = due.pop()
        names = rule.attributes
        undecided = [name for name in names if len(domains[name]) > 1]
        if len(undecided) > 1:
            continue
        name = undecided[0] if undecided else names[-1]
        known = {each: domains[each][0] for each in names if each != name and domains[each][0] is not MISSING}
        budget.spend(len(domains[name]))
        kept = [value for value in domains[name] if not broken(rule, _extended(known, name, value))]
        if not kept:
            return False
        if len(kept) == 1 < len(domains[name]):
            due += touching[name]
        domains[name] = kept
    return True


def _extended(known: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return known if value is MISSING else {**known, name: value}
