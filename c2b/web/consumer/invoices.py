"""A member's tax invoice (fapiao): asked for, taken back, and how it stands."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.invoicing import operations
from c2b.invoicing.requests import standing, usual
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.participations.queries import own
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.invoices import words
from c2b.web.pages import errors_by_field, form_of, page

_FIELDS = ("title_kind", "title", "tax_id", "email")
NO_STORE = {"Cache-Control": "no-store"}


@require("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{id}/invoice. Raises NotFound for what is not one's own."""
    return await _page(request)


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/invoice: ask for it."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in _FIELDS}
    try:
        await operations.ask(actor_of(request), request.path_params["id"], **typed)
    except (Invalid, Conflict) as error:
        return await _page(request, error=error, typed=typed)
    return _back(request, N_("We have your request. You see here how it stands."))


@require("consumer")
async def withdraw(request: Request) -> Response:
    """POST /participations/{id}/invoice/withdrawal: until it is issued."""
    try:
        await operations.withdraw(actor_of(request), request.path_params["id"])
    except Conflict as error:
        return await _page(request, error=error)
    return _back(request, N_("The request is withdrawn."))


def _back(request: Request, message: str) -> Response:
    response = see_other(f"/participations/{request.path_params['id']}/invoice")
    flash(response, message)
    return response


async def _page(
    request: Request, *, error: AppError | None = None, typed: dict[str, str] | None = None
) -> Response:
    actor, place = actor_of(request), request.path_params["id"]
    row = await own(actor, place)
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/consumer/invoice.html", status=error.status if error else 200, headers=NO_STORE,
        participation_id=place, title=row["title"], standing=await standing(actor, place),
        values=typed or await usual(actor), errors=said, notice=error.text() if error and not said else None, **words(),
    )  # fmt: skip
