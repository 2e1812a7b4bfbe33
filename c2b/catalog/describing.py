"""Answers in words: for pages, mails and the purchase order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from c2b.catalog.conditions import Answers
from c2b.catalog.quotes import surcharges
from c2b.catalog.schema import SCOPES, Attribute, ProductSchema
from c2b.kit.i18n import format_number, gettext, pick, use_locale


@dataclass(frozen=True)
class Described:
    """One answered attribute. `parts` are the (label, value) pairs of a group; `value` then joins them."""

    attribute: str
    scope: str
    label: str
    value: str
    surcharge_minor: int
    parts: tuple[tuple[str, str], ...] = ()


def describe_answers(
    schema: ProductSchema, answers: Answers, locale: str, *, scopes: tuple[str, ...] = SCOPES
) -> list[Described]:
    """The answers of these scopes in words of `locale` ("en", "zh_CN"), in the order of the form."""
    extra: dict[str, int] = {}
    for each in surcharges(schema, answers, *scopes):
        extra[each.attribute] = extra.get(each.attribute, 0) + each.minor
    with use_locale(locale):
        return [
            _described(attribute, answers[attribute.name], extra.get(attribute.name, 0))
            for attribute in schema.of_scope(*scopes)
            if answers.get(attribute.name) is not None
        ]


def _described(attribute: Attribute, answer: Any, surcharge_minor: int) -> Described:
    parts: tuple[tuple[str, str], ...] = ()
    if attribute.kind == "group" and isinstance(answer, dict):
        shown = [part for part in attribute.parts if part.name in answer and part.kind != "confirm"]
        parts = tuple((pick(part.title), value_in_words(part, answer[part.name])) for part in shown)
    value = _joined(value for _, value in parts) if parts else value_in_words(attribute, answer)
    return Described(attribute.name, attribute.scope, pick(attribute.title), value, surcharge_minor, parts)


def value_in_words(attribute: Attribute, answer: Any) -> str:
    """One answer in words of the current locale."""
    if isinstance(answer, list):
        return _joined(value_in_words(attribute, each) for each in answer)
    option = attribute.option(answer)
    if option is not None:
        return pick(option.label)
    if isinstance(answer, bool):
        return gettext("yes") if answer else gettext("no")
    if isinstance(answer, int):
        number = format_number(answer)
        return f"{number} {pick(attribute.unit)}" if attribute.unit else number
    if attribute.kind == "image":
        return gettext("picture {fingerprint}").format(fingerprint=str(answer)[:12])
    return str(answer)


def _joined(values: Any) -> str:
    return " · ".join(values)
