"""The end of a vote: what came out is kept, holds for everybody, and whoever made it their condition and lost leaves.

In one transaction that holds the campaign's row: the ballots of paid units are counted, the outcome becomes a batch
answer, and every member is judged by what is now possible. Nobody pays more than they did; who cannot accept the
outcome is refunded, and who has chosen nothing that goes with it is asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.counting import enough, give_back_places, look_again
from c2b.campaigns.models import BatchVote
from c2b.campaigns.queries import JoinOffer, join_offer, votes_of
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.campaigns.votes import settled
from c2b.catalog.schema import same
from c2b.catalog.validation import judge
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db, faults
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import FieldError
from c2b.participations.conditional import judge_limits_anew
from c2b.participations.explanations.outcomes import left
from c2b.participations.leaving import leave_out
from c2b.participations.queries import read
from c2b.participations.reconfirming.asking import Question, ask_all, promise
from c2b.participations.reconfirming.asking import left as no_longer_asked
from c2b.participations.rules import Priced
from c2b.participations.votes.polls import counted, paid_members
from c2b.participations.votes.voting import tally_of
from c2b.participations.wishes.choices import lowest_price, priced_first, valid_choices
from c2b.participations.wishes.ranking import accepted, ranked

#: How long who is asked again has to answer.
ANSWER_TIME = timedelta(days=2)


@dataclass(frozen=True)
class Verdict:
    """What an outcome means for a member: they ``leave`` (the cause), are asked again (``faults``), or stay.

    ``priced``: their first choice at the dearest batch still possible, ``None`` where only an alternative goes with it.
    """

    leave: str = ""
    lowest_minor: int | None = None
    faults: tuple[FieldError, ...] = ()
    priced: Priced | None = None


async def keep_votes(*, limit: int = 50) -> int:
    """The clock's sweep: close all votes whose time has come. Several clocks may do this at once."""
    rows = await db.fetch(
        "SELECT v.id FROM batch_vote v JOIN campaign c ON c.id = v.campaign_id WHERE v.state = 'open' "
        "AND v.closes_at <= ? AND c.state IN ('open', 'threshold_met', 'closed') ORDER BY v.closes_at, v.id LIMIT ?",
        clock.now(),
        limit,
    )
    closed = 0
    for row in rows:
        closed += await db.atomically(partial(close_vote, row["id"]))
    return closed


async def close_vote(vote_id: str) -> bool:
    """Count a vote whose time has come, and let everybody have what follows. ``False``: not due, or done before.

    A group that has not filled by its deadline needs no outcome: it fails.
    """
    campaign = await hold((await BatchVote.get(id=vote_id)).campaign_id)
    vote = next(each for each in await votes_of(campaign["id"]) if each["id"] == vote_id)
    now, deadline = clock.now(), db.instant(campaign["deadline"])
    assert deadline
    if vote["state"] != "open" or vote["closes_at"] > now or campaign["state"] not in BEFORE_LOCK:
        return False
    if deadline <= now and not enough(campaign):
        return False
    offer = await join_offer(campaign["id"], fresh=True)
    members = await paid_members(campaign["id"], until=vote["closes_at"])
    found, _ = counted(vote, offer.schema.parsed, members)
    offer = await _keep_outcome(offer, vote, found.outcome, tally_of(found))
    faults.point("vote:kept")
    everybody = await _everybody(campaign["id"])
    verdicts = await _verdicts(offer, vote["attribute"], found.outcome, everybody)
    await _promise(verdicts)
    gone = [(row, verdict) for row, verdict in verdicts if _must_go(row, verdict)]
    asked = [
        Question(row["id"], verdict.faults)
        for row, verdict in verdicts
        if verdict.faults and not _must_go(row, verdict)
    ]
    await record(
        "vote.closed", subject="vote", subject_id=vote_id, campaign_id=campaign["id"], audience="members",
        payload={
            "attribute": vote["attribute"], "outcome": found.outcome, "voted": found.units,
            "by_tie_rule": found.by_tie_rule, "asked": len(asked),
            "left": sum(row["state"] != "pending_payment" for row, _ in gone),
        },
    )  # fmt: skip
    await ask_all(campaign["id"], asked, reason="vote", until=now + ANSWER_TIME)
    await _let_go(offer, vote["attribute"], found.outcome, gone)
    await judge_limits_anew(offer)
    faults.point("vote:told")
    await look_again(campaign["id"])
    return True


async def _verdicts(
    offer: JoinOffer, attribute: str, outcome: Any, everybody: Sequence[dict[str, Any]]
) -> list[tuple[dict[str, Any], Verdict]]:
    """Thousands take a second or two; whatever else runs in this process gets its turn meanwhile."""
    found = []
    for number, row in enumerate(everybody, start=1):
        found.append((row, verdict_of(offer, attribute, outcome, row)))
        if number % 50 == 0:
            await asyncio.sleep(0)
    return found


