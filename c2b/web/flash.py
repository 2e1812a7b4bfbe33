"""One message that survives one redirect: "Saved." It travels in a signed cookie and is shown once."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from c2b.config import settings
from c2b.kit.i18n import gettext

COOKIE = "flash"
Kind = Literal["success", "info", "warning", "danger"]


def flash(response: Response, message: str, *, kind: Kind = "success", **params: str | int) -> None:
    """Show ``message`` (a message id with {named} parts) on the next page, in the language of that page."""
    text = json.dumps([kind, message, params], ensure_ascii=False, separators=(",", ":"))
    payload = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    response.set_cookie(
        COOKIE,
        f"{payload}.{_mac(payload)}",
        max_age=60,
        path="/",
        secure=settings().secure_cookies,
        httponly=True,
        samesite="lax",
    )


def flash_of(request: Request) -> tuple[str, str] | None:
    """Kind and text of the message that waits for this page."""
    payload, _, mac = request.cookies.get(COOKIE, "").partition(".")
    if not payload or not hmac.compare_digest(mac.encode(), _mac(payload).encode()):
        return None
    kind, message, params = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return kind, gettext(message, **params)


def clear(response: Response) -> None:
    """It has been shown."""
    response.delete_cookie(COOKIE, path="/")


def _mac(payload: str) -> str:
    return hmac.new(settings().secret_key.encode(), f"flash:{payload}".encode(), hashlib.sha256).hexdigest()
