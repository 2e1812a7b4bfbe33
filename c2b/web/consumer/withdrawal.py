"""Leaving a campaign before the lock: a page that says what it means, and the act."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import campaign_for, present_offer
from c2b.kit.errors import Conflict
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.participations.operations import withdraw
from c2b.participations.queries import own
from c2b.payments.statement.awaiting import awaited
from c2b.web.auth import actor_of, require
from c2b.web.consumer.participations import participation_view
from c2b.web.flash import flash
from c2b.web.pages import page


@require("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{id}/withdrawal: what leaving means, with one button. Too late: back to the place."""
    actor = actor_of(request)
    row = await own(actor, request.path_params["id"])
    campaign = await campaign_for(actor, row["campaign_id"])
    view = participation_view(row, campaign, await present_offer(campaign))
    if not view.may_leave:
        return see_other(f"/participations/{row['id']}")
    return page(
        request, "pages/consumer/withdrawal.html", participation=view, transfer=await awaited(row["id"])
    )


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/withdrawal. Twice is once."""
    participation_id = request.path_params["id"]
    response = see_other(f"/participations/{participation_id}")
    try:
        await withdraw(actor_of(request), participation_id)
    except Conflict as error:
        flash(response, error.message, kind="danger")
        return response
    flash(response, N_("You have left the campaign. If you have paid, all of it is on its way back to you."))
    return response
