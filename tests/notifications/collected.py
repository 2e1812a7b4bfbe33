"""The stories of money that comes later, or not by itself.

Bo is reminded of a balance and loses the place; Cy's hold ends too early; a provider does not make refunds of Bo's, and
its record differs from ours; Bo pays by bank transfer, and asks for a tax invoice.
"""

from __future__ import annotations

from datetime import timedelta

from c2b.campaigns import counting
from c2b.durable.sweep import drain
from c2b.invoicing import operations as papers
from c2b.invoicing.requests import invoice
from c2b.kit import clock, db
from c2b.participations.operations import withdraw
from c2b.payments.asking import check_out
from c2b.payments.capturing import ask_again
from c2b.payments.collecting import keep_reminders
from c2b.payments.gateways import sandbox
from c2b.payments.models import Payment
from c2b.payments.reconciling import keep_reconciliations
from c2b.payments.refunding import book_failed_refund, request_refund
from c2b.payments.statement.deciding import assign, keep_parts
from c2b.payments.watching import keep_windows
from tests.notifications.stories import TITLE, Cast, cast, join_and_pay
from tests.payments.statement.story import came


async def collected() -> Cast:
    """Bo pays a deposit and nothing more; of the rest a refund window ends soon."""
    found = await cast()
    campaign_id = await found.open_campaign(
        title=TITLE, closes="at_deadline", payment_plan="deposit", deposit_percent=20,
        deadline=clock.now() + timedelta(days=2),
    )  # fmt: skip
    for who in (found.bo, found.cy, found.ana):
        await join_and_pay(found, campaign_id, who, 20)
    clock.shift(timedelta(days=2, minutes=1))
    await counting.keep_deadlines()
    await drain()
    for days in (9, 9):
        clock.shift(timedelta(days=days))
        await keep_reminders()
        await drain()
    return Cast(found, campaign_id)


async def held() -> Cast:
    """Cy authorizes, and the authorization ends while the group is open; a window of what Bo paid ends soon."""
    found = await cast()
    campaign_id = await found.open_campaign(
        title=TITLE, closes="at_deadline", payment_plan="authorize", deadline=clock.now() + timedelta(days=4)
    )
    await join_and_pay(found, campaign_id, found.cy, 2)
    paid = await found.open_campaign(title=TITLE)
    await join_and_pay(found, paid, found.bo, 2)
    await db.execute(
        "UPDATE campaign SET deadline = ? WHERE id = ?", clock.now() + timedelta(days=20), campaign_id
    )
    clock.shift(timedelta(days=7, minutes=5))
    await ask_again()
    soon = clock.now() + timedelta(days=10)
    await db.execute("UPDATE payment SET refund_until = ? WHERE campaign_id = ?", soon, paid)
    await keep_windows()
    await drain()
    return Cast(found, campaign_id)


async def stuck() -> Cast:
    """A refund of Bo's came back to the provider, another is too old for it, and a payment has another amount there."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE)
    joined = await join_and_pay(found, campaign_id, found.bo, 2)
    payment = await Payment.get(participation_id=joined.participation_id)
    await _claim(payment.id, 1)
    key = f"refund:{payment.id}:claim:1"
    await db.atomically(lambda: book_failed_refund(key))
    await db.execute("UPDATE payment SET refund_until = ?", clock.now())
    await _claim(payment.id, 2)
    with sandbox().store.write() as record:
        record.execute(
            "UPDATE payment SET amount_minor = amount_minor + 1 WHERE payment_id = ?", (payment.id,)
        )
    clock.shift(timedelta(days=1))
    await keep_reconciliations()
    await drain()
    return Cast(found, campaign_id)


async def _claim(payment_id: str, number: int) -> None:
    await db.atomically(
        lambda: request_refund(payment_id, reason="claim", amount_minor=100, number=number, note="A scratch.")
    )
    await drain()


async def transferred() -> Cast:
    """Bo pays by bank transfer: too little at first, then too much. Cy sends a part, and leaves."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE, deadline=clock.now() + timedelta(days=12))
    joined = await found.join(campaign_id, found.bo, quantity=2)
    await check_out(found.bo, joined.participation_id, gateway_name="bank")
    await drain()
    payment = await Payment.get(participation_id=joined.participation_id)
    for amount in (1000, payment.amount_minor):
        await assign(found.root, await came(found.root, amount), payment.id)
        await drain()
    left = await found.join(campaign_id, found.cy, quantity=1)
    await check_out(found.cy, left.participation_id, gateway_name="bank")
    payment = await Payment.get(participation_id=left.participation_id)
    await assign(found.root, await came(found.root, 500), payment.id)
    await withdraw(found.cy, left.participation_id)
    await keep_parts()
    await drain()
    return Cast(found, campaign_id)


async def invoiced() -> Cast:
    """Bo asks for a tax invoice to a wrong name, and then to the right one."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE)
    joined = await join_and_pay(found, campaign_id, found.bo, 2)
    await db.execute("UPDATE participation SET state = 'confirmed' WHERE id = ?", joined.participation_id)
    wish = {"title_kind": "personal", "email": "bo@c2b.example"}
    first = await papers.ask(found.bo, joined.participation_id, title="Bo?", **wish)
    await papers.refuse_invoice(found.root, first, reason="There is nobody of that name.")
    second = await papers.ask(found.bo, joined.participation_id, title="Bo Lindqvist", **wish)
    amount = (await invoice(second)).amount_minor
    await papers.issue_invoice(found.root, second, number="24312000000012345678", amount_minor=amount)
    await drain()
    return Cast(found, campaign_id)
