"""Members who take part only from a tier price on, counted by that price for their campaign (`campaigns/reach.py`).

Counted anew from their rows whenever one of them may have come, gone, or changed their mind: nothing to drift away.
"""

from __future__ import annotations

import json
from typing import Any

from c2b.campaigns.counting import give_back_places, look_again
from c2b.campaigns.queries import JoinOffer
from c2b.kit import db
from c2b.participations.wishes.choices import counts_from, valid_choices


async def conditional_of(campaign_id: str) -> dict[int, int]:
    """Tier price in minor units → paid units of those who take part from it on. Call with the campaign's row held."""
    rows = await db.fetch(
        "SELECT commit_below_minor AS price, SUM(quantity) AS units FROM participation WHERE campaign_id = ? "
        "AND commit_below_minor IS NOT NULL AND state IN "
        "('joined', 'needs_attention', 'confirmed', 'in_fulfillment', 'delivered', 'completed') "
        "GROUP BY commit_below_minor",
        campaign_id,
    )
    return {int(row["price"]): int(row["units"]) for row in rows}


async def give_back_paid(campaign_id: str, *, units: int, reserved: int | None = None) -> None:
    """Paid units no longer count, their members' rows say so already. ``reserved``: other than as many places go."""
    await give_back_places(
        campaign_id,
        reserved=units if reserved is None else reserved,
        paid=units,
        conditional=await conditional_of(campaign_id),
    )


async def look_again_at_all(campaign_id: str) -> None:
    """What members want has changed, perhaps also from which price on."""
    await look_again(campaign_id, conditional=await conditional_of(campaign_id))


async def judge_limits_anew(offer: JoinOffer) -> None:
    """The terms have changed: what a highest unit price comes to may be another tier now."""
    rows = await db.fetch(
        "SELECT id, quantity, answers, preferences, commit_below_minor FROM participation WHERE campaign_id = ? "
        "AND state IN ('waitlisted', 'pending_payment', 'joined', 'needs_attention') "
        "AND CAST(preferences AS TEXT) LIKE '%limit_minor%' ORDER BY id",
        offer.campaign_id,
    )
    changed = []
    for row in rows:
        answers, wishes = _json(row["answers"]), _json(row["preferences"])
        if "limit_minor" in wishes and valid_choices(offer, answers, wishes):
            found = counts_from(offer, answers, wishes, row["quantity"])
            if found != row["commit_below_minor"]:
                changed.append((found, row["id"]))
    if changed:
        await db.execute_many("UPDATE participation SET commit_below_minor = ? WHERE id = ?", changed)
        await look_again_at_all(offer.campaign_id)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
