"""From confirmed requirements to order lines: one line per configuration, one entry per unit, nothing about people.

Identical units (same batch and variant answers) share a line. What is personal to a unit appears in the unit list only,
under an id that says nothing about whose it is; what it costs appears as a service counted in units. One-off
engineering is a line of its own, once per option however many chose it.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.catalog import rules as catalog
from c2b.kit.canonical import canonical_json, digest
from c2b.purchasing.small_lots import small_lots
from c2b.purchasing.snapshot import (
    LUMP_SUM,
    NRE,
    PIECE,
    SERVICE,
    SMALL_LOT,
    ChargeLine,
    OrderLine,
    PriceComponent,
    Specification,
    Text,
    UnitListEntry,
)
from c2b.purchasing.wording import charge_name, specification

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing to misread on a label
_BASE = Text("Base unit", "基础单价")
_ONCE = Text("One-off, not per unit", "一次性费用，不按台计")
_SEE_UNITS = Text("Units marked in the unit list", "见单台清单所列")
#: Personal work of these kinds is listed as a service even where it is free: somebody has to do it.
_WORK = ("group", "text", "image")
_LONGEST_NAME = 4  # values in the name of a line


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """A confirmed participation as the frozen batch holds it: complete answers (batch included) and stored hashes."""

    id: str
    quantity: int
    answers: Mapping[str, Any]
    configuration_key: str
    answers_digest: str


@dataclass(frozen=True)
class Assignment:
    """Which unit was made for which participation. Stays with us; never on paper."""

    unit_id: str
    participation_id: str
    line_no: int


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """What the requirements of a campaign amount to."""

    common: tuple[Specification, ...]
    lines: tuple[OrderLine, ...]
    charges: tuple[ChargeLine, ...]
    units: tuple[UnitListEntry, ...]
    assignments: tuple[Assignment, ...]


def group_into_lines(
    schema: catalog.ProductSchema,
    participations: Sequence[Confirmed],
    *,
    product_name: Text,
    item_number: str,
    base_unit_price_minor: int,
    campaign_code: str,
    salt: str,
) -> Grouped:
    """Lines, charges and units for these participations, in an order that depends on their content alone.

    `base_unit_price_minor` is the manufacturer's price of the tier reached, tax included; surcharges of chosen options
    come on top, in full. `salt` is a secret: with it the same input gives the same unit ids, without it nobody can
    tell whose a unit is. Stored configuration keys are believed here, ``check_balanced`` computes them again. Raises
    ``ValueError`` when there is nobody, or no common batch.
    """
    if not participations:
        raise ValueError("nobody takes part")
    if len({digest(catalog.batch_part(schema, each.answers)) for each in participations}) > 1:
        raise ValueError("the batch answers are not the same for everybody")
    order = _configurations(schema, participations)
    numbers = {key: line_no for line_no, key in enumerate(order, start=1)}
    quantities = Counter[str]()
    for each in participations:
        quantities[each.configuration_key] += each.quantity
    names = _names(schema, order, product_name)
    lines = tuple(
        _line(
            schema, answers, line_no=numbers[key], quantity=quantities[key], name=names[key],
            item_code=f"{item_number}-{key[:6].upper()}", base_minor=base_unit_price_minor,
        )
        for key, answers in order.items()
    )  # fmt: skip
    units, assignments = _units(schema, participations, numbers, campaign_code=campaign_code, salt=salt)
    return Grouped(
        common=specification(schema, next(iter(order.values())), "batch"),
        lines=lines,
        charges=_charges(schema, participations, order, names, after=len(lines)),
        units=units,
        assignments=assignments,
    )


def unit_suffix(*, campaign_code: str, participation_id: str, index: int, salt: str) -> str:
    """Fifty bits that only the holder of the salt can compute, as ``8F3KQ-2M7XC``."""
    message = canonical_json([campaign_code, participation_id, index])
    number = int.from_bytes(hmac.digest(salt.encode(), message, "sha256")[:8], "big")
    text = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(0, 50, 5))
    return f"{text[:5]}-{text[5:]}"


def _configurations(
    schema: catalog.ProductSchema, participations: Sequence[Confirmed]
) -> dict[str, catalog.Answers]:
    """Configuration key -> one example of its answers, sorted as the form lists attributes and options."""
    examples = {each.configuration_key: each.answers for each in participations}
    variants = schema.of_scope("variant")

    def rank(key: str) -> tuple[Any, ...]:
        return (*(_position(attribute, examples[key].get(attribute.name)) for attribute in variants), key)

    return {key: examples[key] for key in sorted(examples, key=rank)}


def _names(
    schema: catalog.ProductSchema, order: Mapping[str, catalog.Answers], product_name: Text
) -> dict[str, Text]:
    """Configuration key -> a short name, of what sets the lines of this order apart from each other."""
    variants = {key: specification(schema, answers, "variant") for key, answers in order.items()}
    seen: dict[str, set[Text]] = {}
    for specs in variants.values():
        for each in specs:
            seen.setdefault(each.code, set()).add(each.value)
    # an attribute that only some lines answer sets them apart as well
    answered = Counter(each.code for specs in variants.values() for each in specs)
    differ = {code for code, values in seen.items() if len(values) > 1 or answered[code] < len(order)}
    found = {}
    for key, specs in variants.items():
        values = [each.value for each in specs if each.code in differ] or [each.value for each in specs][:3]
        short = values[:_LONGEST_NAME] or [product_name]
        found[key] = Text(" · ".join(each.en for each in short), " · ".join(each.zh for each in short))
    return found


def _position(attribute: catalog.Attribute, answer: Any) -> tuple[int, str]:
    for place, option in enumerate(attribute.options):
        if attribute.option(answer) is option:
            return place, ""
    return len(attribute.options), str(answer)


def _line(
    schema: catalog.ProductSchema, answers: catalog.Answers, *, line_no: int, quantity: int, name: Text,
    item_code: str, base_minor: int,
) -> OrderLine:  # fmt: skip
    components = (
        PriceComponent(scope="base", label=_BASE, minor=base_minor),
        *(
            PriceComponent(
                scope=each.scope,
                label=charge_name(schema, each.attribute, each.code),
                minor=each.minor,
            )
            for each in catalog.surcharges(schema, answers, "batch", "variant")
        ),
    )
    unit_price = sum(each.minor for each in components)
    return OrderLine(
        line_no=line_no,
        item_code=item_code,
        name=name,
        configuration_key=catalog.configuration_key(schema, answers),
        specification=specification(schema, answers, "variant"),
        quantity=quantity,
        unit_code=PIECE,
        components=components,
        unit_price_minor=unit_price,
        total_minor=unit_price * quantity,
    )


def _charges(
    schema: catalog.ProductSchema,
    participations: Sequence[Confirmed],
    order: Mapping[str, catalog.Answers],
    names: Mapping[str, Text],
    *,
    after: int,
) -> tuple[ChargeLine, ...]:
    """Personal work by attribute and option, small lots, one-off engineering, numbered on from the goods."""
    drafts = [
        (SERVICE, name, str(code), charge_name(schema, name, code), quantity, minor, PIECE, _SEE_UNITS)
        for (name, code), (quantity, minor) in services(schema, participations).items()
    ]
    drafts += [
        (SMALL_LOT, each.cell.key, "", each.name(schema, names), each.missing, each.cell.premium_minor, PIECE,
         each.note)
        for each in small_lots(schema, [(one.answers, one.quantity) for one in participations])
        if each.cell.premium_minor
    ]  # fmt: skip
    shared = (catalog.configuration_of(schema, answers) for answers in order.values())
    drafts += [
        (NRE, each.attribute, str(each.code), charge_name(schema, each.attribute, each.code), 1, each.minor,
         LUMP_SUM, _ONCE)
        for each in catalog.nre(schema, shared)
    ]  # fmt: skip
    return tuple(
        ChargeLine(
            line_no=line_no, kind=kind, attribute=attribute, option=option, name=name, note=note,
            quantity=quantity, unit_code=unit, unit_price_minor=minor, total_minor=minor * quantity,
        )
        for line_no, (kind, attribute, option, name, quantity, minor, unit, note) in enumerate(
            drafts, start=after + 1
        )
    )  # fmt: skip


def services(
    schema: catalog.ProductSchema, participations: Iterable[Confirmed]
) -> dict[tuple[str, catalog.Code], tuple[int, int]]:
    """(attribute, option code) -> (units, price of one) of the personal work asked for, in the order of the form."""
    found: dict[tuple[str, catalog.Code], tuple[int, int]] = {}
    for each in participations:
        for attribute, code, terms in catalog.chosen(schema, each.answers, "unit"):
            if terms.surcharge_minor or attribute.kind in _WORK:
                units, _ = found.get((attribute.name, code), (0, 0))
                found[attribute.name, code] = (units + each.quantity, terms.surcharge_minor)
    place = {attribute.name: number for number, attribute in enumerate(schema.attributes)}
    return {key: found[key] for key in sorted(found, key=lambda key: (place[key[0]], str(key[1])))}


def _units(
    schema: catalog.ProductSchema, participations: Sequence[Confirmed], numbers: Mapping[str, int], *,
    campaign_code: str, salt: str,
) -> tuple[tuple[UnitListEntry, ...], tuple[Assignment, ...]]:  # fmt: skip
    """Units by line; inside a line in the order of their secret suffixes, so the order tells nothing either."""
    drafts = []
    for each in participations:
        line_no = numbers[each.configuration_key]
        personal = catalog.unit_part(schema, each.answers)
        details = specification(schema, personal, "unit"), digest(personal)
        for index in range(each.quantity):
            suffix = unit_suffix(
                campaign_code=campaign_code, participation_id=each.id, index=index, salt=salt
            )
            drafts.append((line_no, suffix, each.id, details))
    drafts.sort(key=lambda draft: draft[:3])
    units, assignments = [], []
    for number, (line_no, suffix, participation_id, (personalization, personal_digest)) in enumerate(
        drafts, 1
    ):
        unit_id = f"U-{number:04}-{suffix}"
        units.append(
            UnitListEntry(
                unit_id=unit_id, line_no=line_no, personalization=personalization, digest=personal_digest
            )
        )
        assignments.append(Assignment(unit_id, participation_id, line_no))
    return tuple(units), tuple(assignments)
