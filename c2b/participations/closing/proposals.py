"""Reading proposals: the whole for the organizer and admins, one's own part for a member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.rules import Actor, public_name
from c2b.catalog.queries import pinned_schema
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.participations.closing.objecting import may_answer
from c2b.participations.closing.proposing import read
from c2b.participations.explanations.explained import Explained, explained
from c2b.participations.explanations.outcomes import read_outcome

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Mine:
    """What the allocation proposes for a member; they may refuse ``until`` then, if they ``may_answer``."""

    outcome: Explained
    settled_minor: int | None
    until: datetime | None
    may_answer: bool
    accepted: bool


async def allocation_of(actor: Actor, campaign: Json) -> Json | None:
    """The latest allocation of a campaign with its members' first names, for its organizer and admins.

    ``None`` while there is none. Raises ``NotFound`` for everybody else.
    """
    if not (actor.is_admin or actor.id == campaign["organizer_id"]):
        raise NotFound
    row = await _latest(campaign["id"])
    return {**row, "names": await _names(campaign["id"])} if row else None


async def mine_of(participation: Json) -> Mine | None:
    """What is proposed for one's own participation (`queries.own`) while its campaign is closed; else ``None``."""
    if participation["campaign_state"] != "closed" or participation["state"] != "joined":
        return None
    proposal = await _latest(participation["campaign_id"])
    if proposal is None or proposal["state"] != "proposed":
        return None
    member = next((each for each in proposal["result"]["members"] if each["id"] == participation["id"]), None)
    if member is None:
        return None
    schema = (await pinned_schema(participation["schema_id"])).parsed
    return Mine(
        outcome=explained(schema, read_outcome(member["outcome"]), participation["currency"]),
        settled_minor=member["settled_minor"],
        until=proposal["objections_until"],
        may_answer=may_answer({"state": participation["campaign_state"]}, proposal, participation["id"]),
        accepted=participation["id"] in proposal["accepted"],
    )


async def sign_of(campaign_id: str) -> list[Any]:
    """Changes whenever the proposal of a campaign does: for live pages."""
    row = await db.fetch_one(
        "SELECT id, state, accepted FROM allocation WHERE campaign_id = ? ORDER BY round DESC, turn DESC LIMIT 1",
        campaign_id,
    )
    return [row["id"], row["state"], str(row["accepted"])] if row else []


async def _latest(campaign_id: str) -> Json | None:
    row = await db.fetch_one(
        "SELECT * FROM allocation WHERE campaign_id = ? ORDER BY round DESC, turn DESC LIMIT 1", campaign_id
    )
    return read(row) if row else None


async def _names(campaign_id: str) -> dict[str, str]:
    rows = await db.fetch(
        "SELECT t.id, u.name FROM participation t JOIN user_account u ON u.id = t.user_id WHERE t.campaign_id = ?",
        campaign_id,
    )
    return {row["id"]: public_name(row["name"]) for row in rows}
