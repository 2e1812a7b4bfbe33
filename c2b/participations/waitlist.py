"""The waitlist: people with a requirement and no place, in the order in which they came.

They get on it by joining a full group (`joining.write`), which also keeps places that somebody waits for from whoever
comes later. A place that opens before the lock is offered to the earliest whose units fit: it is theirs until an hour,
then the next is asked. An offer is made in the transaction that frees the place, or by the clock, which looks for
whatever that missed; both hold the campaign's row, so a place is offered once.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import BEFORE_LOCK, JOINABLE
from c2b.catalog.rules import Quote
from c2b.config import settings
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.participations.queries import read
from c2b.participations.reconfirming.asking import promise
from c2b.participations.wishes.choices import affordable, priced_first

#: Kept in ``attention`` of whoever never got a place, so that their page does not speak of a payment.
WAITED = "waited"


async def offer_places(campaign_id: str, *, until: datetime | None = None) -> int:
    """Offer the free places of a campaign to whoever waits for them, earliest first; how many people were asked.

    Part of the caller's transaction. They have the hours that the settings give them, never beyond the deadline. A
    closed group offers places for so many hours after it closed (or as long as its members may object anyway): the
    closing waits for the answer. ``until``: an earlier end.
    """
    if not await _anybody_waits(campaign_id):
        return 0
    campaign = await hold(campaign_id)
    reserved_until = await _held_until(campaign, until)
    if reserved_until is None:
        return 0
    free, asked = campaign["cap"] - campaign["reserved"], 0
    offer = await join_offer(campaign_id, fresh=True)
    for row in await _waiting(campaign_id, free):
        if row["quantity"] <= free and await _offer(offer, row, reserved_until):
            free, asked = free - row["quantity"], asked + 1
    return asked


async def would_fit(campaign_id: str, *, units: int) -> bool:
    """Whether somebody waits for a place who could have one if so many more units were free."""
    row = await db.fetch_one(
        "SELECT p.id FROM participation p JOIN campaign c ON c.id = p.campaign_id WHERE c.id = ? "
        "AND p.state = 'waitlisted' AND p.quantity <= c.cap - c.reserved + ? LIMIT 1",
        campaign_id,
        units,
    )
    return row is not None


async def keep_waitlists(*, limit: int = 50) -> int:
    """The clock's sweep: offer what is free, and let everybody go whose campaign has come to its end."""
    rows = await db.fetch(
        "SELECT DISTINCT c.id, c.state FROM participation p JOIN campaign c ON c.id = p.campaign_id "
        "WHERE p.state = 'waitlisted' AND (c.state NOT IN ('open', 'threshold_met', 'closed') OR "
        "((c.state = 'closed' OR c.deadline > ?) AND p.quantity <= c.cap - c.reserved)) ORDER BY c.id LIMIT ?",
        clock.now(),
        limit,
    )
    for row in rows:
        look = offer_places if row["state"] in BEFORE_LOCK else end_waitlist
        await db.atomically(partial(look, row["id"]))
    return len(rows)


async def end_waitlist(campaign_id: str) -> int:
    """The group is locked, failed or canceled: whoever still waits gets no place. How many those were."""
    campaign = await hold(campaign_id)
    if campaign["state"] in BEFORE_LOCK:
        return 0
    gone = await db.fetch(
        "UPDATE participation SET state = 'expired', left_at = ?, attention = ? "
        "WHERE campaign_id = ? AND state = 'waitlisted' RETURNING id, user_id",
        clock.now(),
        WAITED,
        campaign_id,
    )
    await record_all(
        Happening(
            "participation.waitlist_ended", "participation", row["id"], campaign_id, row["user_id"], "organizer", {}
        )
        for row in sorted(gone, key=lambda row: row["id"])
    )  # fmt: skip
    return len(gone)


async def _held_until(campaign: dict[str, Any], until: datetime | None) -> datetime | None:
    """Until when an offered place is held; ``None`` while there is no time left to pay in."""
    human = timedelta(hours=settings().waitlist_hours)
    if campaign["state"] in JOINABLE:
        end = db.instant(campaign["deadline"])
    elif campaign["state"] == "closed":
        end = await _closing_waits_until(campaign["id"], human)
    else:
        return None
    last = min(each for each in (clock.now() + human, end, until) if each)
    return last if last > clock.now() else None


