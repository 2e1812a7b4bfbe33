"""Members ask for a tax invoice (fapiao) and may take that back until it is issued."""

from __future__ import annotations

from c2b.accounts.rules import Actor, faults_of_email
from c2b.campaigns.changes import hold
from c2b.events.operations import record
from c2b.invoicing.models import InvoiceRequest
from c2b.invoicing.requests import CURRENCY, FINAL, amount_of
from c2b.invoicing.rules import is_tax_id
from c2b.kit import clock, db
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.participations.queries import own

TITLE_KINDS = ("personal", "company")
MOST_TITLE = 160


class NotYetFinal(Conflict):
    code = "invoice_not_yet"
    message = N_(
        "A tax invoice can be asked for once your group is locked and everything is paid, for orders in yuan."
    )


class NothingToInvoice(Conflict):
    code = "nothing_to_invoice"
    message = N_("All of the money went back, so there is nothing to invoice.")


class InvoiceAsked(Conflict):
    code = "invoice_asked_already"
    message = N_("A tax invoice for this place was asked for already.")


class NoOpenRequest(Conflict):
    code = "invoice_not_open"
    message = N_("There is no request that could still be withdrawn.")


async def ask(
    actor: Actor, participation_id: str, *, title_kind: str, title: str, tax_id: str = "", email: str
) -> str:
    """The member's request; its id. A company needs its tax number, a person gives none.

    Raises ``NotFound``, ``Invalid``, ``NotYetFinal``, ``NothingToInvoice``, ``InvoiceAsked``.
    """
    title, number, email = one_line(title), "".join(tax_id.split()).upper(), email.strip()
    number = number if title_kind == "company" else ""
    faults = _faults(title_kind, title, number) + faults_of_email(email)
    if faults:
        raise Invalid(fields=faults)

    async def write() -> str:
        place = await own(actor, participation_id)
        await hold(place["campaign_id"])
        place = await own(actor, participation_id)
        if place["state"] not in FINAL or place["currency"] != CURRENCY:
            raise NotYetFinal
        amount = await amount_of(participation_id)
        if amount == 0:
            raise NothingToInvoice
        if await InvoiceRequest.filter(
            participation_id=participation_id, state__in=("requested", "issued")
        ).exists():
            raise InvoiceAsked
        made = await InvoiceRequest.create(
            participation_id=participation_id, user_id=actor.id, campaign_id=place["campaign_id"],
            title_kind=title_kind, title=title, tax_id=number, email=email, amount_minor=amount,
            currency=place["currency"], requested_at=clock.now(),
        )  # fmt: skip
        await record(
            "invoice.requested", subject="invoice_request", subject_id=made.id, campaign_id=place["campaign_id"],
            actor_id=actor.id, audience="admin", payload={"amount_minor": amount, "currency": place["currency"]},
        )  # fmt: skip
        return made.id

    return await db.atomically(write)


async def withdraw(actor: Actor, participation_id: str) -> None:
    """The member does not want it any more. Raises ``NotFound``, ``NoOpenRequest`` once it is issued."""

    async def write() -> None:
        place = await own(actor, participation_id)
        await hold(place["campaign_id"])
        if not await _end(participation_id, actor_id=actor.id, reason="member"):
            raise NoOpenRequest

    await db.atomically(write)


async def end_without_money(participation_id: str) -> bool:
    """A request about nothing any more ends by itself, in the present transaction; whether there was one."""
    if await amount_of(participation_id):
        return False
    return await _end(participation_id, actor_id=None, reason="all_refunded")


async def _end(participation_id: str, *, actor_id: str | None, reason: str) -> bool:
    row = await db.fetch_one(
        "UPDATE invoice_request SET state = 'withdrawn', ended_at = ? WHERE participation_id = ? "
        "AND state = 'requested' RETURNING id, campaign_id",
        clock.now(),
        participation_id,
    )
    if row:
        await record(
            "invoice.withdrawn", subject="invoice_request", subject_id=row["id"], campaign_id=row["campaign_id"],
            actor_id=actor_id, audience="admin", payload={"reason": reason},
        )  # fmt: skip
    return row is not None


def _faults(title_kind: str, title: str, number: str) -> list[FieldError]:
    faults = []
    if title_kind not in TITLE_KINDS:
        faults.append(FieldError("title_kind", "title_kind", N_("Choose a person or a company.")))
    if not 1 <= len(title) <= MOST_TITLE:
        faults.append(
            FieldError("title", "title", N_("Enter the name that the invoice is made out to, on one line."))
        )
    if title_kind == "company" and not is_tax_id(number):
        faults.append(
            FieldError(
                "tax_id", "tax_id",
                N_("This is no unified social credit code (18 characters) or older tax number (15). Compare it."),
            )
        )  # fmt: skip
    return faults
