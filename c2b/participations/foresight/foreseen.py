"""Reading what would come out if a group closed now: true for the present wishes, or absent."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c2b.campaigns.rules import JOINABLE
from c2b.kit import db
from c2b.participations.explanations.outcomes import Outcome, read_outcome

Json = dict[str, Any]


@dataclass(frozen=True)
class Foreseen:
    """``units`` of the ``paid`` ones would be made at ``unit_price_minor`` (without anybody's surcharges).

    ``assumed``: open votes, taken as they stand. ``cells``: what has a minimum and what would become of it.
    """

    units: int
    paid: int
    unit_price_minor: int
    assumed: Json
    cells: tuple[Json, ...]
    outcomes: Mapping[str, Json]
    nudges: tuple[Json, ...]

    def nudges_for(self, participation_id: str) -> list[tuple[Json, int]]:
        """The nudges that are true for this member, each with the choice of theirs that would have to come first."""
        return [
            (nudge, nudge["first"][participation_id])
            for nudge in self.nudges
            if participation_id in nudge["first"]
        ]

    def outcome_of(self, participation_id: str) -> Outcome | None:
        """What this member would get; ``None`` for who is not among the paid ones."""
        kept = self.outcomes.get(participation_id)
        return read_outcome(kept) if kept else None


_kept: OrderedDict[tuple[str, int, str], Foreseen] = OrderedDict()
_KEEP = 100


async def foreseen(campaign: Mapping[str, Any]) -> Foreseen | None:
    """The preview of an open campaign, from its row; ``None`` unless it is for the present wishes and terms."""
    if campaign["state"] not in JOINABLE:
        return None
    row = await db.fetch_one(
        "SELECT computed_at FROM preview WHERE campaign_id = ? AND wishes_version = ?",
        campaign["id"],
        campaign["wishes_version"],
    )
    if row is None:
        return None
    key = (campaign["id"], campaign["wishes_version"], str(row["computed_at"]))
    if key not in _kept:
        found = await _read(campaign)
        if found is None:
            return None
        _kept[key] = found
        if len(_kept) > _KEEP:
            _kept.popitem(last=False)
    return _kept[key]


async def sign_of(campaign_id: str) -> list[str]:
    """Differs when a campaign's preview has become true, another, or absent."""
    row = await db.fetch_one(
        "SELECT p.computed_at FROM preview p JOIN campaign c ON c.id = p.campaign_id "
        "AND c.wishes_version = p.wishes_version WHERE p.campaign_id = ?",
        campaign_id,
    )
    return [str(row["computed_at"])] if row else []


async def _read(campaign: Mapping[str, Any]) -> Foreseen | None:
    row = await db.fetch_one(
        "SELECT result, nudges FROM preview WHERE campaign_id = ? AND wishes_version = ?",
        campaign["id"],
        campaign["wishes_version"],
    )
    if row is None:
        return None
    result = _json(row["result"])
    if result["terms_version"] != campaign["terms_version"]:
        return None
    names = ("units", "paid", "unit_price_minor", "assumed", "outcomes")
    return Foreseen(
        **{name: result[name] for name in names},
        cells=tuple(result["cells"]),
        nudges=tuple(_json(row["nudges"])),
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
