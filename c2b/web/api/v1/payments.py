"""Paying for one's place, and what became of the money."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.config import settings
from c2b.participations.queries import own
from c2b.payments.asking import check_out
from c2b.payments.choosing import Checkout
from c2b.payments.queries import money_of
from c2b.web.api.bodies import Optional, fields_of, text
from c2b.web.api.once import call_from, once
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import json_answer


@require_api("consumer")
async def start(request: Request) -> Response:
    """POST /participations/{participation}/payment: where to pay. The same open payment leads to the same page.

    Without ``gateway`` and ``method`` it is the open payment's way, or the usual one.
    """
    actor, participation_id = actor_of(request), request.path_params["participation"]
    body = await request.body()
    fields = {"gateway": "", "method": "", "payer": ""}
    if body:
        fields = await fields_of(
            request,
            gateway=Optional(text(most=20), ""),
            method=Optional(text(most=12), ""),
            payer=Optional(text(most=128), ""),
        )

    async def work() -> Response:
        opened = await check_out(
            actor,
            participation_id,
            gateway_name=fields["gateway"],
            method=fields["method"],
            payer=fields["payer"],
        )
        return json_answer(_shape(opened, participation_id), status=201)

    return await once(call_from(request, body), work)


def _shape(opened: Checkout, participation_id: str) -> dict[str, Any]:
    """``checkout_url``: the provider's page, or ours that shows the QR code or where to transfer the money to."""
    return {
        "checkout_url": opened.url or f"{settings().base_url}/participations/{participation_id}/payment",
        "gateway": opened.way.gateway,
        "method": opened.way.method,
        "qr_text": opened.qr_text,
        "client": dict(opened.client),
        "transfer": dict(opened.transfer),
        "until": opened.until,
    }


@require_api("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{participation}/payments: payments and refunds, oldest first."""
    row = await own(actor_of(request), request.path_params["participation"])
    return json_answer(await money_of(row["id"]))


ROUTES: list[Route] = [
    *resource("/participations/{participation:id}/payment", post=start),
    *resource("/participations/{participation:id}/payments", get=show),
]
