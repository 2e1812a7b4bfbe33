"""A manufacturer's month: on a page, on paper, as a workbook. Admins see one manufacturer's by its id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit import clock
from c2b.kit.downloads import Download
from c2b.kit.errors import NotFound
from c2b.kit.i18n import current_locale
from c2b.kit.ids import sha256_hex
from c2b.kit.months import month_of, next_month
from c2b.kit.sheets import XLSX
from c2b.payouts.documents import render_statement, workbook_of
from c2b.payouts.statements import Statement, statements
from c2b.web.auth import actor_of, require
from c2b.web.pages import page


@require("manufacturer", "admin")
async def show(request: Request) -> Response:
    """GET /manufacturer/statement?month=2026-11 (…/{id}/statement for admins)."""
    month, found = await _asked(request)
    after = next_month(month)
    return page(
        request, "pages/manufacturer/statement.html", statements=found, month=_name(month),
        name=found[0].manufacturer_name if found else "", before=_name(next_month(month, -1)),
        after=_name(after) if after <= clock.today() else "", base=request.url.path,
        back="/admin/payouts" if actor_of(request).is_admin else "/manufacturer/payments",
    )  # fmt: skip


@require("manufacturer", "admin")
async def document(request: Request) -> Response:
    """GET /manufacturer/statement.pdf?month=: drawn when it is asked for, in the reader's language."""
    month, found = await _asked(request)
    if not found:
        raise NotFound
    return _file(await render_statement(found, locale=current_locale()), month, "pdf", "application/pdf")


@require("manufacturer", "admin")
async def workbook(request: Request) -> Response:
    """GET /manufacturer/statement.xlsx?month=."""
    month, found = await _asked(request)
    if not found:
        raise NotFound
    return _file(workbook_of(found, locale=current_locale()), month, "xlsx", XLSX)


async def _asked(request: Request) -> tuple[date, Sequence[Statement]]:
    month = month_of(request.query_params.get("month"))
    actor, maker = actor_of(request), request.path_params.get("id")
    if maker and not actor.is_admin:
        raise NotFound
    return month, await statements(actor, month=month, manufacturer_id=maker)


def _file(data: bytes, month: date, suffix: str, media_type: str) -> Response:
    file = Download(f"statement-{_name(month)}.{suffix}", media_type, data, sha256_hex(data))
    return Response(file.data, headers=file.headers())


def _name(month: date) -> str:
    return f"{month:%Y-%m}"
