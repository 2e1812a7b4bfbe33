"""The PDFs of a purchase order and its members' pictures, sent out as files to be saved."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import NotFound
from c2b.purchasing.pictures import archive
from c2b.purchasing.queries import document_file, order_view
from c2b.web.auth import actor_of, require


@require("manufacturer", "admin")
async def show(request: Request) -> Response:
    """GET /manufacturer/orders/{id}/documents/{document_id}. Raises ``NotFound`` for another order's document."""
    actor, wanted = actor_of(request), request.path_params["document_id"]
    order = await order_view(actor, request.path_params["id"])
    if wanted not in {each.id for each in order.documents}:
        raise NotFound
    file = await document_file(actor, wanted)
    return Response(file.data, headers=file.headers())


@require("manufacturer", "admin")
async def pictures(request: Request) -> Response:
    """GET /manufacturer/orders/{id}/pictures.zip: the members' own pictures, each named after its unit."""
    file = await archive(actor_of(request), request.path_params["id"])
    return Response(file.data, headers=file.headers())
