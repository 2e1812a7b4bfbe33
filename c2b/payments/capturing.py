"""Believing that money came.

Only what the provider captured counts, booked once however often it
is told, compared with our own row, and given back by itself when it comes too late.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.plans import OVERDUE_DAYS
from c2b.durable.queue import wake
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.errors import AppError
from c2b.ledger.operations import ensure, escrow, suspense, transfer, world
from c2b.participations.operations import confirm_capture, confirm_payment
from c2b.payments.gateways import enabled, gateway
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.holding import book_authorization, book_loss
from c2b.payments.models import Payment, Refund
from c2b.payments.refunding import book_failed_refund, book_refund, request_refund
from c2b.payments.rules import own_key, provider_key

log = logging.getLogger(__name__)


async def receive(gateway_name: str, event: GatewayEvent) -> str:
    """Apply a verified notification once; returns the verdict kept in the inbox.

    Everything is in one transaction, and the caller answers the provider only after it: a crash before means that
    the provider tells us again.
    """

    async def apply() -> str:
        first = await db.fetch_one(
            "INSERT INTO gateway_event (id, gateway, kind, provider_ref, verdict, received_at) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id",
            f"{gateway_name}:{event.event_id}"[:160],
            gateway_name,
            event.kind[:40],
            event.provider_ref[:120],
            verdict := await _verdict(gateway_name, event),
            clock.now(),
        )
        if first is None:
            return "known"
        if verdict == "captured":
            await book_capture(
                event.payment_id, provider_ref=event.provider_ref, amount_minor=event.amount_minor
            )
        elif verdict == "authorized":
            await book_authorization(event.payment_id, provider_ref=event.provider_ref)
        elif verdict == "released":
            await book_loss(event.payment_id, state="voided")
        elif verdict == "failed":
            await _book_failure(event.payment_id)
        elif verdict == "refunded":
            assert event.refund_key
            await book_refund(own_key(event.refund_key))
        elif verdict == "refund failed":
            assert event.refund_key
            await _refund_failed(event.refund_key)
        faults.point("webhook:before commit")
        return verdict

    verdict = await db.atomically(apply)
    faults.point("webhook:booked")
    return verdict


async def _verdict(gateway_name: str, event: GatewayEvent) -> str:
    payment = await Payment.get_or_none(id=event.payment_id, gateway=gateway_name)
    if payment is None:
        return "unknown payment"
    if payment.provider_ref not in (None, event.provider_ref):
        return "other provider object"
    if event.currency != payment.currency:
        return "wrong currency"
    if event.kind == "payment.captured":
        return "captured" if event.amount_minor == await _expected(payment) else "wrong amount"
    if event.kind == "payment.authorized":
        return (
            "authorized" if payment.holds and event.amount_minor == payment.amount_minor else "wrong amount"
        )
    if event.kind in ("payment.failed", "payment.expired", "payment.voided"):
        return "released" if payment.state == "authorized" else "failed"
    if event.kind in ("refund.succeeded", "refund.failed"):
        refund = await Refund.get_or_none(key=own_key(event.refund_key or ""), payment_id=payment.id)
        if refund is None:
            return "unknown refund"
        if refund.amount_minor != event.amount_minor:
            return "wrong amount"
        return "refunded" if event.kind == "refund.succeeded" else "refund failed"
    return "ignored"


async def _refund_failed(key: str) -> None:
    """Of the try that is booked as made: booked back. Of one at work: its job asks the provider before it believes
    that. Of an earlier one: known."""
    refund = await Refund.get(key=own_key(key))
    if refund.state != "succeeded":
        await wake(refund.key)
    elif key == provider_key(refund.key, refund.tries):
        await book_failed_refund(refund.key)


async def _expected(payment: Payment) -> int:
    """What is to be captured: all of a payment, or of a hold what the close has asked for."""
    if payment.state != "authorized":
        return payment.amount_minor
    row = await db.fetch_one(
        "SELECT due_minor - captured_minor AS asked FROM participation WHERE id = ?", payment.participation_id
    )
    assert row
    return int(row["asked"])


async def book_capture(payment_id: str, *, provider_ref: str, amount_minor: int | None = None) -> bool:
    """Book captured money in the present transaction; ``False`` if it was booked before.

    ``amount_minor``: what was charged, where that may be a part of what was held.
    """
    payment = await Payment.get(id=payment_id)
    await hold(payment.campaign_id)  # everybody holds the campaign's row first: what follows has no rivals
    payment = await Payment.get(id=payment_id)
    if payment.state == "succeeded":
        return False
    held = payment.state == "authorized"
    amount = min(amount_minor or payment.amount_minor, payment.amount_minor) if held else payment.amount_minor
    now, can = clock.now(), gateway(payment.gateway).capabilities
    rows = await db.execute(
        "UPDATE payment SET state = 'succeeded', captured_at = ?, refund_until = ?, amount_minor = ?, "
        "provider_ref = COALESCE(provider_ref, ?) WHERE id = ? AND state = ?",
        now,
        now + can.refund_window,
        amount,
        provider_ref,
        payment_id,
        payment.state,
    )
    if rows != 1:
        return False
    source = suspense if can.own_account else world  # what is on our own account came in before
    await transfer(
        debit=await ensure(source(payment.gateway, payment.currency), payment.currency),
        credit=await ensure(escrow(payment.campaign_id), payment.currency),
        amount_minor=amount,
        currency=payment.currency,
        key=f"capture:{payment_id}",
        cause="payment",
        cause_id=payment_id,
    )
    await record(
        "payment.captured", subject="payment", subject_id=payment_id, campaign_id=payment.campaign_id,
        actor_id=payment.user_id, audience="admin",
        payload={"amount_minor": amount, "currency": payment.currency,
                 "participation_id": payment.participation_id},
    )  # fmt: skip
    if not await _counts(payment, amount, held=held):
        await request_refund(payment_id, reason="late", amount_minor=amount)
    return True


async def _counts(payment: Payment, amount_minor: int, *, held: bool) -> bool:
    if held:
        return await confirm_capture(payment.participation_id, amount_minor=amount_minor)
    return await confirm_payment(
        payment.participation_id, amount_minor=amount_minor, balance=payment.purpose == "balance"
    )


async def _book_failure(payment_id: str) -> None:
    rows = await db.execute(
        "UPDATE payment SET state = 'failed' WHERE id = ? AND state = 'created'", payment_id
    )
    if rows:
        payment = await Payment.get(id=payment_id)
        await record(
            "payment.failed", subject="payment", subject_id=payment_id, campaign_id=payment.campaign_id,
            actor_id=payment.user_id, audience="admin", payload={"participation_id": payment.participation_id},
        )  # fmt: skip


async def ask_again(*, older_than: timedelta = timedelta(minutes=2), limit: int = 100) -> int:
    """The clock's sweep: ask the provider about payments whose notification may have been lost.

    Young ones every round, older ones until a day after the checkout closed; the book decides what is new. Nobody is
    asked about transfers to our own account: what captures them is assigned by us, and they would crowd out the others.
    """
    now = clock.now()
    own = [name for name in enabled() if gateway(name).capabilities.own_account]
    others = f"AND gateway NOT IN ({', '.join('?' for _ in own)}) " if own else ""
    rows = await db.fetch(
        "SELECT id, gateway, provider_ref, amount_minor, currency FROM payment WHERE provider_ref IS NOT NULL "
        + others
        + "AND ((state IN ('created', 'failed', 'closed') AND created_at < ? AND (created_at > ? OR due_at > ?)) "
        "OR (state = 'authorized' AND hold_until <= ?)) ORDER BY created_at DESC LIMIT " + str(int(limit)),
        *own,
        now - older_than,
        now - timedelta(days=2),
        now - timedelta(days=OVERDUE_DAYS + 2),
        now,
    )
    found = 0
    for row in rows:
        try:
            found += await _ask(row, now)
        except AppError as error:  # one silent provider must not keep us from asking about the others
            log.warning("could not ask about payment %s: %s", row["id"], error.code)
    return found


async def _ask(row: dict[str, Any], now: datetime) -> bool:
    told = await gateway(row["gateway"]).read(row["provider_ref"])
    if told.status == "created":
        return False
    event = GatewayEvent(
        event_id=f"asked:{row['id']}:{told.status}",
        kind=f"payment.{told.status}",
        provider_ref=row["provider_ref"],
        payment_id=row["id"],
        amount_minor=told.amount_minor,
        currency=told.currency,
        occurred_at=told.captured_at or now,
        refund_key=None,
    )
    return await receive(row["gateway"], event) == "captured"
