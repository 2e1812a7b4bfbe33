"""Production: all timelines of a manufacturer, and one with its drawing, its stages and what may be done now."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.fulfillment.queries import timeline_of, timelines_of
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.purchasing.queries import orders_of
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.manufacturer.orders import STATE_TONES
from c2b.web.pages import page
from c2b.web.stages import carry_out, view_of

TEMPLATE = "pages/manufacturer/timeline.html"


@require("manufacturer")
async def index(request: Request) -> Response:
    """GET /manufacturer/timelines?all=&cursor=: what is being made, and on request also what has been delivered."""
    window = window_of(request.query_params)
    everything = request.query_params.get("all") == "yes"
    found = await timelines_of(actor_of(request), window, running=not everything)
    return page(
        request,
        "pages/manufacturer/timelines.html",
        timelines=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
        everything=everything,
    )


@require("manufacturer")
async def show(request: Request) -> Response:
    """GET /manufacturer/timelines/{id}: the timeline of a campaign, by the campaign's id."""
    actor, campaign_id = actor_of(request), request.path_params["id"]
    timeline = await timeline_of(actor, campaign_id)
    return page(request, TEMPLATE, **view_of(timeline), **await _frame(actor, campaign_id))


@require("manufacturer")
async def change(request: Request) -> Response:
    """POST /manufacturer/timelines/{id}/milestones/{milestone}/{move}: see ``c2b.web.stages.MOVES``."""
    campaign_id = request.path_params["id"]
    moved = await carry_out(request, campaign_id)
    if moved.error:
        frame = await _frame(actor_of(request), campaign_id)
        return page(request, TEMPLATE, status=moved.error.status, **view_of(moved.page, moved), **frame)
    response = see_other(f"/manufacturer/timelines/{campaign_id}#{moved.stage.code}")
    flash(response, moved.message, stage=moved.stage.name)
    return response


async def _frame(actor: Actor, campaign_id: str) -> dict[str, Any]:
    """The order above the timeline, and where its forms lead."""
    orders = await orders_of(actor, campaign_id=campaign_id)
    return {
        "line": orders.items[0] if orders.items else None,
        "tones": STATE_TONES,
        "at": f"/manufacturer/timelines/{campaign_id}",
    }
