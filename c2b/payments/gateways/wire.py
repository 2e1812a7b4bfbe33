"""One HTTP exchange with a provider, its ways to fail told apart: not reached, or answer lost."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import httpx2

from c2b.payments.gateways.base import GatewayTimeout, GatewayUnavailable

SECONDS = 15
MOST_BYTES = 64 * 1024 * 1024

#: The request never left this machine, so nothing was done.
_NOT_REACHED = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    acts: bool,
    seconds: float = SECONDS,
) -> Answer:
    """Ask once: no redirects, no proxies of the environment.

    Raises ``GatewayUnavailable`` when the provider was not reached, or could not be asked a question that changes
    nothing; ``GatewayTimeout`` when a request that ``acts`` was sent and its answer is missing or cut off.
    """
    try:
        async with httpx2.AsyncClient(verify=_tls(), timeout=seconds, trust_env=False) as client:
            request = client.stream(method, url, headers=dict(headers), content=content)
            async with request as answer:
                body = await _bounded(answer)
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(status=answer.status_code, headers=names, body=body)
    except _NOT_REACHED as error:
        raise GatewayUnavailable from error
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        raise lost(acts) from error


def lost(acts: bool) -> GatewayUnavailable | GatewayTimeout:
    """The error for an answer that is missing or cannot be believed."""
    return GatewayTimeout() if acts else GatewayUnavailable()


async def _bounded(answer: httpx2.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        parts.append(part)
        if (size := size + len(part)) > MOST_BYTES:
            raise httpx2.StreamError("the answer is longer than any a provider gives")
    return b"".join(parts)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Loaded once: reading the certificates costs more than most exchanges."""
    return ssl.create_default_context()
