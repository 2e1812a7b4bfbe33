"""The commercial terms of an order: sums, schedule, delivery, quality, from what is agreed for a product.

Percentages are whole; days and months are calendar ones. The defaults are planning values of ours, not law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from c2b.catalog.payment_terms import USUAL, Part, PaymentTerms
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

#: What stands on paper for what a part falls due with, and ``{days}`` after it.
_EVENTS = {
    "acknowledged": (
        Text("on acknowledgment of the order", "订单确认后"),
        Text("after acknowledgment of the order", "订单确认"),
    ),
    "golden_sample": (
        Text("on signed golden sample", "封样签署后"),
        Text("after the signed golden sample", "封样签署"),
    ),
    "inspected": (
        Text("on passed pre-shipment inspection", "出货检验合格后"),
        Text("after passed pre-shipment inspection", "出货检验合格"),
    ),
    "delivered": (Text("on delivery", "交付后"), Text("after delivery (retention)", "交付")),
}


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
    payment: PaymentTerms = USUAL


def trade_terms(data: Mapping[str, Any], payment: PaymentTerms = USUAL) -> TradeTerms:
    """Terms from plain JSON (a product's ``terms``), and how its quotation wants to be paid.

    Labels are ``{"en": ..., "zh": ...}`` or one text for both.

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
        payment=payment,
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
    return -(-quantity * percent // 100)


def payment_schedule(terms: TradeTerms, *, goods_minor: int, nre_minor: int) -> tuple[PaymentMilestone, ...]:
    """The milestones with their amounts; per basis they sum to the amount exactly."""
    found: list[PaymentMilestone] = []
    for basis, amount, agreed in (
        ("goods", goods_minor, terms.payment.goods),
        ("nre", nre_minor, terms.payment.nre),
    ):
        amounts = share(amount, [part.share_bp for part in agreed]) if amount else []
        found += [
            PaymentMilestone(basis=basis, percent=part.percent, event=_event(part), amount_minor=minor)
            for part, minor in zip(agreed, amounts, strict=False)
        ]
    return tuple(found)


def _event(part: Part) -> Text:
    at_once, later = _EVENTS[part.milestone]
    if not part.days:
        return at_once
    kept = "（质保金）" if part.milestone == "delivered" else ""
    return Text(f"{part.days} days {later.en}", f"{later.zh}满{part.days}日后{kept}")


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
