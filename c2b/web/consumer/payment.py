"""Paying for a place: on to the provider's page. Asking twice leads to the same page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.participations.queries import own
from c2b.web.auth import actor_of, require
from c2b.web.consumer.join import to_checkout


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/payment. Raises NotFound for what is not one's own."""
    actor = actor_of(request)
    row = await own(actor, request.path_params["id"])
    return await to_checkout(actor, row["id"])
