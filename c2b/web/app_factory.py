"""Putting the web application together: routes inside, checks around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Lifespan

from c2b.config import Settings
from c2b.kit.errors import AppError
from c2b.kit.http.sse import closing_on_signals
from c2b.web import account
from c2b.web.auth import endpoints_without_access
from c2b.web.errors import on_error
from c2b.web.locale import choose_language
from c2b.web.pages import STATIC
from c2b.web.security import middleware


def create_app(
    routes: Sequence[BaseRoute],
    *,
    settings: Settings,
    lifespan: Lifespan[Any] | None = None,
    form_targets: Sequence[str] = (),
    body_limits: Mapping[str, int] | None = None,
    without_cookies: Sequence[str] = (),
) -> Starlette:
    """The application with ``routes``, accounts, languages and static files.

    ``form_targets``: origins that forms may lead to (a provider's checkout). ``body_limits``: bytes by path prefix,
    where the usual limits do not fit. ``without_cookies``: prefixes of paths that never read our cookies, such as the
    sandbox provider's own pages. Raises ValueError for a route that does not say who may call it.
    """
    everything = [
        *routes,
        *account.routes,
        Route("/language", choose_language, methods=["POST"]),
        Mount(STATIC.at, app=STATIC, name="static"),
    ]
    silent = endpoints_without_access(everything)
    if silent:
        raise ValueError(f"who may call these? use @public, @require or @require_api: {', '.join(silent)}")
    app = Starlette(
        routes=everything,
        lifespan=_ending_streams(lifespan),
        middleware=middleware(
            settings, form_targets=form_targets, body_limits=body_limits, without_cookies=without_cookies
        ),
        exception_handlers={AppError: on_error, HTTPException: on_error, MultiPartException: on_error},
    )
    # a slash too many is a wrong address, not a redirect to whatever the Host header says
    app.router.redirect_slashes = False
    return app


def _ending_streams(lifespan: Lifespan[Any] | None) -> Lifespan[Any]:
    """Open live pages must not keep the server from stopping."""

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[Any]:
        with closing_on_signals():
            if lifespan is None:
                yield
            else:
                async with lifespan(app) as state:
                    yield state

    return living
