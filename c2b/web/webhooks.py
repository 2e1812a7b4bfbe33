"""What payment providers tell us: verified from the raw bytes, booked once, answered only after the commit.

Any error but a refused notification is a 5xx, so that the provider tells us again.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from c2b.kit import clock
from c2b.kit.errors import NotFound
from c2b.payments.capturing import receive
from c2b.payments.gateways import UnknownGateway, gateway
from c2b.payments.gateways.base import Gateway
from c2b.web.auth import public
from c2b.web.views import json_answer


@public
async def hear(request: Request) -> Response:
    """POST /webhooks/{gateway}: nobody's log-in counts here, only the provider's signature.

    Raises NotFound for a provider we do not have, WebhookRejected for a notification we do not believe.
    """
    told_by = _gateway(request.path_params["gateway"])
    event = told_by.parse_webhook(request.headers, await request.body(), clock.now())
    verdict = await receive(told_by.name, event)
    return json_answer({"verdict": verdict})


def _gateway(name: str) -> Gateway:
    try:
        return gateway(name)
    except UnknownGateway:
        raise NotFound from None


routes: list[BaseRoute] = [Route("/webhooks/{gateway}", hear, methods=["POST"])]
