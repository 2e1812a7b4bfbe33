"""Accounts: sign up, get a token for a program, read and change one's own profile."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.accounts import operations, queries, rules, tokens
from c2b.events.queries import events_of_account
from c2b.kit.i18n import LOCALES, current_locale
from c2b.web.api.bodies import Optional, fields_of, one_of, text, truth
from c2b.web.api.listing import listed, window
from c2b.web.api.routing import V1, resource
from c2b.web.auth import actor_of, client_ip, public, require_api
from c2b.web.views import json_answer

_NO_STORE = {"Cache-Control": "no-store"}
_DAYS = {str(days): days for days in rules.TOKEN_DAYS}


@public
async def sign_up(request: Request) -> Response:
    """POST /users: a consumer's account. With the password of an existing account it answers with that one."""
    fields = await fields_of(
        request,
        name=text(most=200),
        email=text(most=320),
        password=text(most=1000),
        locale=Optional(one_of(*LOCALES), current_locale()),
    )
    opened = await operations.sign_up(**fields, ip=client_ip(request))
    await operations.log_out(opened.token)  # a program gets a token, not a browser's session
    return json_answer(await _profile(opened.actor), status=201, location=f"{V1}/me")


@public
async def create_token(request: Request) -> Response:
    """POST /tokens: address and password for a bearer token. Limited like log-in; every call makes a new token."""
    fields = await fields_of(
        request,
        email=text(most=320),
        password=text(most=1000),
        name=text(most=200),
        days=Optional(_days, 30),
        can_write=Optional(truth, True),
    )
    new = await tokens.exchange_password(**fields, ip=client_ip(request))
    body = {"id": new.id, "token": new.secret, "name": new.name, "can_write": new.can_write}
    return json_answer({**body, "expires_at": new.expires_at}, status=201, headers=_NO_STORE)


@require_api()
async def show(request: Request) -> Response:
    """GET /me."""
    return json_answer(await _profile(actor_of(request)))


@require_api()
async def change(request: Request) -> Response:
    """PATCH /me: the name others see, the language of mails."""
    actor = actor_of(request)
    fields = await fields_of(request, name=Optional(text(most=200)), locale=Optional(one_of(*LOCALES)))
    if fields["name"] is not None:
        await operations.rename(actor, name=fields["name"])
    if fields["locale"] is not None:
        await operations.set_locale(actor, locale=fields["locale"])
    return json_answer(await _profile(actor))


@require_api()
async def my_tokens(request: Request) -> Response:
    """GET /me/tokens: never the secrets."""
    found = await queries.tokens_of(actor_of(request))
    return json_answer({"items": [asdict(token) for token in found], "next": None})


@require_api()
async def revoke(request: Request) -> Response:
    """DELETE /me/tokens/{id}: it stops working at once, also when it is the one that asks."""
    await tokens.revoke_token(actor_of(request), request.path_params["token_id"])
    return Response(status_code=204)


@require_api()
async def my_events(request: Request) -> Response:
    """GET /me/events: log-ins, tokens, changes of the account."""
    return listed(await events_of_account(actor_of(request).id, window(request)))


async def _profile(actor: rules.Actor) -> dict[str, Any]:
    return asdict(await queries.profile_of(actor))


def _days(value: Any, path: str) -> int:
    return _DAYS[one_of(*_DAYS)(str(value) if isinstance(value, int) else value, path)]


ROUTES: list[Route] = [
    *resource("/users", post=sign_up),
    *resource("/tokens", post=create_token),
    *resource("/me", get=show, patch=change),
    *resource("/me/tokens", get=my_tokens),
    *resource("/me/tokens/{token_id:id}", delete=revoke),
    *resource("/me/events", get=my_events),
]
