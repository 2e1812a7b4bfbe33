"""The nearest answers that are right: as much as possible of what somebody chose, and no dearer where that can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from c2b.catalog.conditions import Answers
from c2b.catalog.schema import Attribute, ProductSchema
from c2b.catalog.search import Budget, SearchTooLarge, sample_of, witness
from c2b.catalog.validation import compiled, judge
from c2b.kit.errors import FieldError

#: So many ways to replace what is wrong are tried one by one, nearest first.
MAX_TRIES = 400
#: Steps of the search that takes over where replacing the wrong answers alone is not enough.
_STEPS = 20_000


def nearest(
    document: Mapping[str, Any], answers: Answers, *, fixed: Answers, prices: Mapping[str, int]
) -> dict[str, Any] | None:
    """Right answers beside the campaign's `fixed` ones; ``None`` where only a person can say (a text, a picture).

    `prices`: what each attribute added to a unit before, in minor units; options that add no more come first.
    """
    made = compiled(document)
    clean, faults = judge(document, answers=answers, fixed=fixed)
    if not faults:
        return clean
    own = {name: value for name, value in clean.items() if _open(made.schema, name, fixed)}
    wrong = _names(faults)
    for candidate in _replaced(made.schema, own, wrong, fixed, prices):
        if made.accepts({**candidate, **fixed}):
            return candidate
    return _searched(document, made.schema, own, wrong, fixed)


def _names(faults: Iterable[FieldError]) -> list[str]:
    paths = [path for fault in faults for path in (fault.path, *fault.params.get("related", ()))]
    return list(dict.fromkeys(path.partition(".")[0] for path in paths if path))


def _open(schema: ProductSchema, name: str, fixed: Answers) -> bool:
    attribute = schema.find(name)
    return attribute is not None and attribute.scope != "batch" and name not in fixed


def _replaced(
    schema: ProductSchema, own: Mapping[str, Any], wrong: list[str], fixed: Answers, prices: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    """Other answers in the place of the wrong ones, each in turn from the nearest on."""
    names = [name for name in wrong if _open(schema, name, fixed)]
    kept = {name: value for name, value in own.items() if name not in names}
    ways = [list(_ways(schema.attribute(name), own.get(name), prices.get(name, 0))) for name in names]
    for number, values in enumerate(product(*ways)):
        if number >= MAX_TRIES:
            return
        chosen = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        yield {**kept, **chosen}


def _ways(attribute: Attribute, before: Any, price: int) -> Iterator[Any]:
    """Answers to try, best first; ``None`` stands for leaving it out."""
    if before is not None:
        yield before
    if attribute.kind == "choice":
        ranked = sorted(
            attribute.options,
            key=lambda option: (
                option.terms.surcharge_minor > price,
                abs(option.terms.surcharge_minor - price),
            ),
        )
        yield from (option.code for option in ranked)
    elif attribute.kind == "choices" and isinstance(before, list):
        offered = [code for code in before if attribute.option(code)][: attribute.max_items]
        yield from ([offered] if offered else [])
    elif attribute.kind == "flag":
        yield from (False, True)
    elif attribute.kind == "confirm":
        yield True
    elif attribute.kind == "integer":
        yield from _numbers(attribute, before)
    if not attribute.required:
        yield None


def _numbers(attribute: Attribute, before: Any) -> Iterator[int]:
    low, high, step = attribute.minimum or 0, attribute.maximum or 0, attribute.step
    wanted = before if isinstance(before, int) and not isinstance(before, bool) else low
    inside = min(max(wanted, low), high)
    points = {inside // step * step, -(-inside // step) * step}
    yield from sorted((each for each in points if low <= each <= high), key=lambda each: abs(each - inside))


def _searched(
    document: Mapping[str, Any],
    schema: ProductSchema,
    own: Mapping[str, Any],
    wrong: list[str],
    fixed: Answers,
) -> dict[str, Any] | None:
    """Let everything go that a rule connects with what is wrong, and look for any answers that keep the rules."""
    touched = set(wrong)
    for rule in schema.rules:
        if touched & set(rule.attributes):
            touched |= set(rule.attributes)
    kept = {name: value for name, value in own.items() if name not in touched}
    simple = {name: value for name, value in kept.items() if not isinstance(value, dict)}
    try:
        found = witness(schema, fixed=fixed, chosen=simple, budget=Budget(_STEPS))
    except SearchTooLarge:
        return None
    if found is None:
        return None
    invented = {
        name: value
        for name, value in found.items()
        if _open(schema, name, fixed) and name not in kept and value != sample_of(schema.attribute(name))
    }
    candidate = {**invented, **kept}
    for name in sorted(schema.names("variant", "unit") - candidate.keys() - fixed.keys()):
        attribute = schema.attribute(name)
        if attribute.required and (value := next(_ways(attribute, None, 0), None)) is not None:
            candidate[name] = value
    return candidate if not judge(document, answers=candidate, fixed=fixed)[1] else None
