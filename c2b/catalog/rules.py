"""What answers mean for production: which units are identical, what they need, and which options fall short.

A configuration is everything but the personal part: units of one configuration are identical and share one
purchase-order line (`docs/architecture.md`). All functions take valid, complete answers, batch answers included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from c2b.catalog.conditions import Answers
from c2b.catalog.payment_terms import MILESTONES, WHOLE_BP, PaymentTerms
from c2b.catalog.quotes import PriceOutOfRange, Quote, Surcharge, chosen, quote, surcharges
from c2b.catalog.schema import (
    SCOPES,
    Attribute,
    Code,
    Option,
    ProductSchema,
    Rule,
    Terms,
    Words,
    parse_schema,
)
from c2b.kit.canonical import digest

__all__ = [
    "MILESTONES",
    "SCOPES",
    "WHOLE_BP",
    "Answers",
    "Attribute",
    "Code",
    "Counts",
    "Nre",
    "Option",
    "PaymentTerms",
    "PriceOutOfRange",
    "ProductSchema",
    "Quote",
    "Rule",
    "Shortfall",
    "Surcharge",
    "Terms",
    "Words",
    "batch_minimum",
    "batch_part",
    "certificates",
    "chosen",
    "configuration_key",
    "configuration_of",
    "lead_days",
    "nre",
    "option_counts",
    "parse_schema",
    "quote",
    "shortfalls",
    "surcharges",
    "unit_part",
]

#: Attribute name → option code → units. Attributes without options count under the empty code.
Counts = Mapping[str, Mapping[Code, int]]


@dataclass(frozen=True)
class Nre:
    """One-off engineering for one option, paid once however many units: minor units."""

    attribute: str
    code: Code
    minor: int


@dataclass(frozen=True)
class Shortfall:
    """An option that somebody chose, but too few for the factory to make."""

    attribute: str
    code: Code
    count: int
    moq: int


def configuration_of(schema: ProductSchema, answers: Answers) -> dict[str, Any]:
    """The batch and variant answers: what makes units identical."""
    return schema.part(answers, "batch", "variant")


def batch_part(schema: ProductSchema, answers: Answers) -> dict[str, Any]:
    """What is the same for the whole batch."""
    return schema.part(answers, "batch")


def unit_part(schema: ProductSchema, answers: Answers) -> dict[str, Any]:
    """What is personal to one unit; it travels in the unit list only."""
    return schema.part(answers, "unit")


def configuration_key(schema: ProductSchema, answers: Answers) -> str:
    """SHA-256 of the canonical configuration: equal for identical units, 64 hex digits."""
    return digest(configuration_of(schema, answers))


def nre(schema: ProductSchema, requirements: Iterable[Answers]) -> tuple[Nre, ...]:
    """The one-off engineering that all these requirements together need, each option once."""
    found = {
        (attribute.name, code): Nre(attribute.name, code, terms.nre_minor)
        for answers in requirements
        for attribute, code, terms in chosen(schema, answers)
        if terms.nre_minor
    }
    return tuple(found[key] for key in sorted(found, key=_by_form(schema)))


def lead_days(schema: ProductSchema, answers: Answers) -> int:
    """Days these answers add to the plan: materials are procured side by side, personal work comes after."""
    shared = [terms.lead_days for _, _, terms in chosen(schema, answers, "batch", "variant")]
    personal = [terms.lead_days for _, _, terms in chosen(schema, answers, "unit")]
    return max(shared, default=0) + max(personal, default=0)


def certificates(schema: ProductSchema, answers: Answers) -> tuple[str, ...]:
    """The certificates that the chosen options hold or need, each once, in the order of the form."""
    return tuple(dict.fromkeys(name for _, _, terms in chosen(schema, answers) for name in terms.cert))


def option_counts(
    schema: ProductSchema, requirements: Iterable[tuple[Answers, int]]
) -> dict[str, dict[Code, int]]:
    """How many units chose what, from (answers, quantity) pairs."""
    counts: dict[str, dict[Code, int]] = {}
    for answers, quantity in requirements:
        for attribute, code, _ in chosen(schema, answers):
            per_code = counts.setdefault(attribute.name, {})
            per_code[code] = per_code.get(code, 0) + quantity
    return counts


def shortfalls(schema: ProductSchema, counts: Counts) -> tuple[Shortfall, ...]:
    """The options with at least one unit and fewer than the manufacturer's minimum, in the order of the form."""
    found = []
    for attribute in schema.attributes:
        minimums = {option.code: option.terms.moq for option in attribute.options} or {
            "": attribute.terms.moq
        }
        per_code = counts.get(attribute.name, {})
        found += [
            Shortfall(attribute.name, code, per_code[code], moq)
            for code, moq in minimums.items()
            if 0 < per_code.get(code, 0) < moq
        ]
    return tuple(found)


def batch_minimum(schema: ProductSchema, batch_answers: Answers) -> int:
    """The largest minimum among the chosen batch options: every unit has them, so no threshold may be lower."""
    return max((terms.moq for _, _, terms in chosen(schema, batch_answers, "batch")), default=1)


def _by_form(schema: ProductSchema) -> Any:
    position = {each.name: number for number, each in enumerate(schema.attributes)}
    return lambda key: (position[key[0]], str(key[1]))
