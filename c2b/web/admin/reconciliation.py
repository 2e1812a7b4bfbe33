"""Our books beside the providers' records: which days were compared, what differs, and closing it with a note."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError, NotFound
from c2b.kit.http.paging import Window, window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.payments import cases
from c2b.payments.reconciling import run_again
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import errors_by_field, form_of, page

KIND_WORDS = {
    "missing_here": N_("A payment that we do not know"),
    "missing_there": N_("A payment that the provider does not know"),
    "amount": N_("Another amount"),
    "currency": N_("Another currency"),
    "status": N_("Another state of a payment"),
    "refund_missing_here": N_("A refund that we did not ask for"),
    "refund_missing_there": N_("A refund that the provider does not know"),
    "refund_amount": N_("Another amount of a refund"),
    "refund_status": N_("Another state of a refund"),
    "settled_unknown": N_("A settled row that is none of ours"),
    "settled_amount": N_("Another amount settled"),
    "settled_fee": N_("Another fee"),
    "settled_sum": N_("A settlement that does not add up"),
}
DAYS = 14


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/reconciliation?state=&cursor=: the latest days, and the differences, open ones unless told."""
    state = request.query_params.get("state", "open")
    state = state if state in ("", *cases.CASE_STATES) else "open"
    window = window_of(request.query_params)
    found = await cases.cases(window, state=state)
    return page(
        request, "pages/admin/reconciliation.html", days=(await cases.days(Window(limit=DAYS))).items,
        cases=found.items, next_cursor=found.next_cursor, first=window.after is None, state=state,
        waiting=await cases.open_cases(), kinds=_kinds(),
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/reconciliation/{id}: ours beside theirs."""
    return await _one(request)


@require("admin")
async def close(request: Request) -> Response:
    """POST /admin/reconciliation/{id}/closing: somebody has found out why."""
    note = str((await form_of(request)).get("note", ""))
    return await decided(
        cases.close(actor_of(request), request.path_params["id"], note=note), N_("Closed. Your note stays with it."),
        to=f"/admin/reconciliation/{request.path_params['id']}",
        again=lambda error: _one(request, error=error, typed=note),
    )  # fmt: skip


@require("admin")
async def again(request: Request) -> Response:
    """POST /admin/reconciliation/days/{gateway}/{day}: compare a day once more."""
    try:
        day = date.fromisoformat(request.path_params["day"])
    except ValueError as error:
        raise NotFound from error
    gateway = request.path_params["gateway"]
    if not await cases.compared(gateway, day):
        raise NotFound
    started = await run_again(gateway, day)
    response = see_other("/admin/reconciliation")
    flash(response, N_("The day is compared again.") if started else N_("This is under way already."))
    return response


async def _one(request: Request, *, error: AppError | None = None, typed: str = "") -> Response:
    case = await cases.case(request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/reconciliation_case.html", status=error.status if error else 200,
        here=f"/admin/reconciliation/{case.id}", case=case, kinds=_kinds(), errors=said, typed=typed,
        notice=error.text() if error and not said else None,
    )  # fmt: skip


def _kinds() -> dict[str, Any]:
    return {code: gettext(text) for code, text in KIND_WORDS.items()}
