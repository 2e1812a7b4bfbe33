"""Who is calling from where: a request id for the logs, and the caller's address behind proxies we trust."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from c2b.kit.ids import new_id

_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class RequestContext:
    """Sets ``state["request_id"]`` and ``state["client_ip"]``, binds the id to the log, answers ``X-Request-ID``."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[str] = ()) -> None:
        self.app = app
        self.trusted = tuple(ipaddress.ip_network(proxy.strip(), strict=False) for proxy in trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers, peer = Headers(scope=scope), scope.get("client")
        request_id = self._request_id(headers, peer[0] if peer else "")
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["client_ip"] = client_ip(
            peer[0] if peer else "", headers.getlist("x-forwarded-for"), self.trusted
        )

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_with_id)

    def _request_id(self, headers: Headers, peer: str) -> str:
        """A trusted proxy's own id is kept, so that both logs can be joined; strangers get a new one."""
        given = headers.get("x-request-id", "")
        return given if _SAFE_ID.fullmatch(given) and _within(peer, self.trusted) else new_id()


def client_ip(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address that the nearest proxy we do not run came from.

    ``X-Forwarded-For`` is read from the right and only as far as our own proxies wrote it: what stands further left
    was typed by the caller.
    """
    if not trusted or not forwarded:
        return peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    address = peer
    while hops and _within(address, trusted):
        address = hops.pop()
    return address if _parse(address) else peer


def network_of(address: str) -> str:
    """The address to count attempts by: an IPv6 household owns its whole /64, an odd peer name counts as itself."""
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed or address)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in networks)
