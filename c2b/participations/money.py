"""What money does to a place: it is taken, paid up, loses its hold, or is given to somebody else.

Every function runs in the transaction that books the money, with the campaign's row held first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.counting import count_capture, give_back_places
from c2b.campaigns.rules import BEFORE_LOCK, JOINABLE
from c2b.config import settings
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db
from c2b.kit.errors import NotFound
from c2b.participations.conditional import conditional_of, give_back_paid
from c2b.participations.models import Participation

Json = dict[str, Any]
#: Kept in ``attention`` of whoever did not pay what the close asked for.
OVERDUE = "overdue"


async def confirm_payment(participation_id: str, *, amount_minor: int, balance: bool = False) -> bool:
    """Captured money has arrived. ``False``: too late, or not asked for: give it back.

    ``balance``: paid for what the close asked for; it counts up to the commitment, and what is too much comes back at
    the lock.
    """
    own = await _held(participation_id)
    if own.state == "pending_payment":
        return await _join(own, amount_minor)
    return balance and await _pay_up(own, amount_minor)


async def confirm_hold(participation_id: str) -> bool:
    """Money is held for a place: it counts from now on. ``False``: too late, release it."""
    own = await _held(participation_id)
    return own.state == "pending_payment" and await _join(own, 0)


async def confirm_capture(participation_id: str, *, amount_minor: int) -> bool:
    """What was held for a place has been charged. ``False``: nobody has that place any more, give it back."""
    return await _pay_up(await _held(participation_id), amount_minor)


async def lose_hold(participation_id: str, *, again: bool) -> None:
    """What was held for a place is held no longer and nothing was charged: authorize ``again``, or lose the place."""
    own = await _held(participation_id)
    campaign = await hold(own.campaign_id)
    if (
        own.state not in ("joined", "needs_attention")
        or own.captured_minor
        or campaign["state"] not in BEFORE_LOCK
    ):
        return
    if not again:
        await let_go(own.campaign_id, [{"id": own.id, "units": own.quantity}])
        return
    until = clock.now() + timedelta(hours=settings().waitlist_hours)
    if campaign["state"] in JOINABLE:
        until = min(until, db.instant(campaign["deadline"]) or until)
    await db.execute(
        "UPDATE participation SET state = 'pending_payment', reserved_until = ?, due_minor = total_minor "
        "WHERE id = ? AND state IN ('joined', 'needs_attention')",
        until,
        own.id,
    )
    await give_back_paid(own.campaign_id, units=own.quantity, reserved=0)
    await record(
        "participation.hold_lost", subject="participation", subject_id=own.id, campaign_id=own.campaign_id,
        audience="organizer", payload={"until": until.isoformat()},
    )  # fmt: skip


async def let_go(campaign_id: str, members: Sequence[Json]) -> None:
    """Members (``id``, ``units``) who have not paid what the close asked for leave; all they paid comes back."""
    await db.execute_many(
        "UPDATE participation SET state = 'refunding', left_at = ?, attention = ? "
        "WHERE id = ? AND state IN ('joined', 'needs_attention')",
        [(clock.now(), OVERDUE, each["id"]) for each in members],
    )
    await record_all(
        Happening(
            "participation.overdue", "participation", each["id"], campaign_id, None, "organizer", {"paid": True}
        )
        for each in members
    )  # fmt: skip
    units = sum(each["units"] for each in members)
    await give_back_paid(campaign_id, units=units)


async def _held(participation_id: str) -> Participation:
    own = await Participation.get_or_none(id=participation_id)
    if own is None:
        raise NotFound
    await hold(own.campaign_id)
    return await Participation.get(id=participation_id)


async def _join(own: Participation, captured_minor: int) -> bool:
    asked = await db.fetch_one(
        "SELECT id FROM reconfirmation WHERE participation_id = ? AND state = 'open'", own.id
    )
    rows = await db.execute(
        "UPDATE participation SET state = ?, paid_at = ?, reserved_until = NULL, "
        "captured_minor = captured_minor + ? WHERE id = ? AND state = 'pending_payment'",
        "needs_attention" if asked else "joined",
        clock.now(),
        captured_minor,
        own.id,
    )
    if rows != 1:
        return False
    conditional = None if own.commit_below_minor is None else await conditional_of(own.campaign_id)
    if not await count_capture(own.campaign_id, own.quantity, conditional=conditional):
        await db.execute(
            "UPDATE participation SET state = 'expired', left_at = ? WHERE id = ? "
            "AND state IN ('joined', 'needs_attention')",
            clock.now(),
            own.id,
        )
        await give_back_places(own.campaign_id, reserved=own.quantity, paid=0)
        return False
    await record(
        "participation.joined", subject="participation", subject_id=own.id, campaign_id=own.campaign_id,
        actor_id=own.user_id, audience="organizer", payload={"quantity": own.quantity},
    )  # fmt: skip
    return True


async def _pay_up(own: Participation, amount_minor: int) -> bool:
    campaign = await hold(own.campaign_id)
    if campaign["state"] not in BEFORE_LOCK:
        return False
    rows = await db.execute(
        "UPDATE participation SET captured_minor = captured_minor + ?, due_minor = CASE WHEN due_minor < "
        "captured_minor + ? THEN captured_minor + ? ELSE due_minor END WHERE id = ? "
        "AND state IN ('joined', 'needs_attention') AND captured_minor + ? <= total_minor",
        amount_minor,
        amount_minor,
        amount_minor,
        own.id,
        amount_minor,
    )
    if rows != 1:
        return False
    await record(
        "participation.paid_up", subject="participation", subject_id=own.id, campaign_id=own.campaign_id,
        actor_id=own.user_id, audience="organizer", payload={"amount_minor": amount_minor},
    )  # fmt: skip
    return True
