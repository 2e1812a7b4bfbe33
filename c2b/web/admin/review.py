"""What an admin has to know to let a campaign open: the offer beside the manufacturer's quotation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.campaigns.checking import bounds_of, faults
from c2b.campaigns.queries import open_votes, transitions
from c2b.campaigns.rules import Bounds, Offer, PriceTier, price_at, price_tiers, quoted_at
from c2b.campaigns.votes import OpenVote, possible_batches
from c2b.catalog.describing import Described, describe_answers
from c2b.catalog.queries import pinned_schema, product
from c2b.catalog.rules import certificates
from c2b.kit import clock
from c2b.kit.i18n import current_locale, pick
from c2b.web.consumer.votes import VoteView, vote_view, with_conditions


@dataclass(frozen=True, kw_only=True)
class TierCheck:
    """One price tier beside what the manufacturer quoted for it; ``quoted_minor`` is what the order pays per unit.

    ``margin_minor`` is what stays of one unit's price, before one-off engineering. ``None`` where nothing is quoted.
    """

    from_quantity: int
    price_minor: int
    quoted_minor: int | None
    low_minor: int | None
    high_minor: int | None
    margin_minor: int | None
    fits: bool


@dataclass(frozen=True, kw_only=True)
class Review:
    """A campaign under review with its facts. Amounts in minor units of ``currency``, tax included.

    ``margin_minor`` is for the whole batch at the threshold, ``nre_minor`` what one-off engineering takes of it.
    ``faults`` are sentences about what the rules no longer allow: time has passed since it was submitted.
    """

    id: str
    code: str
    title: str
    story: str
    organizer_name: str
    product_name: str
    manufacturer_name: str
    currency: str
    threshold: int
    cap: int
    minimum: int
    capacity: int
    deadline: datetime
    quoted_until: datetime
    at_deadline: bool
    by_link: bool
    submitted_at: datetime | None
    described: list[Described]
    certificates: list[str]
    tiers: list[TierCheck]
    margin_minor: int
    nre_minor: int
    faults: list[str]
    votes: list[VoteView]


async def review_of(campaign: dict[str, Any]) -> Review:
    """The facts about a campaign as ``campaigns.queries`` reads it."""
    made_for, schema = await product(campaign["product_id"]), await pinned_schema(campaign["schema_id"])
    answers = campaign["batch_answers"]
    votes = await open_votes(campaign["id"])
    bounds, offer = bounds_of(made_for, schema, answers, votes), offer_of(campaign, votes)
    quoted = quoted_at(bounds.quoted, offer.threshold)
    each = price_at(offer.tiers, offer.threshold) - quoted.unit_price_minor if quoted else 0
    found = faults(offer, made_for, schema, now=clock.now())
    names = ("id", "code", "title", "story", "organizer_name", "currency", "threshold", "cap", "deadline")
    return Review(
        **{name: campaign[name] for name in names},
        product_name=pick(campaign["product_name"]),
        manufacturer_name=pick(campaign["manufacturer_name"]),
        minimum=max(bounds.min_quantity, bounds.batch_minimum),
        capacity=bounds.capacity,
        quoted_until=bounds.quoted_until,
        at_deadline=offer.closes == "at_deadline",
        by_link=offer.visibility == "by_link",
        submitted_at=await _submitted_at(campaign["id"]),
        described=with_conditions(
            describe_answers(schema.parsed, answers, current_locale(), scopes=("batch",)),
            possible_batches(schema.parsed, answers, votes),
        ),
        certificates=list(certificates(schema.parsed, answers)),
        tiers=[tier_check(tier, offer, bounds) for tier in offer.tiers],
        margin_minor=each * offer.threshold,
        nre_minor=bounds.nre_minor,
        faults=[fault.text() for fault in found],
        votes=[vote_view(vote, schema.parsed, campaign["currency"]) for vote in votes],
    )


def offer_of(campaign: dict[str, Any], votes: tuple[OpenVote, ...] = ()) -> Offer:
    """The offer in a campaign's row, with its votes."""
    names = ("title", "story", "batch_answers", "threshold", "cap", "closes", "visibility", "deadline",
             "objection_hours", "payment_plan", "deposit_percent", "balance_days")  # fmt: skip
    return Offer(
        **{name: campaign[name] for name in names}, tiers=price_tiers(campaign["tiers"]), votes=votes
    )


def tier_check(tier: PriceTier, offer: Offer, bounds: Bounds) -> TierCheck:
    """One tier against the quotation for the smallest batch that can have its price."""
    quoted = quoted_at(bounds.quoted, max(tier.from_quantity, offer.threshold))
    price = tier.unit_price_minor
    return TierCheck(
        from_quantity=tier.from_quantity,
        price_minor=price,
        quoted_minor=quoted.unit_price_minor if quoted else None,
        low_minor=quoted.min_retail_minor if quoted else None,
        high_minor=quoted.max_retail_minor if quoted else None,
        margin_minor=price - quoted.unit_price_minor if quoted else None,
        fits=quoted is not None and quoted.min_retail_minor <= price <= quoted.max_retail_minor,
    )


async def _submitted_at(campaign_id: str) -> datetime | None:
    steps = [each["at"] for each in await transitions(campaign_id) if each["to_state"] == "under_review"]
    return steps[-1] if steps else None
