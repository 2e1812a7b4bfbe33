"""Who invited whom: written once, at the first captured participation that came through an invitation.

A click is nothing that anybody could prove later; captured money is a fact with an hour and a source. The database
refuses oneself, a second inviter and a circle; what it would refuse is left out here without a fuss.
"""

from __future__ import annotations

from datetime import timedelta

from c2b.accounts.rules import Actor
from c2b.config import settings
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import one_line
from c2b.kit.errors import FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id

_CAME_THROUGH = (
    "SELECT p.user_id, p.campaign_id, p.paid_at, p.invitation_id, i.inviter_id FROM participation p "
    "JOIN invitation i ON i.id = p.invitation_id AND i.campaign_id = p.campaign_id "
    "JOIN user_account u ON u.id = i.inviter_id AND u.role = 'consumer' AND u.disabled_at IS NULL "
    "WHERE p.id = ? AND p.paid_at IS NOT NULL AND i.inviter_id <> p.user_id"
)
_REFUSED = (
    "WITH RECURSIVE above(who) AS (SELECT CAST(? AS VARCHAR(26)) UNION SELECT b.inviter_id FROM referral_binding b "
    "JOIN above ON b.invitee_id = above.who WHERE b.state <> 'void') "
    "SELECT 1 AS yes FROM above WHERE who = ? "
    "UNION ALL SELECT 1 AS yes FROM referral_binding WHERE invitee_id = ? AND state <> 'void'"
)


async def bind(participation_id: str) -> bool:
    """Bind whoever paid for this participation to whoever invited them, in the present transaction.

    ``False`` where there is nothing to bind: no invitation, bound before, or the inviter was invited by them, at
    whatever distance.
    """
    came = await db.fetch_one(_CAME_THROUGH, participation_id)
    if came is None:
        return False
    if db.dialect() == "postgres":  # one at a time: two that are harmless alone may close a circle together
        await db.fetch("SELECT pg_advisory_xact_lock(hashtext('referral_binding'))::text AS held")
    invitee, inviter = came["user_id"], came["inviter_id"]
    if await db.fetch_one(_REFUSED, inviter, invitee, invitee):
        return False
    known, paid_at, binding_id = settings(), db.instant(came["paid_at"]), new_id()
    assert paid_at
    await db.execute(
        "INSERT INTO referral_binding (id, inviter_id, invitee_id, invitation_id, campaign_id, state, orders_left, "
        "bound_at, expires_at) VALUES (?, ?, ?, ?, ?, 'bound', ?, ?, ?)",
        binding_id,
        inviter,
        invitee,
        came["invitation_id"],
        came["campaign_id"],
        known.referral_orders,
        paid_at,
        paid_at + timedelta(days=known.referral_days),
    )
    await record(
        "referral.bound", subject="referral", subject_id=binding_id, campaign_id=came["campaign_id"],
        actor_id=invitee, payload={"inviter_id": inviter, "invitation_id": came["invitation_id"]},
    )  # fmt: skip
    return True


async def expire_bindings() -> int:
    """The clock's sweep: bindings whose time or orders are used up have ended. How many."""

    async def expire() -> int:
        now = clock.now()
        rows = await db.fetch(
            "UPDATE referral_binding SET state = 'expired', ended_at = ? WHERE state = 'bound' "
            "AND (expires_at <= ? OR orders_left = 0) RETURNING id, campaign_id, orders_left",
            now,
            now,
        )
        await record_all(
            Happening(
                "referral.expired",
                "referral",
                row["id"],
                row["campaign_id"],
                payload={"orders_left": row["orders_left"]},
            )
            for row in rows
        )
        return len(rows)

    return await db.atomically(expire)


async def void_binding(actor: Actor, binding_id: str, *, reason: str) -> None:
    """An admin finds that an invitation was none (one person with two accounts, say). Nothing more is earned by it.

    What is confirmed already stays. Raises ``Invalid`` without a reason, ``NotFound`` for what is void already.
    """
    reason = words(reason)
    if not reason:
        raise Invalid(fields=[FieldError("reason", "reason", N_("Please say why."))])

    async def write() -> None:
        now = clock.now()
        row = await db.fetch_one(
            "UPDATE referral_binding SET state = 'void', ended_at = ? WHERE id = ? AND state <> 'void' "
            "RETURNING campaign_id",
            now,
            binding_id,
        )
        if row is None:
            raise NotFound
        await db.execute(
            "UPDATE commission SET state = 'expired', reason = 'not_counted', ended_at = ? "
            "WHERE binding_id = ? AND state = 'estimated'",
            now,
            binding_id,
        )
        await record(
            "referral.voided", subject="referral", subject_id=binding_id, campaign_id=row["campaign_id"],
            actor_id=actor.id, payload={"reason": reason},
        )  # fmt: skip

    await db.atomically(write)


def words(text: str) -> str:
    """One line of what somebody typed, at most 500 characters; empty where it may not be kept."""
    return one_line(text)[:500]
