"""Paying inside WeChat: led through its silent log-in and back, so that the provider knows who pays.

The state that goes with it is good once, for ten minutes, in the browser session and for the place it was made for: a
code that somebody else had brought back would let them pay with, or learn, another's openid.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from c2b.accounts.rules import Actor
from c2b.config import settings
from c2b.kit import clock
from c2b.kit.errors import AppError
from c2b.kit.http.rates import Limit, hit
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.participations.queries import own
from c2b.payments.asking import check_out
from c2b.payments.choosing import TellsPayers, payers_of
from c2b.payments.gateways.base import GatewayRefused, GatewayTimeout, GatewayUnavailable
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash

SECONDS = 600
#: Each state counts as one identity, and may be tried once.
USED = Limit("payer.state", times=1, seconds=SECONDS)
#: What a browser calls itself → the gateway whose app it belongs to.
_APPS = {"MicroMessenger": "wechatpay"}
_UNKNOWN = N_("WeChat did not tell us who pays. Please try again, or pay in another way.")
_AWAY = N_("WeChat cannot be reached at the moment. No money has moved; please try again shortly.")


def inside(request: Request) -> str:
    """The gateway in whose own app this browser is; empty everywhere else."""
    agent = request.headers.get("user-agent", "")
    return next((name for app, name in _APPS.items() if app in agent), "")


def to_payer(request: Request, participation_id: str) -> Response:
    """On to the app's log-in. The caller has seen that ``jsapi`` is offered here."""
    found = payers_of(inside(request))
    assert found
    back = f"{settings().base_url}/participations/{participation_id}/payment/payer"
    page = found.payer_page(back=back, state=_state(actor_of(request), participation_id))
    return RedirectResponse(page, status_code=303)


@require("consumer")
async def back(request: Request) -> Response:
    """GET /participations/{id}/payment/payer?code=&state=: where the app leads back to; then the page that pays.

    Raises NotFound for what is not one's own.
    """
    actor, gateway_name = actor_of(request), inside(request)
    row = await own(actor, request.path_params["id"])
    found, state = payers_of(gateway_name), request.query_params.get("state", "")
    code = request.query_params.get("code", "")[:512]
    if not found or not code or not _is_good(state, actor, row["id"]):
        return _again(row["id"], _UNKNOWN)
    try:
        await _check_out(found, actor, row["id"], gateway_name, code=code, state=state)
    except (GatewayUnavailable, GatewayTimeout):
        return _again(row["id"], _AWAY)
    except GatewayRefused:
        return _again(row["id"], _UNKNOWN)
    except AppError as error:  # paid meanwhile, no place any more, the state used before
        return _again(row["id"], error.message)
    return see_other(f"/participations/{row['id']}/payment")


async def _check_out(
    found: TellsPayers, actor: Actor, participation_id: str, gateway_name: str, *, code: str, state: str
) -> None:
    await hit(USED, state)
    payer = await found.payer_of(code)
    await check_out(actor, participation_id, gateway_name=gateway_name, method="jsapi", payer=payer)


def _again(participation_id: str, message: str) -> Response:
    """Back to the ways to pay: never straight to the app again, which might lead in a circle."""
    response = see_other(f"/participations/{participation_id}/payment?choose=1")
    flash(response, message, kind="warning")
    return response


def _state(actor: Actor, participation_id: str) -> str:
    """88 hex digits: WeChat hands on letters and digits only."""
    head = secrets.token_hex(8) + f"{int(clock.now().timestamp()):08x}"
    return head + _mac(head, actor, participation_id)


def _is_good(state: str, actor: Actor, participation_id: str) -> bool:
    head, mac = state[:24], state[24:]
    if not state.isascii() or not hmac.compare_digest(mac, _mac(head, actor, participation_id)):
        return False
    return 0 <= clock.now().timestamp() - int(head[16:], 16) < SECONDS


def _mac(head: str, actor: Actor, participation_id: str) -> str:
    bound = f"payer:{actor.session_id}:{participation_id}:{head}"
    return hmac.new(settings().secret_key.encode(), bound.encode(), hashlib.sha256).hexdigest()
