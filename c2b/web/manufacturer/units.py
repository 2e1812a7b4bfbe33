"""The unit list of a purchase order: page by page, and as a file for the line in the factory."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit import sheets
from c2b.kit.downloads import Download
from c2b.kit.http.paging import Window, window_of
from c2b.kit.i18n import gettext
from c2b.kit.ids import sha256_hex
from c2b.purchasing.queries import UnitRow, order_view, units_of
from c2b.web.auth import actor_of, require
from c2b.web.pages import page

#: More than any batch has; the whole list is one file.
EVERYTHING = Window(limit=100_000)
NOTHING = ["–"]


@require("manufacturer", "admin")
async def index(request: Request) -> Response:
    """GET /manufacturer/orders/{id}/units?cursor=."""
    actor, order_id = actor_of(request), request.path_params["id"]
    window = window_of({"limit": "50", **request.query_params})
    found = await units_of(actor, order_id, window)
    order = await order_view(actor, order_id)
    return page(
        request,
        "pages/manufacturer/units.html",
        line=order.line,
        at_home=f"/admin/orders/{order_id}" if actor.is_admin else f"/manufacturer/orders/{order_id}",
        units=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
    )


@require("manufacturer", "admin")
async def download(request: Request) -> Response:
    """GET /manufacturer/orders/{id}/units.csv: the whole list in the reader's language."""
    actor, order_id = actor_of(request), request.path_params["id"]
    order = await order_view(actor, order_id)
    units = await units_of(actor, order_id, EVERYTHING)
    data = csv_of(units.items).encode("utf-8-sig")  # Excel wants the mark
    name = f"{order.line.number}-r{order.line.revision}-units.csv"
    file = Download(name, "text/csv; charset=utf-8", data, sha256_hex(data))
    return Response(file.data, headers=file.headers())


def csv_of(units: Iterable[UnitRow]) -> str:
    """The list as comma separated values (RFC 4180): unit, line, and a column per piece of personal work."""
    rows = [[unit.unit_id, str(unit.line_no), *_work(unit)] for unit in units]
    width = max((len(row) for row in rows), default=3)
    heads = [gettext("Unit"), gettext("Line"), *[gettext("Personal work")] * max(width - 2, 1)]
    return sheets.csv_of([heads, *rows])


def _work(unit: UnitRow) -> list[str]:
    return [] if unit.personalization == NOTHING else unit.personalization
