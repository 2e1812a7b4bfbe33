"""Purchase orders for admins: all of them, and what to do when one was rejected or nobody answered in time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, format_datetime
from c2b.purchasing import operations
from c2b.purchasing.queries import order_view
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.manufacturer.orders import list_view, revision_of, view
from c2b.web.pages import errors_by_field, form_of, page

TEMPLATE = "pages/admin/order.html"
DAYS = (3, 7, 14, 30)


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/orders?state=&cursor=."""
    return page(request, "pages/admin/orders.html", **await list_view(request))


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/orders/{id}?revision=."""
    return await _page(request)


@require("admin")
async def extend(request: Request) -> Response:
    """POST /admin/orders/{id}/extension: so many more days to answer, from now on."""
    order_id, days = request.path_params["id"], str((await form_of(request)).get("days", ""))
    try:
        until = await operations.extend_validity(
            actor_of(request),
            order_id,
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,
        )
    except (Invalid, Conflict) as error:
        return await _page(request, error=error, form="extension", typed=days)
    response = see_other(f"/admin/orders/{order_id}")
    flash(response, N_("The manufacturer may answer until {time}."), time=format_datetime(until))
    return response


@require("admin")
async def reissue(request: Request) -> Response:
    """POST /admin/orders/{id}/revision: ordered again with the terms of today; the manufacturer reads the reason."""
    order_id, reason = request.path_params["id"], str((await form_of(request)).get("reason", ""))
    try:
        revision = await operations.reissue(actor_of(request), order_id, reason=reason)
    except (Invalid, Conflict) as error:
        return await _page(request, error=error, form="revision", typed=reason)
    response = see_other(f"/admin/orders/{order_id}")
    flash(response, N_("Revision {n} is being written and sent."), n=revision)
    return response


async def _page(
    request: Request, *, error: AppError | None = None, form: str = "", typed: str = ""
) -> Response:
    actor = actor_of(request)
    order = await order_view(actor, request.path_params["id"], revision=revision_of(request))
    said = errors_by_field(error.fields) if error else {}
    return page(
        request,
        TEMPLATE,
        status=error.status if error else 200,
        errors=said,
        notice=error.text() if error and not said else None,
        form=form,
        typed=typed,
        days=DAYS,
        **await view(actor, order),
    )
