"""What one earns by inviting: every commission, the sums by currency, and payouts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.kit.http.paging import Slice
from c2b.kit.i18n import gettext
from c2b.referrals import operations, queries
from c2b.referrals.rules import REASONS
from c2b.web.api.bodies import fields_of, text
from c2b.web.api.listing import listed, window
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer


@require_api("consumer")
async def mine(request: Request) -> Response:
    """GET /me/commissions: order by order, newest first."""
    found = await queries.commissions(window(request), beneficiary_id=actor_of(request).id)
    return listed(found, _commission)


@require_api("consumer")
async def sums(request: Request) -> Response:
    """GET /me/commission-sums: currency by currency."""
    return listed(Slice(await queries.sums_of(actor_of(request).id), None), asdict)


@require_api("consumer")
async def payouts(request: Request) -> Response:
    """GET /me/commission-withdrawals: what was asked for, newest first."""
    found = await queries.withdrawals(window(request), user_id=actor_of(request).id)
    return listed(found, _withdrawal)


@require_api("consumer")
@idempotent
async def withdraw(request: Request) -> Response:
    """POST /me/commission-withdrawals: everything payable in one currency."""
    fields = await fields_of(request, currency=text(least=3, most=3))
    return json_answer({"id": await operations.withdraw(actor_of(request), **fields)}, status=201)


def _commission(line: queries.CommissionLine) -> dict[str, Any]:
    return {**asdict(line), "reason_text": gettext(REASONS[line.reason])}


def _withdrawal(line: queries.WithdrawalLine) -> dict[str, Any]:
    hidden = ("user_id", "member")
    return {key: value for key, value in asdict(line).items() if key not in hidden}


ROUTES: list[Route] = [
    *resource("/me/commissions", get=mine),
    *resource("/me/commission-sums", get=sums),
    *resource("/me/commission-withdrawals", get=payouts, post=withdraw),
]
