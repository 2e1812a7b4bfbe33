"""Room in a group: free places for whoever comes now, and the waitlist before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.kit import db
from c2b.kit.errors import NotFound


@dataclass(frozen=True)
class Room:
    """``left`` places for whoever comes now, and how many people wait."""

    left: int
    waiting: int


def places_left(campaign: Mapping[str, Any]) -> int:
    """Free places for whoever comes now: none as long as somebody waits for so few (``least`` units) that they fit.

    Nobody overtakes the waitlist: such places are on their way to it.
    """
    free: int = campaign["cap"] - campaign["reserved"]
    return 0 if campaign["least"] and campaign["least"] <= free else free


async def room_of(campaign_id: str) -> Room:
    """The room in a campaign. Raises ``NotFound``."""
    row = await db.fetch_one(
        "SELECT c.cap, c.reserved, COUNT(p.id) AS waiting, MIN(p.quantity) AS least FROM campaign c "
        "LEFT JOIN participation p ON p.campaign_id = c.id AND p.state = 'waitlisted' WHERE c.id = ? "
        "GROUP BY c.id, c.cap, c.reserved",
        campaign_id,
    )
    if row is None:
        raise NotFound
    return Room(places_left(row), int(row["waiting"]))


async def fewest_waited_for(campaign_ids: Sequence[str]) -> dict[str, int]:
    """Per campaign with a waitlist, the fewest units that somebody on it waits for."""
    places = ", ".join("?" for _ in campaign_ids)
    rows = await db.fetch(
        "SELECT campaign_id, MIN(quantity) AS least FROM participation "
        f"WHERE campaign_id IN ({places}) AND state = 'waitlisted' GROUP BY campaign_id",
        *campaign_ids,
    )
    return {row["campaign_id"]: int(row["least"]) for row in rows}


async def position_of(participation: Mapping[str, Any]) -> int:
    """Which place on the waitlist a waitlisted participation has: 1 is asked first."""
    row = await db.fetch_one(
        "SELECT COUNT(*) AS earlier FROM participation WHERE campaign_id = ? AND state = 'waitlisted' "
        "AND (joined_at < ? OR (joined_at = ? AND id < ?))",
        participation["campaign_id"],
        participation["joined_at"],
        participation["joined_at"],
        participation["id"],
    )
    assert row
    return int(row["earlier"]) + 1
