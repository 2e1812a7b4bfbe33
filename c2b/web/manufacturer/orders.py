"""Purchase orders: the list, and one order with everything a factory needs to say yes or no."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.fulfillment.queries import TimelinePage, timeline_of
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Window, window_of
from c2b.kit.i18n import LANGUAGE_NAMES
from c2b.purchasing.pictures import pictures_of
from c2b.purchasing.queries import STATE_LABELS, OrderView, order_view, orders_of, state_label, units_of
from c2b.web.auth import actor_of, require
from c2b.web.pages import page

STATE_TONES = {
    "draft": "neutral",
    "issued": "wait",
    "acknowledged": "good",
    "rejected": "bad",
    "expired": "bad",
    "in_production": "info",
    "shipped": "info",
    "delivered": "good",
    "canceled": "neutral",
}
#: How many units an order's own page shows of its list.
FIRST_UNITS = 8


@require("manufacturer")
async def index(request: Request) -> Response:
    """GET /manufacturer/orders?state=&cursor=."""
    return page(request, "pages/manufacturer/orders.html", **await list_view(request))


@require("manufacturer")
async def show(request: Request) -> Response:
    """GET /manufacturer/orders/{id}?revision=: the current revision, or an earlier one to compare."""
    actor = actor_of(request)
    order = await order_view(actor, request.path_params["id"], revision=revision_of(request))
    return page(
        request,
        "pages/manufacturer/order.html",
        values={},
        errors={},
        notice=None,
        **await view(actor, order),
    )


async def list_view(request: Request) -> dict[str, Any]:
    """The list of orders with its filter, for manufacturers and admins."""
    asked = request.query_params.get("state", "")
    state = asked if asked in STATE_LABELS else ""
    window = window_of(request.query_params)
    found = await orders_of(actor_of(request), window, state=state or None)
    return {
        "orders": found.items,
        "next_cursor": found.next_cursor,
        "first": window.after is None,
        "state": state,
        "states": [(code, state_label(code)) for code in STATE_LABELS],
        "tones": STATE_TONES,
    }


async def view(actor: Actor, order: OrderView) -> dict[str, Any]:
    """What the page of an order shows besides its form's own values."""
    units = await units_of(actor, order.line.id, Window(limit=FIRST_UNITS))
    latest = order.revisions[-1].revision
    shown = next(each for each in order.revisions if each.digest == order.digest)
    return {
        "order": order,
        "tones": STATE_TONES,
        "shown": shown,
        "latest": latest,
        "answer": next((each for each in order.answers if each.revision == shown.revision), None),
        "documents": [each for each in order.documents if each.revision == shown.revision],
        "languages": dict(LANGUAGE_NAMES),
        "units": units.items,
        "pictures": len(await pictures_of(actor, order.line.id)),
        "more_units": units.next_cursor is not None,
        "timeline": await timeline_or_none(actor, order.line.campaign_id),
    }


async def timeline_or_none(actor: Actor, campaign_id: str) -> TimelinePage | None:
    """The timeline of a campaign, once it is planned."""
    try:
        return await timeline_of(actor, campaign_id)
    except NotFound:
        return None


def revision_of(request: Request) -> int | None:
    """``?revision=`` as a number; anything else is an address that does not exist."""
    text = request.query_params.get("revision")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text)):
        raise NotFound
    return int(text)
