"""The session cookie, and the order in which a request is checked on its way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.operations import LogIn
from c2b.accounts.rules import SESSION_ABSOLUTE
from c2b.config import Settings, settings
from c2b.kit.http.context import RequestContext
from c2b.kit.http.csrf import Csrf
from c2b.kit.http.headers import SecurityHeaders
from c2b.kit.http.limits import KB, BodyLimits
from c2b.web.auth import Identity
from c2b.web.errors import ErrorBoundary, answer
from c2b.web.locale import Language

#: Paths that never read cookies, so that no page elsewhere can use somebody's log-in through them.
WITHOUT_COOKIES = ("/api/", "/webhooks/", "/static/")
#: A provider's event may carry more than our own JSON.
BODY_LIMITS: Mapping[str, int] = {"/webhooks/": 256 * KB}


def session_cookie(config: Settings) -> str:
    """``__Host-`` binds the cookie to this host and to https; plain http cannot carry it."""
    return "__Host-session" if config.secure_cookies else "session"


def session_token(request: Request) -> str | None:
    """The secret in this browser's cookie."""
    return request.cookies.get(session_cookie(settings()))


def remember(response: Response, opened: LogIn) -> None:
    """Put a session just opened into the browser."""
    config = settings()
    response.set_cookie(
        session_cookie(config),
        opened.token,
        max_age=int(SESSION_ABSOLUTE.total_seconds()),
        path="/",
        secure=config.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response) -> None:
    """Take the session out of the browser, for good: its row is gone too."""
    config = settings()
    response.delete_cookie(
        session_cookie(config), path="/", secure=config.secure_cookies, httponly=True, samesite="lax"
    )


def middleware(
    config: Settings,
    *,
    form_targets: Sequence[str] = (),
    body_limits: Mapping[str, int] | None = None,
    without_cookies: Sequence[str] = (),
) -> list[Middleware]:
    """From the outside in: from where, headers on every answer, who, which language, forged forms, size.

    Errors become answers at two places: see ErrorBoundary.
    """
    return [
        Middleware(RequestContext, trusted_proxies=config.trusted_proxies),
        Middleware(SecurityHeaders, secure=config.secure_cookies, form_targets=form_targets),
        Middleware(ErrorBoundary, plain=True),
        Middleware(Identity, session_cookie=session_cookie(config)),
        Middleware(Language),
        Middleware(
            Csrf,
            secret=config.secret_key,
            session_cookie=session_cookie(config),
            secure=config.secure_cookies,
            exempt=(*WITHOUT_COOKIES, *without_cookies),
            refuse=answer,
        ),
        Middleware(ErrorBoundary),
        Middleware(BodyLimits, by_path={**BODY_LIMITS, **(body_limits or {})}),
    ]
