"""Many bank transfers at once, for admins: approve them, a file for the bank, book them as sent."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from c2b.kit import clock
from c2b.kit.errors import Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.kit.money import Amount
from c2b.payments import batches
from c2b.payments.batches import Done
from c2b.web.admin.disbursements import NO_STORE, listed
from c2b.web.admin.ledger_files import Row, table_file
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import form_of

_MOST_FIELDS = batches.MOST + 10


@require("admin")
async def approve(request: Request) -> Response:
    """POST /admin/disbursements/approvals: of those that were chosen whatever this admin may approve."""
    form = await _form(request)
    return await _done(
        request, form, batches.approve_many(actor_of(request), _ids(form)), N_("Approved: {done}.")
    )


@require("admin")
async def send(request: Request) -> Response:
    """POST /admin/disbursements/dispatches: the bank has carried them out, under one reference."""
    form = await _form(request)
    reference = str(form.get("bank_reference", ""))
    doing = batches.send_many(actor_of(request), _ids(form), bank_reference=reference)
    return await _done(request, form, doing, N_("Booked as sent: {done}."))


@require("admin")
async def file(request: Request) -> Response:
    """POST /admin/disbursements/files: those that were chosen as a table (``format``: xlsx or csv) for the bank."""
    form = await _form(request)
    try:
        instructions = await batches.file_for_bank(actor_of(request), _ids(form), again="again" in form)
    except (Invalid, Conflict) as error:
        return await listed(request, chosen=_ids(form), error=error)
    heads: Row = [
        gettext("Number"), gettext("Payee"), gettext("Account"), gettext("Bank"), gettext("Amount"),
        gettext("Currency"), gettext("Text"),
    ]  # fmt: skip
    rows: list[Row] = [
        [
            each.id, each.payee, each.account, each.bank, Amount(each.amount_minor, each.currency), each.currency,
            each.text,
        ]
        for each in instructions
    ]  # fmt: skip
    name = f"bank-transfers-{clock.now():%Y-%m-%d-%H%M}"
    response = table_file(name, [heads, *rows], workbook=form.get("format") != "csv")
    response.headers.update(NO_STORE)
    return response


async def _done(request: Request, form: FormData, doing: Awaitable[Done], message: str) -> Response:
    try:
        done = await doing
    except (Invalid, Conflict) as error:
        typed = str(form.get("bank_reference", ""))
        return await listed(request, chosen=_ids(form), error=error, typed=typed)
    response = see_other(f"/admin/disbursements?{request.url.query}")
    if done.left:
        flash(
            response, N_("Done: {done}. Left, because it takes another person or was decided meanwhile: {left}."),
            done=done.done, left=done.left, kind="warning" if done.done else "danger",
        )  # fmt: skip
    else:
        flash(response, message, done=done.done)
    return response


async def _form(request: Request) -> FormData:
    return await form_of(request, max_fields=_MOST_FIELDS)


def _ids(form: FormData) -> list[str]:
    return [str(each) for each in form.getlist("id")]
