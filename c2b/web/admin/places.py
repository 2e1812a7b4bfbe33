"""One member's place for admins: its money, and the two refunds that a person decides on."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError, FieldError, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.kit.money import parse_money
from c2b.participations.queries import place_for_admins
from c2b.payments import claiming
from c2b.payments.queries import money_of
from c2b.web.auth import actor_of, require
from c2b.web.consumer.words import participation_state, payment_state, refund_reason, refund_state
from c2b.web.flash import flash
from c2b.web.pages import errors_by_field, form_of, page


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/participations/{id}."""
    return await _place(request)


@require("admin")
async def claim(request: Request) -> Response:
    """POST /admin/participations/{id}/claims: a part of the price goes back; the same form again is nothing."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in ("amount", "note", "number")}
    place = await place_for_admins(request.path_params["id"])
    try:
        await claiming.claim(
            actor_of(request), place["id"], amount_minor=_amount(typed["amount"], place["currency"]),
            note=typed["note"], number=int(typed["number"]) if typed["number"].isdecimal() else 0,
        )  # fmt: skip
    except AppError as error:
        return await _place(request, error=error, typed=typed, at="claim")
    return _done(place["id"], N_("The refund is asked for."))


@require("admin")
async def cancel_for_delay(request: Request) -> Response:
    """POST /admin/participations/{id}/delay: the member leaves with all of the money."""
    note = str((await form_of(request)).get("note", ""))
    try:
        await claiming.cancel_for_delay(actor_of(request), request.path_params["id"], note=note)
    except AppError as error:
        return await _place(request, error=error, typed={"note": note}, at="delay")
    return _done(request.path_params["id"], N_("All of the member's money is on its way back."))


def _amount(text: str, currency: str) -> int:
    try:
        return parse_money(text, currency)
    except ValueError:
        raise Invalid(fields=[FieldError("amount", "amount", N_("Enter an amount like 12.50."))]) from None


def _done(place_id: str, message: str) -> Response:
    response = see_other(f"/admin/participations/{place_id}")
    flash(response, message)
    return response


async def _place(
    request: Request, *, error: AppError | None = None, typed: dict[str, str] | None = None, at: str = ""
) -> Response:
    place = await place_for_admins(request.path_params["id"])
    money = await money_of(place["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/place.html", status=error.status if error else 200,
        here=f"/admin/participations/{place['id']}", place=place, state=participation_state(place["state"]),
        payments=money["payments"], refunds=money["refunds"], errors={"claim": {}, "delay": {}, at: said},
        typed={"claim": {}, "delay": {}, at: typed or {}}, notice=error.text() if error and not said else None,
        number=await claiming.next_claim(place["id"]), claimable=place["state"] in claiming.CLAIMABLE,
        delayed=place["state"] in claiming.DELAYED, **_words(),
    )  # fmt: skip


def _words() -> dict[str, Any]:
    return {"payment_state": payment_state, "refund_state": refund_state, "reason_of": refund_reason}
