"""A product schema as values: attributes, options, and rules between them.

Read from the JSON Schema document that `dialect` has let in; nothing here checks it again. Everything else of
this package (form, price, configuration, explanation) derives from these values, so that the document stays the
only place where a product is described.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from c2b.catalog.terms import NO_TERMS, Code, Combination, Minimums, Terms, Words, read_minimums, read_terms
from c2b.kit.canonical import digest

__all__ = [
    "SCOPES",
    "Attribute",
    "Code",
    "Combination",
    "Demand",
    "Hashed",
    "Minimums",
    "Option",
    "ProductSchema",
    "Rule",
    "Terms",
    "Test",
    "Words",
    "parse_schema",
    "resolve",
    "same",
]

SCOPES = ("batch", "variant", "unit")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice of an attribute. `swatch` is "#rrggbb" or nothing."""

    code: Code
    label: Words
    terms: Terms = NO_TERMS
    swatch: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One question of a product schema, or one part of a group such as an engraving.

    `kind` is choice (one option), choices (several), flag (yes or no), confirm (must be yes), integer, text, date,
    image (the SHA-256 of an uploaded picture) or group (an object of `parts`). `path` is dotted for a part.
    """

    path: str
    title: Words
    scope: str
    kind: str
    required: bool
    help: Words | None = None
    hint: Words | None = None
    example: str = ""
    unit: Words | None = None
    options: tuple[Option, ...] = ()
    terms: Terms = NO_TERMS
    minimum: int | None = None
    maximum: int | None = None
    step: int = 1
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None
    min_items: int = 0
    max_items: int | None = None
    parts: tuple[Attribute, ...] = ()

    @cached_property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def option(self, code: object) -> Option | None:
        """The option with exactly this code (1 is not True, "16" is not 16), or None."""
        return next((each for each in self.options if same(each.code, code)), None)


@dataclass(frozen=True)
class Test:
    """One condition on one attribute that has an answer. No `allowed` and no bounds: any answer will do."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    path: str
    allowed: tuple[Any, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class Demand:
    """What a rule asks of one attribute: `needed`, `forbidden`, or `limited` to what `test` lets through."""

    path: str
    kind: str
    test: Test


@dataclass(frozen=True)
class Rule:
    """If every test of `when` holds, every demand of `then` must be met; `reason` says what to change."""

    number: int
    when: tuple[Test, ...]
    then: tuple[Demand, ...]
    reason: Words

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes this rule connects, each once, conditions first."""
        paths = [test.path for test in self.when] + [demand.path for demand in self.then]
        return tuple(dict.fromkeys(path.partition(".")[0] for path in paths))


@dataclass(frozen=True)
class ProductSchema:
    """One version of a product schema. Equal digests are equal schemas."""

    title: Words
    help: Words | None
    attributes: tuple[Attribute, ...]
    rules: tuple[Rule, ...]
    minimums: Minimums
    digest: str
    _by_path: Mapping[str, Attribute] = field(repr=False, compare=False)

    def find(self, path: str) -> Attribute | None:
        """The attribute ("switch") or part ("engraving.font") at a dotted path."""
        return self._by_path.get(path)

    def attribute(self, path: str) -> Attribute:
        """As `find`. Raises KeyError when there is none."""
        return self._by_path[path]

    def of_scope(self, *scopes: str) -> tuple[Attribute, ...]:
        """The attributes of these scopes, in the order of the form."""
        return tuple(each for each in self.attributes if each.scope in scopes)

    def names(self, *scopes: str) -> frozenset[str]:
        return frozenset(each.name for each in self.of_scope(*scopes))

    def part(self, answers: Mapping[str, Any], *scopes: str) -> dict[str, Any]:
        """The answers of these scopes, in the order of the form; several choices are a set and are ordered too."""
        part = {}
        for attribute in self.of_scope(*scopes):
            if attribute.name in answers:
                answer = answers[attribute.name]
                if attribute.kind == "choices":
                    answer = [option.code for option in attribute.options if option.code in answer]
                part[attribute.name] = answer
        return part


@dataclass(frozen=True)
class Hashed:
    """A schema that a cache can hold: equal digests are equal schemas."""

    schema: ProductSchema

    def __hash__(self) -> int:
        return hash(self.schema.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hashed) and self.schema.digest == other.schema.digest


def same(left: object, right: object) -> bool:
    """Equality as JSON has it: true is not 1. (Whole floats never get this far.)"""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def parse_schema(document: Mapping[str, Any]) -> ProductSchema:
    """Read a document that passed `dialect.check`. Raises KeyError for one that would not have passed."""
    definitions = document.get("$defs", {})
    attributes = tuple(_attributes(document, definitions, prefix="", scope=None))
    by_path = {each.path: each for parent in attributes for each in (parent, *parent.parts)}
    order = {path: position for position, path in enumerate(by_path)}
    rules = tuple(_rule(number, each, order) for number, each in enumerate(document.get("allOf", ())))
    help_text = document.get("x-help")
    return ProductSchema(
        title=Words(document["x-title"]),
        help=Words(help_text) if help_text else None,
        attributes=attributes,
        rules=rules,
        minimums=read_minimums(document.get("x-minimums", {})),
        digest=digest(document),
        _by_path=by_path,
    )


def resolve(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node with its `$ref` replaced by the definition; the dialect allows only annotations beside a `$ref`."""
    while "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _attributes(
    node: Mapping[str, Any], definitions: Mapping[str, Any], *, prefix: str, scope: str | None
) -> Iterator[Attribute]:
    """In the order of `x-order`: JSON objects have none, and databases do not keep it."""
    for name in node["x-order"]:
        spec = resolve(node["properties"][name], definitions)
        yield _attribute(
            spec, definitions, path=prefix + name, scope=scope, required=name in node.get("required", ())
        )


