"""How the votes of a campaign stand: first choices of paid units, and what would come out if it were counted now.

Read for live pages, so the count of a campaign is kept per process as long as nobody's wishes have changed.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.campaigns.queries import votes_of
from c2b.campaigns.votes import prices_of
from c2b.catalog.queries import pinned_schema
from c2b.catalog.schema import ProductSchema
from c2b.kit import db
from c2b.participations.votes.voting import Ballot, Count, count

_KEPT = 500


@dataclass(frozen=True)
class Poll:
    """One vote. ``units``: first choices of paid units, in the organizer's order; ``voted``: units with a ballot.

    ``leader``: what would come out now, ``None`` while nobody has voted. ``outcome``: what came out of a closed one,
    ``by_tie_rule``: the tie rule had a part in it; ``rounds`` of the count: units per choice, and who was out.
    """

    id: str
    attribute: str
    closes_at: datetime
    tie_rule: str
    state: str
    units: tuple[tuple[Any, int], ...]
    voted: int
    leader: Any
    outcome: Any
    by_tie_rule: bool
    rounds: tuple[Mapping[str, Any], ...]


_kept: OrderedDict[tuple[str, int, int], tuple[Poll, ...]] = OrderedDict()


async def polls_of(campaign_id: str) -> tuple[Poll, ...]:
    """All votes of a campaign as they stand, the one that closes first in front."""
    row = await db.fetch_one(
        "SELECT schema_id, wishes_version, terms_version, opened_at FROM campaign WHERE id = ?", campaign_id
    )
    if row is None:
        return ()
    key = (campaign_id, row["wishes_version"], row["terms_version"])
    if row["opened_at"] is not None and key in _kept:
        return _kept[key]
    votes = await votes_of(campaign_id)
    schema = (await pinned_schema(row["schema_id"])).parsed
    members = await paid_members(campaign_id) if any(vote["state"] == "open" for vote in votes) else []
    polls = tuple(_poll(vote, schema, members) for vote in votes)
    if row["opened_at"] is not None:
        _kept[key] = polls
        if len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return polls


async def paid_members(campaign_id: str, *, until: datetime | None = None) -> list[dict[str, Any]]:
    """Who votes: id, units and preferences of everybody whose money is captured (``until`` an instant), in the order in
    which they paid."""
    rows = await db.fetch(
        "SELECT id, quantity, preferences, paid_at FROM participation WHERE campaign_id = ? "
        "AND state IN ('joined', 'needs_attention') ORDER BY paid_at, id",
        campaign_id,
    )
    found = [
        {**row, "preferences": _json(row["preferences"]), "paid_at": db.instant(row["paid_at"])}
        for row in rows
    ]
    return [row for row in found if until is None or row["paid_at"] <= until]


def counted(
    vote: Mapping[str, Any], schema: ProductSchema, members: Sequence[Mapping[str, Any]]
) -> tuple[Count, bool]:
    """What comes out of a vote now, and whether anybody voted at all."""
    choices = vote["choices"]
    ballots = list(_ballots(vote["attribute"], members))
    attribute = schema.attribute(vote["attribute"])
    return (
        count(choices, ballots, tie_rule=vote["tie_rule"], prices=prices_of(attribute, choices)),
        bool(ballots),
    )


def _ballots(attribute: str, members: Sequence[Mapping[str, Any]]) -> Iterable[Ballot]:
    for order, member in enumerate(members):
        ranking = member["preferences"].get("votes", {}).get(attribute, {}).get("ranking", ())
        if ranking:
            yield Ballot(tuple(ranking), member["quantity"], order)


def _poll(vote: Mapping[str, Any], schema: ProductSchema, members: Sequence[Mapping[str, Any]]) -> Poll:
    names = ("id", "attribute", "closes_at", "tie_rule", "state", "outcome")
    common = {name: vote[name] for name in names}
    if vote["state"] == "closed":
        rounds = tuple(vote["tally"]["rounds"])
        units = tuple((code, number) for code, number in rounds[0]["units"])
        by_tie_rule = any(vote["outcome"] in each["tied"] for each in rounds)
        return Poll(
            **common, units=units, voted=vote["tally"]["units"], leader=None, by_tie_rule=by_tie_rule, rounds=rounds
        )  # fmt: skip
    found, anybody = counted(vote, schema, members)
    return Poll(
        **common, units=found.rounds[0].units, voted=found.units, leader=found.outcome if anybody else None,
        by_tie_rule=found.by_tie_rule, rounds=(),
    )  # fmt: skip


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
