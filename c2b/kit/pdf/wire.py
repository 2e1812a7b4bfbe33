"""The frames between the renderer and its child process: a length of four bytes, then one JSON object."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_LENGTH = struct.Struct(">I")


def send(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message and flush it. Raises ``OSError`` when nobody reads."""
    body = json.dumps(message).encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one message; ``None`` when the other side is gone."""
    head = _exactly(stream, _LENGTH.size)
    body = _exactly(stream, *_LENGTH.unpack(head)) if head else None
    return json.loads(body) if body else None


def _exactly(stream: IO[bytes], length: int) -> bytes | None:
    """`length` bytes, however the pipe cuts them; ``None`` when the stream ends before."""
    pieces: list[bytes] = []
    while length:
        piece = stream.read(length)
        if not piece:
            return None
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
