"""Reading how the options of a campaign lived: for its organizer and for admins."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.insights.lives import Answers, Life, Stay, lives
from c2b.kit import clock, db
from c2b.kit.errors import NotFound


@dataclass(frozen=True)
class OptionLives:
    """All cells that anybody paid for in a campaign, from ``begins`` to ``ends`` (the present, while it is open).

    ``units`` are those of all members at the end; a member counts in several cells.
    """

    schema: ProductSchema
    begins: datetime
    ends: datetime
    locked_at: datetime | None
    units: int
    lives: tuple[Life, ...]


async def option_lives(actor: Actor, campaign: Mapping[str, Any]) -> OptionLives:
    """How the options of an opened campaign live and die, from its row (`campaigns.queries.campaign_for`).

    Raises ``NotFound`` for anybody but its organizer and admins, and before it has opened.
    """
    if not (actor.is_admin or actor.id == campaign["organizer_id"]) or campaign["opened_at"] is None:
        raise NotFound
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    stays = await _stays(campaign, schema)
    found = await asyncio.to_thread(lives, schema, stays)
    ends = campaign["locked_at"] or campaign["ended_at"] or clock.now()
    latest = max((each.points[-1][0] for each in found), default=ends)
    return OptionLives(
        schema=schema,
        begins=campaign["opened_at"],
        ends=max(ends, latest, campaign["opened_at"]),
        locked_at=campaign["locked_at"],
        units=sum(stay.quantity for stay in stays if stay.moments[-1][1] is not None),
        lives=found,
    )


async def _stays(campaign: Mapping[str, Any], schema: ProductSchema) -> list[Stay]:
    """What every member who ever paid wanted, from when to when. A change of the requirement is an event that holds
    the variant answers before it; what the lock made of a requirement is in its outcome."""
    rows = await db.fetch(
        "SELECT id, quantity, answers, outcome, paid_at, left_at FROM participation "
        "WHERE campaign_id = ? AND paid_at IS NOT NULL",
        campaign["id"],
    )
    revised: dict[str, list[tuple[datetime, Answers]]] = defaultdict(list)
    for event in await db.fetch(
        "SELECT subject_id, payload, occurred_at FROM event WHERE campaign_id = ? AND name = 'requirement.revised' "
        "ORDER BY occurred_at, id",
        campaign["id"],
    ):
        before = _json(event["payload"]).get("before")
        if before is not None:
            revised[event["subject_id"]].append((_instant(event["occurred_at"]), before))
    facts = _Facts(schema.names("unit"), campaign["batch_answers"], campaign["locked_at"])
    return [Stay(row["quantity"], tuple(_moments(row, facts, revised[row["id"]]))) for row in rows]


@dataclass(frozen=True)
class _Facts:
    """What is the same for every member of a campaign."""

    personal: frozenset[str]
    shared: Answers
    locked_at: datetime | None


def _moments(
    row: Mapping[str, Any], facts: _Facts, revised: list[tuple[datetime, Answers]]
) -> Iterator[tuple[datetime, Answers | None]]:
    given = _json(row["answers"])
    changes = (_json(row["outcome"]) or {}).get("changes") or ()
    wanted = {**given, **{each["attribute"]: each["before"] for each in changes}}
    personal = {name: answer for name, answer in wanted.items() if name in facts.personal}
    since = _instant(row["paid_at"])
    for at, before in revised:
        yield since, {**personal, **before, **facts.shared}
        since = max(at, since)
    yield since, {**wanted, **facts.shared}
    left_at = db.instant(row["left_at"])
    if changes and facts.locked_at and (left_at is None or left_at > facts.locked_at):
        yield max(facts.locked_at, since), {**given, **facts.shared}
    if left_at:
        yield max(left_at, since), None


def _instant(value: Any) -> datetime:
    found = db.instant(value)
    assert found
    return found


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
