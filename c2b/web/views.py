"""Answering programs: one JSON writer for the whole API, and POSTs that may be sent twice."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.canonical import strict_loads
from c2b.kit.errors import AppError
from c2b.kit.http.idempotency import Answer, answer_once, call_of
from c2b.kit.i18n import N_
from c2b.web.auth import Endpoint, actor_of

MEDIA_TYPE = "application/json"


class NotJson(AppError):
    status = 415
    code = "not_json"
    message = N_("Send the body as application/json.")


class NotAnObject(AppError):
    status = 400
    code = "not_an_object"
    message = N_("The body must be a JSON object.")


def json_answer(
    data: Any, *, status: int = 200, location: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """``data`` (dataclasses, lists, primitives) as JSON; instants in UTC as RFC 3339, money stays integers."""
    named = {"Location": location} if location else {}
    return Response(
        to_json(data), status_code=status, media_type=MEDIA_TYPE, headers={**named, **(headers or {})}
    )


def to_json(data: Any) -> str:
    """The JSON text of a view. Raises TypeError for what a view must not hold (models, decimals, floats)."""
    return json.dumps(data, default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises NotJson, MalformedJson, NotAnObject.

    Unknown keys are the caller's to refuse.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise NotJson
    body = strict_loads(await request.body())
    if not isinstance(body, dict):
        raise NotAnObject
    return body


def idempotent(endpoint: Callable[[Request], Awaitable[Response]]) -> Endpoint:
    """For API POSTs that move state: the effect happens once per Idempotency-Key, a retry gets the same answer.

    The endpoint runs inside one transaction with the storing of its answer, so it must not talk to others on the way;
    what fails is not stored and may be tried again. Place it below ``@require_api``.
    """

    @wraps(endpoint)
    async def once(request: Request) -> Response:
        call = call_of(
            actor_id=actor_of(request).id,
            key=request.headers.get("idempotency-key"),
            method=request.method,
            path=request.url.path,
            body=await request.body(),
        )

        async def work() -> Answer:
            response = await endpoint(request)
            return Answer(
                response.status_code, bytes(response.body).decode(), response.headers.get("location")
            )

        answer = await answer_once(call, work)
        replayed = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        located = {"Location": answer.location} if answer.location else {}
        return Response(
            answer.body, status_code=answer.status, media_type=MEDIA_TYPE, headers={**located, **replayed}
        )

    return once


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a view holds primitives, not {type(value).__name__}")
