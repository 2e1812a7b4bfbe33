"""What a visitor's browser keeps for us until they have an account: an invitation, a requirement half made.

Signed, so that nobody can put another's invitation there; short, because cookies are; never read by scripts. It stays
with the visitor: a name in an engraving does not lie on our side before somebody joins.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.config import settings

#: Browsers promise 4096 bytes for name, value and attributes (RFC 6265, 6.1).
MAX_LENGTH = 3800
MAX_UNPACKED = 64 * 1024


def keep(response: Response, name: str, value: Any, *, path: str = "/", lifetime: timedelta) -> bool:
    """Put ``value`` (JSON) into the browser. ``False`` where it is too long to be kept."""
    packed = zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    payload = urlsafe_b64encode(packed).decode().rstrip("=")
    text = f"{payload}.{_mac(name, payload)}"
    if len(text) > MAX_LENGTH:
        return False
    response.set_cookie(
        name,
        text,
        max_age=int(lifetime.total_seconds()),
        path=path,
        secure=settings().secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return True


def kept(request: Request, name: str) -> Any:
    """What was kept under ``name``, or ``None``. What we did not sign ourselves counts as nothing."""
    payload, _, mac = request.cookies.get(name, "").partition(".")
    if not payload or not hmac.compare_digest(mac.encode(), _mac(name, payload).encode()):
        return None
    packed = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return json.loads(zlib.decompressobj().decompress(packed, MAX_UNPACKED))


def drop(response: Response, name: str, *, path: str = "/") -> None:
    """It is not needed any more."""
    response.delete_cookie(name, path=path)


def _mac(name: str, payload: str) -> str:
    return hmac.new(
        settings().secret_key.encode(), f"kept:{name}:{payload}".encode(), hashlib.sha256
    ).hexdigest()
