"""One member's place for admins: its money, and the two refunds that a person decides on."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.invoicing.queries import receipts_by_subject
from c2b.kit.errors import AppError, FieldError, Invalid
from c2b.kit.i18n import N_, gettext
from c2b.kit.money import parse_money
from c2b.participations.queries import place_for_admins
from c2b.payments import claiming
from c2b.payments.queries import money_of
from c2b.web.admin.deciding import decided
from c2b.web.admin.refunds import REASONS
from c2b.web.auth import actor_of, require
from c2b.web.consumer.words import participation_state, payment_state, refund_state
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
    return await decided(
        _claim(request, typed), N_("The refund is asked for."), to=_address(request),
        again=lambda error: _place(request, error=error, typed=typed, at="claim"),
    )  # fmt: skip


@require("admin")
async def cancel_for_delay(request: Request) -> Response:
    """POST /admin/participations/{id}/delay: the member leaves with all of the money."""
    note = str((await form_of(request)).get("note", ""))
    return await decided(
        claiming.cancel_for_delay(actor_of(request), request.path_params["id"], note=note),
        N_("All of the member's money is on its way back."), to=_address(request),
        again=lambda error: _place(request, error=error, typed={"note": note}, at="delay"),
    )  # fmt: skip


async def _claim(request: Request, typed: dict[str, str]) -> None:
    place = await place_for_admins(request.path_params["id"])
    await claiming.claim(
        actor_of(request), place["id"], amount_minor=_amount(typed["amount"], place["currency"]), note=typed["note"],
        number=int(typed["number"]) if typed["number"].isdecimal() else 0,
    )  # fmt: skip


def _address(request: Request) -> str:
    return f"/admin/participations/{request.path_params['id']}"


def _amount(text: str, currency: str) -> int:
    try:
        return parse_money(text, currency)
    except ValueError:
        raise Invalid(fields=[FieldError("amount", "amount", N_("Enter an amount like 12.50."))]) from None


async def _place(
    request: Request, *, error: AppError | None = None, typed: dict[str, str] | None = None, at: str = ""
) -> Response:
    place = await place_for_admins(request.path_params["id"])
    money = await money_of(place["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/place.html", status=error.status if error else 200,
        here=f"/admin/participations/{place['id']}", place=place, state=participation_state(place["state"]),
        payments=money["payments"], refunds=money["refunds"],
        receipts=await receipts_by_subject(place["id"]), errors={"claim": {}, "delay": {}, at: said},
        typed={"claim": {}, "delay": {}, at: typed or {}}, notice=error.text() if error and not said else None,
        number=await claiming.next_claim(place["id"]), claimable=place["state"] in claiming.CLAIMABLE,
        delayed=place["state"] in claiming.DELAYED, **_words(),
    )  # fmt: skip


def _words() -> dict[str, Any]:
    return {
        "payment_state": payment_state,
        "refund_state": refund_state,
        "reasons": {code: gettext(text) for code, text in REASONS.items()},
    }
