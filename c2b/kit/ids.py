"""Identifiers and tokens."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_order = threading.Lock()
_latest = 0
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def new_id() -> str:
    """A new primary key: 26 characters, 48 bits of time in milliseconds, then 80 random bits.

    Time first keeps index inserts together, and ids of one process sort in the order they were made; the next of one
    millisecond lies 64 random bits further on, so it cannot be guessed either. Access is checked all the same.
    """
    global _latest
    number = ((time.time_ns() // 1_000_000) << 80) | int.from_bytes(os.urandom(10), "big")
    with _order:
        if number >> 80 <= _latest >> 80:
            number = _latest + 1 + int.from_bytes(os.urandom(8), "big")
        _latest = number
    return "".join(_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10))


def new_token() -> str:
    """A secret of 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def sha256_hex(data: bytes | str) -> str:
    """SHA-256 of bytes, or of the UTF-8 form of a text, as 64 hex digits."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
