"""What was decided about providers' windows that end too early; ``ending`` decides, ``watching`` alerts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from c2b.accounts.queries import names_of
from c2b.kit import db

#: release what has been earned · refund everybody · give back and collect at another provider · let it end: refunds
#: after it go by bank transfer.
CHOICES = ("release", "refund", "anew", "by_bank")
DECIDED = "campaign.window_decided"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The latest decision about one window."""

    choice: str
    note: str
    by: str
    at: datetime


async def decisions(campaign_ids: Iterable[str]) -> dict[tuple[str, str, str], Decided]:
    """The latest decision about each window of these campaigns."""
    wanted = sorted(set(campaign_ids))
    if not wanted:
        return {}
    places = ", ".join("?" for _ in wanted)
    rows = await db.fetch(
        "SELECT subject_id, actor_id, payload, occurred_at FROM event WHERE subject = 'campaign' "  # noqa: S608
        f"AND name = 'campaign.window_decided' AND subject_id IN ({places}) ORDER BY id",
        *wanted,
    )
    names = await names_of({row["actor_id"] for row in rows if row["actor_id"]})
    found = {}
    for row in rows:
        told = json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"]
        at = db.instant(row["occurred_at"])
        assert at
        found[row["subject_id"], told["gateway"], told["window"]] = Decided(
            choice=told["choice"], note=told["note"], by=names.get(row["actor_id"], ""), at=at
        )
    return found
