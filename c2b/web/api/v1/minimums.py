"""The minimums of a campaign as JSON: the group's threshold, then options, combinations and configurations."""

from __future__ import annotations

from typing import Any

from c2b.campaigns.queries import present_offer
from c2b.campaigns.reach import reach_of
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.catalog.describing import describe_answers
from c2b.catalog.rules import ProductSchema
from c2b.participations.queries import demand_of
from c2b.participations.wishes.minimums import Answers, Standing, standings

_LOCALES = {"en": "en", "zh": "zh_CN"}


async def minimums_of(campaign: dict[str, Any], place: dict[str, Any] | None) -> list[dict[str, Any]]:
    """While people still choose: units paid so far of everything that needs a number of them. Empty before and after.

    Of configurations the reader's own and those nearest to it; without a place those that most people want.
    """
    if campaign["opened_at"] is None or campaign["state"] not in BEFORE_LOCK:
        return []
    offer = await present_offer(campaign)
    demand = await demand_of(offer)
    own = {**place["answers"], **offer.batch_answers} if place else None
    found = standings(offer.schema.parsed, demand, own=own)
    return [_group(campaign), *(_standing(offer.schema.parsed, each) for each in found)]


def _group(campaign: dict[str, Any]) -> dict[str, Any]:
    reached = reach_of(campaign)
    return {
        "level": "product",
        "key": "product",
        "label": campaign["product_name"],
        "count": reached.counted,
        "minimum": campaign["threshold"],
        "missing": reached.missing_for(campaign["threshold"]),
        "premium_minor": None,
        "mine": False,
    }


def _standing(schema: ProductSchema, standing: Standing) -> dict[str, Any]:
    cell = standing.cell
    found = {
        "level": cell.level,
        "key": cell.key,
        "label": dict(cell.label),
        "count": standing.count,
        "minimum": cell.minimum,
        "missing": standing.missing,
        "premium_minor": cell.premium_minor or None,
        "mine": standing.own,
    }
    if cell.level == "option":
        return {**found, "attribute": cell.attribute, "option": cell.code if cell.code != "" else None}
    if standing.answers is not None:
        label = {key: _in_words(schema, standing.answers, locale) for key, locale in _LOCALES.items()}
        return {**found, "label": label, "answers": schema.part(standing.answers, "variant")}
    return found


def _in_words(schema: ProductSchema, configuration: Answers, locale: str) -> str:
    return " · ".join(
        each.value for each in describe_answers(schema, configuration, locale, scopes=("variant",))
    )
