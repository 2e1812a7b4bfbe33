"""Photos and documents that prove a stage: photos for everybody of the campaign, documents for those who make it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.fulfillment.queries import evidence_file
from c2b.web.auth import actor_of, require


@require()
async def show(request: Request) -> Response:
    """GET /evidence/{id}. Raises ``NotFound`` for whoever has no part in the campaign."""
    file = await evidence_file(actor_of(request), request.path_params["id"])
    return Response(file.data, headers=file.headers())
