"""A form sent from somewhere else is refused, by two independent signs.

First where the browser says it comes from: ``Sec-Fetch-Site``, else ``Origin`` against ``Host``. Then a token in the
form or in ``X-CSRF-Token``, made from the visitor's cookie, so that another session's token does not fit. Paths that
never read cookies (the bearer API, signed webhooks) are exempt.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from c2b.kit.errors import AppError, Forbidden
from c2b.kit.i18n import N_
from c2b.kit.ids import new_token

FIELD = "csrf_token"
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
#: The token is the first field of each of our forms, so it stands within the first bytes of the body.
PEEK = 8192
_MULTIPART = re.compile(rb'name="csrf_token"\r\n(?:[^\r\n]+\r\n)*\r\n([A-Za-z0-9_-]{1,64})\r\n')


class ForeignRequest(Forbidden):
    code = "csrf"
    message = N_(
        "This form does not come from an open page of yours. Please reload the page and send it again."
    )


class Visitor:
    """The token of one request. Asking for it gives a visitor without a session a cookie to bind it to."""

    def __init__(self, seed: str | None, secret: str) -> None:
        self.seed, self.secret, self.is_new = seed, secret, False

    def token(self) -> str:
        if self.seed is None:
            self.seed, self.is_new = new_token(), True
        mac = hmac.new(self.secret.encode(), f"csrf:{self.seed}".encode(), hashlib.sha256)
        return urlsafe_b64encode(mac.digest()).decode().rstrip("=")

    def accepts(self, token: str) -> bool:
        return self.seed is not None and hmac.compare_digest(self.token().encode(), token.encode())


_visitor: ContextVar[Visitor] = ContextVar("visitor")


def csrf_token() -> str:
    """The token for forms of the present request. Raises LookupError outside of one (in a mail, say)."""
    return _visitor.get().token()


def csrf_field() -> Markup:
    """The hidden field that stands first in every form that posts."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


class Csrf:
    """Refuses unsafe requests from elsewhere with ForeignRequest, before anybody acts on them."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        secret: str,
        session_cookie: str,
        secure: bool,
        exempt: Sequence[str] = (),
        refuse: Callable[[Request, AppError], ASGIApp],
    ) -> None:
        """``refuse`` draws the answer to a forged form, with a fresh token at hand."""
        self.app, self.secret, self.session_cookie = app, secret, session_cookie
        self.secure, self.exempt, self.refuse = secure, tuple(exempt), refuse
        self.visitor_cookie = "__Host-visitor" if secure else "visitor"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self.exempt):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        cookies = cookie_parser(headers.get("cookie", ""))
        visitor = Visitor(cookies.get(self.session_cookie) or cookies.get(self.visitor_cookie), self.secret)
        app, good = self.app, True
        if scope["method"] not in SAFE_METHODS:
            token, receive = await _token_of(headers, receive)
            good = comes_from_us(headers) and visitor.accepts(token)
        reset = _visitor.set(visitor)
        try:
            if not good:
                app = self.refuse(Request(scope), ForeignRequest())
            await app(scope, receive, self._with_cookie(visitor, send))
        finally:
            _visitor.reset(reset)

    def _with_cookie(self, visitor: Visitor, send: Send) -> Send:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and visitor.is_new:
                attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")
                MutableHeaders(scope=message).append(
                    "Set-Cookie", f"{self.visitor_cookie}={visitor.seed}{attributes}"
                )
            await send(message)

        return send_with_cookie


def comes_from_us(headers: Headers) -> bool:
    """What the browser itself says about where the request was made; browsers that say nothing need the token."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""


async def _token_of(headers: Headers, receive: Receive) -> tuple[str, Receive]:
    """The token sent with a request, and a ``receive`` that gives the body from its start."""
    if "x-csrf-token" in headers:
        return headers["x-csrf-token"], receive
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return "", receive
    seen, start = [], b""
    while len(start) < PEEK:
        message = await receive()
        seen.append(message)
        start += message.get("body", b"")
        if not message.get("more_body"):
            break
    return _field_in(start[:PEEK], kind), _replayed(seen, receive)


def _field_in(start: bytes, kind: str) -> str:
    if kind == "multipart/form-data":
        found = _MULTIPART.search(start)
        return found[1].decode() if found else ""
    pair = next((part for part in start.split(b"&") if part.startswith(b"csrf_token=")), b"")
    return parse_qs(pair.decode("ascii", "replace")).get(FIELD, [""])[0]


def _replayed(seen: list[Message], receive: Receive) -> Receive:
    async def replay() -> Message:
        return seen.pop(0) if seen else await receive()

    return replay
