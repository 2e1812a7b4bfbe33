"""Asking for money: a checkout at a provider for what a place owes. A place is reserved before money is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.plans import AUTHORIZE, DEPOSIT, overdue_at
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.payments.choosing import (
    CLIENT,
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
from c2b.payments.models import Payment


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

    ``payer``: who pays inside the provider's own app (``jsapi``); where it is told of an open payment, what the app
    needs is made anew, since it is good for hours only. Raises NotFound, NothingToPay, NoSuchWay and what
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
    place = own
    payment, left = await db.atomically(lambda: _open_payment(place, actor.locale, way))
    own = {**own, "reserved_until": await _kept_until(own["id"])}
    if left:
        faults.point("payment:switched")
        await close_at_provider(left.gateway, left.provider_ref)
    if not payment.checkout_url or (payer and payment.checkout_url.startswith(CLIENT)):
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

    async def keep() -> None:
        rows = await db.execute(
            "UPDATE payment SET provider_ref = COALESCE(provider_ref, ?), checkout_url = ? WHERE id = ? "
            "AND (provider_ref IS NULL OR (provider_ref = ? AND state = 'created' AND checkout_url LIKE ?))",
            started.provider_ref,
            place_of(started),
            payment.id,
            started.provider_ref,
            f"{CLIENT}%",
        )
        if rows and started.transfer:  # whoever goes to their bank later needs it in writing
            await record(
                "payment.transfer_asked", subject="payment", subject_id=payment.id,
                campaign_id=payment.campaign_id, actor_id=payment.user_id, audience="admin",
                payload={"amount_minor": payment.amount_minor, "currency": payment.currency},
            )  # fmt: skip

    await db.atomically(keep)
    return place_of(started)


async def _kept_until(participation_id: str) -> datetime | None:
    row = await db.fetch_one("SELECT reserved_until FROM participation WHERE id = ?", participation_id)
    return db.instant(row["reserved_until"]) if row else None


async def _keep_place(own: dict[str, Any], deadline: datetime, way: Way, left: Payment | None) -> None:
    """A place waits for money that takes days, counted from the first time that it was asked for in that way; whoever
    turns to a quick way instead has as long as everybody again."""
    now, until = clock.now(), db.instant(own["reserved_until"])
    reserves = gateway(way.gateway).capabilities.reserves
    if reserves:
        first = await db.fetch_one(
            "SELECT MIN(created_at) AS at FROM payment WHERE participation_id = ? AND gateway = ?",
            own["id"],
            way.gateway,
        )
        began = (db.instant(first["at"]) if first else None) or now
        until = min(began + reserves, deadline)
    elif left and gateway(left.gateway).capabilities.reserves and until:
        until = min(until, now + timedelta(minutes=settings().reservation_minutes))
    else:
        return
    await db.execute(
        "UPDATE participation SET reserved_until = ? WHERE id = ? AND state = 'pending_payment'",
        until,
        own["id"],
    )


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
        "SELECT c.payment_plan, c.deadline, c.balance_days, c.currency, c.batch_answers, p.timeline, "
        "(SELECT MAX(b.due_at) FROM payment b WHERE b.participation_id = ? AND b.purpose = 'balance') AS due_at, "
        "(SELECT COUNT(*) FROM payment h WHERE h.participation_id = ? AND h.state = 'authorized') AS held "
        "FROM campaign c JOIN product p ON p.id = c.product_id WHERE c.id = ?",
        own["id"],
        own["id"],
        own["campaign_id"],
    )
    assert plan
    balance = still["state"] != "pending_payment"
    if balance and (plan["held"] or plan["due_at"] is None):
        raise NothingToPay  # what is held will be charged, or nobody has asked yet
    if existing:
        await db.execute(
            "UPDATE payment SET state = 'closed' WHERE id = ? AND state = 'created'", existing.id
        )
    way = way or next(iter(ways(plan)), None)
    deadline = db.instant(plan["deadline"])
    if way and deadline and not balance:
        await _keep_place(own, deadline, way, existing)
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
