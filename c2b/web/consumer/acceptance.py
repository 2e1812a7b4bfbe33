"""Agreeing to what the allocation gives one; refusing it is leaving (`withdrawal.py`)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import Conflict
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.participations.closing.objecting import accept
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/acceptance. Twice is once."""
    participation_id = request.path_params["id"]
    response = see_other(f"/participations/{participation_id}")
    try:
        await accept(actor_of(request), participation_id)
    except Conflict as error:
        flash(response, error.message, kind="danger")
        return response
    flash(
        response,
        N_("Thank you. As soon as everybody has answered, or the time is over, the group is locked."),
    )
    return response
