"""Asking members again: the schema or the batch changed under what they had chosen.

A question is open until its hour. Who answers (by revising) is joined again; for who does not, the clock decides: they
keep their place if one of their choices can still be made, else they leave and get everything back. Whoever is asked
has paid and counts. All of it happens while the campaign's row is held, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.counting import look_again
from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.catalog.rules import Quote
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db, faults
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import FieldError
from c2b.kit.ids import new_id
from c2b.participations.conditional import give_back_paid
from c2b.participations.explanations.outcomes import left as gone
from c2b.participations.models import Participation, Reconfirmation
from c2b.participations.reconfirming.questions import open_questions, stored_fault
from c2b.participations.rules import Priced
from c2b.participations.wishes.choices import priced_first, valid_choices

__all__ = [
    "Question",
    "answered",
    "ask_again",
    "ask_all",
    "keep",
    "keep_reconfirmations",
    "lapse",
    "left",
    "open_questions",
    "promise",
]


@dataclass(frozen=True)
class Question:
    """Whom to ask, and what no longer fits."""

    participation_id: str
    faults: Sequence[FieldError]


_ASK = (
    "INSERT INTO reconfirmation (id, participation_id, campaign_id, reason, terms_version, faults, state, asked_at, "
    "answer_until) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?) ON CONFLICT (participation_id) WHERE state = 'open' "
    "DO UPDATE SET reason = excluded.reason, terms_version = excluded.terms_version, faults = excluded.faults, "
    "asked_at = excluded.asked_at, answer_until = excluded.answer_until"
)


async def ask_again(
    participation_id: str, *, reason: str, faults: Sequence[FieldError], until: datetime
) -> bool:
    """Ask one paid member to look at their requirement again, until an hour. ``False``: not a paid member any more."""
    own = await Participation.get(id=participation_id)
    question = Question(participation_id, faults)
    return await ask_all(own.campaign_id, [question], reason=reason, until=until) == 1


async def ask_all(campaign_id: str, questions: Sequence[Question], *, reason: str, until: datetime) -> int:
    """Ask these members of a campaign; how many were asked. Who was asked already gets the new question instead."""
    campaign = await hold(campaign_id)
    paid = await db.fetch(
        "SELECT id, user_id FROM participation WHERE campaign_id = ? AND state IN ('joined', 'needs_attention')",
        campaign_id,
    )
    members = {row["id"]: row["user_id"] for row in paid}
    asked = [each for each in questions if each.participation_id in members]
    if not asked:
        return 0
    now = clock.now()
    await db.execute_many(
        "UPDATE participation SET state = 'needs_attention', attention = ? WHERE id = ?",
        [(f"asked:{reason}", each.participation_id) for each in asked],
    )
    await db.execute_many(
        _ASK,
        [
            (
                new_id(), each.participation_id, campaign_id, reason, campaign["terms_version"],
                canonical_json([stored_fault(fault) for fault in each.faults]).decode(), now, until,
            )
            for each in asked
        ],
    )  # fmt: skip
    await record_all(
        Happening(
            "requirement.questioned", "participation", each.participation_id, campaign_id,
            members[each.participation_id], "organizer", {"reason": reason, "answer_until": until.isoformat()},
        )
        for each in asked
    )  # fmt: skip
    return len(asked)


async def answered(participation_id: str, *, campaign_id: str, actor_id: str) -> bool:
    """The member has revised their requirement: their question, if one was open, is answered."""
    rows = await db.execute(
        "UPDATE reconfirmation SET state = 'answered', answered_at = ? WHERE participation_id = ? AND state = 'open'",
        clock.now(),
        participation_id,
    )
    if rows:
        await _tell("requirement.reconfirmed", participation_id, campaign_id, actor_id, {})
    return bool(rows)


async def left(participation_id: str) -> None:
    """The member has gone, whatever the reason: nothing is asked of them any more."""
    await db.execute(
        "UPDATE reconfirmation SET state = 'left' WHERE participation_id = ? AND state = 'open'",
        participation_id,
    )


async def keep_reconfirmations(*, limit: int = 200) -> int:
    """The clock's sweep: decide for everybody who has not answered in time. Several clocks may do this at once."""
    rows = await db.fetch(
        "SELECT id FROM reconfirmation WHERE state = 'open' AND answer_until <= ? ORDER BY answer_until, id LIMIT ?",
        clock.now(),
        limit,
    )
    decided = 0
    for row in rows:
        decided += bool(await db.atomically(partial(lapse, row["id"])))
    return decided


