"""The commercial terms of an order: sums, schedule, delivery, quality, from what is agreed for a product.

Percentages are whole; days and months are calendar ones. The defaults are planning values of ours, not law.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from c2b.kit.money import divide_half_up, share
from c2b.purchasing import quality
from c2b.purchasing.snapshot import (
    NRE,
    ChargeLine,
    Contact,
    Delivery,
    OrderLine,
    Party,
    PaymentMilestone,
    Quality,
    Text,
    Totals,
)

#: Incoterms 2020, any mode and sea.
INCOTERMS = ("EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF")

_GOODS = (
    (30, Text("on acknowledgment of the order", "订单确认后")),
    (60, Text("on passed pre-shipment inspection", "出货检验合格后")),
    (10, Text("30 days after delivery (retention)", "交付满30日后（质保金）")),
)
_ONE_OFF = (
    (50, Text("on acknowledgment of the order", "订单确认后")),
    (50, Text("on signed golden sample", "封样签署后")),
)


@dataclass(frozen=True, kw_only=True)
class TradeTerms:
    """What was agreed for a product. ``limits`` is class of nonconformity -> AQL."""

    item_number: str
    incoterm: str
    place: Text
    ship_to_name: Text
    ship_to_address: Text
    certificates: tuple[str, ...] = ()
    warranty_months: int = 12
    spare_percent: int = 2
    partial_delivery: bool = False
    damages_per_day: str = "0.1"
    damages_cap: str = "10"
    vat_percent: int = 13
    limits: Mapping[str, str] = field(
        default_factory=lambda: {"critical": quality.NONE_AT_ALL, "major": "1.5", "minor": "4.0"}
    )
    goods_milestones: tuple[tuple[int, Text], ...] = _GOODS
    nre_milestones: tuple[tuple[int, Text], ...] = _ONE_OFF


def trade_terms(data: Mapping[str, Any]) -> TradeTerms:
    """Terms from plain JSON (a product's ``terms``); labels are ``{"en": ..., "zh": ...}`` or one text for both.

    Needed: item_number, incoterm, place, ship_to {name, address}. Raises ``KeyError`` or ``ValueError``.
    """
    plain = (
        "warranty_months",
        "spare_percent",
        "partial_delivery",
        "damages_per_day",
        "damages_cap",
        "limits",
    )
    if data["incoterm"] not in INCOTERMS:
        raise ValueError(f"{data['incoterm']!r} is not an Incoterms 2020 rule")
    return TradeTerms(
        item_number=data["item_number"],
        incoterm=data["incoterm"],
        place=Text.of(data["place"]),
        ship_to_name=Text.of(data["ship_to"]["name"]),
        ship_to_address=Text.of(data["ship_to"]["address"]),
        certificates=tuple(data.get("certificates", ())),
        **{name: data[name] for name in plain if name in data},
    )


def party(data: Mapping[str, Any]) -> Party:
    """A party from plain JSON (a manufacturer's ``party``). Raises ``KeyError`` when something is missing."""
    contact = data["contact"]
    return Party(
        legal_name=Text.of(data["legal_name"]),
        registration_id=data["registration_id"],
        vat_id=data["vat_id"],
        address=Text.of(data["address"]),
        country=data.get("country", "CN"),
        contact=Contact(role=Text.of(contact["role"]), email=contact["email"], phone=contact["phone"]),
    )


def delivery(terms: TradeTerms, *, latest_date: date, earliest_date: date | None) -> Delivery:
    """Where to and by when."""
    return Delivery(
        incoterm=terms.incoterm,
        place=terms.place,
        ship_to_name=terms.ship_to_name,
        ship_to_address=terms.ship_to_address,
        earliest_date=earliest_date,
        latest_date=latest_date,
        partial=terms.partial_delivery,
    )


def quality_terms(
    terms: TradeTerms, *, lot_size: int, golden_sample: str, certificates: Sequence[str]
) -> Quality:
    """The sampling plan computed for this lot, the golden sample, certificates of product and chosen options."""
    sampling = quality.sampling(lot_size, terms.limits)
    return Quality(
        lot_size=lot_size,
        level=quality.LEVEL,
        code_letter=sampling.code_letter,
        plans=sampling.plans,
        golden_sample=golden_sample,
        certificates=tuple(dict.fromkeys((*terms.certificates, *certificates))),
        warranty_months=terms.warranty_months,
        spare_percent=terms.spare_percent,
        spare_units=spare_units(lot_size, terms.spare_percent),
    )


def spare_units(quantity: int, percent: int) -> int:
    """Spares are whole units, rounded up."""
    return math.ceil(quantity * percent / 100)


def payment_schedule(terms: TradeTerms, *, goods_minor: int, nre_minor: int) -> tuple[PaymentMilestone, ...]:
    """The milestones with their amounts; per basis they sum to the amount exactly."""
    found: list[PaymentMilestone] = []
    for basis, amount, milestones in (
        ("goods", goods_minor, terms.goods_milestones),
        ("nre", nre_minor, terms.nre_milestones),
    ):
        parts = share(amount, [percent for percent, _ in milestones]) if amount else []
        found += [
            PaymentMilestone(basis=basis, percent=percent, event=event, amount_minor=part)
            for (percent, event), part in zip(milestones, parts, strict=False)
        ]
    return tuple(found)


def totals(lines: Iterable[OrderLine], charges: Iterable[ChargeLine], *, rate_percent: int) -> Totals:
    """Sums of gross amounts; the tax is contained in the total (net = gross / 1.13, rounded half up once)."""
    charges = tuple(charges)
    goods = sum(line.total_minor for line in lines)
    services_minor = sum(charge.total_minor for charge in charges if charge.kind != NRE)
    nre = sum(charge.total_minor for charge in charges if charge.kind == NRE)
    gross = goods + services_minor + nre
    net = divide_half_up(gross * 100, 100 + rate_percent)
    return Totals(
        goods_minor=goods,
        services_minor=services_minor,
        nre_minor=nre,
        gross_minor=gross,
        net_minor=net,
        tax_minor=gross - net,
        rate_percent=rate_percent,
    )
