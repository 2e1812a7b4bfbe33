"""Giving money back: one keyed row, one keyed job, once at the provider, however often anything is repeated.

Failed group, withdrawal, late payment and price difference are one mechanism. The provider's webhook and our own job
end in the same guarded update, whichever comes first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.durable import Lease, enqueue, job
from c2b.durable.jobs import PermanentFailure, Postponed
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.ids import new_id
from c2b.ledger.operations import escrow, transfer, world
from c2b.participations.operations import mark_refunded, mark_refunding
from c2b.payments.gateways import gateway
from c2b.payments.gateways.base import Gateway, GatewayRefused, ProviderRefund
from c2b.payments.models import Payment, Refund
from c2b.payments.rules import provider_key, refund_key, refundable
from c2b.payments.sourcing import cover

#: How long to leave a provider alone that says "pending".
PENDING = timedelta(minutes=10)


async def request_refund(payment_id: str, *, reason: str, amount_minor: int) -> bool:
    """Write a refund and its job in the present transaction. ``False`` if this one was requested before.

    The amount is cut to what has not gone back yet, so that no mix of reasons returns more than was captured.
    """
    # locked, so that two reasons at the same time do not both see nothing asked
    payment = await Payment.select_for_update().get(id=payment_id)
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor), 0) AS asked FROM refund WHERE payment_id = ?", payment_id
    )
    assert row
    amount = min(amount_minor, refundable(payment.amount_minor, int(row["asked"])))
    if amount <= 0:
        return False
    key = refund_key(payment_id, reason)
    refund_id = new_id()
    written = await db.fetch_one(
        "INSERT INTO refund (id, payment_id, campaign_id, amount_minor, currency, reason, key, requested_at, "
        "state, tries, note, by_hand) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'requested', 0, '', FALSE) "
        "ON CONFLICT (key) DO NOTHING RETURNING id",
        refund_id,
        payment_id,
        payment.campaign_id,
        amount,
        payment.currency,
        reason,
        key,
        clock.now(),
    )
    if written is None:
        return False
    if reason in (
        "campaign_failed",
        "withdrawal",
        "option_minimum",
        "left_out",
        "overdue",
    ):  # late money never made anybody a member
        await mark_refunding(payment.participation_id)
    await record(
        "refund.requested", subject="refund", subject_id=refund_id, campaign_id=payment.campaign_id,
        audience="admin", payload={"amount_minor": amount, "currency": payment.currency, "reason": reason},
    )  # fmt: skip
    await enqueue("refund.send", key=key, args={"refund_id": refund_id})
    return True


@job("refund.send")
async def send_refund(lease: Lease, *, refund_id: str, **_: Any) -> None:
    """Have the provider give the money back, then book it."""
    refund = await Refund.get(id=refund_id)
    if refund.state == "succeeded":
        return
    payment = await Payment.get(id=refund.payment_id)
    if payment.provider_ref is None:
        raise PermanentFailure(f"payment {payment.id} has no object at the provider")
    await _mark_sent(lease, refund_id)
    faults.point("refund:before provider")
    done = await _at_provider(refund, payment, again=lease.attempts > 1)
    faults.point("refund:after provider")
    if done.status == "failed":
        await _give_up(lease, refund)
        raise PermanentFailure(f"the provider could not give back {provider_key(refund.key, refund.tries)}")
    if done.status == "pending":
        raise Postponed(clock.now() + PENDING)
    async with lease.completing():
        await book_refund(refund.key, provider_ref=done.refund_ref)


async def _give_up(lease: Lease, refund: Refund) -> None:
    """The provider has said no for good. Whoever retries asks under a new key: the old one would say no again."""

    async def write() -> None:
        await lease.hold()
        await db.execute(
            "UPDATE refund SET state = 'failed', tries = tries + 1 WHERE id = ? AND state = 'processing'",
            refund.id,
        )
        await record(
            "refund.died", subject="refund", subject_id=refund.id, campaign_id=refund.campaign_id, audience="admin",
            payload={"amount_minor": refund.amount_minor, "currency": refund.currency, "reason": refund.reason},
        )  # fmt: skip

    await db.atomically(write)


async def _mark_sent(lease: Lease, refund_id: str) -> None:
    async def mark() -> None:
        await lease.hold()
        await db.execute(
            "UPDATE refund SET state = 'processing', sent_at = COALESCE(sent_at, ?) "
            "WHERE id = ? AND state IN ('requested', 'failed')",
            clock.now(),
            refund_id,
        )

    await db.atomically(mark)


async def _at_provider(refund: Refund, payment: Payment, *, again: bool) -> ProviderRefund:
    """The provider's refund for our key: on a retry the one it has already (its keys may be forgotten), else new."""
    provider = gateway(payment.gateway)
    assert payment.provider_ref
    key = provider_key(refund.key, refund.tries)
    if again and (known := await _made_before(provider, payment.provider_ref, key)):
        return known
    try:
        return await provider.refund(
            provider_ref=payment.provider_ref,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            key=key,
            reason=refund.reason,
            metadata={"refund": refund.id},
        )
    except GatewayRefused as error:
        if known := await _made_before(provider, payment.provider_ref, key):
            return known
        raise PermanentFailure(f"the provider refuses {key}: {error.reason}") from error


async def _made_before(provider: Gateway, provider_ref: str, key: str) -> ProviderRefund | None:
    try:
        refunds = await provider.refunds(provider_ref)
    except GatewayRefused as error:
        raise PermanentFailure(f"the provider refuses {key}: {error.reason}") from error
    return next((known for known in refunds if known.key == key), None)


async def book_refund(key: str, *, provider_ref: str | None = None) -> bool:
    """Book a refund that the provider has made, in the present transaction. ``False`` if booked before."""
    refund = await Refund.get(key=key)
    await hold(refund.campaign_id)
    payment = await Payment.get(id=refund.payment_id)
    rows = await db.execute(
        "UPDATE refund SET state = 'succeeded', finished_at = ?, provider_ref = COALESCE(provider_ref, ?) "
        "WHERE id = ? AND state <> 'succeeded'",
        clock.now(),
        provider_ref,
        refund.id,
    )
    if rows != 1:
        return False
    await db.execute(
        "UPDATE payment SET refunded_minor = refunded_minor + ? WHERE id = ?", refund.amount_minor, payment.id
    )
    await cover(
        payment.campaign_id, amount_minor=refund.amount_minor, currency=refund.currency, key=refund.key,
        cause_id=refund.id,
    )  # fmt: skip
    await transfer(
        debit=escrow(payment.campaign_id),
        credit=world(payment.gateway, payment.currency),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        key=f"transfer:{refund.key}",
        cause="refund",
        cause_id=refund.id,
    )
    # all of it: a place may have been paid twice (declined, tried again, and both captured), or in several parts
    still_held = await db.fetch_one(
        "SELECT id FROM payment WHERE participation_id = ? AND (state = 'authorized' OR (state = 'succeeded' "
        "AND refunded_minor < amount_minor))",
        payment.participation_id,
    )
    if still_held is None:
        await mark_refunded(payment.participation_id)
    await record(
        "refund.succeeded", subject="refund", subject_id=refund.id, campaign_id=refund.campaign_id,
        actor_id=payment.user_id, audience="admin",
        payload={"amount_minor": refund.amount_minor, "currency": refund.currency, "reason": refund.reason,
                 "participation_id": payment.participation_id},
    )  # fmt: skip
    return True
