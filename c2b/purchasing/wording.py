"""Answers and charges in words: every attribute spelled out in both languages, as the product schema names it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from c2b.catalog import rules as catalog
from c2b.purchasing.snapshot import Specification, Text

_YES, _NO = Text("Yes", "是"), Text("No", "否")


def specification(
    schema: catalog.ProductSchema, answers: catalog.Answers, *scopes: str
) -> tuple[Specification, ...]:
    """Every answered attribute of these scopes, spelled out in both languages, in the order of the form."""
    found: list[Specification] = []
    for attribute in schema.of_scope(*scopes):
        if attribute.name in answers:
            found += _spelled_out(attribute, answers[attribute.name])
    return tuple(found)


def _spelled_out(attribute: catalog.Attribute, answer: Any) -> Iterable[Specification]:
    """One entry per answer; a member's consent ("I may use this picture") is no work for the factory."""
    if attribute.kind == "confirm":
        return
    if attribute.kind == "group":
        for part in attribute.parts:
            if part.name in answer:
                for each in _spelled_out(part, answer[part.name]):
                    yield replace(each, group=Text.of(attribute.title))
        return
    option = str(answer) if attribute.kind == "choice" else ""
    yield Specification(
        code=attribute.path,
        label=Text.of(attribute.title),
        value=_value(attribute, answer),
        option=option,
        literal=attribute.kind == "text",
    )


def _value(attribute: catalog.Attribute, answer: Any) -> Text:
    if attribute.options:
        chosen = [attribute.option(code) for code in (answer if isinstance(answer, list) else [answer])]
        labels = [Text.of(option.label) for option in chosen if option]
        return Text(", ".join(each.en for each in labels), "、".join(each.zh for each in labels))
    if isinstance(answer, bool):
        return _YES if answer else _NO
    if attribute.kind == "image":
        return Text.of(f"SHA-256 {answer[:16]}…")
    if attribute.unit:
        return Text(f"{answer} {attribute.unit['en']}", f"{answer} {attribute.unit['zh']}")
    return Text.of(str(answer))


def charge_name(schema: catalog.ProductSchema, name: str, code: catalog.Code) -> Text:
    """What is charged for: the attribute, and the option where there is one."""
    attribute = schema.attribute(name)
    option = attribute.option(code)
    if option is None:
        return Text.of(attribute.title)
    return Text(
        f"{attribute.title['en']}: {option.label['en']}", f"{attribute.title['zh']}：{option.label['zh']}"
    )
