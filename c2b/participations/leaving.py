"""Members whom nothing they wanted can be given: they leave with all their money, and why is kept with their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from c2b.events.operations import Happening, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.participations.conditional import give_back_paid
from c2b.participations.waitlist import would_fit

Json = dict[str, Any]


def units_of(members: Sequence[Json]) -> int:
    return sum(member["units"] for member in members)


def leaving(result: Json) -> list[Json]:
    """Whom an allocation gives nothing."""
    return [member for member in result["members"] if member["answers"] is None]


async def make_room(campaign_id: str, result: Json) -> bool:
    """Whom an allocation gives nothing leaves before the lock if somebody waits for their places. ``True`` if so.

    They would leave anyway; this way the places are filled, and another turn sees what can be made then.
    """
    gone = leaving(result)
    if not gone or not await would_fit(campaign_id, units=units_of(gone)):
        return False
    await leave_out(campaign_id, gone)
    return True


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
    units = units_of(members)
    await give_back_paid(campaign_id, units=units)
