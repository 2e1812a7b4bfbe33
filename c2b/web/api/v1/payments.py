"""Paying for one's place, and what became of the money."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.participations.queries import own
from c2b.payments.operations import start_checkout
from c2b.payments.queries import money_of
from c2b.web.api.once import call_from, once
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import json_answer


@require_api("consumer")
async def start(request: Request) -> Response:
    """POST /participations/{participation}/payment: where to pay. The same open payment leads to the same page."""
    actor, participation_id = actor_of(request), request.path_params["participation"]

    async def work() -> Response:
        return json_answer({"checkout_url": await start_checkout(actor, participation_id)}, status=201)

    return await once(call_from(request, await request.body()), work)


@require_api("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{participation}/payments: payments and refunds, oldest first."""
    row = await own(actor_of(request), request.path_params["participation"])
    return json_answer(await money_of(row["id"]))


ROUTES: list[Route] = [
    *resource("/participations/{participation:id}/payment", post=start),
    *resource("/participations/{participation:id}/payments", get=show),
]
