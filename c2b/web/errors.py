"""Every refusal in words: problem details for programs, a page for people, in their language.

Errors inside the routes and errors of the middleware outside them (size, forged forms, no database) take one way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from c2b.kit.errors import AppError, FieldError
from c2b.kit.http.problems import problem
from c2b.kit.i18n import N_, gettext, use_locale
from c2b.web.auth import API, LogInFirst
from c2b.web.locale import locale_of
from c2b.web.pages import fragment, page

log = structlog.get_logger(__name__)
#: Who calls here reads problem details, not pages.
FOR_PROGRAMS = (API, "/webhooks/")

_SENTENCES = {
    400: ("bad_request", N_("This request could not be read.")),
    404: ("not_found", N_("There is nothing here, or it is not yours to see.")),
    405: ("method_not_allowed", N_("This address does not take that kind of request.")),
    413: ("body_too_large", N_("This is too much at once.")),
    415: ("unsupported_media_type", N_("This kind of content is not understood here.")),
    500: ("internal", N_("Something went wrong on our side. It has been noted; please try again.")),
}


@dataclass(frozen=True)
class Refusal:
    """What is answered, before it becomes JSON or a page."""

    status: int
    code: str
    detail: str
    fields: list[FieldError] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal_of(error: Exception) -> Refusal:
    """What to tell about an error. Details of an unexpected one stay in the log."""
    if isinstance(error, AppError):
        headers = getattr(error, "headers", {})
        return Refusal(error.status, error.code, error.text(), error.fields, headers)
    if isinstance(error, MultiPartException):
        error = HTTPException(400)
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, sentence = _SENTENCES.get(status, _SENTENCES[400 if status < 500 else 500])
    return Refusal(status, code, gettext(sentence), [], getattr(error, "headers", None) or {})


def answer(request: Request, error: Exception) -> Response:
    """The answer to an error. A page that needs a log-in leads there; htmx is told to go there."""
    if isinstance(error, LogInFirst):
        if request.headers.get("hx-request") == "true":
            return Response(status_code=200, headers={"HX-Redirect": error.location})
        return RedirectResponse(error.location, status_code=303)
    refusal = refusal_of(error)
    if request.url.path.startswith(FOR_PROGRAMS):
        return problem(
            refusal.status,
            code=refusal.code,
            detail=refusal.detail,
            fields=refusal.fields,
            request_id=str(request.scope["state"].get("request_id", "")),
            headers=refusal.headers,
        )
    return _page(request, refusal)


def _page(request: Request, refusal: Refusal) -> Response:
    """A page that says what happened and what to do next; htmx gets only the notice."""
    common: dict[str, Any] = {
        "status": refusal.status,
        "headers": refusal.headers,
        "detail": refusal.detail,
        "texts": [one.text() for one in refusal.fields[:20]],
    }
    if request.headers.get("hx-request") == "true":
        return fragment("errors/notice.html", **common)
    request_id = str(request.scope["state"].get("request_id", ""))
    return page(request, "errors/error.html", **common, number=refusal.status, request_id=request_id)


def plain_answer(request: Request, error: Exception) -> Response:
    """The answer where not even the frame of a page can be drawn: nobody is known, no form has a token."""
    if request.url.path.startswith(FOR_PROGRAMS) or isinstance(error, LogInFirst):
        return answer(request, error)
    refusal = refusal_of(error)
    return fragment(
        "errors/plain.html", status=refusal.status, headers=refusal.headers, detail=refusal.detail
    )


async def on_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for what routes raise on purpose."""
    return answer(request, error)


class ErrorBoundary:
    """Middleware: what nobody handled becomes an answer with all headers, then goes on to the server's log.

    It stands twice: inside everything, where a page can be drawn, and outside for what fails on the way in.
    """

    def __init__(self, app: ASGIApp, *, plain: bool = False) -> None:
        self.app, self.answer = app, plain_answer if plain else answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except ClientDisconnect:
            # a form was redrawn or a page left while it was still being sent: nobody is there to answer
            log.info("client_left", path=scope["path"], method=scope["method"])
        except Exception as error:
            expected = isinstance(error, AppError | HTTPException)
            if started:
                raise
            if not expected:
                log.exception("request_failed", path=scope["path"], method=scope["method"])
            with use_locale(locale_of(scope)):
                await self.answer(Request(scope), error)(scope, receive, send)
            if not expected:
                raise
