"""Receipts of one's payments and refunds: the list with what each says, and the PDF."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.invoicing.documents import receipt_file
from c2b.invoicing.queries import ReceiptLine, receipts_of
from c2b.kit.http.paging import Slice
from c2b.kit.i18n import current_locale
from c2b.participations.queries import own
from c2b.web.api.listing import listed
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api


@require_api("consumer")
async def index(request: Request) -> Response:
    """GET /participations/{participation}/receipts: oldest first."""
    row = await own(actor_of(request), request.path_params["participation"])
    return listed(Slice(await receipts_of(row["id"]), None), _shape)


@require_api("consumer", "admin")
async def show(request: Request) -> Response:
    """GET /receipts/{receipt}: the PDF in the reader's language, to be saved."""
    file = await receipt_file(actor_of(request), request.path_params["receipt"], locale=current_locale())
    headers = file.headers()
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers={"ETag": headers["ETag"]})
    return Response(file.data, headers=headers)


def _shape(line: ReceiptLine) -> dict[str, Any]:
    names = ("id", "number", "kind", "subject_id", "amount_minor", "currency", "issued_at")
    content = ("plan", "gateway", "reference", "reason", "note", "payment_number")
    return {name: getattr(line, name) for name in names} | {name: line.content[name] for name in content}


ROUTES: list[Route] = [
    *resource("/participations/{participation:id}/receipts", get=index),
    *resource("/receipts/{receipt:id}", get=show),
]
