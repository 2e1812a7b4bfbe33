"""Changing one's mind before the lock: other answers, other alternatives. What was paid is the most it may cost."""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.catalog.rules import Quote
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.kit.money import Amount
from c2b.participations.conditional import look_again_at_all
from c2b.participations.joining import TermsChanged
from c2b.participations.models import Participation
from c2b.participations.reconfirming.asking import answered, promise
from c2b.participations.rules import Priced
from c2b.participations.votes.ballots import check_ballots, still_open
from c2b.participations.wishes.choices import kept_wishes
from c2b.participations.wishes.requiring import check_pictures, requirement


class TooLate(Conflict):
    code = "too_late"
    message = N_("The group has been locked: the factory works from what was agreed.")


class BeingAllocated(Conflict):
    code = "being_allocated"
    message = N_(
        "The group has closed, and what is made is worked out from what everybody chose. You can still leave: you are "
        "refunded in full."
    )


class PriceWouldRise(Conflict):
    code = "price_would_rise"
    message = N_(
        "This change costs {more} more than you have paid. Leave the group (you are refunded) and join again with it."
    )


class PayFirst(Conflict):
    code = "pay_first"
    message = N_("Pay for your place first, or let it go and join again.")


async def revise(
    actor: Actor, participation_id: str, *, answers: Any = None, preferences: Any = None
) -> None:
    """Change one's requirement before the lock; what is left out (``None``) stays, judged again with the rest.

    It may cost at most what was paid; the difference comes back when the group is locked. Whoever is asked again
    answers with this: alternatives that are not possible any more may be left out without naming them, and who keeps
    answers that have become dearer keeps their price too.
    """
    own = await Participation.get_or_none(id=participation_id, user_id=actor.id)
    if own is None:
        raise NotFound
    offer = await join_offer(own.campaign_id, fresh=True)
    priced = _judged(offer, own, answers, preferences)
    kept = preferences is None and priced.answers == own.answers
    if not kept and priced.commitment_minor > own.total_minor:
        raise PriceWouldRise(more=Amount(priced.commitment_minor - own.total_minor, own.currency))

    async def change() -> None:
        campaign = await hold(own.campaign_id)
        if campaign["state"] not in BEFORE_LOCK:
            raise TooLate
        if campaign["terms_version"] != offer.terms_version:
            raise TermsChanged
        if campaign["state"] == "closed" and not await _is_asked(participation_id):
            raise BeingAllocated
        present = await Participation.get(id=participation_id)
        known = ((own.answers, own.preferences), (priced.answers, priced.preferences))
        if (present.answers, present.preferences) not in known:
            raise TermsChanged  # from another window, say: nothing that was stored meanwhile is lost
        check_ballots(offer.votes, own.preferences, priced.preferences, now=clock.now())
        before = present.answers
        await _write(participation_id, offer, priced, promise(own.quote, priced) if kept else priced.quote)
        await record(
            "requirement.revised", subject="participation", subject_id=participation_id,
            campaign_id=own.campaign_id, actor_id=actor.id, audience="organizer",
            payload={"digest": priced.digest, "before": offer.schema.parsed.part(before, "variant")},
        )  # fmt: skip
        await answered(participation_id, campaign_id=own.campaign_id, actor_id=actor.id)
        await look_again_at_all(own.campaign_id)

    await db.atomically(change)


def _judged(offer: JoinOffer, own: Participation, answers: Any, preferences: Any) -> Priced:
    if preferences is None and own.state == "needs_attention":
        wanted = own.answers if answers is None else answers
        priced = kept_wishes(offer, wanted, own.preferences, own.quantity)
        check_pictures(offer, priced)
        return priced
    if preferences is None:
        preferences = {key: value for key, value in own.preferences.items() if key != "votes"}
    if isinstance(preferences, dict) and "votes" not in preferences:
        votes = still_open(own.preferences.get("votes"), offer.votes)
        preferences = {**preferences, **({"votes": votes} if votes else {})}
    priced = requirement(
        offer,
        answers=own.answers if answers is None else answers,
        quantity=own.quantity,
        preferences=preferences,
    )
    check_pictures(offer, priced)
    return priced


async def _is_asked(participation_id: str) -> bool:
    row = await db.fetch_one("SELECT state FROM participation WHERE id = ?", participation_id)
    return row is not None and row["state"] == "needs_attention"


async def _write(participation_id: str, offer: JoinOffer, priced: Priced, promised: Quote) -> None:
    rows = await db.execute(
        "UPDATE participation SET state = 'joined', attention = '', answers = ?, digest = ?, configuration_key = ?, "
        "schema_version = ?, quote = ?, preferences = ?, commit_below_minor = ? WHERE id = ? "
        "AND state IN ('joined', 'needs_attention')",
        canonical_json(priced.answers).decode(),
        priced.digest,
        priced.configuration_key,
        offer.schema.version,
        canonical_json(promised.to_dict()).decode(),
        canonical_json(priced.preferences).decode(),
        priced.commit_below_minor,
        participation_id,
    )
    if rows != 1:
        raise PayFirst
