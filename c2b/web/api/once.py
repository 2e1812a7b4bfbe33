"""POSTs that may be sent twice although they talk to somebody outside the database on the way.

The key is claimed first, the work then done in its own transactions (each of which bears being done twice), and the
answer kept last. A server that dies in between leaves a claim whose lease ends: the retry does the work again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit import db
from c2b.kit.http.idempotency import Answer, Call, call_of, claim_or_answer
from c2b.web.auth import actor_of
from c2b.web.views import MEDIA_TYPE


def call_from(request: Request, body: bytes) -> Call:
    """Who calls with which key for what. Raises KeyMissing."""
    return call_of(
        actor_id=actor_of(request).id,
        key=request.headers.get("idempotency-key"),
        method=request.method,
        path=request.url.path,
        body=body,
    )


def kept_as(response: Response) -> Answer:
    """A response as it is stored for a retry."""
    return Answer(response.status_code, bytes(response.body).decode(), response.headers.get("location"))


def given_again(answer: Answer) -> Response:
    """A stored answer as a response; a replayed one says so."""
    headers = {"Location": answer.location} if answer.location else {}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, status_code=answer.status, media_type=MEDIA_TYPE, headers=headers)


async def once(call: Call, work: Callable[[], Awaitable[Response]]) -> Response:
    """Do ``work`` and keep its answer, or give the kept one. What is refused is not kept and may be tried again."""
    claim = await claim_or_answer(call)
    if isinstance(claim, Answer):
        return given_again(claim)
    try:
        response = await work()
        await db.atomically(lambda: claim.keep(kept_as(response)))
    except BaseException:
        await asyncio.shield(claim.release())
        raise
    return response
