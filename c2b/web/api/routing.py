"""Addresses of the API: one line per resource, ids that cannot be anything else, and a true 405."""

from __future__ import annotations

from functools import wraps

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.web.auth import Endpoint, TokenNeeded, current_actor, public

V1 = "/api/v1"
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"))


def resource(path: str, **by_method: Endpoint) -> list[Route]:
    """The routes of one address below /api/v1: ``resource("/me", get=show, patch=change)``.

    Other methods are answered with 405 and every method there is in ``Allow``: a router that looks at one route after
    the other would name those of the first only.
    """
    routes = [
        Route(V1 + path, _with_a_good_token_or_none(endpoint), methods=[method.upper()])
        for method, endpoint in by_method.items()
    ]
    allowed = {method for route in routes for method in route.methods or ()}
    return [*routes, Route(V1 + path, _refusal(allowed), methods=sorted(METHODS - allowed))]


def documented(path: str) -> str:
    """A route's path as the document writes it: without the names of convertors."""
    return path.replace(":name}", "}").replace(":id}", "}")


def is_refusal(route: Route) -> bool:
    """Does this route only say which methods there are?"""
    return getattr(route.endpoint, "is_refusal", False)


def _with_a_good_token_or_none(endpoint: Endpoint) -> Endpoint:
    """Where no token is needed, one that is none is refused: who mistyped theirs must not believe that it works."""
    if endpoint.access.roles:  # type: ignore[attr-defined]
        return endpoint

    @wraps(endpoint)
    async def checked(request: Request) -> Response:
        if request.headers.get("authorization") and current_actor(request) is None:
            raise TokenNeeded
        return await endpoint(request)

    return checked


def _refusal(allowed: set[str]) -> Endpoint:
    allow = ", ".join(sorted(allowed))

    @public
    async def refuse(_: Request) -> Response:
        raise HTTPException(405, headers={"Allow": allow})

    refuse.is_refusal = True  # type: ignore[attr-defined]
    return refuse