async def lapse(reconfirmation_id: str) -> str:
    """A question's time is over: ``"kept"`` or ``"left"``; empty if it was decided before, or is not due."""
    campaign_id = (await Reconfirmation.get(id=reconfirmation_id)).campaign_id
    campaign = await hold(campaign_id)
    asked = await Reconfirmation.get(id=reconfirmation_id)  # again: now it has no rivals
    if asked.state != "open" or asked.answer_until > clock.now():
        return ""
    own = await Participation.get(id=asked.participation_id)
    if own.state != "needs_attention" or campaign["state"] not in BEFORE_LOCK:
        await left(own.id)  # gone already, or the whole group has ended and refunds everybody
        return "left"
    offer = await join_offer(campaign_id, fresh=True)
    if valid_choices(offer, own.answers, own.preferences):
        await keep(own, offer)
        verdict = "kept"
    else:
        await _let_go(own, asked.reason)
        verdict = "left"
    faults.point(f"reconfirmation:{verdict}")
    return verdict


def promise(stored: Mapping[str, Any], priced: Priced) -> Quote:
    """The quote of the same answers under another schema: never above what was promised."""
    before = Quote.from_dict(stored)
    return priced.quote if priced.quote.total_minor <= before.total_minor else before


async def keep(own: Participation, offer: JoinOffer) -> None:
    """At least one choice can be made: the member stays. Preferences too: the allocation gives what fits."""
    priced = priced_first(offer, own.answers, own.preferences, own.quantity)
    await db.execute(
        "UPDATE participation SET state = 'joined', attention = '', schema_version = ?, digest = ?, "
        "configuration_key = ?, quote = ? WHERE id = ? AND state = 'needs_attention'",
        offer.schema.version,
        priced.digest if priced else own.digest,
        priced.configuration_key if priced else own.configuration_key,
        canonical_json(
            (promise(own.quote, priced) if priced else Quote.from_dict(own.quote)).to_dict()
        ).decode(),
        own.id,
    )
    await _close(own.id, "kept")
    await _tell(
        "requirement.kept", own.id, own.campaign_id, own.user_id, {"first_choice": priced is not None}
    )
    await look_again(own.campaign_id)


async def _let_go(own: Participation, reason: str) -> None:
    """None of the member's choices can be made: they leave with all their money, and are told why."""
    outcome = gone(
        cause=reason, quantity=own.quantity, choices=1, paid_minor=own.captured_minor, schema_version=own.schema_version
    )  # fmt: skip
    await db.execute(
        "UPDATE participation SET state = 'refunding', left_at = ?, attention = ?, outcome = ? "
        "WHERE id = ? AND state = 'needs_attention'",
        clock.now(),
        f"unanswered:{reason}",
        canonical_json(outcome.to_json()).decode(),
        own.id,
    )
    await _close(own.id, "left")
    await _tell(
        "participation.left_out", own.id, own.campaign_id, own.user_id,
        {"cause": reason, "unanswered": True, "paid": True},
    )  # fmt: skip
    await give_back_paid(own.campaign_id, units=own.quantity)


async def _close(participation_id: str, state: str) -> None:
    await db.execute(
        "UPDATE reconfirmation SET state = ? WHERE participation_id = ? AND state = 'open'",
        state,
        participation_id,
    )


async def _tell(
    event: str, participation_id: str, campaign_id: str, actor_id: str, payload: dict[str, Any]
) -> None:
    await record(
        event, subject="participation", subject_id=participation_id, campaign_id=campaign_id, actor_id=actor_id,
        audience="organizer", payload=payload,
    )  # fmt: skip
