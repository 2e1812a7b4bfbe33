"""GET /api: the API's document as a page, in both languages; GET /api/openapi.json: the document itself."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.kit.i18n import current_locale
from c2b.kit.ids import sha256_hex
from c2b.web.api import openapi, reading
from c2b.web.auth import public
from c2b.web.pages import page

_CACHE = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}


@public
async def show(request: Request) -> Response:
    """GET /api."""
    view = await asyncio.to_thread(reading.reference, current_locale())
    return page(request, "pages/api/reference.html", **view)


@public
async def document(request: Request) -> Response:
    """GET /api/openapi.json: also for programs on other sites; there is nothing secret in it."""
    body = await asyncio.to_thread(openapi.served)
    headers = {**_CACHE, "ETag": f'"{sha256_hex(body)[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


ROUTES: list[Route] = [
    Route("/api", show, methods=["GET"]),
    Route("/api/openapi.json", document, methods=["GET"]),
]
