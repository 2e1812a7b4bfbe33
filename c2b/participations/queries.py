"""Reading participations: one's own, a campaign's members, and how the options stand."""

from __future__ import annotations

import json
from typing import Any

from c2b.accounts.rules import Actor, public_name
from c2b.campaigns.queries import JoinOffer
from c2b.catalog.rules import option_counts
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.participations.models import GONE

_INSTANTS = ("joined_at", "reserved_until", "paid_at", "left_at", "deadline")
_OWN = (
    "SELECT t.*, c.slug, c.title, c.code AS campaign_code, c.state AS campaign_state, c.schema_id, c.batch_answers, "
    "c.deadline, c.threshold, c.paid, c.organizer_id, c.wishes_version, c.terms_version "
    "FROM participation t JOIN campaign c ON c.id = t.campaign_id "
)
_GONE = ", ".join(f"'{state}'" for state in GONE)


async def mine(actor: Actor, *, limit: int = 50, before: str | None = None) -> list[dict[str, Any]]:
    """The reader's own participations, newest first."""
    more, args = (" AND t.id < ?", [before]) if before else ("", [])
    rows = await db.fetch(
        _OWN + f"WHERE t.user_id = ?{more} ORDER BY t.id DESC LIMIT {int(limit)}", actor.id, *args
    )
    return [read(row) for row in rows]


async def own(actor: Actor, participation_id: str) -> dict[str, Any]:
    """One of the reader's own participations. Raises ``NotFound`` for anybody else's."""
    row = await db.fetch_one(_OWN + "WHERE t.id = ? AND t.user_id = ?", participation_id, actor.id)
    if row is None:
        raise NotFound
    return read(row)


async def place_for_admins(participation_id: str) -> dict[str, Any]:
    """A place with its member's name and its campaign's title and code. The caller has checked that an admin reads.

    Raises ``NotFound``.
    """
    row = await db.fetch_one(
        "SELECT t.id, t.campaign_id, t.state, t.quantity, t.total_minor, t.settled_minor, t.captured_minor, "
        "t.currency, c.title, c.code, u.name FROM participation t JOIN campaign c ON c.id = t.campaign_id "
        "JOIN user_account u ON u.id = t.user_id WHERE t.id = ?",
        participation_id,
    )
    if row is None:
        raise NotFound
    return row


async def place_of(actor: Actor | None, campaign_id: str) -> dict[str, Any] | None:
    """The reader's living participation in a campaign, if there is one."""
    if actor is None:
        return None
    row = await db.fetch_one(
        _OWN + f"WHERE t.campaign_id = ? AND t.user_id = ? AND t.state NOT IN ({_GONE}) ORDER BY t.id DESC",
        campaign_id,
        actor.id,
    )
    return read(row) if row else None


async def demand_of(offer: JoinOffer) -> list[tuple[dict[str, Any], int]]:
    """What paid units were first asked for: (answers with the batch's, units), equal answers together."""
    rows = await db.fetch(
        "SELECT answers, SUM(quantity) AS units FROM participation WHERE campaign_id = ? "
        "AND state IN ('joined', 'needs_attention', 'confirmed', 'in_fulfillment', 'delivered', 'completed') "
        "GROUP BY answers",
        offer.campaign_id,
    )
    return [({**_json(row["answers"]), **offer.batch_answers}, int(row["units"])) for row in rows]


async def counts_of(offer: JoinOffer) -> dict[str, dict[Any, int]]:
    """Paid units per attribute and option."""
    return option_counts(offer.schema.parsed, await demand_of(offer))


async def members_of(
    actor: Actor, campaign: dict[str, Any], *, limit: int = 50, before: str | None = None
) -> list[dict[str, Any]]:
    """For organizer and admin: who asked for what (first name only; no address, no mail), newest first."""
    if not (actor.is_admin or actor.id == campaign["organizer_id"]):
        raise NotFound
    more, args = (" AND t.id < ?", [before]) if before else ("", [])
    rows = await db.fetch(
        "SELECT t.id, t.quantity, t.answers, t.state, t.attention, t.total_minor, t.currency, t.joined_at, "
        "t.invitation_id, t.outcome, u.name FROM participation t JOIN user_account u ON u.id = t.user_id "
        f"WHERE t.campaign_id = ?{more} "
        f"ORDER BY t.id DESC LIMIT {int(limit)}",
        campaign["id"],
        *args,
    )
    return [read({**row, "name": public_name(row["name"])}) for row in rows]


def read(row: dict[str, Any]) -> dict[str, Any]:
    """A row with JSON parsed and instants as instants."""
    parsed = {**row}
    for key in ("answers", "quote", "batch_answers", "outcome", "preferences"):
        if key in parsed:
            parsed[key] = _json(parsed[key])
    for key in _INSTANTS:
        if key in parsed:
            parsed[key] = db.instant(parsed[key])
    return parsed


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
