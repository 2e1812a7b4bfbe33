"""Payouts for admins: parts to release, what rests with manufacturers, what is blocked, which books are closed."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.fulfillment.delays import pending
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.payouts import operations, queries
from c2b.payouts.rules import BLOCKS
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.manufacturer.payments import tones
from c2b.web.pages import errors_by_field, form_of, page


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/payouts: what waits for a decision."""
    return await _index(request)


@require("admin")
async def orders(request: Request) -> Response:
    """GET /admin/payouts/orders?cursor=: the payments of every order, newest first."""
    window = window_of(request.query_params)
    found = await queries.payments_of(actor_of(request), window)
    return page(
        request, "pages/admin/payout_orders.html", orders=found.items, next_cursor=found.next_cursor,
        first=window.after is None, **tones(),
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/payouts/orders/{id}: one order, by its campaign."""
    return await _order(request)


@require("admin")
async def release(request: Request) -> Response:
    """POST /admin/payouts/releases/{id}: the part is booked to the manufacturer."""
    try:
        await operations.release(actor_of(request), request.path_params["id"])
    except Conflict as error:
        return await _index(request, error=error)
    response = see_other("/admin/payouts")
    flash(response, N_("Released. It is paid with the manufacturer's next payout."))
    return response


@require("admin")
async def pay(request: Request) -> Response:
    """POST /admin/payouts/manufacturers/{id}: propose the bank transfer of everything released."""
    currency = str((await form_of(request)).get("currency", ""))[:3]
    try:
        await operations.pay_out(actor_of(request), request.path_params["id"], currency=currency)
    except Conflict as error:
        return await _index(request, error=error)
    response = see_other("/admin/payouts")
    flash(response, N_("The bank transfer is proposed. It is approved and sent like every transfer."))
    return response


@require("admin")
async def block(request: Request) -> Response:
    """POST /admin/payouts/orders/{id}/blocks: stop an order's payouts."""
    form = await form_of(request)
    kind, reason = str(form.get("kind", "")), str(form.get("reason", ""))
    doing = operations.open_block(actor_of(request), request.path_params["id"], kind=kind, reason=reason)
    return await _done(
        request, doing, N_("Payouts are blocked. The manufacturer has been told."), form="block",
        typed={"kind": kind, "reason": reason},
    )  # fmt: skip


@require("admin")
async def unblock(request: Request) -> Response:
    """POST /admin/payouts/orders/{id}/blocks/{block}: close a block, with a note."""
    note = str((await form_of(request)).get("note", ""))
    doing = operations.close_block(actor_of(request), request.path_params["block"], note=note)
    return await _done(request, doing, N_("The block is closed."), form="unblock", typed={"note": note})


@require("admin")
async def shorten(request: Request) -> Response:
    """POST /admin/payouts/orders/{id}/shortage: units that never came."""
    form = await form_of(request)
    units, note = str(form.get("unit_ids", "")), str(form.get("shortage_note", ""))
    doing = operations.short_delivery(
        actor_of(request), request.path_params["id"], unit_ids=units.replace(",", " ").split(), note=note
    )
    return await _done(
        request, doing, N_("Written down. The members' refunds are on their way."), form="shortage",
        typed={"unit_ids": units[:20000], "shortage_note": note},
    )  # fmt: skip


async def _done(
    request: Request, doing: Awaitable[Any], message: str, *, form: str, typed: dict[str, str]
) -> Response:
    try:
        await doing
    except (Invalid, Conflict) as error:
        return await _order(request, error=error, form=form, typed=typed)
    response = see_other(f"/admin/payouts/orders/{request.path_params['id']}")
    flash(response, message)
    return response


async def _index(request: Request, *, error: AppError | None = None) -> Response:
    return page(
        request, "pages/admin/payouts.html", status=error.status if error else 200, here="/admin/payouts",
        waiting=await queries.to_approve(), owed=await queries.owed(), blocked=await queries.blocked(),
        unsettled=await queries.unsettled(), notice=error.text() if error else None, **tones(),
    )  # fmt: skip


async def _order(
    request: Request, *, error: AppError | None = None, form: str = "", typed: dict[str, str] | None = None
) -> Response:
    campaign_id = request.path_params["id"]
    order = await queries.order_payments(actor_of(request), campaign_id)
    said = errors_by_field(error.fields) if error else {}
    if "note" in said and form == "shortage":
        said = {**said, "shortage_note": said["note"]}
    return page(
        request, "pages/admin/payout_order.html", status=error.status if error else 200,
        here=f"/admin/payouts/orders/{campaign_id}", order=order, errors=said, form=form, typed=typed or {},
        notice=error.text() if error and not said else None, pending=await pending(campaign_id),
        kinds=[(code, gettext(text)) for code, text in BLOCKS.items()], **tones(),
    )  # fmt: skip
