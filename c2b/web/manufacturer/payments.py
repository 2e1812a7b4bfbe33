"""What a manufacturer is paid: order by order, what falls due with what, and what stops it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.http.paging import Window, window_of
from c2b.payouts.queries import SCHEDULES, STATES, order_payments, payments_of
from c2b.web.auth import actor_of, require
from c2b.web.pages import page

#: An order takes a card with a table: fewer of them than lines.
MOST = 10


def tones() -> dict[str, Any]:
    """How states of parts and of schedules look."""
    return {
        "tones": {code: tone for code, (_, tone) in STATES.items()},
        "schedule_tones": {code: tone for code, (_, tone) in SCHEDULES.items()},
    }


@require("manufacturer")
async def index(request: Request) -> Response:
    """GET /manufacturer/payments?cursor=: every order with its parts, newest first."""
    asked = window_of(request.query_params)
    window = Window(limit=min(asked.limit, MOST), after=asked.after)
    found = await payments_of(actor_of(request), window)
    view: dict[str, Any] = {
        "orders": found.items,
        "next_cursor": found.next_cursor,
        "first": window.after is None,
    }
    return page(request, "pages/manufacturer/payments.html", **view, **tones())


@require("manufacturer")
async def show(request: Request) -> Response:
    """GET /manufacturer/payments/{id}: one order, by its campaign."""
    order = await order_payments(actor_of(request), request.path_params["id"])
    return page(request, "pages/manufacturer/payment.html", order=order, **tones())
