"""The headers that every answer carries, with a content security policy that allows nothing inline."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS = "max-age=31536000; includeSubDomains"


def content_security_policy(*, form_targets: Sequence[str] = ()) -> str:
    """Own scripts, styles, pictures and connections only; nothing inline, no frames, no plug-ins.

    ``form_targets`` are origins a form may lead to besides ours, such as a payment provider's checkout.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            " ".join(["form-action 'self'", *form_targets]),
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ]
    )


class SecurityHeaders:
    """Adds what is missing; an answer that set a header itself (an upload's ``sandbox`` policy) keeps it."""

    def __init__(self, app: ASGIApp, *, secure: bool, form_targets: Sequence[str] = ()) -> None:
        self.app = app
        defaults = {
            "Content-Security-Policy": content_security_policy(form_targets=form_targets),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            # pages hold what only one person may see: no shared cache, and nothing to go back to after log-out
            "Cache-Control": "no-store",
        }
        if secure:
            defaults["Strict-Transport-Security"] = HSTS
        # encoded once: nine setdefault calls cost as much as the rest of the middleware together
        self.defaults = [(name.lower().encode(), value.encode()) for name, value in defaults.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                missing = [pair for pair in self.defaults if pair[0] not in given]
                message = {**message, "headers": [*message["headers"], *missing]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
