"""Receipts as files to be saved, for whoever paid; admins read them at the same address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.invoicing.documents import receipt_file
from c2b.kit.i18n import current_locale
from c2b.web.auth import actor_of, require


@require("consumer", "admin")
async def show(request: Request) -> Response:
    """GET /receipts/{id}: the PDF in the reader's language. Raises ``NotFound`` for what is not one's own."""
    file = await receipt_file(actor_of(request), request.path_params["id"], locale=current_locale())
    return Response(file.data, headers=file.headers())
