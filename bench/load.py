"""A small HTTP client: many keep-alive connections, each sending its next request when the last is answered."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes]:
    """Send one request and read its answer: status and body."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
    return int(head[9:12]), await reader.readexactly(length)


async def _connection(host: str, port: int, requests: Iterator[bytes], seen: Counter[int]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for request in requests:
        status, body = await exchange(reader, writer, request)
        seen[status] += 1
        if status >= 400 and seen[status] == 1:
            print(body.decode()[:400], file=sys.stderr)
    writer.close()


async def send_all(host: str, port: int, requests: list[bytes], *, waiting: int) -> Counter[int]:
    """Send all requests over ``waiting`` connections; how often each status came back."""
    seen: Counter[int] = Counter()
    shared = iter(requests)
    await asyncio.gather(*(_connection(host, port, shared, seen) for _ in range(waiting)))
    return seen


def post(host: str, path: str, token: str, key: str, body: object) -> bytes:
    """The bytes of one POST with a bearer token and an Idempotency-Key."""
    data = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data
