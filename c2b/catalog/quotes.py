"""The price of a requirement: a pure function of schema version, answers, tier and quantity.

A quote is stored with its inputs and never computed again; `Quote.from_dict` refuses one whose sums were
tampered with. Amounts are integer minor units of one currency, tax included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from c2b.catalog.conditions import Answers
from c2b.catalog.schema import SCOPES, Attribute, Code, ProductSchema, Terms, same
from c2b.kit.canonical import MAX_INTEGER, digest
from c2b.kit.errors import Invalid
from c2b.kit.i18n import N_


class PriceOutOfRange(Invalid):
    """The tier and the surcharges of a product do not go together: below zero, or beyond what can be counted."""

    code = "price_out_of_range"
    message = N_("This combination has no valid price. Choose other options, or ask the organizer.")


@dataclass(frozen=True)
class Surcharge:
    """One amount added to (or taken off) the price of a unit. `code` is empty where there is no option."""

    attribute: str
    code: Code
    scope: str
    minor: int


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The price promised to one requirement, with everything it was computed from."""

    schema_version: str
    schema_digest: str
    answers_digest: str
    currency: str
    quantity: int
    base_minor: int
    surcharges: tuple[Surcharge, ...]
    unit_price_minor: int
    total_minor: int

    def __post_init__(self) -> None:
        unit = self.base_minor + sum(each.minor for each in self.surcharges)
        amounts = (self.base_minor, unit, unit * self.quantity)
        if self.quantity < 1 or not all(0 <= each <= MAX_INTEGER for each in amounts):
            raise PriceOutOfRange
        if (self.unit_price_minor, self.total_minor) != (unit, unit * self.quantity):
            raise ValueError("the sums of this quote are wrong")

    def to_dict(self) -> dict[str, Any]:
        """For canonical JSON. ``vars`` is flat and ``asdict`` copies deeply: every join writes one of these."""
        return {**vars(self), "surcharges": [dict(vars(each)) for each in self.surcharges]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Quote:
        """The stored quote. Raises ValueError when its sums do not agree."""
        surcharges = tuple(Surcharge(**each) for each in data["surcharges"])
        return cls(**{**data, "surcharges": surcharges})


def quote(
    schema: ProductSchema,
    answers: Answers,
    *,
    tier_unit_price_minor: int,
    quantity: int,
    currency: str,
    schema_version: str,
) -> Quote:
    """Price complete, valid answers (batch answers included) at a tier. Raises `PriceOutOfRange`."""
    found = surcharges(schema, answers)
    unit = tier_unit_price_minor + sum(each.minor for each in found)
    return Quote(
        schema_version=schema_version,
        schema_digest=schema.digest,
        answers_digest=digest(schema.part(answers, *SCOPES)),
        currency=currency,
        quantity=quantity,
        base_minor=tier_unit_price_minor,
        surcharges=found,
        unit_price_minor=unit,
        total_minor=unit * quantity,
    )


def surcharges(schema: ProductSchema, answers: Answers, *scopes: str) -> tuple[Surcharge, ...]:
    """The amounts other than zero that these answers add to a unit, in the order of the form."""
    return tuple(
        Surcharge(attribute.name, code, attribute.scope, terms.surcharge_minor)
        for attribute, code, terms in chosen(schema, answers, *scopes)
        if terms.surcharge_minor
    )


def chosen(schema: ProductSchema, answers: Answers, *scopes: str) -> Iterator[tuple[Attribute, Code, Terms]]:
    """Everything chosen that carries terms: each option, and each attribute with a price of its own.

    The code is empty for the latter; a flag answered no has not been chosen.
    """
    for attribute in schema.of_scope(*(scopes or SCOPES)):
        answer = answers.get(attribute.name)
        if answer is None or answer is False:
            continue
        if not attribute.options:
            yield attribute, "", attribute.terms
            continue
        if not isinstance(answer, list):
            option = attribute.option(answer)
            if option is not None:
                yield attribute, option.code, option.terms
            continue
        for option in attribute.options:
            if any(same(option.code, code) for code in answer):
                yield attribute, option.code, option.terms
