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
from c2b.campaigns.plans import AUTHORIZE, DEPOSIT, OVERDUE_DAYS, overdue_at
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.errors import AppError, Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.ledger.operations import escrow, open_account, transfer, world
from c2b.participations.operations import confirm_capture, confirm_payment
from c2b.payments.choosing import (
    Checkout,
    Way,
    checkout_of,
    chosen,
    close_at_provider,
    method_of,
    place_of,
    ways,
    ways_of,
)
from c2b.payments.gateways import gateway
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.holding import book_authorization, book_loss
from c2b.payments.models import Payment
from c2b.payments.refunding import book_refund, request_refund
from c2b.payments.rules import own_key

log = logging.getLogger(__name__)


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    message = N_("There is nothing to pay here: the place is paid, or it is not reserved any more.")


async def start_checkout(
    actor: Actor, participation_id: str, *, gateway_name: str = "", method: str = ""
) -> str:
    """Where the member pays: the provider's page, or ours with a QR code. The same open payment gives the same."""
    done = await check_out(actor, participation_id, gateway_name=gateway_name, method=method)
    return done.url or f"{settings().base_url}/participations/{participation_id}/payment"


async def check_out(
    actor: Actor, participation_id: str, *, gateway_name: str = "", method: str = "", payer: str = ""
) -> Checkout:
    """Open a checkout in the way that is named, or in the open payment's, or in the usual one.

    ``payer``: who pays inside the provider's own app (``jsapi``). Raises NotFound, NothingToPay, NoSuchWay and what
    the gateway raises.
    """
    own = await db.fetch_one(
        "SELECT t.*, c.slug, c.title, c.code, c.state AS group_state FROM participation t "
        "JOIN campaign c ON c.id = t.campaign_id "
        "WHERE t.id = ? AND t.user_id = ?",
        participation_id,
        actor.id,
    )
    if own is None:
        raise NotFound
    if not may_pay(own):
        raise NothingToPay
    way = None
    if gateway_name or method:
        way = chosen(await ways_of(participation_id), gateway_name=gateway_name, method=method)
    payment, left = await db.atomically(lambda: _open_payment(own, actor.locale, way))
    if left:
        faults.point("payment:switched")
        await close_at_provider(left.gateway, left.provider_ref)
    if not payment.checkout_url:
        payment.checkout_url = await _start(payment, own, way.method if way else "", payer)
    return checkout_of(_row(payment), reserved_until=own["reserved_until"])


async def _start(payment: Payment, own: dict[str, Any], method: str, payer: str) -> str:
    """Have the provider open the checkout of a payment; where it is paid, as the row keeps it."""
    base = settings().base_url
    last_hour = overdue_at(payment.due_at) if payment.due_at else db.instant(own["reserved_until"])
    assert last_hour
    started = await gateway(payment.gateway).start(
        payment_id=payment.id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=payment.description,
        locale=payment.locale,
        return_url=f"{base}/participations/{own['id']}",
        notify_url=f"{base}/webhooks/{payment.gateway}",
        key=payment.id,
        expires_at=last_hour,
        holds=payment.holds,
        method=method,
        **({"payer": payer} if payer else {}),
    )
    faults.point("payment:started")
    await db.execute(
        "UPDATE payment SET provider_ref = ?, checkout_url = ? WHERE id = ? AND provider_ref IS NULL",
        started.provider_ref,
        place_of(started),
        payment.id,
    )
    return place_of(started)


async def _open_payment(own: dict[str, Any], locale: str, way: Way | None) -> tuple[Payment, Payment | None]:
    """The open payment in this way, and the one in another way that was closed for it, if there was one."""
    # locked, so that two clicks at the same time do not both see no payment and open one each
    suffix = " FOR NO KEY UPDATE" if db.dialect() == "postgres" else ""
    still = await db.fetch_one(
        "SELECT state, due_minor, captured_minor FROM participation WHERE id = ?" + suffix, own["id"]
    )
    if still is None or not may_pay({**own, **still}):
        raise NothingToPay
    existing = await Payment.get_or_none(participation_id=own["id"], state="created")
    if existing and (way is None or _is(existing, way)):
        return existing, None
    plan = await db.fetch_one(
        "SELECT c.payment_plan, c.deadline, c.balance_days, c.currency, p.timeline, (SELECT MAX(b.due_at) FROM "
        "payment b WHERE b.participation_id = ? AND b.purpose = 'balance') AS due_at FROM campaign c "
        "JOIN product p ON p.id = c.product_id WHERE c.id = ?",
        own["id"],
        own["campaign_id"],
    )
    assert plan
    if existing:
        await db.execute(
            "UPDATE payment SET state = 'closed' WHERE id = ? AND state = 'created'", existing.id
        )
    balance = still["state"] != "pending_payment"
    way = way or next(iter(ways(plan)), None)
    opened = await Payment.create(
        id=new_id(),
        participation_id=own["id"],
        campaign_id=own["campaign_id"],
        user_id=own["user_id"],
        amount_minor=existing.amount_minor if existing else still["due_minor"] - still["captured_minor"],
        currency=own["currency"],
        gateway=way.gateway if way else settings().gateway,
        purpose="balance" if balance else "deposit" if plan["payment_plan"] == DEPOSIT else "full",
        holds=not balance and plan["payment_plan"] == AUTHORIZE,
        due_at=db.instant(plan["due_at"]) if balance else None,
        description=f"{own['title']} ({own['code']})",
        locale=locale,
        created_at=clock.now(),
    )
    return opened, existing


def _row(payment: Payment) -> dict[str, Any]:
    """A payment as ``choosing`` reads it from the database."""
    names = ("id", "gateway", "checkout_url", "due_at", "amount_minor", "currency", "holds")
    return {name: getattr(payment, name) for name in names}


def _is(payment: Payment, way: Way) -> bool:
    """Whether a payment is already open in that way; one whose provider has not answered may be by any method."""
    return payment.gateway == way.gateway and (
        not payment.checkout_url or method_of(_row(payment)) == way.method
    )


def may_pay(own: dict[str, Any]) -> bool:
    """Whether something is to be paid for a place: reserved, or asked for its balance (``group_state``: closed)."""
    if own["state"] == "pending_payment":
        return True
    owes: bool = own["captured_minor"] < own["due_minor"]
    return owes and own["state"] in ("joined", "needs_attention") and own["group_state"] == "closed"


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
    now = clock.now()
    rows = await db.execute(
        "UPDATE payment SET state = 'succeeded', captured_at = ?, refund_until = ?, amount_minor = ?, "
        "provider_ref = COALESCE(provider_ref, ?) WHERE id = ? AND state = ?",
        now,
        now + gateway(payment.gateway).capabilities.refund_window,
        amount,
        provider_ref,
        payment_id,
        payment.state,
    )
    if rows != 1:
        return False
    debit = world(payment.gateway, payment.currency)
    await open_account(debit, payment.currency, floored=False)
    await open_account(escrow(payment.campaign_id), payment.currency, floored=True)
    await transfer(
        debit=debit,
        credit=escrow(payment.campaign_id),
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

    Young ones every round, older ones until a day after the checkout closed; the book decides what is new.
    """
    now = clock.now()
    rows = await db.fetch(
        "SELECT id, gateway, provider_ref, amount_minor, currency FROM payment WHERE provider_ref IS NOT NULL "
        "AND ((state IN ('created', 'failed', 'closed') AND created_at < ? AND (created_at > ? OR due_at > ?)) "
        "OR (state = 'authorized' AND hold_until <= ?)) ORDER BY created_at DESC LIMIT " + str(int(limit)),
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