def _attribute(
    spec: Mapping[str, Any], definitions: Mapping[str, Any], *, path: str, scope: str | None, required: bool
) -> Attribute:
    scope = scope or spec["x-scope"]
    kind = _kind(spec)
    parts = tuple(_attributes(spec, definitions, prefix=f"{path}.", scope=scope)) if kind == "group" else ()
    return Attribute(
        path=path,
        title=Words(spec["x-title"]),
        scope=scope,
        kind=kind,
        required=required,
        help=Words(spec["x-help"]) if "x-help" in spec else None,
        hint=Words(spec["x-hint"]) if "x-hint" in spec else None,
        example=spec.get("x-example", ""),
        unit=Words(spec["x-unit"]) if "x-unit" in spec else None,
        options=tuple(_option(each) for each in spec.get("x-options", ())),
        terms=read_terms(spec.get("x-price", {})),
        minimum=spec.get("minimum"),
        maximum=spec.get("maximum"),
        step=spec.get("multipleOf", 1),
        min_length=spec.get("minLength", 0),
        max_length=spec.get("maxLength"),
        pattern=spec.get("pattern"),
        min_items=spec.get("minItems", 0),
        max_items=spec.get("maxItems"),
        parts=parts,
    )


def _kind(spec: Mapping[str, Any]) -> str:
    if "enum" in spec:
        return "choice"
    if spec["type"] == "boolean":
        return "confirm" if "const" in spec else "flag"
    if spec["type"] == "string":
        return {"sha256": "image", "date": "date"}.get(spec.get("format", ""), "text")
    return {"array": "choices", "object": "group"}.get(spec["type"], spec["type"])


def _option(spec: Mapping[str, Any]) -> Option:
    return Option(
        code=spec["code"], label=Words(spec["label"]), terms=read_terms(spec), swatch=spec.get("swatch")
    )


def _rule(number: int, node: Mapping[str, Any], order: Mapping[str, int]) -> Rule:
    condition = node["if"]
    tests = condition.get("properties", {})
    when = tuple(_test(name, tests.get(name, {})) for name in condition["required"])
    then = sorted(_demands(node["then"], prefix=""), key=lambda demand: order[demand.path])
    return Rule(number=number, when=when, then=tuple(then), reason=Words(node["x-reason"]))


def _demands(node: Mapping[str, Any], *, prefix: str) -> Iterator[Demand]:
    for name in node.get("required", ()):
        yield Demand(prefix + name, "needed", Test(prefix + name))
    for name, limit in node.get("properties", {}).items():
        path = prefix + name
        if limit is False:
            yield Demand(path, "forbidden", Test(path))
        elif "properties" in limit or "required" in limit:
            yield from _demands(limit, prefix=f"{path}.")
        else:
            yield Demand(path, "limited", _test(path, limit))


def _test(path: str, limit: Mapping[str, Any]) -> Test:
    allowed = limit["enum"] if "enum" in limit else [limit["const"]] if "const" in limit else None
    return Test(path, None if allowed is None else tuple(allowed), limit.get("minimum"), limit.get("maximum"))