def verdict_of(offer: JoinOffer, attribute: str, outcome: Any, member: dict[str, Any]) -> Verdict:
    """What an outcome means for one member; ``offer`` is the one that holds with it."""
    answers, wishes = member["answers"], member["preferences"]
    only = wishes.get("votes", {}).get(attribute, {}).get("only")
    if only and not any(same(outcome, code) for code in only):
        return Verdict(leave="vote")
    if not valid_choices(offer, answers, wishes):
        return Verdict(faults=tuple(_faults(offer, member)))
    lowest, limit = lowest_price(offer, answers, wishes, member["quantity"]), wishes.get("limit_minor")
    if limit is not None and lowest > limit:
        return Verdict(leave="price", lowest_minor=lowest)
    return Verdict(priced=priced_first(offer, answers, wishes, member["quantity"]))


def _faults(offer: JoinOffer, member: dict[str, Any]) -> list[FieldError]:
    """Why the first choice no longer fits, by the outcome of all votes that is nearest to it."""
    batches = accepted(offer.batches, member["preferences"]) or offer.batches
    judged = (
        judge(offer.schema.document, answers=member["answers"], fixed=batch, digest=offer.schema.digest)[1]
        for batch in batches
    )
    return min(judged, key=len)


def _must_go(row: dict[str, Any], verdict: Verdict) -> bool:
    """Who has not paid is not asked: their place is free again, and they may join anew."""
    return bool(verdict.leave or (verdict.faults and row["state"] == "pending_payment"))


async def _keep_outcome(
    offer: JoinOffer, vote: dict[str, Any], outcome: Any, tally: dict[str, Any]
) -> JoinOffer:
    """Write what came out; the offer that holds from now on."""
    name = vote["attribute"]
    batch = settled(offer.schema.parsed, offer.batch_answers, {name: outcome})
    rows = await db.execute(
        "UPDATE batch_vote SET state = 'closed', outcome = ?, tally = ?, closed_at = ? WHERE id = ? AND state = 'open'",
        canonical_json(outcome).decode(),
        canonical_json(tally).decode(),
        clock.now(),
        vote["id"],
    )
    assert rows == 1, "the campaign's row is held, so nobody else can close its votes"
    await db.execute(
        "UPDATE campaign SET batch_answers = ?, terms_version = terms_version + 1, "
        "wishes_version = wishes_version + 1 WHERE id = ?",
        canonical_json(batch).decode(),
        offer.campaign_id,
    )
    return replace(
        offer,
        batch_answers=batch,
        votes=tuple(each for each in offer.votes if each.attribute != name),
        terms_version=offer.terms_version + 1,
    )


async def _everybody(campaign_id: str) -> list[dict[str, Any]]:
    rows = await db.fetch(
        "SELECT id, user_id, quantity, answers, preferences, quote, captured_minor, total_minor, schema_version, state "
        "FROM participation WHERE campaign_id = ? AND state IN ('pending_payment', 'joined', 'needs_attention') "
        "ORDER BY id",
        campaign_id,
    )
    return [read(row) for row in rows]


async def _promise(verdicts: Sequence[tuple[dict[str, Any], Verdict]]) -> None:
    """Whose first choice goes with the outcome is promised its price with it: never more than before."""
    await db.execute_many(
        "UPDATE participation SET digest = ?, configuration_key = ?, quote = ? WHERE id = ?",
        [
            (
                verdict.priced.digest,
                verdict.priced.configuration_key,
                canonical_json(promise(row["quote"], verdict.priced).to_dict()).decode(),
                row["id"],
            )
            for row, verdict in verdicts
            if verdict.priced
        ],
    )


async def _let_go(
    offer: JoinOffer, attribute: str, outcome: Any, gone: Sequence[tuple[dict[str, Any], Verdict]]
) -> None:
    """Whoever cannot accept the outcome leaves: refunded by itself, or, unpaid, with a place that is free again."""
    paid = [
        {"id": row["id"], "units": row["quantity"], "outcome": _outcome(attribute, outcome, row, verdict)}
        for row, verdict in gone
        if row["state"] != "pending_payment"
    ]
    unpaid = [row for row, _ in gone if row["state"] == "pending_payment"]
    for each in paid:
        await no_longer_asked(each["id"])
    await leave_out(offer.campaign_id, paid)
    await db.execute_many(
        "UPDATE participation SET state = 'expired', left_at = ?, reserved_until = NULL WHERE id = ? "
        "AND state = 'pending_payment'",
        [(clock.now(), row["id"]) for row in unpaid],
    )
    await record_all(
        Happening(
            "participation.expired", "participation", row["id"], offer.campaign_id, row["user_id"], "organizer",
            {"reason": "vote"},
        )
        for row in unpaid
    )  # fmt: skip
    await give_back_places(offer.campaign_id, reserved=sum(row["quantity"] for row in unpaid), paid=0)


def _outcome(attribute: str, outcome: Any, row: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    return left(
        cause=verdict.leave,
        quantity=row["quantity"],
        choices=len(ranked(row["answers"], row["preferences"])),
        paid_minor=row["captured_minor"],
        schema_version=row["schema_version"],
        limit_minor=row["preferences"].get("limit_minor") if verdict.leave == "price" else None,
        lowest_minor=verdict.lowest_minor,
        decided=(attribute, outcome),
    ).to_json()
