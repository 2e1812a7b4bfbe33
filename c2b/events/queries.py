"""Reading what happened, each reader their part: admins everything, others what was meant for them.

This layer knows no people: whoever calls has found out what the reader is to the campaign.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.events.models import AUDIENCES
from c2b.kit import db
from c2b.kit.http.paging import Slice, Window, slice_of

#: Reader → the audiences whose events they may read. What is for the organizer is not for the manufacturer.
READ: dict[str, tuple[str, ...]] = {
    "members": ("members",),
    "organizer": ("members", "organizer"),
    "manufacturer": ("members", "manufacturer"),
    "admin": AUDIENCES,
}


@dataclass(frozen=True, kw_only=True)
class EventView:
    """One fact. ``payload`` holds ids, counts and texts; ``actor_id`` is ``None`` where the platform acted itself."""

    id: str
    name: str
    subject: str
    subject_id: str
    campaign_id: str | None
    actor_id: str | None
    audience: str
    payload: dict[str, Any]
    occurred_at: datetime


def audiences_of(reader: str) -> tuple[str, ...]:
    """The audiences whose events a ``reader`` ("members", "organizer", "manufacturer", "admin") may read."""
    return READ[reader]


async def all_events(
    window: Window | None = None,
    *,
    name: str | None = None,
    campaign_id: str | None = None,
    subject: str | None = None,
    subject_id: str | None = None,
) -> Slice[EventView]:
    """For admins: the whole log, newest first; the cursor is an id. ``name`` may end in ``.*``: "payment.*"."""
    where, args = _conditions(
        {"campaign_id = ?": campaign_id, "subject = ?": subject, "subject_id = ?": subject_id}
    )
    if name and name.endswith(".*"):
        where.append("name LIKE ?")
        args.append(f"{name[:-1]}%")
    elif name:
        where.append("name = ?")
        args.append(name)
    return await _listed(where, args, window or Window())


async def events_of_campaign(campaign_id: str, reader: str, window: Window | None = None) -> Slice[EventView]:
    """What happened in a campaign, newest first, as far as ``reader`` (see ``audiences_of``) may read it.

    Who acted is told to admins only: others learn it where names are shown on purpose.
    """
    audiences = audiences_of(reader)
    places = ", ".join("?" for _ in audiences)
    found = await _listed(
        ["campaign_id = ?", f"audience IN ({places})"], [campaign_id, *audiences], window or Window()
    )
    if reader == "admin":
        return found
    return Slice([_without_actor(event) for event in found.items], found.next_cursor)


async def events_of_account(user_id: str, window: Window | None = None) -> Slice[EventView]:
    """What happened to one's own account (log-ins, passwords, tokens), newest first."""
    return await _listed(["audience = 'owner'", "actor_id = ?"], [user_id], window or Window())


async def _listed(where: list[str], args: list[Any], window: Window) -> Slice[EventView]:
    if window.after:
        where, args = [*where, "id < ?"], [*args, str(window.after[0])]
    sql = f"SELECT * FROM event WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {window.limit + 1}"  # noqa: S608
    rows = await db.fetch(sql, *args)
    return slice_of([_event(row) for row in rows], window, lambda event: (event.id,))


def _conditions(filters: dict[str, str | None]) -> tuple[list[str], list[Any]]:
    given = {condition: value for condition, value in filters.items() if value is not None}
    return ["1 = 1", *given], list(given.values())


def _event(row: dict[str, Any]) -> EventView:
    moment = db.instant(row["occurred_at"])
    assert moment
    payload = json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"]
    names = ("id", "name", "subject", "subject_id", "campaign_id", "actor_id", "audience")
    return EventView(**{name: row[name] for name in names}, payload=payload, occurred_at=moment)


def _without_actor(event: EventView) -> EventView:
    return EventView(**{**event.__dict__, "actor_id": None})
