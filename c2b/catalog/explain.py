"""Why an option cannot be chosen: which are refused at present, because of what, and whether that can change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

from c2b.catalog.conditions import MISSING, Answers, answer_at, applies, broken, conditional_names
from c2b.catalog.schema import SCOPES, Attribute, Code, Combination, Hashed, ProductSchema, Rule, Words, same
from c2b.catalog.search import Budget, SearchTooLarge, blocking_rules, choices_of, sample_of, witness


@dataclass(frozen=True)
class Forbidden:
    """A choice that the rules refuse at present. `code` None means that the attribute must be left out.

    `final` is true when nothing the reader may change would allow it; otherwise one of `because` can be changed.
    """

    path: str
    code: Code | None
    reason: Words
    because: tuple[str, ...]
    final: bool


Key = tuple[str, Code | None]

__all__ = [
    "Forbidden",
    "Key",
    "SearchTooLarge",
    "blocking_rules",
    "can_be_made",
    "forbidden",
    "forbidden_in_all",
    "impossible",
    "needed",
    "witness",
]


def forbidden(
    schema: ProductSchema, *, fixed: Answers | None, answers: Answers, scopes: Sequence[str]
) -> dict[Key, Forbidden]:
    """Every choice of these scopes that is refused beside the fixed and the present answers.

    `fixed` are the campaign's batch answers, None while nothing is fixed. Raises `SearchTooLarge`.
    """
    found = dict(impossible(schema, fixed=fixed))
    present = {**answers, **(fixed or {})}
    open_names = {name for name in schema.names(*scopes) if name not in (fixed or {})}
    for attribute, path, code, value in _choices(schema, scopes):
        if (path, code) not in found and attribute.name in open_names:
            conflict = _conflict(schema, present, path, value, open_names)
            if conflict is not None:
                because = tuple(name for name in conflict.attributes if name != attribute.name)
                found[path, code] = Forbidden(path, code, conflict.reason, because, final=False)
    return {key: each for key, each in found.items() if key[0].partition(".")[0] in open_names}


def forbidden_in_all(
    schema: ProductSchema, *, batches: Sequence[Answers], answers: Answers, scopes: Sequence[str]
) -> dict[Key, Forbidden]:
    """As `forbidden`, while the batch is still open: every choice that no outcome allows beside the present answers.

    `batches` are all batch answers that may come out, at least one. Outcomes that the present answers rule out do not
    count, unless that leaves none; a choice refused for that reason alone is not refused for good.
    """
    each = [forbidden(schema, fixed=batch, answers=answers, scopes=scopes) for batch in batches]
    if len(each) == 1:
        return each[0]
    present = [
        (path, code)
        for _, path, code, value in _choices(schema, scopes)
        if _is_answered(answer_at(answers, path), code, value)
    ]
    fitting = [found for found in each if not any(key in found for key in present)] or each
    common = [key for key in fitting[0] if all(key in found for found in fitting)]
    return {
        key: fitting[0][key] if all(key in found for found in each) else replace(fitting[0][key], final=False)
        for key in common
    }


def _is_answered(answer: Any, code: Code | None, value: Any) -> bool:
    return answer is not MISSING and (code is None or same(answer, value))


def needed(schema: ProductSchema, answers: Answers) -> dict[str, Rule]:
    """Paths that a rule asks for beside these answers, with the rule."""
    return {
        demand.path: rule
        for rule in schema.rules
        if applies(rule, answers)
        for demand in rule.then
        if demand.kind == "needed"
    }


def impossible(schema: ProductSchema, *, fixed: Answers | None) -> Mapping[Key, Forbidden]:
    """The choices that no completion of `fixed` contains, each with the rule that is in the way."""
    frozen = (
        None
        if fixed is None
        else tuple(sorted(((key, _frozen(each)) for key, each in fixed.items()), key=repr))
    )
    return _impossible(Hashed(schema), frozen)


def can_be_made(schema: ProductSchema, combination: Combination) -> bool:
    """Whether some complete answers have one of the codes of each attribute. Raises `SearchTooLarge`."""
    budget = Budget()
    names = [name for name, _ in combination.when]
    for codes in product(*(codes for _, codes in combination.when)):
        chosen = {
            name: [code] if schema.attribute(name).kind == "choices" else code
            for name, code in zip(names, codes, strict=True)
        }
        if witness(schema, chosen=chosen, budget=budget) is not None:
            return True
    return False


@lru_cache(maxsize=512)
def _impossible(hashed: Hashed, frozen: tuple[tuple[str, Any], ...] | None) -> Mapping[Key, Forbidden]:
    schema = hashed.schema
    fixed = None if frozen is None else {key: _thawed(each) for key, each in frozen}
    budget = Budget()
    found: dict[Key, Forbidden] = {}
    for attribute, path, code, value in _choices(schema, SCOPES):
        chosen = {path: value}
        settled = attribute.name in (fixed or {}) or (fixed is not None and attribute.scope == "batch")
        if settled or witness(schema, fixed=fixed, chosen=chosen, budget=budget) is not None:
            continue
        core = blocking_rules(schema, fixed=fixed, chosen=chosen, budget=budget)
        rule = next((each for each in core if attribute.name in each.attributes), None)
        if rule is not None:
            because = tuple(name for name in rule.attributes if name != attribute.name)
            found[path, code] = Forbidden(path, code, rule.reason, because, final=True)
    return found


def _choices(
    schema: ProductSchema, scopes: Sequence[str]
) -> Iterator[tuple[Attribute, str, Code | None, Any]]:
    """Every choice a rule could refuse: (attribute, path, code, value)."""
    mentioned = {path for rule in schema.rules for path in _paths(rule)}
    for attribute in schema.of_scope(*scopes):
        for each in (attribute, *attribute.parts):
            if each.path in mentioned:
                yield from ((attribute, each.path, code, value) for code, value in choices_of(each))


def _paths(rule: Rule) -> list[str]:
    return [test.path for test in rule.when] + [demand.path for demand in rule.then]


def _conflict(
    schema: ProductSchema, present: Answers, path: str, value: Any, open_names: set[str]
) -> Rule | None:
    """The first rule that this choice would break beside the present answers; what is still open may be answered."""
    trial = _with(schema, present, path, value)
    conditional = conditional_names(schema)
    for rule in schema.rules:
        if path not in _paths(rule) and path.partition(".")[0] not in _paths(rule):
            continue
        as_condition = any(test.path == path for test in rule.when)
        for demand in broken(rule, trial):
            on_this = demand.path == path
            still_open = demand.kind == "needed" and demand.path.partition(".")[0] in open_names
            leftover = demand.kind == "forbidden" and demand.path in conditional and not on_this
            if (as_condition or on_this) and not still_open and not leftover:
                return rule
    return None


def _with(schema: ProductSchema, present: Answers, path: str, value: Any) -> dict[str, Any]:
    name, _, part = path.partition(".")
    if not part:
        return {**present, name: value}
    group = present.get(name)
    group = group if isinstance(group, dict) else sample_of(schema.attribute(name))
    return {**present, name: {**group, part: value}}


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return ("dict", tuple(sorted((key, _frozen(each)) for key, each in value.items())))
    if isinstance(value, list):
        return ("list", tuple(_frozen(each) for each in value))
    return (type(value).__name__, value)


def _thawed(value: Any) -> Any:
    kind, inner = value
    if kind == "dict":
        return {key: _thawed(each) for key, each in inner}
    return [_thawed(each) for each in inner] if kind == "list" else inner
