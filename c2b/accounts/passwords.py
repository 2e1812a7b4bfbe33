"""Password hashes: argon2id with the parameters OWASP recommends (19 MiB, 2 passes, 1 lane; about 30 ms).

Hashing runs in two threads of its own at most: however many people log in, the rest of the server keeps its memory
and its cores. A queue that is too long is refused rather than grown.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from c2b.kit.errors import Busy

T = TypeVar("T")
MAX_WAITING = 64

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_waiting = 0
#: Checked when there is no such user, so that the answer takes as long as for a wrong password.
_NOBODY = _hasher.hash("nobody has this password")


async def hashed(password: str) -> str:
    """The hash to store. Raises Busy when too many wait."""
    return await _in_thread(lambda: _hasher.hash(_normal(password)))


async def matches(password: str, stored: str | None) -> bool:
    """Is it the password? ``None`` (no such user) costs the same time and is never right. Raises Busy."""

    def check() -> bool:
        try:
            return _hasher.verify(stored or _NOBODY, _normal(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    return await _in_thread(check)


def outdated(stored: str) -> bool:
    """Was it hashed with weaker parameters than today's?"""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """One form for all keyboards (RFC 8265, OpaqueString): NFC. Never fails: wrong text is a wrong password."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass").decode("utf-8", "replace")


async def _in_thread(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= MAX_WAITING:
        raise Busy
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1
