"""Answers and product schemas as Hypothesis draws them: right ones, nearly right ones, hostile ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from c2b.catalog.schema import SCOPES, Attribute, ProductSchema
from tests.catalog.samples import PICTURE, SMALL, option, words

_HARD_TEXT = st.text(max_size=30) | st.sampled_from(
    [
        "\ud800",
        "\x00",
        "\u202eabc",
        "ABC\n",
        "٣",
        "é",
        "e\u0301",
        "a" * 2_000,
        "__proto__",
        "constructor",
        "{x}",
        "%s",
    ]
)
_HARD_NUMBER = (
    st.integers() | st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([2**53, -(2**70), 1e308])
)

#: Anything a JSON parser, or a careless caller, can produce.
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _HARD_NUMBER | _HARD_TEXT | st.binary(max_size=4) | st.just(object()),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(_HARD_TEXT | st.integers() | st.none(), inner, max_size=5)
        | st.tuples(inner, inner)
    ),
    max_leaves=25,
)

_CLEAN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def _right(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Answers of the right kind; rules and patterns may still refuse them."""
    if attribute.kind == "choice":
        return st.sampled_from([each.code for each in attribute.options])
    if attribute.kind == "choices":
        codes = [each.code for each in attribute.options]
        return st.lists(st.sampled_from(codes), min_size=1, max_size=len(codes), unique=True)
    if attribute.kind == "flag":
        return st.booleans()
    if attribute.kind == "integer":
        low, high, step = attribute.minimum or 0, attribute.maximum or 0, attribute.step
        return st.integers(-(-low // step), high // step).map(lambda number: number * step)
    if attribute.kind == "group":
        return st.fixed_dictionaries({part.name: _right(part) for part in attribute.parts})
    simple = {"confirm": st.just(True), "image": st.just(PICTURE), "date": st.dates().map(str)}
    text = st.sampled_from(["Bo", "ABC", "2965 C", "李雷", "LAB-0042"]) | st.text(
        _CLEAN, min_size=1, max_size=24
    )
    return simple.get(attribute.kind, text)


def _nearly(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Mostly right, sometimes of the wrong kind."""
    wrong = anything | st.sampled_from([True, False, 0, 1, 1.0, "1", "", None, [], {}])
    return st.one_of(_right(attribute), _right(attribute), _right(attribute), wrong)


def answers_to(
    schema: ProductSchema, *, nearly: bool = False, scopes: tuple[str, ...] = SCOPES
) -> st.SearchStrategy[dict[str, Any]]:
    """Answers to a schema; optional attributes come and go. `nearly`: with mistakes and foreign keys."""
    kind = _nearly if nearly else _right
    attributes = schema.of_scope(*scopes)
    known = st.fixed_dictionaries(
        {each.name: kind(each) for each in attributes if each.required and not nearly},
        optional={each.name: kind(each) for each in attributes if nearly or not each.required},
    )
    if not nearly:
        return known
    foreign = st.dictionaries(_HARD_TEXT, anything, max_size=2)
    return st.builds(lambda right, wrong: {**wrong, **right}, known, st.just({}) | foreign)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """A product schema of choices, flags and numbers with random rules; the dialect may or may not want it."""
    names = [f"a{number}" for number in range(draw(st.integers(1, 6)))]
    properties = {name: draw(attribute()) for name in names}
    required = draw(st.lists(st.sampled_from(names), unique=True))
    rules = draw(st.lists(rule(names, properties, required), max_size=6)) if len(names) > 1 else []
    document = {
        "$schema": SMALL["$schema"],
        "x-title": words("Drawn"),
        "type": "object",
        "x-order": names,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {**document, "allOf": rules} if rules else document


@st.composite
def attribute(draw: st.DrawFn) -> dict[str, Any]:
    scope = draw(st.sampled_from(SCOPES))
    base = {"x-title": words("Drawn"), "x-scope": scope}
    kind = draw(st.sampled_from(["text choice", "number choice", "flag", "integer", "text", "choices"]))
    if kind == "flag":
        return {**base, "type": "boolean"}
    if kind == "integer":
        low = draw(st.integers(-20, 20))
        return {
            **base,
            "type": "integer",
            "minimum": low,
            "maximum": low + 10,
            "multipleOf": draw(st.integers(1, 3)),
        }
    if kind == "text":
        pattern = draw(
            st.sampled_from(["^[A-Z]{1,3}$", "^(?:a|b)+$", "^.*$", "^[^é ]*$", "^(a+)+$", "^\\.\\-?$"])
        )
        return {**base, "type": "string", "maxLength": 9, "pattern": pattern, "x-hint": words("Hint")}
    codes: list[Any] = ["x", "y", "z"][: draw(st.integers(1, 3))]
    if kind == "number choice":
        codes = [0, 1, 2][: len(codes)]
        return {**base, "type": "integer", "enum": codes, "x-options": [option(code) for code in codes]}
    if kind == "choices":
        items = {"type": "string", "enum": codes}
        limits = {"uniqueItems": True, "minItems": 1, "maxItems": len(codes)}
        return {
            **base,
            "type": "array",
            "items": items,
            **limits,
            "x-options": [option(code) for code in codes],
        }
    return {**base, "type": "string", "enum": codes, "x-options": [option(code) for code in codes]}


@st.composite
def rule(
    draw: st.DrawFn, names: list[str], properties: dict[str, Any], required: list[str]
) -> dict[str, Any]:
    one = draw(st.sampled_from(names))
    other = draw(st.sampled_from([name for name in names if name != one]))
    condition: dict[str, Any] = {"required": [one]}
    if _has_limits(properties[one]) and draw(st.booleans()):
        condition["properties"] = {one: draw(_limit(properties[one]))}
    then = [st.just({"required": [other]})]
    if other not in required:
        then.append(st.just({"properties": {other: False}}))
    if _has_limits(properties[other]):
        then.append(_limit(properties[other]).map(lambda limit: {"properties": {other: limit}}))
    return {"x-reason": words(f"{one} and {other}"), "if": condition, "then": draw(st.one_of(then))}


def _has_limits(node: dict[str, Any]) -> bool:
    return "enum" in node or node["type"] in ("boolean", "integer")


def _limit(node: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "enum" in node:
        some = st.lists(st.sampled_from(node["enum"]), min_size=1, unique=True)
        return st.sampled_from(node["enum"]).map(lambda code: {"const": code}) | some.map(
            lambda codes: {"enum": codes}
        )
    if node["type"] == "boolean":
        return st.booleans().map(lambda value: {"const": value})
    number = st.integers(-25, 35)
    return (
        number.map(lambda n: {"minimum": n})
        | number.map(lambda n: {"maximum": n})
        | number.map(lambda n: {"const": n})
    )
