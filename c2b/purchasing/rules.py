"""What a purchase order says, computed from frozen requirements.

The line is the requirement: lines come from the canonical answers, and issuing fails closed (``check_balanced``,
``check_ready``) when lines, unit list and participations differ by one unit or one hash. All functions are pure;
instants and secrets are passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from c2b.catalog import rules as catalog
from c2b.purchasing import clauses, terms
from c2b.purchasing.checks import (
    Facts,
    Problem,
    PurchaseOrderNotReady,
    PurchaseOrderUnbalanced,
    check_balanced,
    check_ready,
    problems_before_issue,
)
from c2b.purchasing.lines import Assignment, Confirmed, Grouped, group_into_lines
from c2b.purchasing.snapshot import Party, PurchaseOrderSnapshot, Quality, Text, Totals
from c2b.purchasing.terms import TradeTerms, party, totals, trade_terms

__all__ = [
    "Assignment", "Confirmed", "Draft", "Facts", "Grouped", "Party", "Problem", "PurchaseOrderNotReady",
    "PurchaseOrderSnapshot", "PurchaseOrderUnbalanced", "Text", "Totals", "TradeTerms", "check_balanced",
    "check_ready", "draft", "group_into_lines", "party", "problems_before_issue", "totals", "trade_terms",
]  # fmt: skip

ORDER = "220"  # UNTDID 1001: order
CREDIT_TRANSFER = "30"  # UNTDID 4461
BEIJING = ZoneInfo("Asia/Shanghai")  # both parties' working day


@dataclass(frozen=True)
class Draft:
    """An order ready to be checked, and which unit is whose; the latter never leaves the house."""

    snapshot: PurchaseOrderSnapshot
    assignments: tuple[Assignment, ...]


def draft(
    *,
    number: str,
    issued_at: datetime,
    validity_until: datetime,
    buyer: Party,
    seller: Party,
    campaign_code: str,
    quotation: str,
    product_name: Text,
    currency: str,
    spec_digest: str,
    schema: catalog.ProductSchema,
    participations: Sequence[Confirmed],
    base_unit_price_minor: int,
    agreed: TradeTerms,
    latest_date: date,
    salt: str,
    earliest_date: date | None = None,
    revision: int = 1,
) -> Draft:
    """The order for these participations. The same input gives the same order, to the byte.

    `base_unit_price_minor`: what the manufacturer is paid per unit at the quoted tier reached, tax included.
    `validity_until` is the last instant for an acknowledgment; `latest_date` the promised ship-by date.
    """
    grouped = group_into_lines(
        schema,
        participations,
        product_name=product_name,
        item_number=agreed.item_number,
        base_unit_price_minor=base_unit_price_minor,
        campaign_code=campaign_code,
        salt=salt,
    )
    sums = totals(grouped.lines, grouped.charges, rate_percent=agreed.vat_percent)
    required = dict.fromkeys(
        name for each in participations for name in catalog.certificates(schema, each.answers)
    )
    quality = terms.quality_terms(
        agreed,
        lot_size=len(grouped.units),
        golden_sample=f"GS-{campaign_code}",
        certificates=tuple(required),
    )
    snapshot = PurchaseOrderSnapshot(
        number=number,
        revision=revision,
        type_code=ORDER,
        issued_at=issued_at,
        validity_until=validity_until,
        buyer=buyer,
        seller=seller,
        campaign_code=campaign_code,
        quotation=quotation,
        product_name=product_name,
        currency=currency,
        spec_digest=spec_digest,
        common=grouped.common,
        lines=grouped.lines,
        charges=grouped.charges,
        units=grouped.units,
        totals=sums,
        payment_means=CREDIT_TRANSFER,
        payments=terms.payment_schedule(
            agreed, goods_minor=sums.goods_minor + sums.services_minor, nre_minor=sums.nre_minor
        ),
        delivery=terms.delivery(agreed, latest_date=latest_date, earliest_date=earliest_date),
        quality=quality,
        clauses=clauses.standard_clauses(_figures(agreed, quality, validity_until, quotation)),
    )
    return Draft(snapshot, grouped.assignments)


def _figures(
    agreed: TradeTerms, quality: Quality, validity_until: datetime, quotation: str
) -> dict[str, str | Text]:
    """What the clauses have blanks for."""
    certificates = Text(
        ", ".join(quality.certificates) or "those the law requires",
        "、".join(quality.certificates) or "法律规定的各项认证",
    )
    until = validity_until.astimezone(BEIJING)
    return {
        "validity": Text(f"{until:%Y-%m-%d %H:%M} (UTC+8)", f"{until:%Y年%m月%d日 %H:%M}（北京时间）"),
        "spare_units": str(quality.spare_units),
        "spare_percent": str(quality.spare_percent),
        "golden_sample": quality.golden_sample,
        "damages_per_day": agreed.damages_per_day,
        "damages_cap": agreed.damages_cap,
        "warranty_months": str(agreed.warranty_months),
        "certificates": certificates,
        "quotation": quotation,
    }
