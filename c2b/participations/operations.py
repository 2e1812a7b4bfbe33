"""A member's acts: join, change the requirement, leave; and what money and time do to a place."""

from __future__ import annotations

from functools import partial
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.campaigns.counting import give_back_places
from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import Forbidden, Invalid, NotFound
from c2b.kit.http.idempotency import Answer, Call
from c2b.participations.conditional import give_back_paid
from c2b.participations.joining import CampaignNotOpen, Join, Joined, TermsChanged, submit
from c2b.participations.models import Participation
from c2b.participations.money import confirm_capture, confirm_hold, confirm_payment, lose_hold
from c2b.participations.reconfirming import asking
from c2b.participations.revising import PayFirst, PriceWouldRise, TooLate, revise
from c2b.participations.waitlist import offer_places
from c2b.participations.wishes.requiring import check_pictures, requirement

#: States that a member may still leave from.
LEAVABLE = ("waitlisted", "pending_payment", "joined", "needs_attention")


async def join(
    actor: Actor,
    campaign: str,
    *,
    answers: Any,
    quantity: int = 1,
    preferences: Any = None,
    invitation_id: str | None = None,
    waits: bool = False,
    call: Call | None = None,
    respond: Any = None,
) -> Joined | Answer:
    """Reserve a place in a campaign (slug or id) with a requirement of one's own; pay next.

    ``waits``: where no place is free, take one on the waitlist, without paying (``Joined.state`` says which).

    With ``call`` and ``respond`` the answer is stored with the effect, and a retry gets it again.
    Raises ``Invalid`` with a fault per field, ``CampaignNotOpen``, ``AlreadyMember``, ``GroupFull``.
    """
    if actor.role != "consumer":
        raise Forbidden
    offer = await join_offer(campaign)

    def judged(offer: JoinOffer) -> Join:
        priced = requirement(offer, answers=answers, quantity=quantity, preferences=preferences)
        check_pictures(offer, priced)
        return Join(
            campaign_id=offer.campaign_id,
            user_id=actor.id,
            invitation_id=invitation_id,
            quantity=quantity,
            schema_version=offer.schema.version,
            priced=priced,
            terms_version=offer.terms_version,
            waits=waits,
            call=call,
            respond=respond,
        )

    try:
        return await submit(judged(offer))
    except (TermsChanged, Invalid) as refusal:
        present = await join_offer(campaign, fresh=True)
        if isinstance(refusal, Invalid) and present.terms_version == offer.terms_version:
            raise
        return await submit(judged(present))


async def withdraw(actor: Actor, participation_id: str) -> None:
    """Leave before the lock. Whoever has paid is refunded in full; the event sees to it. Twice is once."""
    own = await _own(actor, participation_id)

    async def leave() -> None:
        campaign = await hold(own.campaign_id)
        state = (await Participation.get(id=participation_id)).state
        if state in ("withdrawn", "refunding", "refunded"):
            return
        if campaign["state"] not in BEFORE_LOCK or state not in LEAVABLE:
            raise TooLate
        paid = state in ("joined", "needs_attention")
        await _leave(own, "withdrawn", from_state=state)
        await asking.left(participation_id)
        await record(
            "participation.withdrawn", subject="participation", subject_id=participation_id,
            campaign_id=own.campaign_id, actor_id=actor.id, audience="organizer", payload={"paid": paid},
        )  # fmt: skip
        if state == "waitlisted":
            return
        if paid:
            await give_back_paid(own.campaign_id, units=own.quantity)
        else:
            await give_back_places(own.campaign_id, reserved=own.quantity, paid=0)
        await offer_places(own.campaign_id)

    await db.atomically(leave)


async def expire(participation_id: str) -> bool:
    """A place was not paid in time: it is free again."""
    own = await Participation.get(id=participation_id)
    await hold(own.campaign_id)
    rows = await db.execute(
        "UPDATE participation SET state = 'expired', left_at = ?, reserved_until = NULL "
        "WHERE id = ? AND state = 'pending_payment' AND reserved_until <= ?",
        clock.now(),
        participation_id,
        clock.now(),
    )
    if rows != 1:
        return False
    await give_back_places(own.campaign_id, reserved=own.quantity, paid=0)
    await offer_places(own.campaign_id)
    await record(
        "participation.expired", subject="participation", subject_id=participation_id,
        campaign_id=own.campaign_id, actor_id=own.user_id, audience="organizer",
    )  # fmt: skip
    return True


async def keep_reservations(*, limit: int = 200) -> int:
    """The clock's sweep: let places go that were not paid in time."""
    rows = await db.fetch(
        "SELECT id FROM participation WHERE state = 'pending_payment' AND reserved_until <= ? "
        "ORDER BY reserved_until LIMIT " + str(int(limit)),
        clock.now(),
    )
    expired = 0
    for row in rows:
        expired += await db.atomically(partial(expire, row["id"]))
    return expired


async def mark_refunding(participation_id: str) -> None:
    """All of the member's money is on its way back."""
    await db.execute(
        "UPDATE participation SET state = 'refunding', left_at = COALESCE(left_at, ?) WHERE id = ? "
        "AND state IN ('joined', 'needs_attention', 'confirmed', 'in_fulfillment', 'withdrawn')",
        clock.now(),
        participation_id,
    )


async def mark_refunded(participation_id: str) -> None:
    """All of the member's money is back."""
    await db.execute(
        "UPDATE participation SET state = 'refunded' WHERE id = ? AND state IN ('withdrawn', 'refunding')",
        participation_id,
    )


async def mark_unreturned(participation_id: str) -> None:
    """What had gone back to the member has come again to us: it is on its way back still."""
    await db.execute(
        "UPDATE participation SET state = 'refunding' WHERE id = ? AND state = 'refunded'", participation_id
    )


async def release_unpaid(campaign_id: str) -> int:
    """A campaign has ended: nobody needs to pay any more."""
    return await db.execute(
        "UPDATE participation SET state = 'expired', left_at = ?, reserved_until = NULL "
        "WHERE campaign_id = ? AND state = 'pending_payment'",
        clock.now(),
        campaign_id,
    )


async def _leave(own: Participation, state: str, *, from_state: str) -> None:
    rows = await db.execute(
        "UPDATE participation SET state = ?, left_at = ?, reserved_until = NULL WHERE id = ? AND state = ?",
        state,
        clock.now(),
        own.id,
        from_state,
    )
    if rows != 1:
        raise TooLate


async def _own(actor: Actor, participation_id: str) -> Participation:
    own = await Participation.get_or_none(id=participation_id, user_id=actor.id)
    if own is None:
        raise NotFound
    return own


__all__ = ["CampaignNotOpen", "PayFirst", "PriceWouldRise", "TooLate", "confirm_capture", "confirm_hold",
           "confirm_payment", "expire", "join", "keep_reservations", "lose_hold", "mark_refunded",
           "mark_refunding", "release_unpaid", "requirement", "revise", "withdraw"]  # fmt: skip
