"""Prices as people pay them: the tier's price with what the organizer fixed for everybody, before one's own options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from c2b.campaigns.queries import open_votes, present_offer
from c2b.campaigns.rules import PriceTier
from c2b.campaigns.votes import OpenVote, prices_of
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema, surcharges


async def fixed_surcharge(campaign: dict[str, Any]) -> int:
    """What the batch of a campaign adds to every unit, in minor units; at most, while the members still decide."""
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    opened = campaign["opened_at"] is not None
    votes = (await present_offer(campaign)).votes if opened else await open_votes(campaign["id"])
    return batch_surcharge(schema, campaign["batch_answers"]) + vote_surcharge(schema, votes)


def vote_surcharge(schema: ProductSchema, votes: Iterable[OpenVote]) -> int:
    """What the dearest outcome of open votes adds to every unit, in minor units."""
    return sum(
        max(prices_of(schema.attribute(vote.attribute), vote.choices).values(), default=0) for vote in votes
    )


def batch_surcharge(schema: ProductSchema, batch_answers: dict[str, Any]) -> int:
    """The surcharges of batch answers for one unit, in minor units."""
    return sum(each.minor for each in surcharges(schema, batch_answers, "batch"))


def raised(tiers: Iterable[PriceTier], by_minor: int) -> tuple[PriceTier, ...]:
    """The ladder with an amount on every rung."""
    return tuple(replace(tier, unit_price_minor=tier.unit_price_minor + by_minor) for tier in tiers)
