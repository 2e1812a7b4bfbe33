"""Refunds for admins: what is on its way, what a provider refused, and what a person has to send."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.payments import by_hand, refunds
from c2b.payments.disbursing import checked_payee
from c2b.payments.statement.payers import came_for
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import errors_by_field, form_of, page

WAITING = "waiting"
WORDS = {
    "by_hand": (N_("To send by hand"), "bad"),
    "stuck": (N_("Stopped"), "bad"),
    "failed": (N_("Refused by the provider"), "bad"),
    "requested": (N_("Asked for"), "wait"),
    "processing": (N_("At the provider"), "wait"),
    "succeeded": (N_("Paid back"), "good"),
}
REASONS = {
    "campaign_failed": N_("The campaign failed"),
    "withdrawal": N_("The member left"),
    "option_minimum": N_("The option's minimum was missed"),
    "left_out": N_("The member was left out"),
    "late": N_("Paid too late"),
    "overdue": N_("The balance did not come"),
    "delay": N_("Canceled for a delay"),
    "price_difference": N_("The difference to the price reached"),
    "claim": N_("Claim"),
}
_PAYEE = ("payee_name", "payee_account", "payee_bank")
NO_STORE = {"Cache-Control": "no-store"}


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/refunds?state=&cursor=: newest first."""
    asked = request.query_params.get("state", "")
    state = asked if asked in refunds.STATES else ""
    window = window_of(request.query_params)
    found = await refunds.refunds(window, state=state)
    return page(
        request, "pages/admin/refunds.html", lines=found.items, next_cursor=found.next_cursor,
        first=window.after is None, state=state, reasons=_reasons(), states=_words(),
        states_to_choose=[
            (WAITING, gettext(N_("To see to"))), *((code, gettext(text)) for code, (text, _) in WORDS.items())
        ],
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/refunds/{id}."""
    return await _one(request)


@require("admin")
async def retry(request: Request) -> Response:
    """POST /admin/refunds/{id}/retry: have the provider asked once more."""
    return await decided(
        by_hand.try_again(actor_of(request), request.path_params["id"]), N_("The provider is being asked again."),
        to=f"/admin/refunds/{request.path_params['id']}", again=lambda error: _one(request, error=error),
    )  # fmt: skip


@require("admin")
async def pay(request: Request) -> Response:
    """POST /admin/refunds/{id}/transfer: propose the bank transfer to the payee that was entered."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in _PAYEE}
    try:
        payee = checked_payee(typed["payee_name"], typed["payee_account"], typed["payee_bank"])
        transfer = await by_hand.pay_by_hand(actor_of(request), request.path_params["id"], payee=payee)
    except (Invalid, Conflict) as error:
        return await _one(request, error=error, typed=typed)
    response = see_other(f"/admin/disbursements/{transfer}")
    flash(response, N_("The bank transfer is proposed. It is approved and sent like every transfer."))
    return response


async def _one(
    request: Request, *, error: AppError | None = None, typed: dict[str, str] | None = None
) -> Response:
    line = await refunds.refund(request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/refund.html", status=error.status if error else 200, headers=NO_STORE,
        here=f"/admin/refunds/{line.id}", line=line, came=await came_for(line.id), errors=said,
        typed=typed or {}, states=_words(),
        reason=gettext(REASONS[line.reason]), notice=error.text() if error and not said else None,
    )  # fmt: skip


def _words() -> dict[str, Any]:
    return {code: (gettext(text), tone) for code, (text, tone) in WORDS.items()}


def _reasons() -> dict[str, str]:
    return {code: gettext(text) for code, text in REASONS.items()}
