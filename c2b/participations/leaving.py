"""Members whom nothing they wanted can be given: they leave with all their money, and why is kept with their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from c2b.campaigns.counting import give_back_places
from c2b.events.operations import Happening, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json

Json = dict[str, Any]


async def leave_out(campaign_id: str, members: Sequence[Json]) -> None:
    """Let paid members go (``id``, ``units``, ``outcome``), in the transaction that holds their campaign.

    The event sees to the refund and to the mail.
    """
    if not members:
        return
    now = clock.now()
    await db.execute_many(
        "UPDATE participation SET state = 'refunding', left_at = ?, attention = '', outcome = ? "
        "WHERE id = ? AND state IN ('joined', 'needs_attention')",
        [(now, canonical_json(member["outcome"]).decode(), member["id"]) for member in members],
    )
    await record_all(
        Happening(
            "participation.left_out", "participation", member["id"], campaign_id, None, "organizer",
            {"outcome": member["outcome"], "paid": True},
        )
        for member in members
    )  # fmt: skip
    units = sum(member["units"] for member in members)
    await give_back_places(campaign_id, reserved=units, paid=units)
