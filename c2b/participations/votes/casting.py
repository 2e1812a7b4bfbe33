"""Changing one's ballots while a vote is open. Nothing else about the place changes, and nothing is paid anew."""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.campaigns.queries import join_offer
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import NotFound
from c2b.kit.money import Amount
from c2b.participations.conditional import look_again_at_all
from c2b.participations.joining import TermsChanged
from c2b.participations.models import Participation
from c2b.participations.revising import PriceWouldRise, TooLate
from c2b.participations.rules import Priced
from c2b.participations.votes.ballots import VoteOver, check_ballots
from c2b.participations.wishes.requiring import requirement


async def cast(actor: Actor, participation_id: str, *, votes: Any) -> None:
    """Replace one's ballots in all open votes; a vote that is left out gets none.

    Raises ``Invalid`` with a fault per field (``preferences.votes.<attribute>.ranking``), ``VoteOver``,
    ``PriceWouldRise`` where a dearer outcome would be accepted than was paid for.
    """
    own = await Participation.get_or_none(id=participation_id, user_id=actor.id)
    if own is None:
        raise NotFound
    offer = await join_offer(own.campaign_id, fresh=True)
    if not offer.votes:
        raise VoteOver
    wanted = {**_but_votes(own.preferences), **({"votes": votes} if votes else {})}
    priced = requirement(offer, answers=own.answers, quantity=own.quantity, preferences=wanted)
    if priced.commitment_minor > own.total_minor:
        raise PriceWouldRise(more=Amount(priced.commitment_minor - own.total_minor, own.currency))

    async def change() -> None:
        campaign = await hold(own.campaign_id)
        if campaign["state"] not in BEFORE_LOCK:
            raise TooLate
        if campaign["terms_version"] != offer.terms_version:
            raise TermsChanged
        present = await Participation.get(id=participation_id)
        if present.answers != own.answers or _but_votes(present.preferences) != _but_votes(own.preferences):
            raise TermsChanged
        check_ballots(offer.votes, present.preferences, priced.preferences, now=clock.now())
        over = {
            name: ballot
            for name, ballot in present.preferences.get("votes", {}).items()
            if all(vote.attribute != name for vote in offer.votes)
        }
        ballots = {**over, **priced.preferences.get("votes", {})}
        wishes = {**_but_votes(priced.preferences), **({"votes": ballots} if ballots else {})}
        await _write(participation_id, wishes, priced)
        await record(
            "ballot.cast", subject="participation", subject_id=participation_id, campaign_id=own.campaign_id,
            actor_id=actor.id, audience="owner", payload={"votes": sorted(priced.preferences.get("votes", {}))},
        )  # fmt: skip
        await look_again_at_all(own.campaign_id)

    await db.atomically(change)


def _but_votes(preferences: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in preferences.items() if key != "votes"}


async def _write(participation_id: str, wishes: dict[str, Any], priced: Priced) -> None:
    rows = await db.execute(
        "UPDATE participation SET preferences = ?, quote = ?, digest = ?, configuration_key = ?, "
        "commit_below_minor = ? WHERE id = ? "
        "AND state IN ('waitlisted', 'pending_payment', 'joined', 'needs_attention')",
        canonical_json(wishes).decode(),
        canonical_json(priced.quote.to_dict()).decode(),
        priced.digest,
        priced.configuration_key,
        priced.commit_below_minor,
        participation_id,
    )
    if rows != 1:
        raise TooLate
