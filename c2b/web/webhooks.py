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

#: What became of a notification, for whoever looks for the reason at the provider's pages.
VERDICT = "C2B-Verdict"


@public
async def hear(request: Request) -> Response:
    """POST /webhooks/{gateway}: nobody's log-in counts here, only the provider's signature.

    The answer is what that provider wants to hear.
    Raises NotFound for a provider we do not have, WebhookRejected for a notification we do not believe.
    """
    told_by = _gateway(request.path_params["gateway"])
    event = told_by.parse_webhook(request.headers, await request.body(), clock.now())
    verdict = await receive(told_by.name, event)
    said = told_by.webhook_answer(True)
    headers = {VERDICT: verdict, "Content-Type": said.media_type} if said.body else {VERDICT: verdict}
    return Response(said.body, status_code=said.status, headers=headers)


def _gateway(name: str) -> Gateway:
    try:
        return gateway(name)
    except UnknownGateway:
        raise NotFound from None


routes: list[BaseRoute] = [Route("/webhooks/{gateway}", hear, methods=["POST"])]
