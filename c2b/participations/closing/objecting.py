"""What a closing waits for: answers to open questions, payments for offered places, and the word of those who asked to
be asked before they get anything but their first choice.

Every wait has an hour at which it ends by itself. Whoever acts earlier writes a signal in the same transaction, so the
run goes on at once; a signal is named after what it answers, which makes it count once and never be lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.config import settings
from c2b.durable import signal
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.participations.closing.proposing import proposal_of
from c2b.participations.waitlist import offer_places

Json = dict[str, Any]
#: What should have been decided by its hour is looked at again after this time.
LOOK_AGAIN = timedelta(seconds=30)


class NothingToAnswer(Conflict):
    code = "nothing_to_answer"
    message = N_("There is nothing to answer any more: the time is over, or the group has changed.")


def run_of(campaign: Json) -> str:
    """The run that closes this campaign, in its present round."""
    return f"closing:{campaign['id']}:{campaign['round']}"


async def unsettled(campaign_id: str) -> Json | None:
    """What must be settled before anything is allocated: the signal that says it is, and until when (ISO) at most.

    Free places are offered to whoever waits for one first.
    """
    campaign = await hold(campaign_id)
    if campaign["state"] != "closed":
        return None
    await offer_places(campaign_id, until=clock.now() + timedelta(hours=settings().waitlist_hours))
    for name, sql in (
        ("vote", "SELECT attribute AS id, closes_at AS until FROM batch_vote WHERE campaign_id = ? "
                 "AND state = 'open' ORDER BY closes_at, attribute LIMIT 1"),
        ("answer", "SELECT id, answer_until AS until FROM reconfirmation WHERE campaign_id = ? "
                   "AND state = 'open' ORDER BY answer_until, id LIMIT 1"),
        ("place", "SELECT id, reserved_until AS until FROM participation WHERE campaign_id = ? "
                  "AND state = 'pending_payment' ORDER BY reserved_until, id LIMIT 1"),
    ):  # fmt: skip
        row = await db.fetch_one(sql, campaign_id)
        if row:
            until = db.instant(row["until"])
            assert until
            return {
                "signal": f"{name} {row['id']}",
                "until": max(until, clock.now() + LOOK_AGAIN).isoformat(),
            }
    return None


async def accept(actor: Actor, participation_id: str) -> None:
    """Agree to what the proposal gives one. When everybody has answered, the closing goes on. Twice is once.

    Raises ``NothingToAnswer`` where one was not asked, or too late.
    """
    own = await db.fetch_one(
        "SELECT id, campaign_id FROM participation WHERE id = ? AND user_id = ?", participation_id, actor.id
    )
    if own is None:
        raise NotFound

    async def agree() -> None:
        campaign = await hold(own["campaign_id"])
        proposal = await proposal_of(campaign)
        if proposal is None or not may_answer(campaign, proposal, participation_id):
            raise NothingToAnswer
        if participation_id in proposal["accepted"]:
            return
        await db.execute(
            "UPDATE allocation SET accepted = ? WHERE id = ?",
            canonical_json([*proposal["accepted"], participation_id]).decode(),
            proposal["id"],
        )
        await record(
            "participation.accepted", subject="participation", subject_id=participation_id,
            campaign_id=own["campaign_id"], actor_id=actor.id, audience="organizer",
            payload={"turn": proposal["turn"]},
        )  # fmt: skip

    await db.atomically(agree)


def may_answer(campaign: Json, proposal: Json, participation_id: str) -> bool:
    """Whether a member may accept or refuse what is proposed for them now."""
    until: datetime | None = proposal["objections_until"]
    return (
        campaign["state"] == "closed"
        and until is not None
        and clock.now() < until
        and participation_id in proposal["result"]["asked"]
    )


async def go_on(campaign_id: str, participation_id: str) -> None:
    """Something has happened to a place: tell a closing that waits for it. In the transaction of what happened."""
    campaign = await db.fetch_one("SELECT id, state, round FROM campaign WHERE id = ?", campaign_id)
    if campaign is None or campaign["state"] != "closed":
        return
    run = run_of(campaign)
    await signal(run, f"place {participation_id}")
    for row in await db.fetch(
        "SELECT id FROM reconfirmation WHERE participation_id = ? AND state <> 'open'", participation_id
    ):
        await signal(run, f"answer {row['id']}")
    proposal = await proposal_of(campaign)
    if proposal and proposal["objections_until"] and not await _silent(proposal):
        await signal(run, f"answers {proposal['turn']}")


async def _silent(proposal: Json) -> bool:
    """Whether somebody who may object is still here and has not accepted."""
    here = await db.fetch(
        "SELECT id FROM participation WHERE campaign_id = ? AND state IN ('joined', 'needs_attention')",
        proposal["campaign_id"],
    )
    asked = set(proposal["result"]["asked"]) - set(proposal["accepted"])
    return any(row["id"] in asked for row in here)
