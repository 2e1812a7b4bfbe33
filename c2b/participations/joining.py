"""Joining, written for many at once.

One counter row locked per join caps any program at a few hundred joins a second. So joins that wait while a
transaction runs go together in the next one, each with its own verdict; a lone one does not wait. In the batch the
campaign rows are held, so places are counted without rivals, and the answer of a retried call is stored with the
effect.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from c2b.campaigns.plans import first_due_minor
from c2b.campaigns.rules import JOINABLE
from c2b.config import settings
from c2b.events.operations import Happening, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.db.connection import current
from c2b.kit.errors import AppError, Busy, Conflict
from c2b.kit.http.idempotency import KEEP, Answer, Call, keep_row, kept
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.participations.models import GONE
from c2b.participations.room import fewest_waited_for, places_left
from c2b.participations.rules import Priced

BATCH = 256
#: Beyond this many waiting joins people are asked to come back in a moment.
WAITING = 4096


class CampaignNotOpen(Conflict):
    code = "campaign_not_open"
    message = N_("This campaign does not take new members any more.")


class TermsChanged(Conflict):
    """The batch or the schema changed after this join was judged: judge it again by what holds now."""

    code = "terms_changed"
    message = N_("What is made has just changed. Please look at your requirement again.")


class AlreadyMember(Conflict):
    code = "already_member"
    message = N_("You already have a place in this campaign.")


class GroupFull(Conflict):
    code = "group_full"
    message = N_(
        "Only {left} places are left. Somebody may still leave or not pay in time: you can join the waitlist."
    )


@dataclass(frozen=True, eq=False)
class Join:
    """One person's wish to join, validated and priced. ``call`` and ``respond`` for callers that may retry.

    ``waits``: where the group is full, they take a place on the waitlist.
    """

    campaign_id: str
    user_id: str
    invitation_id: str | None
    quantity: int
    schema_version: int
    priced: Priced
    terms_version: int = 1
    waits: bool = False
    call: Call | None = None
    respond: Callable[[Joined], Answer] | None = None


@dataclass(frozen=True)
class Joined:
    """A place is reserved until ``reserved_until``; it counts once ``due_minor`` is captured (or held, where the
    campaign authorizes): all of ``total_minor``, or a deposit on it.

    ``waitlisted``: there is none yet, and nothing to pay.
    """

    participation_id: str
    campaign_id: str
    quantity: int
    total_minor: int
    currency: str
    reserved_until: datetime | None
    state: str = "pending_payment"
    due_minor: int = 0


Verdict = Joined | Answer | AppError


class JoinQueue:
    """Joins of one event loop and one database, written in batches by one drainer."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Join, asyncio.Future[Verdict]]] = deque()
        self._drainer: asyncio.Task[None] | None = None

    async def submit(self, join: Join) -> Verdict:
        if len(self._waiting) >= WAITING:
            raise Busy
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Verdict] = loop.create_future()
        self._waiting.append((join, future))
        if self._drainer is None or self._drainer.done():
            self._drainer = loop.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        """Ends only with an empty queue; nothing awaits between that look and the end, so no join is left behind."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
            try:
                verdicts = await db.atomically(partial(write, [join for join, _ in batch]))
            except Exception:
                verdicts = [await self._alone(join) for join, _ in batch]
            for (_, future), verdict in zip(batch, verdicts, strict=True):
                if not future.done():
                    future.set_result(verdict)

    async def _alone(self, join: Join) -> Verdict:
        """A batch failed: nobody's join may fail because of somebody else's."""
        try:
            return (await db.atomically(lambda: write([join])))[0]
        except AppError as error:
            return error
        except Exception as error:
            failed = AppError()
            failed.__cause__ = error
            return failed


_queues: WeakKeyDictionary[Any, JoinQueue] = WeakKeyDictionary()


async def submit(join: Join) -> Joined | Answer:
    """Reserve a place. Raises ``CampaignNotOpen``, ``AlreadyMember``, ``GroupFull``, ``Busy``."""
    if db.in_transaction():
        verdict = (await write([join]))[0]
    else:
        queue = _queues.setdefault(current(), JoinQueue())
        verdict = await queue.submit(join)
    if isinstance(verdict, AppError):
        raise verdict
    return verdict


_GONE = ", ".join(f"'{state}'" for state in GONE)
_INSERT = (
    "INSERT INTO participation (id, campaign_id, user_id, invitation_id, quantity, answers, digest, "
    "configuration_key, schema_version, quote, preferences, total_minor, due_minor, currency, state, "
    "joined_at, reserved_until, commit_below_minor, attention, captured_minor) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0)"
)


async def write(joins: Sequence[Join]) -> list[Verdict]:
    """Decide and write a batch in the present transaction; a verdict for each, in order."""
    now = clock.now()
    campaigns = await _held(sorted({join.campaign_id for join in joins}))
    answered: dict[Any, Verdict] = dict(await kept([join.call for join in joins if join.call]))
    members = await _members(joins)
    reserved_until = now + timedelta(minutes=settings().reservation_minutes)
    verdicts: list[Verdict] = []
    for join in joins:
        if join.call in answered:  # also a retry that arrived in the same batch
            verdicts.append(answered[join.call])
            continue
        refusal = _refusal(join, campaigns.get(join.campaign_id), members, now)
        waits = (
            isinstance(refusal, GroupFull)
            and join.waits
            and join.quantity <= campaigns[join.campaign_id]["cap"]
        )
        if refusal and not waits:
            verdicts.append(refusal)
            continue
        _take_place(terms := campaigns[join.campaign_id], join.quantity, waits=waits)
        members.add((join.campaign_id, join.user_id))
        joined = Joined(
            new_id(),
            join.campaign_id,
            join.quantity,
            join.priced.commitment_minor,
            join.priced.quote.currency,
            None if waits else reserved_until,
            "waitlisted" if waits else "pending_payment",
            first_due_minor(terms["payment_plan"], terms["deposit_percent"], join.priced.commitment_minor),
        )
        if join.call:
            answered[join.call] = joined
        verdicts.append(joined)
    return await _store(joins, verdicts, now)


def _refusal(
    join: Join, campaign: dict[str, Any] | None, members: set[tuple[str, str]], now: datetime
) -> AppError | None:
    if campaign is None or campaign["state"] not in JOINABLE or campaign["deadline"] <= now:
        return CampaignNotOpen()
    if join.terms_version != campaign["terms_version"]:
        return TermsChanged()
    if (join.campaign_id, join.user_id) in members:
        return AlreadyMember()
    left = places_left(campaign)
    return GroupFull(left=left) if join.quantity > left else None


def _take_place(campaign: dict[str, Any], quantity: int, *, waits: bool) -> None:
    if waits:
        campaign["least"] = min(campaign["least"] or quantity, quantity)
    else:
        campaign["reserved"] += quantity


async def _held(campaign_ids: list[str]) -> dict[str, dict[str, Any]]:
    """The campaigns, their rows locked in the order of their ids; ``least``: the fewest units somebody waits for."""
    places = ", ".join("?" for _ in campaign_ids)
    suffix = " FOR NO KEY UPDATE" if db.dialect() == "postgres" else ""
    rows = await db.fetch(
        "SELECT id, state, reserved, cap, deadline, terms_version, payment_plan, deposit_percent FROM campaign "
        f"WHERE id IN ({places}) ORDER BY id{suffix}",
        *campaign_ids,
    )
    least = await fewest_waited_for(campaign_ids)
    return {
        row["id"]: {**row, "deadline": db.instant(row["deadline"]), "least": least.get(row["id"])}
        for row in rows
    }


async def _members(joins: Sequence[Join]) -> set[tuple[str, str]]:
    """Which of these people hold a place already."""
    places = ", ".join("?" for _ in joins)
    rows = await db.fetch(
        f"SELECT campaign_id, user_id FROM participation WHERE user_id IN ({places}) AND state NOT IN ({_GONE})",
        *(join.user_id for join in joins),
    )
    return {(row["campaign_id"], row["user_id"]) for row in rows}


async def _store(joins: Sequence[Join], verdicts: list[Verdict], now: datetime) -> list[Verdict]:
    first = {
        id(v): (join, v)
        for join, v in reversed(list(zip(joins, verdicts, strict=True)))
        if isinstance(v, Joined)
    }
    accepted = list(first.values())
    if not accepted:
        return verdicts
    await _count(accepted)
    await db.execute_many(_INSERT, [_row(join, joined, now) for join, joined in accepted])
    await record_all(_happening(join, joined, now) for join, joined in accepted)
    answers = {
        id(joined): (join.call, join.respond(joined))
        for join, joined in accepted
        if join.call and join.respond
    }
    if answers:
        await db.execute_many(KEEP, [keep_row(call, answer) for call, answer in answers.values()])
    return [answers[id(v)][1] if id(v) in answers else v for v in verdicts]


async def _count(accepted: list[tuple[Join, Joined]]) -> None:
    per_campaign: dict[str, int] = {}
    for join, joined in accepted:
        if joined.state == "waitlisted":
            continue
        per_campaign[join.campaign_id] = per_campaign.get(join.campaign_id, 0) + join.quantity
    for campaign_id, quantity in sorted(per_campaign.items()):
        rows = await db.execute(
            "UPDATE campaign SET reserved = reserved + ? WHERE id = ? AND state IN ('open', 'threshold_met') "
            "AND reserved + ? <= cap",
            quantity,
            campaign_id,
            quantity,
        )
        if rows != 1:  # cannot happen while the row is held; if it does, nothing of the batch is written
            raise CampaignNotOpen


def _row(join: Join, joined: Joined, now: datetime) -> tuple[Any, ...]:
    priced = join.priced
    return (
        joined.participation_id, join.campaign_id, join.user_id, join.invitation_id, join.quantity,
        canonical_json(priced.answers).decode(), priced.digest, priced.configuration_key, join.schema_version,
        json.dumps(priced.quote.to_dict(), ensure_ascii=False, separators=(",", ":")),
        canonical_json(priced.preferences).decode() if priced.preferences else "{}",
        priced.commitment_minor, joined.due_minor, priced.quote.currency, joined.state, now,
        joined.reserved_until, priced.commit_below_minor,
    )  # fmt: skip


def _happening(join: Join, joined: Joined, now: datetime) -> Happening:
    return Happening(
        "requirement.submitted" if joined.state == "pending_payment" else "participation.waitlisted",
        "participation",
        joined.participation_id,
        join.campaign_id,
        join.user_id,
        "organizer",
        {"quantity": join.quantity, "digest": join.priced.digest},
        now,
    )
