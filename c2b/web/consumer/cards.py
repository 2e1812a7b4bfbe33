"""A campaign as a card in a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.campaigns.reach import reach_of, to_count_on
from c2b.campaigns.rules import BEFORE_LOCK, JOINABLE, price_tiers
from c2b.kit.i18n import pick
from c2b.web.consumer.prices import fixed_surcharge, raised
from c2b.web.consumer.words import State, campaign_state, family


@dataclass(frozen=True, kw_only=True)
class CampaignCard:
    """What a card says. ``price_minor`` is what everybody pays now, before their own options; of the ``paid`` units
    ``counted`` ones count at it."""

    id: str
    slug: str
    title: str
    family: str
    family_name: str
    product_name: str
    manufacturer_name: str
    state: State
    joinable: bool
    paid: int
    counted: int
    reserved: int
    threshold: int
    cap: int
    missing: int
    currency: str
    price_minor: int
    lowest_price_minor: int
    deadline: datetime
    review_note: str


async def card_of(row: dict[str, Any]) -> CampaignCard:
    """The card of a campaign as ``campaigns.queries`` reads it."""
    tiers, fixed_minor = price_tiers(row["tiers"]), await fixed_surcharge(row)
    promised = to_count_on(tiers, closes=row["closes"], threshold=row["threshold"])
    reached = reach_of(row, promised if row["state"] in BEFORE_LOCK else tiers)
    return CampaignCard(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        family=row["family"],
        family_name=family(row["family"]),
        product_name=pick(row["product_name"]),
        manufacturer_name=pick(row["manufacturer_name"]),
        state=campaign_state(row["state"]),
        joinable=row["state"] in JOINABLE,
        paid=row["paid"],
        counted=reached.counted,
        reserved=row["reserved"] - row["paid"],
        threshold=row["threshold"],
        cap=row["cap"],
        missing=reached.missing_for(row["threshold"]),
        currency=row["currency"],
        price_minor=reached.unit_price_minor + fixed_minor,
        lowest_price_minor=raised(promised, fixed_minor)[-1].unit_price_minor,
        deadline=row["deadline"],
        review_note=row["review_note"] if row["state"] == "draft" else "",
    )
