"""What mails say of payments by bank transfer: where to send the money, what is missing, what goes back."""

from __future__ import annotations

from c2b.notifications import facts, links
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.reading import one
from c2b.payments.choosing import open_checkout
from c2b.payments.gateways.bank.references import printed
from c2b.payments.statement.payers import arrived_of


async def asked(happened: Happened) -> Facts | None:
    """The account, the reference, the amount that is missing, until when. ``None`` once nothing is open there."""
    payment = await one("SELECT id, participation_id FROM payment WHERE id = ?", happened.subject_id)
    opened = await open_checkout(payment["participation_id"])
    if opened is None or opened.payment_id != payment["id"] or not opened.transfer:
        return None
    return {
        **await facts.campaign(happened),
        "missing_minor": opened.amount_minor - await arrived_of(payment["id"]),
        "currency": opened.currency,
        "holder": opened.transfer["holder"],
        "account": opened.transfer["account"],
        "bank": " · ".join(filter(None, (opened.transfer["bank"], opened.transfer["bic"]))),
        "reference": printed(opened.transfer["reference"]),
        "until_at": opened.until,
        "pay_url": links.payment(payment["participation_id"]),
    }


async def short(happened: Happened) -> Facts | None:
    """The same, with what has come. ``None`` once the rest has come too."""
    found = await asked(happened)
    return {**found, "arrived_minor": await arrived_of(happened.subject_id)} if found else None


async def over(happened: Happened) -> Facts:
    """What was too much, and goes back."""
    told = happened.payload
    return {
        **await facts.campaign(happened),
        "surplus_minor": told["surplus_minor"],
        "currency": told["currency"],
    }


async def returned(happened: Happened) -> Facts:
    """A part that goes back, because the rest of its payment is not waited for any more."""
    told = happened.payload
    return {
        **await facts.campaign(happened),
        "returned_minor": told["returned_minor"],
        "currency": told["currency"],
    }
