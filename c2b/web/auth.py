"""Who acts, and who may call what: pages know a person by their cookie, the API by its bearer token, never both.

    @public
    async def show(request): ...

    @require("consumer", "admin")
    async def mine(request):
        actor = actor_of(request)

    @require_api("manufacturer")
    async def acknowledge(request): ...

An endpoint without one of these is refused when the application is put together, so nothing is open by oversight.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from c2b.accounts.queries import actor_of_session, actor_of_token
from c2b.accounts.rules import ROLES, Actor, Role
from c2b.kit.errors import Forbidden, NotFound, Unauthorized
from c2b.kit.http.csrf import SAFE_METHODS
from c2b.kit.i18n import N_

Endpoint = Callable[[Request], Awaitable[Response]]
E = TypeVar("E")
API = "/api/"


@dataclass(frozen=True)
class Access:
    """Who may call an endpoint: nobody in particular (``roles`` empty), or these roles."""

    roles: tuple[Role, ...] = ()
    api: bool = False


class LogInFirst(Unauthorized):
    """A page asks for a log-in and leads there; ``path`` is where to come back to."""

    code = "log_in_first"

    def __init__(self, *, path: str) -> None:
        super().__init__()
        self.path = path

    @property
    def location(self) -> str:
        return f"/log-in?{urlencode({'next': self.path})}"


class TokenNeeded(Unauthorized):
    code = "token_needed"
    message = N_("Send a valid API token as Authorization: Bearer.")
    headers = {"WWW-Authenticate": 'Bearer realm="c2b"'}


class ReadOnlyToken(Forbidden):
    code = "read_only_token"
    message = N_("This token may only read.")


class WrongRole(Forbidden):
    code = "wrong_role"
    message = N_("Your account has no part in this.")


class Identity:
    """Middleware: who calls, looked up once, into ``state["actor"]`` (an Actor or ``None``)."""

    def __init__(self, app: ASGIApp, *, session_cookie: str) -> None:
        self.app, self.session_cookie = app, session_cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["actor"] = await self._actor(scope)
        await self.app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor | None:
        if scope["path"].startswith(("/static/", "/webhooks/")):
            return None
        headers = Headers(scope=scope)
        if scope["path"].startswith(API):
            scheme, _, token = headers.get("authorization", "").partition(" ")
            return await actor_of_token(token.strip()) if scheme.lower() == "bearer" else None
        cookie = cookie_parser(headers.get("cookie", "")).get(self.session_cookie)
        return await actor_of_session(cookie) if cookie else None


def current_actor(request: Request) -> Actor | None:
    """Who acts, or ``None`` for somebody who is not logged in."""
    actor: Actor | None = request.scope["state"]["actor"]
    return actor


def actor_of(request: Request) -> Actor:
    """Who acts. Raises LogInFirst (pages) or TokenNeeded (API) when nobody is logged in."""
    actor = current_actor(request)
    if actor is None:
        raise TokenNeeded if request.url.path.startswith(API) else LogInFirst(path=_way_back(request))
    return actor


def client_ip(request: Request) -> str:
    """The caller's address, seen through our own proxies."""
    return str(request.scope["state"]["client_ip"])


def public(endpoint: E) -> E:
    """Anybody may call this, logged in or not. A token that is none is refused all the same, not ignored."""
    endpoint.access = Access()  # type: ignore[attr-defined]
    return endpoint


def require(*roles: Role) -> Callable[[Endpoint], Endpoint]:
    """A page for these roles (none named: for everybody logged in). For others it does not exist: 404."""
    return _guard(Access(roles or ROLES), _check_page)


def require_api(*roles: Role) -> Callable[[Endpoint], Endpoint]:
    """An API endpoint for these roles: 401 without a token, 403 for another role or a token that may only read."""
    return _guard(Access(roles or ROLES, api=True), _check_api)


def endpoints_without_access(routes: Iterable[BaseRoute]) -> list[str]:
    """Paths of routes that say nothing about who may call them."""
    missing = []
    for route in routes:
        if isinstance(route, Mount):
            missing += endpoints_without_access(route.routes)
        elif isinstance(route, Route) and not hasattr(route.endpoint, "access"):
            missing.append(route.path)
    return missing


def _guard(access: Access, check: Callable[[Request, Access], None]) -> Callable[[Endpoint], Endpoint]:
    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            check(request, access)
            return await endpoint(request)

        guarded.access = access  # type: ignore[attr-defined]
        return guarded

    return decorate


def _check_page(request: Request, access: Access) -> None:
    if actor_of(request).role not in access.roles:
        raise NotFound


def _check_api(request: Request, access: Access) -> None:
    actor = actor_of(request)
    if not actor.can_write and request.method not in SAFE_METHODS:
        raise ReadOnlyToken
    if actor.role not in access.roles:
        raise WrongRole


def _way_back(request: Request) -> str:
    """Where to return to after the log-in: this page, or for a form the page it stood on."""
    if request.method in SAFE_METHODS and request.headers.get("hx-request") != "true":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    page = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "/")
    return (page.path or "/") + (f"?{page.query}" if page.query else "")
