"""How a campaign stands towards the versions of its product's schema, for the pages of organizer and admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.campaigns.rules import BEFORE_LOCK, JOINABLE
from c2b.catalog.queries import pinned_schema, schema_versions
from c2b.kit import clock
from c2b.participations.reconfirming.questions import questions_of


@dataclass(frozen=True, kw_only=True)
class VersionState:
    """How a campaign stands towards its product's schema: its version, newer ones, and who is asked until when."""

    version: int
    newer: tuple[tuple[int, datetime], ...]
    asked: int
    until: datetime | None
    may_move: bool


async def version_state(campaign: dict[str, Any]) -> VersionState:
    """For the pages of organizer and admin."""
    present = (await pinned_schema(campaign["schema_id"])).version
    asked = await questions_of(campaign["id"])
    newer = tuple(
        (each["version"], each["published_at"])
        for each in await schema_versions(campaign["product_id"])
        if each["version"] > present
    )
    open_yet = campaign["state"] in JOINABLE and campaign["deadline"] > clock.now()
    return VersionState(
        version=present,
        newer=newer if campaign["state"] in BEFORE_LOCK else (),
        asked=len(asked),
        until=max((each.answer_until for each in asked.values()), default=None),
        may_move=open_yet and bool(newer),
    )
