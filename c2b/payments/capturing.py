"""Asking for money and believing that it came.

A place is reserved before money is asked for. Only what the provider captured counts, booked once however often it
is told, compared with our own row, and given back by itself when it comes too late.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.errors import AppError, Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.ledger.operations import escrow, open_account, transfer, world
from c2b.participations.operations import confirm_payment
from c2b.payments.gateways import gateway
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.models import Payment
from c2b.payments.refunding import book_refund, request_refund
from c2b.payments.rules import own_key

log = logging.getLogger(__name__)


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    message = N_("There is nothing to pay here: the place is paid, or it is not reserved any more.")


async def start_checkout(actor: Actor, participation_id: str) -> str:
    """Where the member pays: the provider's page. The same open payment gives the same page."""
    own = await db.fetch_one(
        "SELECT t.*, c.slug, c.title, c.code FROM participation t JOIN campaign c ON c.id = t.campaign_id "
        "WHERE t.id = ? AND t.user_id = ?",
        participation_id,
        actor.id,
    )
    if own is None:
        raise NotFound
    if own["state"] != "pending_payment":
        raise NothingToPay
    payment = await db.atomically(lambda: _open_payment(own, actor.locale))
    if payment.checkout_url:
        return payment.checkout_url
    base = settings().base_url
    reserved_until = db.instant(own["reserved_until"])
    assert reserved_until
    started = await gateway(payment.gateway).start(
        payment_id=payment.id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=payment.description,
        locale=payment.locale,
        return_url=f"{base}/participations/{participation_id}",
        notify_url=f"{base}/webhooks/{payment.gateway}",
        key=payment.id,
        expires_at=reserved_until,
    )
    faults.point("payment:started")
    await db.execute(
        "UPDATE payment SET provider_ref = ?, checkout_url = ? WHERE id = ? AND provider_ref IS NULL",
        started.provider_ref,
        started.redirect_url,
        payment.id,
    )
    return started.redirect_url


async def _open_payment(own: dict[str, Any], locale: str) -> Payment:
    # locked, so that two clicks at the same time do not both see no payment and open one each
    suffix = " FOR NO KEY UPDATE" if db.dialect() == "postgres" else ""
    still = await db.fetch_one("SELECT state FROM participation WHERE id = ?" + suffix, own["id"])
    if still is None or still["state"] != "pending_payment":
        raise NothingToPay
    existing = await Payment.get_or_none(participation_id=own["id"], state="created")
    if existing:
        return existing
    return await Payment.create(
        id=new_id(),
        participation_id=own["id"],
        campaign_id=own["campaign_id"],
        user_id=own["user_id"],
        amount_minor=own["total_minor"],
        currency=own["currency"],
        gateway=settings().gateway,
        description=f"{own['title']} ({own['code']})",
        locale=locale,
        created_at=clock.now(),
    )


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
            await book_capture(event.payment_id, provider_ref=event.provider_ref)
        elif verdict == "failed":
            await _book_failure(event.payment_id)
        elif verdict == "refunded":
            assert event.refund_key
            await book_refund(own_key(event.refund_key))
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
        return "captured" if event.amount_minor == payment.amount_minor else "wrong amount"
    if event.kind in ("payment.failed", "payment.expired"):
        return "failed"
    if event.kind == "refund.succeeded":
        refund = await db.fetch_one(
            "SELECT amount_minor FROM refund WHERE key = ? AND payment_id = ?",
            own_key(event.refund_key or ""),
            payment.id,
        )
        if refund is None:
            return "unknown refund"
        return "refunded" if refund["amount_minor"] == event.amount_minor else "wrong amount"
    return "ignored"


async def book_capture(payment_id: str, *, provider_ref: str) -> bool:
    """Book captured money in the present transaction; ``False`` if it was booked before."""
    payment = await Payment.get(id=payment_id)
    await hold(payment.campaign_id)  # everybody holds the campaign's row first: what follows has no rivals
    rows = await db.execute(
        "UPDATE payment SET state = 'succeeded', captured_at = ?, provider_ref = COALESCE(provider_ref, ?) "
        "WHERE id = ? AND state <> 'succeeded'",
        clock.now(),
        provider_ref,
        payment_id,
    )
    if rows != 1:
        return False
    debit = world(payment.gateway, payment.currency)
    await open_account(debit, payment.currency, floored=False)
    await open_account(escrow(payment.campaign_id), payment.currency, floored=True)
    await transfer(
        debit=debit,
        credit=escrow(payment.campaign_id),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        key=f"capture:{payment_id}",
        cause="payment",
        cause_id=payment_id,
    )
    await record(
        "payment.captured", subject="payment", subject_id=payment_id, campaign_id=payment.campaign_id,
        actor_id=payment.user_id, audience="admin",
        payload={"amount_minor": payment.amount_minor, "currency": payment.currency,
                 "participation_id": payment.participation_id},
    )  # fmt: skip
    if not await confirm_payment(payment.participation_id, amount_minor=payment.amount_minor):
        await request_refund(payment_id, reason="late", amount_minor=payment.amount_minor)
    return True


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

    Young ones every round, older ones until a day after the checkout closed; the book decides what is new.
    """
    now = clock.now()
    rows = await db.fetch(
        "SELECT id, gateway, provider_ref, amount_minor, currency FROM payment WHERE state IN ('created', 'failed') "
        "AND provider_ref IS NOT NULL AND created_at < ? AND created_at > ? ORDER BY created_at DESC LIMIT "
        + str(int(limit)),
        now - older_than,
        now - timedelta(days=2),
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
    kinds = {"captured": "payment.captured", "failed": "payment.failed", "expired": "payment.expired"}
    if told.status not in kinds:
        return False
    event = GatewayEvent(
        event_id=f"asked:{row['id']}:{told.status}",
        kind=kinds[told.status],
        provider_ref=row["provider_ref"],
        payment_id=row["id"],
        amount_minor=told.amount_minor,
        currency=told.currency,
        occurred_at=told.captured_at or now,
        refund_key=None,
    )
    return await receive(row["gateway"], event) == "captured"