async def _closing_waits_until(campaign_id: str, human: timedelta) -> datetime:
    """One stretch of time after the close for the whole waitlist, so that a closing ends however many do not pay."""
    row = await db.fetch_one(
        "SELECT MAX(t.at) AS closed_at, (SELECT MAX(p.left_at) FROM participation p WHERE p.campaign_id = ? "
        "AND p.attention = 'overdue') AS let_go_at, (SELECT MAX(a.objections_until) FROM allocation a "
        "WHERE a.campaign_id = ? AND a.state = 'proposed') AS objections_until "
        "FROM campaign_transition t WHERE t.campaign_id = ? AND t.to_state = 'closed'",
        campaign_id,
        campaign_id,
        campaign_id,
    )
    closed_at = db.instant(row["closed_at"]) if row else None
    assert row
    assert closed_at
    closed_at = max(closed_at, db.instant(row["let_go_at"]) or closed_at)  # whoever did not pay made room
    return max(closed_at + human, db.instant(row["objections_until"]) or closed_at)


async def _offer(offer: JoinOffer, row: dict[str, Any], reserved_until: datetime) -> bool:
    """Reserve a place for somebody who waits. What is made may have changed meanwhile: they are judged anew.

    As of members who are asked again, one choice that can still be made within their limit is enough; the price never
    rises.
    """
    if not affordable(offer, row["answers"], row["preferences"], row["quantity"]):
        await _no_longer_fits(row)
        return False
    await _reserve(offer, row, reserved_until)
    await record(
        "participation.place_offered", subject="participation", subject_id=row["id"], campaign_id=offer.campaign_id,
        audience="organizer", payload={"quantity": row["quantity"], "reserved_until": reserved_until.isoformat()},
    )  # fmt: skip
    return True


async def _reserve(offer: JoinOffer, row: dict[str, Any], reserved_until: datetime) -> None:
    priced = priced_first(offer, row["answers"], row["preferences"], row["quantity"])
    quote = promise(row["quote"], priced) if priced else Quote.from_dict(row["quote"])
    taken = await db.execute(
        "UPDATE campaign SET reserved = reserved + ? WHERE id = ? AND reserved + ? <= cap",
        row["quantity"],
        offer.campaign_id,
        row["quantity"],
    )
    moved = await db.execute(
        "UPDATE participation SET state = 'pending_payment', reserved_until = ?, digest = ?, "
        "configuration_key = ?, schema_version = ?, quote = ? WHERE id = ? AND state = 'waitlisted'",
        reserved_until,
        priced.digest if priced else row["digest"],
        priced.configuration_key if priced else row["configuration_key"],
        offer.schema.version,
        canonical_json(quote.to_dict()).decode(),
        row["id"],
    )
    if taken != 1 or moved != 1:  # cannot happen while the row is held; if it does, nothing is written
        raise RuntimeError(f"{row['id']}: the place that was to be offered is not there")


async def _no_longer_fits(row: dict[str, Any]) -> None:
    """What is made has changed while they waited, and what they asked for is not part of it: they are told."""
    await db.execute(
        "UPDATE participation SET state = 'expired', left_at = ?, attention = ? WHERE id = ? AND state = 'waitlisted'",
        clock.now(),
        WAITED,
        row["id"],
    )
    await record(
        "participation.waitlist_ended", subject="participation", subject_id=row["id"],
        campaign_id=row["campaign_id"], audience="organizer", payload={"terms_changed": True},
    )  # fmt: skip


async def _anybody_waits(campaign_id: str) -> bool:
    found = await db.fetch_one(
        "SELECT 1 AS one FROM participation WHERE campaign_id = ? AND state = 'waitlisted' LIMIT 1",
        campaign_id,
    )
    return found is not None


async def _waiting(campaign_id: str, free: int) -> list[dict[str, Any]]:
    """Who waits for no more than is free, earliest first; each takes a place at least."""
    rows = await db.fetch(
        "SELECT id, campaign_id, quantity, answers, preferences, digest, configuration_key, quote FROM participation "
        "WHERE campaign_id = ? AND state = 'waitlisted' AND quantity <= ? ORDER BY joined_at, id",
        campaign_id,
        free,
    )
    return [{**read(row), "preferences": _json(row["preferences"])} for row in rows]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
