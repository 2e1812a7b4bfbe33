"""Money that is only held: charged at the close, released when its member leaves, lost when it expires.

A capture and a release are keyed jobs like a refund: asked once at the provider, and after an unknown answer the
provider is asked first. Whatever it says is booked by the same guarded updates as its notifications.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.plans import missing_minor
from c2b.durable import Lease, enqueue, job
from c2b.durable.jobs import PermanentFailure
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.participations.operations import confirm_hold, lose_hold, mark_refunded
from c2b.payments.gateways import gateway
from c2b.payments.gateways.base import GatewayRefused, Holds, ProviderPayment
from c2b.payments.models import Payment

#: What the provider says of an authorization that holds nothing any more.
GONE = ("expired", "voided", "failed")


async def book_authorization(payment_id: str, *, provider_ref: str) -> bool:
    """Money is held, in the present transaction: the place counts. ``False`` if it was booked before."""
    payment = await Payment.get(id=payment_id)
    await hold(payment.campaign_id)
    now = clock.now()
    window = gateway(payment.gateway).capabilities.authorization_window or timedelta()
    rows = await db.execute(
        "UPDATE payment SET state = 'authorized', authorized_at = ?, hold_until = ?, "
        "provider_ref = COALESCE(provider_ref, ?) WHERE id = ? AND state IN ('created', 'failed', 'closed')",
        now,
        now + window,
        provider_ref,
        payment_id,
    )
    if rows != 1:
        return False
    await _tell("payment.authorized", payment)
    if not await confirm_hold(payment.participation_id):
        await release(payment_id)
    return True


async def release(payment_id: str) -> bool:
    """Have the provider release what it holds, in the present transaction. ``False`` if that was asked before."""
    return await enqueue("payment.void", key=f"void:{payment_id}", args={"payment_id": payment_id})


async def book_loss(payment_id: str, *, state: str) -> bool:
    """An authorization is gone without a charge (``voided`` or ``failed``). ``False`` if nothing was held."""
    payment = await Payment.get(id=payment_id)
    await hold(payment.campaign_id)
    rows = await db.execute(
        "UPDATE payment SET state = ? WHERE id = ? AND state = 'authorized'", state, payment_id
    )
    if rows != 1:
        return False
    await _tell(f"payment.{'voided' if state == 'voided' else 'uncaptured'}", payment)
    lost = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM payment WHERE participation_id = ? AND authorized_at IS NOT NULL "
        "AND state IN ('voided', 'failed')",
        payment.participation_id,
    )
    assert lost
    await lose_hold(payment.participation_id, again=lost["n"] < 2)
    await settle_if_empty(payment.participation_id)
    return True


async def settle_if_empty(participation_id: str) -> None:
    """Whoever has left and has nothing here any more has everything back."""
    held = await db.fetch_one(
        "SELECT id FROM payment WHERE participation_id = ? AND (state = 'authorized' OR (state = 'succeeded' "
        "AND refunded_minor < amount_minor))",
        participation_id,
    )
    if held is None:
        await mark_refunded(participation_id)


@job("payment.capture")
async def capture_payment(lease: Lease, *, payment_id: str, **_: Any) -> None:
    """Charge of what is held exactly what is asked for now; the provider releases the rest."""
    payment = await Payment.get(id=payment_id)
    if payment.state != "authorized":
        return
    row = await db.fetch_one(
        "SELECT due_minor, captured_minor FROM participation WHERE id = ?", payment.participation_id
    )
    assert row
    amount = min(missing_minor(row["due_minor"], row["captured_minor"]), payment.amount_minor)
    if not amount:
        return
    faults.point("capture:before provider")
    told = await _captured(payment, amount, again=lease.attempts > 1)
    faults.point("capture:after provider")
    async with lease.completing():
        await book_told(payment, told)


@job("payment.void")
async def void_payment(lease: Lease, *, payment_id: str, **_: Any) -> None:
    """Release what is held for somebody who has no place any more."""
    payment = await Payment.get(id=payment_id)
    if payment.state != "authorized":
        return
    provider = _holding(payment)
    try:
        told = await provider.void(_ref(payment), key=f"void:{payment_id}")
    except GatewayRefused:
        told = await gateway(payment.gateway).read(_ref(payment))
    faults.point("void:after provider")
    async with lease.completing():
        await book_told(payment, told)


async def book_told(payment: Payment, told: ProviderPayment) -> None:
    """Book what the provider says of an authorization. Raises ``PermanentFailure`` where it still just holds."""
    from c2b.payments.capturing import book_capture  # which itself books authorizations

    if told.status == "captured":
        await book_capture(payment.id, provider_ref=told.provider_ref, amount_minor=told.amount_minor)
    elif told.status in GONE:
        await book_loss(payment.id, state="failed" if told.status == "failed" else "voided")
    else:
        raise PermanentFailure(f"the provider says {told.status} of {payment.id}")


async def _captured(payment: Payment, amount_minor: int, *, again: bool) -> ProviderPayment:
    """The provider's payment after the capture, asked first on a retry; ``failed`` where it will not charge."""
    provider, ref = _holding(payment), _ref(payment)
    if again:
        known = await gateway(payment.gateway).read(ref)
        if known.status != "authorized":
            return known
    try:
        return await provider.capture(
            ref,
            amount_minor=amount_minor,
            currency=payment.currency,
            key=f"capture:{payment.id}:{amount_minor}",
        )
    except GatewayRefused:
        known = await gateway(payment.gateway).read(ref)
        if known.status != "authorized":
            return known
        await provider.void(ref, key=f"void:{payment.id}")
        return replace(known, status="failed")


def _holding(payment: Payment) -> Holds:
    provider = gateway(payment.gateway)
    if not isinstance(provider, Holds):
        raise PermanentFailure(f"{payment.gateway} holds nothing, and {payment.id} is held there")
    return provider


def _ref(payment: Payment) -> str:
    if payment.provider_ref is None:
        raise PermanentFailure(f"payment {payment.id} has no object at the provider")
    return payment.provider_ref


async def _tell(event: str, payment: Payment) -> None:
    await record(
        event, subject="payment", subject_id=payment.id, campaign_id=payment.campaign_id,
        actor_id=payment.user_id, audience="admin",
        payload={"amount_minor": payment.amount_minor, "currency": payment.currency,
                 "participation_id": payment.participation_id},
    )  # fmt: skip
