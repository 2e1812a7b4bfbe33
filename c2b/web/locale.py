"""The reader's language: their account's, else what they chose in this browser, else what the browser asks for."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from c2b.accounts import operations
from c2b.accounts.rules import Actor
from c2b.config import settings
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import LOCALES, negotiate, use_locale
from c2b.web.auth import current_actor, public
from c2b.web.pages import form_of, next_of

COOKIE = "locale"
YEAR = 365 * 24 * 3600


class Language:
    """Middleware: everything inside speaks the reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        locale = locale_of(scope)

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Language", locale.replace("_", "-"))
                headers.add_vary_header("Accept-Language")
            await send(message)

        with use_locale(locale):
            await self.app(scope, receive, send_with_language)


def locale_of(scope: Scope) -> str:
    """The language for a request. A program's ``Accept-Language`` speaks for the program, before its owner."""
    headers = Headers(scope=scope)
    actor: Actor | None = scope.get("state", {}).get("actor")
    asked = headers.get("accept-language", "")
    if actor is not None and not (actor.token_id and asked):
        return actor.locale
    chosen = cookie_parser(headers.get("cookie", "")).get(COOKIE)
    return chosen if chosen in LOCALES and not scope["path"].startswith("/api/") else negotiate(asked)


@public
async def choose_language(request: Request) -> Response:
    """POST /language: remember the choice in the account and in the browser, and stay on the page."""
    form = await form_of(request)
    locale = str(form.get("locale", ""))
    response = see_other(next_of(request, form))
    if locale in LOCALES:
        actor = current_actor(request)
        if actor is not None:
            await operations.set_locale(actor, locale=locale)
        response.set_cookie(
            COOKIE,
            locale,
            max_age=YEAR,
            path="/",
            secure=settings().secure_cookies,
            httponly=True,
            samesite="lax",
        )
    return response
