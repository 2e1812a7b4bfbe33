"""Tax invoices for admins: who asks for one, which wait for a red note, and writing down their numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.invoicing import operations
from c2b.invoicing.requests import FILTERS, invoice, invoices
from c2b.kit.errors import AppError
from c2b.kit.http.paging import window_of
from c2b.kit.i18n import N_, gettext
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.invoices import STATES, words
from c2b.web.pages import errors_by_field, form_of, page

RED = N_("Waits for a red note")
NO_STORE = {"Cache-Control": "no-store"}


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/invoices?state=&cursor=: newest first; ``red`` are those that wait for a red note."""
    asked = request.query_params.get("state", "")
    state = asked if asked in FILTERS else ""
    window = window_of(request.query_params)
    found = await invoices(window, state=state)
    labels = [(code, gettext(RED) if code == "red" else gettext(STATES[code][0])) for code in FILTERS]
    return page(
        request, "pages/admin/invoices.html", lines=found.items, next_cursor=found.next_cursor,
        first=window.after is None, state=state, states_to_choose=labels, **words(),
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/invoices/{id}."""
    return await _one(request)


@require("admin")
async def issue(request: Request) -> Response:
    """POST /admin/invoices/{id}/issue: the number of the fapiao, about the amount that was shown."""
    return await _written(request, operations.issue_invoice, N_("Written down. The member sees the number."))


@require("admin")
async def red_note(request: Request) -> Response:
    """POST /admin/invoices/{id}/red-notes: the number of the red note, about all that waits for one."""
    return await _written(request, operations.write_red_note, N_("The red note is written down."))


@require("admin")
async def refuse(request: Request) -> Response:
    """POST /admin/invoices/{id}/refusal: it cannot be issued as it was asked for."""
    reason = str((await form_of(request)).get("reason", ""))
    return await decided(
        operations.refuse_invoice(actor_of(request), request.path_params["id"], reason=reason),
        N_("Refused. The member reads why."), to=f"/admin/invoices/{request.path_params['id']}",
        again=lambda error: _one(request, error=error),
    )  # fmt: skip


async def _written(request: Request, write: Callable[..., Awaitable[Any]], message: str) -> Response:
    """A number from the tax office for what was shown (``amount_minor``: anything that changed since is refused)."""
    form, id = await form_of(request), request.path_params["id"]
    number, amount = str(form.get("number", "")), str(form.get("amount_minor", ""))
    shown = int(amount) if amount.isdecimal() and len(amount) < 16 else 0
    return await decided(
        write(actor_of(request), id, number=number, amount_minor=shown), message, to=f"/admin/invoices/{id}",
        again=lambda error: _one(request, error=error, typed=number),
    )  # fmt: skip


async def _one(request: Request, *, error: AppError | None = None, typed: str = "") -> Response:
    found = await invoice(request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/invoice.html", status=error.status if error else 200, headers=NO_STORE,
        here=f"/admin/invoices/{found.id}", invoice=found, errors=said, typed=typed,
        notice=error.text() if error and not said else None, **words(),
    )  # fmt: skip
