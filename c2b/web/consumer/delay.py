"""A member's answer to a delay: wait for the new day, or leave with all of the money."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.fulfillment import delays
from c2b.kit.errors import Conflict
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import form_of


@require("consumer")
async def answer(request: Request) -> Response:
    """POST /participations/{id}/delay: ``answer`` is ``wait`` or ``leave``; anything else changes nothing."""
    participation_id = request.path_params["id"]
    chosen = str((await form_of(request)).get("answer", ""))
    response = see_other(f"/participations/{participation_id}")
    try:
        if chosen == "leave":
            await delays.leave(actor_of(request), participation_id)
            flash(response, N_("All of your money is on its way back to you."))
        elif chosen == "wait":
            await delays.wait(actor_of(request), participation_id)
            flash(response, N_("Thank you for waiting. You are told when the day changes again."))
    except Conflict as error:
        flash(response, error.message, kind="danger")
    return response
