"""Admins write down the numbers of tax invoices that were issued, and of red notes for what went back since."""

from __future__ import annotations

import re

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.events.operations import record
from c2b.invoicing.requests import InvoiceView, invoice
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json, one_line
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_

#: Numbers of fapiao: 8 digits on paper, 20 since they are digital; a code of 10 or 12 digits may stand before them.
_NUMBER = re.compile(r"\d{8,22}")


class InvoiceNotOpen(Conflict):
    code = "invoice_not_requested"
    message = N_("This request does not wait for that any more.")


class AmountChanged(Conflict):
    code = "invoice_amount_changed"
    message = N_("Money went back meanwhile: the amount is another one now. Please look again.")


async def issue_invoice(actor: Actor, request_id: str, *, number: str, amount_minor: int) -> None:
    """The fapiao was issued about ``amount_minor``, which must be what was paid less what goes back, now.

    Raises ``NotFound``, ``Invalid`` (number), ``InvoiceNotOpen``, ``AmountChanged``.
    """
    number = await _number(actor, request_id, number)

    async def write() -> None:
        found = await _held(request_id)
        if found.state != "requested":
            raise InvoiceNotOpen
        if amount_minor != found.amount_minor or not amount_minor:
            raise AmountChanged
        await _unused(number)
        await db.execute(
            "UPDATE invoice_request SET state = 'issued', number = ?, amount_minor = ?, issued_by = ?, issued_at = ? "
            "WHERE id = ? AND state = 'requested'",
            number, amount_minor, actor.id, clock.now(), request_id,
        )  # fmt: skip
        await _tell("invoice.issued", found, actor, number=number, amount_minor=amount_minor)

    await db.atomically(write)


async def refuse_invoice(actor: Actor, request_id: str, *, reason: str) -> None:
    """It cannot be issued as it was asked for: the tax office does not know the title, say. The member may ask again.

    Raises ``NotFound``, ``Invalid`` without a reason, ``InvoiceNotOpen``.
    """
    if not actor.is_admin:
        raise NotFound
    reason = one_line(reason)[:500]
    if not reason:
        raise Invalid(fields=[FieldError("reason", "reason", N_("Please say why."))])

    async def write() -> None:
        found = await _held(request_id)
        rows = await db.execute(
            "UPDATE invoice_request SET state = 'refused', note = ?, ended_at = ? WHERE id = ? AND state = 'requested'",
            reason,
            clock.now(),
            request_id,
        )
        if rows != 1:
            raise InvoiceNotOpen
        await record(
            "invoice.refused", subject="invoice_request", subject_id=found.id, campaign_id=found.campaign_id,
            actor_id=actor.id, audience="admin", payload={"reason": reason},
        )  # fmt: skip

    await db.atomically(write)


async def write_red_note(actor: Actor, request_id: str, *, number: str, amount_minor: int) -> None:
    """A red note took back ``amount_minor``, which must be all that waits for one. All of the invoice ends it.

    Raises as ``issue_invoice``.
    """
    number = await _number(actor, request_id, number)

    async def write() -> None:
        found = await _held(request_id)
        if found.state != "issued" or not found.red_due_minor:
            raise InvoiceNotOpen
        if amount_minor != found.red_due_minor:
            raise AmountChanged
        await _unused(number)
        red = found.red_minor + amount_minor
        whole = red == found.amount_minor
        await db.execute(
            "UPDATE invoice_request SET red_minor = ?, red_numbers = ?, state = ?, ended_at = ? "
            "WHERE id = ? AND state = 'issued'",
            red,
            canonical_json([*found.red_numbers, number]).decode(),
            "red_reversed" if whole else "issued",
            clock.now() if whole else None,
            request_id,
        )
        await _tell("invoice.red_noted", found, actor, number=number, amount_minor=amount_minor)

    await db.atomically(write)


async def _held(request_id: str) -> InvoiceView:
    """The request as it stands while no refund of its campaign is booked."""
    await hold((await invoice(request_id)).campaign_id)
    return await invoice(request_id)


async def _number(actor: Actor, request_id: str, number: str) -> str:
    if not actor.is_admin:
        raise NotFound
    await invoice(request_id)
    number = "".join(number.split())
    if not _NUMBER.fullmatch(number) or not number.isascii():
        raise Invalid(
            fields=[FieldError("number", "number", N_("Enter the number on the invoice: 8 to 22 digits."))]
        )
    return number


async def _unused(number: str) -> None:
    """Raises ``Invalid`` for a number that stands with an invoice or a red note already."""
    rows = await db.fetch(
        "SELECT 1 AS yes FROM invoice_request WHERE number = ? OR CAST(red_numbers AS TEXT) LIKE ?",
        number,
        f'%"{number}"%',
    )
    if rows:
        raise Invalid(fields=[FieldError("number", "number", N_("This number was entered before."))])


async def _tell(name: str, found: InvoiceView, actor: Actor, *, number: str, amount_minor: int) -> None:
    await record(
        name, subject="invoice_request", subject_id=found.id, campaign_id=found.campaign_id, actor_id=actor.id,
        audience="admin", payload={"number": number, "amount_minor": amount_minor, "currency": found.currency},
    )  # fmt: skip
