"""Windows of payment providers that end while campaigns are not finished, for whoever decides what to do."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.payments.watching import ending_windows
from c2b.web.auth import require
from c2b.web.pages import page


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/money/windows: what ends within thirty days, or has ended."""
    return page(request, "pages/admin/windows.html", windows=await ending_windows())
