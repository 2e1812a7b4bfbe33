"""The timeline of a campaign for admins: all that the manufacturer may do, and passing, refusing, leaving out."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import campaign_for
from c2b.fulfillment.queries import timeline_of
from c2b.kit.http.redirects import see_other
from c2b.purchasing.queries import orders_of
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.manufacturer.orders import STATE_TONES
from c2b.web.pages import page
from c2b.web.stages import carry_out, view_of

TEMPLATE = "pages/admin/timeline.html"


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/campaigns/{id}/timeline. Raises ``NotFound`` before it is planned."""
    timeline = await timeline_of(actor_of(request), request.path_params["id"])
    return page(request, TEMPLATE, **view_of(timeline), **await _frame(request))


@require("admin")
async def change(request: Request) -> Response:
    """POST /admin/campaigns/{id}/timeline/milestones/{milestone}/{move}: see ``c2b.web.stages.MOVES``."""
    campaign_id = request.path_params["id"]
    moved = await carry_out(request, campaign_id)
    if moved.error:
        frame = await _frame(request)
        return page(request, TEMPLATE, status=moved.error.status, **view_of(moved.page, moved), **frame)
    response = see_other(f"/admin/campaigns/{campaign_id}/timeline#{moved.stage.code}")
    flash(response, moved.message, stage=moved.stage.name)
    return response


async def _frame(request: Request) -> dict[str, Any]:
    actor, campaign_id = actor_of(request), request.path_params["id"]
    campaign = await campaign_for(actor, campaign_id)
    orders = await orders_of(actor, campaign_id=campaign_id)
    return {
        "campaign_id": campaign_id,
        "title": campaign["title"],
        "line": orders.items[0] if orders.items else None,
        "tones": STATE_TONES,
        "at": f"/admin/campaigns/{campaign_id}/timeline",
    }
