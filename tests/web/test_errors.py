"""What becomes of requests that nobody could answer well."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from c2b.web.errors import ErrorBoundary


async def test_somebody_who_leaves_while_sending_is_no_error_of_ours():
    said: list[Any] = []

    async def reads(scope, receive, send):
        await Request(scope, receive).body()
        raise AssertionError("there was no whole body")

    async def leave() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "path": "/", "method": "POST", "headers": []}
    await ErrorBoundary(reads)(scope, leave, send)
    assert said == []
