"""How large a request body may be, counted byte by byte while it arrives, by what it says it is."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from c2b.kit.errors import AppError
from c2b.kit.i18n import N_

KB, MB = 1024, 1024 * 1024
JSON_LIMIT, FORM_LIMIT, UPLOAD_LIMIT = 64 * KB, 1 * MB, 8 * MB
_BY_TYPE = {"application/x-www-form-urlencoded": FORM_LIMIT, "multipart/form-data": UPLOAD_LIMIT}


class BodyTooLarge(AppError):
    status = 413
    code = "body_too_large"
    message = N_("This is too much at once: at most {limit} KB are accepted here.")


class BodyLimits:
    """Raises BodyTooLarge before the first byte where the length is announced, else as soon as it is exceeded.

    ``by_path`` gives other limits (bytes) to paths that start with a prefix, such as webhooks or an import.
    """

    def __init__(self, app: ASGIApp, *, by_path: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.by_path = dict(by_path or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        limit = self._limit(scope["path"], headers.get("content-type", ""))
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > limit:
            raise BodyTooLarge(limit=limit // KB)
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge(limit=limit // KB)
            return message

        await self.app(scope, receive_counted, send)

    def _limit(self, path: str, content_type: str) -> int:
        for prefix, limit in self.by_path.items():
            if path.startswith(prefix):
                return limit
        return _BY_TYPE.get(content_type.partition(";")[0].strip().lower(), JSON_LIMIT)
