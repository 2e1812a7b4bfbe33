"""Whether a document may be a product schema: the meta-schema, and what JSON Schema cannot say about itself.

Manufacturers write these documents, members answer them: both may be hostile. A document that passes here is
small, closed, reaches nothing outside itself, has no cycles, and validates any answers in bounded time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from c2b.catalog import consistency
from c2b.catalog.engine import safe_validator
from c2b.catalog.explain import Forbidden, SearchTooLarge, can_be_made, impossible
from c2b.catalog.schema import parse_schema, resolve
from c2b.config import ROOT
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import Invalid
from c2b.kit.i18n import N_

MAX_BYTES = 32 * 1024
MAX_DEPTH = 12
MAX_NODES = 2_000
MAX_PROBLEMS = 50


@dataclass(frozen=True)
class Problem:
    """One reason to refuse a product schema: a JSON pointer and an English sentence for its author."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where or '/'}: {self.message}"


class Refused(Invalid):
    """A document that is not a product schema; `problems` says why, in full."""

    code = "schema_refused"
    message = N_("This document cannot be a product schema: {reason}")

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(reason="; ".join(map(str, problems[:3]))[:500])


def check(document: object) -> list[Problem]:
    """Everything that keeps `document` from being a product schema, at most 50 problems; empty when it may be."""
    problems = list(_size(document))
    if problems or not isinstance(document, dict):
        return problems
    for step in (_grammar, _references, _resolved_grammar, _consistency):
        problems = list(step(document))
        if problems:
            return problems[:MAX_PROBLEMS]
    return []


def ensure(document: object) -> Mapping[str, Any]:
    """The document, if it may be published: `check`, and every option can be chosen. Raises `Refused`."""
    problems = check(document)
    if not problems and isinstance(document, dict):
        problems = unreachable(document)
    if problems or not isinstance(document, dict):
        raise Refused(problems)
    return document


def unreachable(document: Mapping[str, Any]) -> list[Problem]:
    """What no complete answers to a document that passed `check` can ever contain."""
    schema = parse_schema(document)
    try:
        dead = impossible(schema, fixed=None)
        unmade = [each for each in schema.minimums.combinations if not can_be_made(schema, each)]
    except SearchTooLarge:
        return [Problem("/allOf", "the rules are too entangled to tell which options can be chosen")]
    return [
        Problem(f"/properties/{each.path}", f"{_choice(each)} can never be chosen: {each.reason['en']}"[:300])
        for each in dead.values()
    ] + [
        Problem("/x-minimums/combinations", f"the combination {each.code} can never be chosen")
        for each in unmade
    ]


def _choice(dead: Forbidden) -> str:
    return "it" if dead.code is None else f"the option {dead.code}"


def _size(document: object) -> Iterator[Problem]:
    """Bounds before anything recursive looks at the document: depth, bytes, exact numbers, honest text."""
    if not isinstance(document, dict):
        yield Problem("", "a product schema is an object")
        return
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if len(level) > MAX_BYTES:
            yield Problem("", f"larger than {MAX_BYTES} bytes")
            return
    if any(isinstance(node, dict | list) for node in level):
        yield Problem("", f"nested deeper than {MAX_DEPTH}")
        return
    try:
        size = len(canonical_json(document))
    except ValueError as error:
        yield Problem("", f"not canonical JSON: {error}")
        return
    if size > MAX_BYTES:
        yield Problem("", f"larger than {MAX_BYTES} bytes")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _grammar(document: dict[str, Any]) -> Iterator[Problem]:
    """The closed list of keywords. Messages of jsonschema are for programmers, and so is this reader."""
    for error in _meta_validator().iter_errors(document):
        where = "".join(f"/{part}" for part in error.absolute_path)
        yield Problem(where[:200], error.message[:200])


@cache
def _meta_validator() -> Any:
    return safe_validator(json.loads((ROOT / "schemas/meta/product.schema.json").read_text("utf-8")))


def _references(document: dict[str, Any]) -> Iterator[Problem]:
    """Every `$ref` has a target and none leads back to itself; all of them expanded stay small."""
    definitions = document.get("$defs", {})
    if missing := {name for name in _targets(document) if name not in definitions}:
        yield Problem("/$defs", f"no such definition: {', '.join(sorted(missing))[:200]}")
        return
    sizes: dict[str, int] = {}
    for name in definitions:
        if _expanded(definitions[name], definitions, sizes, (name,)) is None:
            yield Problem(f"/$defs/{name}", "refers to itself")
            return
    body = {key: value for key, value in document.items() if key != "$defs"}
    nodes = _expanded(body, definitions, sizes, ())
    if nodes is None or nodes > MAX_NODES:
        yield Problem("", f"more than {MAX_NODES} nodes once its references are expanded")


def _targets(node: Any) -> Iterator[str]:
    """Names behind `$ref`. The grammar has let `$ref` stand only where a schema may, and only as a local name."""
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"].removeprefix("#/$defs/")
    for child in _children(node):
        yield from _targets(child)


def _expanded(
    node: Any, definitions: Mapping[str, Any], sizes: dict[str, int], path: tuple[str, ...]
) -> int | None:
    """How many objects and lists a node has, each reference counted as often as it is used; None for a cycle.

    Annotations (x-…) are not counted: validation never walks them. Each definition is measured once.
    """
    if not isinstance(node, dict | list):
        return 0
    total = 1
    children = (
        [value for key, value in node.items() if not key.startswith("x-")] if isinstance(node, dict) else node
    )
    for child in children:
        inner = _expanded(child, definitions, sizes, path)
        if inner is None:
            return None
        total += inner
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        name = node["$ref"].removeprefix("#/$defs/")
        if name in path:
            return None
        if name not in sizes:
            measured = _expanded(definitions[name], definitions, sizes, (*path, name))
            if measured is None:
                return None
            sizes[name] = measured
        total += sizes[name]
    return total


def _resolved_grammar(document: dict[str, Any]) -> Iterator[Problem]:
    """The same grammar once more with the references replaced: what is asked must be complete where it is asked."""
    if "$defs" in document:
        yield from _grammar(expanded(document))


def _consistency(document: dict[str, Any]) -> Iterator[Problem]:
    for where, message in consistency.faults(expanded(document)):
        yield Problem(where, message)


def expanded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with every reference replaced by its definition, and no definitions left."""
    definitions = document.get("$defs", {})
    whole = {key: value for key, value in document.items() if key != "$defs"}
    whole["properties"] = {name: _inline(node, definitions) for name, node in document["properties"].items()}
    return whole


def _inline(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    node = dict(resolve(node, definitions))
    if isinstance(node.get("properties"), dict):
        node["properties"] = {name: _inline(part, definitions) for name, part in node["properties"].items()}
    return node
