"""What manufacturers are paid: the payments of an order, the monthly statement, and what admins decide about them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.kit.http.paging import Slice
from c2b.kit.months import month_of
from c2b.payouts import operations, queries
from c2b.payouts.rules import BLOCKS
from c2b.payouts.statements import Statement, statements
from c2b.web.api.bodies import fields_of, one_of, text
from c2b.web.api.listing import listed, word
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer


@require_api("manufacturer", "admin")
async def show(request: Request) -> Response:
    """GET /purchase-orders/{order}/payments: parts, what they fall due with, and what blocks them."""
    return json_answer(_order(await _found(request)))


@require_api("manufacturer")
async def statement(request: Request) -> Response:
    """GET /me/statement?month=2026-11: every transfer of a month, currency by currency."""
    found = await statements(actor_of(request), month=month_of(word(request, "month")))
    return listed(Slice(found, None), _statement)


@require_api("admin")
@idempotent
async def block(request: Request) -> Response:
    """POST /purchase-orders/{order}/payout-blocks: stop an order's payouts."""
    fields = await fields_of(request, kind=one_of(*BLOCKS), reason=text(most=500))
    order = await _found(request)
    block_id = await operations.open_block(actor_of(request), order.campaign_id, **fields)
    return json_answer({"id": block_id}, status=201)


@require_api("admin")
@idempotent
async def unblock(request: Request) -> Response:
    """POST /payout-blocks/{block}/closing: say why it may go on."""
    fields = await fields_of(request, note=text(most=500))
    await operations.close_block(actor_of(request), request.path_params["block"], **fields)
    return json_answer({"id": request.path_params["block"]}, status=201)


async def _found(request: Request) -> queries.OrderPayments:
    return await queries.payments_of_order(actor_of(request), request.path_params["order"])


def _order(order: queries.OrderPayments) -> dict[str, Any]:
    hidden = ("campaign_id", "manufacturer_id", "fee_minor", "escrow_minor")
    found = {key: value for key, value in asdict(order).items() if key not in hidden}
    for part in found["parts"]:
        del part["campaign_id"]
    return {**found, "blocked": bool(order.blocked)}


def _statement(of: Statement) -> dict[str, Any]:
    return {**asdict(of), "month": f"{of.month:%Y-%m}", "closing_minor": of.closing_minor}


ROUTES: list[Route] = [
    *resource("/purchase-orders/{order:id}/payments", get=show),
    *resource("/purchase-orders/{order:id}/payout-blocks", post=block),
    *resource("/payout-blocks/{block:id}/closing", post=unblock),
    *resource("/me/statement", get=statement),
]
