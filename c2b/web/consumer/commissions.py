"""What a member earns by inviting: each commission with its state and reason, whom we pay, and payouts."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import Conflict, Invalid
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.referrals import operations
from c2b.referrals.identities import known_identity
from c2b.referrals.queries import my_commissions
from c2b.referrals.rules import REASONS
from c2b.referrals.withdrawing import CHANGED
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import form_of, page, refused_form

STATES = {
    "estimated": (N_("Estimated"), "wait"),
    "confirmed": (N_("Confirmed"), "info"),
    "payable": (N_("Payable"), "good"),
    "paid": (N_("Paid out"), "good"),
    "reversed": (N_("Reversed"), "bad"),
    "expired": (N_("Expired"), "neutral"),
}
WITHDRAWAL_STATES = {
    "requested": (N_("Being reviewed"), "wait"),
    "approved": (N_("On its way to the bank"), "info"),
    "refused": (N_("Not paid out"), "bad"),
    "paid": (N_("Paid out"), "good"),
}
_CHANGED = N_("An order was refunded after you asked, so the sum changed. Please ask again.")
FIELDS = ("legal_name", "born_on", "account", "bank")
NO_STORE = {"Cache-Control": "no-store"}


def words() -> dict[str, Any]:
    """States and reasons in the reader's words."""
    return {
        "states": {code: (gettext(text), tone) for code, (text, tone) in STATES.items()},
        "withdrawal_states": {
            code: (gettext(text), tone) for code, (text, tone) in WITHDRAWAL_STATES.items()
        },
        "reasons": {code: gettext(text) for code, text in REASONS.items()},
        "notes": {CHANGED: gettext(_CHANGED)},
    }


@require("consumer")
async def index(request: Request) -> Response:
    """GET /my/commissions?cursor=."""
    return await _page(request)


@require("consumer")
async def withdraw(request: Request) -> Response:
    """POST /my/commissions/withdrawal: ask for everything payable in one currency."""
    currency = str((await form_of(request)).get("currency", ""))
    try:
        await operations.withdraw(actor_of(request), currency=currency)
    except Conflict as error:
        return await _page(request, notice=error.text(), status=error.status)
    response = see_other("/my/commissions")
    flash(response, N_("We have your request. You get a mail when it is paid out."))
    return response


@require("consumer")
async def identity(request: Request) -> Response:
    """GET /my/commissions/identity: whom we pay."""
    known = await known_identity(actor_of(request).id)
    values = {"legal_name": known.legal_name, "bank": known.bank} if known else {}
    template = "pages/consumer/commission_identity.html"
    return page(request, template, headers=NO_STORE, known=known, values=values, errors={}, notice=None)


@require("consumer")
async def identify(request: Request) -> Response:
    """POST /my/commissions/identity."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in FIELDS}
    try:
        await operations.give_identity(actor_of(request), **typed)
    except (Invalid, Conflict) as error:
        known = await known_identity(actor_of(request).id)
        return refused_form(
            request, "pages/consumer/commission_identity.html", error, values=typed, known=known
        )
    response = see_other("/my/commissions")
    flash(response, N_("Saved. What is confirmed can be paid out to this account."))
    return response


async def _page(request: Request, *, notice: str | None = None, status: int = 200) -> Response:
    window = window_of(request.query_params)
    mine = await my_commissions(actor_of(request), window)
    return page(
        request,
        "pages/consumer/commissions.html",
        status=status,
        headers=NO_STORE,
        mine=mine,
        first=window.after is None,
        notice=notice,
        **words(),
    )
