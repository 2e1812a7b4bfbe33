"""Giving money back: one keyed row, one keyed job, once at the provider, however often anything is repeated.

Failed group, withdrawal, late payment, price difference, delay and claim are one mechanism. The provider's webhook and
our own job end in the same guarded update, whichever comes first. What no provider gives back any more is by hand.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.durable import Lease, enqueue, job
from c2b.durable.jobs import PermanentFailure, Postponed
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.ids import new_id
from c2b.ledger.operations import ensure, escrow, transfer, world
from c2b.participations.operations import mark_refunded, mark_refunding, mark_unreturned
from c2b.payments.disbursing import propose
from c2b.payments.gateways import gateway
from c2b.payments.gateways.base import Gateway, GatewayRefused, ProviderRefund
from c2b.payments.models import Payment, Refund
from c2b.payments.rules import FULL_REASONS, provider_key, refund_key, refundable
from c2b.payments.sourcing import cover
from c2b.payments.statement.payers import payer_of

#: How long to leave a provider alone that says "pending".
PENDING = timedelta(minutes=10)


class RefundRefused(PermanentFailure):
    """The provider will not make this refund, and has not: only that lets anybody pay it another way."""


async def request_refund(
    payment_id: str,
    *,
    reason: str,
    amount_minor: int,
    number: int = 0,
    note: str = "",
    asked_by: str | None = None,
) -> bool:
    """Write a refund and its job in the present transaction. ``False`` if this one was requested before.

    The amount is cut to what has not gone back yet, so that no mix of reasons returns more than was captured.
    ``number`` tells claims on one payment apart. Past the provider's window it waits for a person, without a job; so
    does what came to our own account, with a bank transfer back to where it came from proposed at once.
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
    key = refund_key(payment_id, reason, number)
    refund_id, now = new_id(), clock.now()
    own_account = gateway(payment.gateway).capabilities.own_account
    by_hand = own_account or (payment.refund_until is not None and payment.refund_until <= now)
    written = await db.fetch_one(
        "INSERT INTO refund (id, payment_id, campaign_id, amount_minor, currency, reason, key, requested_at, "
        "state, tries, note, asked_by, by_hand) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'requested', 0, ?, ?, ?) "
        "ON CONFLICT (key) DO NOTHING RETURNING id",
        refund_id,
        payment_id,
        payment.campaign_id,
        amount,
        payment.currency,
        reason,
        key,
        now,
        note,
        asked_by,
        by_hand,
    )
    if written is None:
        return False
    if reason in FULL_REASONS and reason != "late":  # late money never made anybody a member
        await mark_refunding(payment.participation_id)
    await record(
        "refund.requested", subject="refund", subject_id=refund_id, campaign_id=payment.campaign_id,
        audience="admin", payload={"amount_minor": amount, "currency": payment.currency, "reason": reason},
    )  # fmt: skip
    payer = await payer_of(payment_id) if own_account else None
    if payer:
        await propose(
            kind="refund", subject_id=refund_id, amount_minor=amount, currency=payment.currency, payee=payer,
            campaign_id=payment.campaign_id, proposed_by=asked_by,
        )  # fmt: skip
    elif by_hand:
        await tell_by_hand(refund_id, payment.campaign_id, amount, payment.currency)
    else:
        await enqueue("refund.send", key=key, args={"refund_id": refund_id})
    return True


async def tell_by_hand(refund_id: str, campaign_id: str, amount_minor: int, currency: str) -> None:
    """An admin has to send this one; in the present transaction."""
    await record(
        "refund.by_hand", subject="refund", subject_id=refund_id, campaign_id=campaign_id, audience="admin",
        payload={"amount_minor": amount_minor, "currency": currency},
    )  # fmt: skip


@job("refund.send")
async def send_refund(lease: Lease, *, refund_id: str, **_: Any) -> None:
    """Have the provider give the money back, then book it."""
    refund = await Refund.get(id=refund_id)
    if refund.state == "succeeded" or refund.by_hand:
        return
    payment = await Payment.get(id=refund.payment_id)
    if not await _mark_sent(lease, refund_id):
        return  # booked, or given to a person, meanwhile
    faults.point("refund:before provider")
    # asked before, by whatever attempt: the provider's keys may be forgotten, so its list is read first
    again = refund.sent_at is not None or lease.attempts > 1
    try:
        done = await _at_provider(refund, payment, again=again)
    except RefundRefused as error:
        await _give_up(lease, refund, str(error))
        raise
    faults.point("refund:after provider")
    if done.status == "failed":
        await _give_up(lease, refund, "the provider made it, and it failed")
        raise PermanentFailure(f"the provider could not give back {provider_key(refund.key, refund.tries)}")
    if done.status == "pending":
        raise Postponed(clock.now() + PENDING)
    async with lease.completing():
        await book_refund(refund.key, provider_ref=done.refund_ref)


