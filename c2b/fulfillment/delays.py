"""The choice that members have when the promise is lost: wait for the new day, or leave with all of their money.

The notice is the event ``timeline.delayed``; an answer is an event too, or the refund. Nobody is refunded for saying
nothing: where silence is no consent (``rules.silence_is_consent``) the choice stays open until everybody has answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.events.operations import record
from c2b.fulfillment.rules import ANSWER_DAYS, silence_is_consent
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.payments.claiming import DELAYED, all_back_for_delay

WAITS = "participation.delay_accepted"
_NOTICES = (
    "SELECT e.id, e.payload, e.occurred_at FROM event e JOIN timeline t ON t.id = e.subject_id "
    "WHERE e.subject = 'timeline' AND e.name = 'timeline.delayed' AND t.campaign_id = ? ORDER BY e.id DESC"
)
_ANSWERED = (
    "EXISTS (SELECT 1 FROM event e WHERE e.subject = 'participation' AND e.subject_id = p.id "
    "AND e.name = 'participation.delay_accepted' AND e.id > ?)"
)
_MAY_LEAVE = ", ".join(f"'{state}'" for state in DELAYED)


class NothingToChoose(Conflict):
    code = "no_delay_to_answer"
    message = N_("There is no delay to answer here, or it was answered already.")


@dataclass(frozen=True, kw_only=True)
class DelayNotice:
    """The latest delay of a campaign. ``express``: silence is no consent. ``until``: when silence may count."""

    id: str
    promised: date
    forecast: date
    sent_at: datetime
    until: datetime
    express: bool


@dataclass(frozen=True, kw_only=True)
class DelayChoice:
    """One member's choice: ``waits`` once they said that they wait, ``open`` while they may still say so or leave."""

    notice: DelayNotice
    waits: bool
    open: bool


async def notice_of(campaign_id: str) -> DelayNotice | None:
    """The latest delay that members were told of, if there was one."""
    rows = await db.fetch(_NOTICES, campaign_id)
    if not rows:
        return None
    latest, told = rows[0], rows[0]["payload"]
    told = json.loads(told) if isinstance(told, str) else told
    promised, forecast = (date.fromisoformat(told[f"{name}_delivery"]) for name in ("promised", "forecast"))
    sent_at = db.instant(latest["occurred_at"])
    assert sent_at
    silent = silence_is_consent(number=len(rows), late_days=(forecast - promised).days)
    return DelayNotice(
        id=latest["id"],
        promised=promised,
        forecast=forecast,
        sent_at=sent_at,
        until=sent_at + timedelta(days=ANSWER_DAYS),
        express=not silent,
    )


async def choice_of(participation: dict[str, Any]) -> DelayChoice | None:
    """What a member may choose now; ``None`` where there is nothing. ``participation``: id, state, campaign_id."""
    if participation["state"] not in DELAYED:
        return None
    notice = await notice_of(participation["campaign_id"])
    if notice is None:
        return None
    row = await db.fetch_one(
        f"SELECT CASE WHEN {_ANSWERED} THEN 1 ELSE 0 END AS waits FROM participation p WHERE p.id = ?",  # noqa: S608
        notice.id,
        participation["id"],
    )
    waits = bool(row and row["waits"])
    return DelayChoice(notice=notice, waits=waits, open=not waits and not _silent(notice))


async def pending(campaign_id: str) -> int:
    """How many members have not chosen yet, or their money is still on its way back."""
    leaving = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM refund WHERE campaign_id = ? AND reason = 'delay' AND state <> 'succeeded'",
        campaign_id,
    )
    count, notice = int(leaving["n"]) if leaving else 0, await notice_of(campaign_id)
    if notice is None or _silent(notice):
        return count
    row = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM participation p WHERE p.campaign_id = ? "  # noqa: S608
        f"AND p.state IN ({_MAY_LEAVE}) AND NOT {_ANSWERED}",
        campaign_id,
        notice.id,
    )
    return count + (int(row["n"]) if row else 0)


async def wait(actor: Actor, participation_id: str) -> None:
    """A member waits for the new day. Twice is once. Raises ``NotFound``, ``NothingToChoose``."""

    async def write() -> None:
        own, choice = await _held(actor, participation_id)
        if choice.waits:
            return
        if not choice.open:
            raise NothingToChoose
        await record(
            WAITS, subject="participation", subject_id=own["id"], campaign_id=own["campaign_id"], actor_id=actor.id,
            audience="admin", payload={"forecast_delivery": choice.notice.forecast.isoformat()},
        )  # fmt: skip

    await db.atomically(write)


async def leave(actor: Actor, participation_id: str) -> None:
    """A member does not wait: all of the money goes back. Twice is once. Raises ``NotFound``, ``NothingToChoose``."""

    async def write() -> None:
        if await _left(actor, participation_id):
            return
        own, choice = await _held(actor, participation_id)
        if not choice.open:
            raise NothingToChoose
        await all_back_for_delay(own["id"], asked_by=actor.id)

    await db.atomically(write)


async def _left(actor: Actor, participation_id: str) -> bool:
    row = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM refund r JOIN payment p ON p.id = r.payment_id "
        "WHERE p.participation_id = ? AND p.user_id = ? AND r.reason = 'delay'",
        participation_id,
        actor.id,
    )
    return bool(row and row["n"])


async def _held(actor: Actor, participation_id: str) -> tuple[dict[str, Any], DelayChoice]:
    """One's own place, its campaign held until the transaction ends, and what may be chosen."""
    sql = "SELECT id, state, campaign_id FROM participation WHERE id = ? AND user_id = ?"
    own = await db.fetch_one(sql, participation_id, actor.id)
    if own is None:
        raise NotFound
    await hold(own["campaign_id"])
    own = await db.fetch_one(sql, participation_id, actor.id)
    choice = await choice_of(own) if own else None
    if own is None or choice is None:
        raise NothingToChoose
    return own, choice


def _silent(notice: DelayNotice) -> bool:
    return not notice.express and clock.now() >= notice.until
