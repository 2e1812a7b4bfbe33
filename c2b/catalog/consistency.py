"""Whether a product schema of the right grammar makes sense: codes, bounds, patterns and rules fit each other.

Works on a document whose references are replaced. Each fault is (JSON pointer, sentence for the author).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import re2

from c2b.catalog.engine import compile_pattern
from c2b.kit.canonical import canonical_json

Fault = tuple[str, str]
#: So many ways to make one combination can still be searched for one that the rules allow.
MAX_COMBINED = 500
#: What RE2, the Rust engine, Python and ECMA-262 read differently: escaped letters and digits (\\d takes Arabic
#: digits in some), groups other than (?:…), counts other than {m}, {m,} and {m,n}, class arithmetic, odd classes.
_UNPORTABLE = re2.compile(
    r"\\[0-9A-Za-z]|\(\?[^:]|\{(?:[^0-9]|$)|\{[0-9]+[^0-9,}]|\{[0-9]+,[0-9]*[^0-9}]|\[\^?\]|\[\[|&&|--|~~|\[:"
)
_TYPES = {"string": str, "integer": int, "boolean": bool}


def faults(document: Mapping[str, Any]) -> Iterator[Fault]:
    """Everything in the document that contradicts itself."""
    yield from _names(document, "")
    for name, node in document["properties"].items():
        yield from _attribute(node, f"/properties/{name}")
    for number, rule in enumerate(document.get("allOf", ())):
        yield from _rule(rule, document, f"/allOf/{number}")
    yield from _minimums(document)


def _names(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    names = set(node["properties"])
    if set(node["x-order"]) != names:
        yield f"{where}/x-order", "must name every property exactly once"
    if not set(node.get("required", ())) <= names:
        yield f"{where}/required", "names something that is not a property"


def _attribute(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    if node["type"] == "object":
        yield from _names(node, where)
        for name, part in node["properties"].items():
            yield from _attribute(part, f"{where}/properties/{name}")
    yield from _premiums(node, where)
    if "x-options" in node:
        yield from _options(node, where)
        if "x-price" in node:
            yield f"{where}/x-price", "the options have prices already"
    yield from _bounds(node, where)
    if node["type"] == "string" and "maxLength" in node:
        yield from _text(node, where)


def _options(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    codes = node["items"]["enum"] if node["type"] == "array" else node["enum"]
    wanted = _TYPES["string" if node["type"] == "array" else node["type"]]
    if [option["code"] for option in node["x-options"]] != codes:
        yield f"{where}/x-options", "the codes must be those of enum, in the same order"
    if not all(type(code) is wanted for code in codes):
        yield f"{where}/enum", "the codes must have the declared type"
    if len({str(code) for code in codes}) != len(codes):
        yield f"{where}/enum", "two codes look the same in a form"
    if node.get("maxItems", 0) > len(codes):
        yield f"{where}/maxItems", "is more than there are options"


def _premiums(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    """A premium buys missing units off, where units can be missing: the grammar asks for `moq` beside it.

    Every unit has what the batch has, and parts of a group are not counted.
    """
    priced = [(node.get("x-price", {}), f"{where}/x-price")]
    priced += [
        (option, f"{where}/x-options/{number}") for number, option in enumerate(node.get("x-options", ()))
    ]
    for terms, place in priced:
        if "premium_minor" in terms and node.get("x-scope") not in ("variant", "unit"):
            yield (
                f"{place}/premium_minor",
                "only what members choose for themselves can be made in small lots",
            )
        elif "premium_minor" in terms and terms["moq"] < 2:
            yield f"{place}/premium_minor", "says nothing without a minimum"


def _minimums(document: Mapping[str, Any]) -> Iterator[Fault]:
    combinations = document.get("x-minimums", {}).get("combinations", ())
    where = "/x-minimums/combinations"
    if len({each["code"] for each in combinations}) != len(combinations):
        yield where, "two combinations have the same code"
    if len({canonical_json(_sorted(each["when"])) for each in combinations}) != len(combinations):
        yield where, "two combinations are the same options"
    for number, each in enumerate(combinations):
        yield from _combination(each["when"], document["properties"], f"{where}/{number}/when")


def _sorted(when: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: sorted(codes, key=str) for name, codes in when.items()}


def _combination(
    when: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]], where: str
) -> Iterator[Fault]:
    """Codes that exist, at least one of them a member's choice, and more than one option's own minimum."""
    for name, codes in when.items():
        node = properties.get(name, {})
        known = node.get("items", node).get("enum", ())
        if not {(type(code), code) for code in codes} <= {(type(code), code) for code in known}:
            yield f"{where}/{name}", "names options that are not there"
    if all(properties.get(name, {}).get("x-scope") == "batch" for name in when):
        yield where, "is the same for the whole batch: the threshold is its minimum"
    if len(when) == 1 and all(len(codes) == 1 for codes in when.values()):
        yield where, "is a single option: give the option this minimum"
    if prod(len(codes) for codes in when.values()) > MAX_COMBINED:
        yield where, f"stands for more than {MAX_COMBINED} combinations of options"


def _bounds(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if low in node and high in node and node[low] > node[high]:
            yield f"{where}/{low}", f"is larger than {high}"
    step = node.get("multipleOf", 1)
    if "minimum" in node and -(-node["minimum"] // step) * step > node["maximum"]:
        yield f"{where}/multipleOf", "leaves no number between the bounds"


def _text(node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    pattern = node.get("pattern")
    if pattern is None:
        return
    if not (pattern.startswith("^") and pattern.endswith("$")) or _alternates(pattern):
        yield f"{where}/pattern", "must describe the whole text: ^…$, alternatives inside (?:…)"
    if _UNPORTABLE.search(pattern):
        yield f"{where}/pattern", "means different things to different engines: spell the characters out"
    try:
        compiled = compile_pattern(pattern)
    except ValueError as error:
        yield f"{where}/pattern", f"cannot be matched in linear time: {error}"[:200]
        return
    example = node.get("x-example")
    if example is not None:
        fits = node.get("minLength", 0) <= len(example) <= node["maxLength"]
        if not fits or compiled.search(example) is None:
            yield f"{where}/x-example", "would itself be refused"


def _alternates(pattern: str) -> bool:
    """Whether a | stands outside every bracket, so that ^ and $ would hold for one side only."""
    depth, in_class, escaped = 0, False, False
    for char in pattern:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            return True
    return escaped or pattern.endswith("\\$")


def _rule(rule: Mapping[str, Any], document: Mapping[str, Any], where: str) -> Iterator[Fault]:
    conditions = rule["if"].get("properties", {})
    named = set(rule["if"]["required"])
    if not set(conditions) <= named:
        yield f"{where}/if/required", "must name every attribute that is tested: no answer matches any test"
    properties = document["properties"]
    for name in sorted(named | set(conditions)):
        if name not in properties:
            yield f"{where}/if", f"there is no attribute {name}"
        elif name in conditions:
            yield from _limit(conditions[name], properties[name], f"{where}/if/properties/{name}")
    for name in _demanded(rule["then"]):
        if name in named:
            yield f"{where}/then", f"asks something of {name}, which is a condition"
    yield from _consequence(rule["then"], document, f"{where}/then")


def _demanded(then: Mapping[str, Any]) -> list[str]:
    return [*then.get("required", ()), *then.get("properties", {})]


def _consequence(then: Mapping[str, Any], parent: Mapping[str, Any], where: str) -> Iterator[Fault]:
    for name in _demanded(then):
        if name not in parent["properties"]:
            yield where, f"there is no attribute {name}"
            return
    for name, limit in then.get("properties", {}).items():
        node = parent["properties"][name]
        here = f"{where}/properties/{name}"
        if limit is False:
            if name in parent.get("required", ()) or name in then.get("required", ()):
                yield here, "forbids what is required; forbid the options instead"
        elif "properties" in limit or "required" in limit:
            if node["type"] == "object":
                yield from _consequence(limit, node, here)
            else:
                yield here, "only a group has parts"
        else:
            yield from _limit(limit, node, here)


def _limit(limit: Mapping[str, Any], node: Mapping[str, Any], where: str) -> Iterator[Fault]:
    """A test compares with codes, with yes and no, or with whole numbers; of the rest only presence is known."""
    values = [*limit.get("enum", ()), *([limit["const"]] if "const" in limit else [])]
    bounded = "minimum" in limit or "maximum" in limit
    if "enum" in limit and "const" in limit:
        yield where, "enum or const, not both"
    if "enum" in node:
        known = {(type(code), code) for code in node["enum"]}
        if bounded or not all((type(value), value) in known for value in values):
            yield where, "an attribute with options is tested against its codes"
    elif node["type"] == "integer":
        if not all(type(value) is int for value in values):
            yield where, "a whole number is tested against whole numbers"
    elif node["type"] == "boolean":
        if bounded or not all(type(value) is bool for value in values):
            yield where, "yes or no is tested against true or false"
    else:
        yield where, "of this attribute a rule can only say that it is there or not"