async def _give_up(lease: Lease, refund: Refund, why: str) -> None:
    """The provider has said no for good. Whoever retries asks under a new key: the old one would say no again."""

    async def write() -> None:
        await lease.hold()
        await db.execute(
            "UPDATE refund SET state = 'failed', tries = tries + 1 WHERE id = ? AND state = 'processing'",
            refund.id,
        )
        await _tell_dead(refund, why)

    await db.atomically(write)


async def _mark_sent(lease: Lease, refund_id: str) -> bool:
    async def mark() -> bool:
        await lease.hold()
        rows = await db.execute(
            "UPDATE refund SET state = 'processing', sent_at = COALESCE(sent_at, ?) "
            "WHERE id = ? AND state <> 'succeeded' AND NOT by_hand",
            clock.now(),
            refund_id,
        )
        return rows == 1

    return await db.atomically(mark)


async def _at_provider(refund: Refund, payment: Payment, *, again: bool) -> ProviderRefund:
    """The provider's refund for our key: on a retry the one it has already (its keys may be forgotten), else new."""
    provider = gateway(payment.gateway)
    if payment.provider_ref is None:
        raise RefundRefused(f"payment {payment.id} has no object at the provider")
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
        # the same key made it before? Where that is not told either, nothing was: it was sent now for the first time,
        # or the list was read just now
        with suppress(PermanentFailure):
            if known := await _made_before(provider, payment.provider_ref, key):
                return known
        raise RefundRefused(f"the provider refuses {key}: {error.reason}") from error


async def _made_before(provider: Gateway, provider_ref: str, key: str) -> ProviderRefund | None:
    """The refund of this key in the provider's record; ``PermanentFailure`` where that may not be read."""
    try:
        refunds = await provider.refunds(provider_ref)
    except GatewayRefused as error:
        raise PermanentFailure(f"the provider does not say whether {key} was made: {error.reason}") from error
    return next((known for known in refunds if known.key == key), None)


async def book_refund(key: str, *, provider_ref: str | None = None, through: str = "") -> bool:
    """Book a refund that was made, in the present transaction. ``False`` if booked before.

    ``through``: who has paid it, where that is not the payment's provider (``bank``).
    """
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
        credit=await ensure(world(through or payment.gateway, payment.currency), payment.currency),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        key=f"transfer:{provider_key(refund.key, refund.tries)}",
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


async def book_failed_refund(key: str) -> bool:
    """A refund that was made has failed after all (a closed card, say): the money is with the provider again, and a
    person has to see to it. In the present transaction; ``False`` if it is not booked as made.

    What ``cover`` took for it stays in the escrow, for the next try.
    """
    refund = await Refund.get(key=key)
    await hold(refund.campaign_id)
    rows = await db.execute(
        "UPDATE refund SET state = 'failed', tries = tries + 1, finished_at = NULL "
        "WHERE id = ? AND state = 'succeeded' AND NOT by_hand AND tries = ?",
        refund.id,
        refund.tries,
    )
    if rows != 1:
        return False
    payment = await Payment.get(id=refund.payment_id)
    await db.execute(
        "UPDATE payment SET refunded_minor = refunded_minor - ? WHERE id = ?", refund.amount_minor, payment.id
    )
    await transfer(
        debit=world(payment.gateway, payment.currency),
        credit=escrow(payment.campaign_id),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        key=f"returned:{provider_key(refund.key, refund.tries)}",
        cause="refund_failed",
        cause_id=refund.id,
    )
    await mark_unreturned(payment.participation_id)
    await _tell_dead(refund, "it came back to the provider")
    return True


async def _tell_dead(refund: Refund, why: str) -> None:
    await record(
        "refund.died", subject="refund", subject_id=refund.id, campaign_id=refund.campaign_id, audience="admin",
        payload={"amount_minor": refund.amount_minor, "currency": refund.currency, "reason": refund.reason,
                 "error": why[:300]},
    )  # fmt: skip
