"""The API's document made ready to be read: sections, operations and their fields, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from c2b.config import settings
from c2b.kit.i18n import use_locale
from c2b.kit.templating import render
from c2b.web.api import openapi
from c2b.web.api.routing import V1

Json = dict[str, Any]
_FIRST_CALLS = """\
curl {base}/tokens -H 'Content-Type: application/json' \\
  -d '{{"email": "bo@example.com", "password": "…", "name": "laptop"}}'

curl {base}/me -H 'Authorization: Bearer c2b_…'"""


@dataclass(frozen=True)
class FieldRow:
    """One field of a body or an answer. ``depth`` counts how deep it lies; ``kind`` is its type in a few words."""

    name: str
    kind: str
    text: str
    required: bool
    depth: int


@dataclass(frozen=True)
class Body:
    """What is sent, or answered with ``status``. ``example`` is printed JSON, empty for files."""

    status: str
    media: str
    rows: tuple[FieldRow, ...]
    example: str


@dataclass(frozen=True)
class Operation:
    """One operation. ``refusals`` are (status, meaning); ``anchor`` its place on the page."""

    anchor: str
    method: str
    path: str
    summary: str
    description: Markup
    roles: tuple[str, ...]
    keyed: bool
    parameters: tuple[FieldRow, ...]
    body: Body | None
    answers: tuple[Body, ...]
    refusals: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    """The operations of one tag."""

    anchor: str
    name: str
    text: str
    operations: tuple[Operation, ...]


@cache
def reference(locale: str) -> Json:
    """What ``pages/api/reference.html`` shows. The document does not change while we run, so it is drawn once."""
    whole = openapi.document()
    info = _spoken(whole["info"], locale)
    sections = tuple(_section(tag, whole, locale) for tag in whole["tags"])
    with use_locale(locale):
        operations = render("pages/api/operations.html", sections=sections)
    return {
        "title": info["title"],
        "summary": info["summary"],
        "paragraphs": tuple(_marked(part) for part in info["description"].strip().split("\n\n")),
        "sections": sections,
        "operations": Markup(operations),  # noqa: S704  (a template escaped it)
        "first_calls": _FIRST_CALLS.format(base=settings().base_url + V1),
    }


def _section(tag: Json, whole: Json, locale: str) -> Section:
    found = tuple(
        _operation(path, method, operation, whole, locale)
        for path, method, operation in openapi.operations()
        if tag["name"] in operation["tags"]
    )
    words = _spoken(tag, locale)
    return Section(tag["name"].lower().replace(" ", "-"), words["name"], words["description"], found)


def _operation(path: str, method: str, operation: Json, whole: Json, locale: str) -> Operation:
    words = _spoken(operation, locale)
    parameters = [_resolved(each, whole) for each in operation["parameters"]]
    answers = {status: _resolved(answer, whole) for status, answer in operation["responses"].items()}
    good = {status: answer for status, answer in answers.items() if status < "400"}
    return Operation(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=words["summary"],
        description=_marked(words["description"]),
        roles=tuple(operation.get("x-roles", ())),
        keyed=any(each["name"] == "Idempotency-Key" for each in parameters),
        parameters=tuple(_parameter(each, whole, locale) for each in parameters if each["in"] != "header"),
        body=next(_bodies("", operation.get("requestBody", {}), whole, locale), None),
        answers=tuple(
            body for status, answer in good.items() for body in _bodies(status, answer, whole, locale)
        ),
        refusals=tuple(
            (status, _said(answer["description"], locale))
            for status, answer in answers.items()
            if status >= "400"
        ),
    )


def _bodies(status: str, holder: Json, whole: Json, locale: str) -> Iterator[Body]:
    """One for each media type; an answer without content still has its status."""
    for media, content in holder.get("content", {}).items():
        example = json.dumps(content["example"], ensure_ascii=False, indent=2) if "example" in content else ""
        yield Body(status, media, tuple(_rows(content["schema"], whole, locale)), example)
    if status and "content" not in holder:
        yield Body(status, "", (), "")


def _rows(schema: Json, whole: Json, locale: str, depth: int = 0) -> Iterator[FieldRow]:
    """The fields of a schema, those of objects and lists within it below them."""
    schema = _resolved(schema, whole)
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        known = _resolved(field, whole)
        text = field.get("description") or known.get("description", "")
        yield FieldRow(name, _kind(field, whole), _said(text, locale), name in needed, depth)
        inner = known.get("items", known)
        if depth < 2 and "/Words" not in str(field.get("$ref")):
            yield from _rows(inner, whole, locale, depth + 1)


def _parameter(parameter: Json, whole: Json, locale: str) -> FieldRow:
    text = _said(parameter.get("description", ""), locale)
    return FieldRow(
        parameter["name"], _kind(parameter["schema"], whole), text, parameter.get("required", False), 0
    )


def _kind(schema: Json, whole: Json) -> str:
    """A type in a few words: "integer 1–20", "open | failed", "list of objects"."""
    known = _resolved(schema, whole)
    if "enum" in known:
        return " | ".join(str(each) for each in known["enum"])
    if "oneOf" in known:
        return " | ".join(_kind(each, whole) for each in known["oneOf"])
    kind = known.get("type", "any")
    kind = " | ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return f"[ {_kind(known['items'], whole)} ]"
    if "minimum" in known and "maximum" in known:
        return f"{kind} {known['minimum']}–{known['maximum']}"
    return f"{kind} ({known['format']})" if "format" in known else kind


def _resolved(node: Json, whole: Json) -> Json:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    found: Json = whole["components"][kind][name]
    return found


def _spoken(node: Json, locale: str) -> Json:
    """The node's texts in the reader's language."""
    return {**node, **node.get("x-zh", {})} if locale == "zh_CN" else node


def _said(text: str, locale: str) -> str:
    """A short text of the document in the reader's language, without its marks."""
    return (openapi.chinese()[text] if text and locale == "zh_CN" else text).replace("`", "")


def _marked(text: str) -> Markup:
    """The little Markdown that our own texts use: **strong** and `code`."""
    html = str(escape(text.replace("\n", " ")))
    for mark, element in (("**", "strong"), ("`", "code")):
        parts = html.split(mark)
        html = "".join(
            f"<{element}>{part}</{element}>" if place % 2 else part for place, part in enumerate(parts)
        )
    return Markup(html)  # noqa: S704  (escaped above; the marks are our own)
