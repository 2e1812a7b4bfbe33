"""How often something may be tried, counted for all processes in the database, or in memory where a rough count does.

Two neighboring windows are weighted, so that a limit of 10 in five minutes is never 20 around the turn of a window.
What guards secrets fails closed: when attempts cannot be counted, nobody gets another one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from c2b.kit import clock
from c2b.kit.db import execute, fetch, in_transaction
from c2b.kit.errors import Busy, TooMany
from c2b.kit.ids import sha256_hex

log = structlog.get_logger(__name__)
#: Memory counters kept at most; beyond, the oldest half is forgotten.
MEMORY = 50_000


@dataclass(frozen=True)
class Limit:
    """At most ``times`` in ``seconds`` per identity.

    ``shared`` counts in the database, for all processes; otherwise each process counts for itself, at no cost.
    ``fails_open`` lets people through when counting is impossible: for reading only.
    """

    name: str
    times: int
    seconds: int
    shared: bool = True
    fails_open: bool = False


class RateLimited(TooMany):
    """Too many tries. Carries the ``Retry-After`` header."""

    def __init__(self, *, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.headers = {"Retry-After": str(seconds)}


_memory: dict[str, int] = {}


async def hit(limit: Limit, identity: str) -> None:
    """Count one try. Raises RateLimited when it is one too many, Busy when it cannot be counted.

    Must stand outside of a transaction: a rolled-back try would not count.
    """
    if limit.shared and in_transaction():
        raise RuntimeError("count the try before the transaction: a rollback would forget it")
    moment = clock.now()
    current, previous, share = _buckets(limit, identity, moment)
    try:
        hits, before = await _count(limit, current, previous, moment)
    except Exception as error:  # whatever a driver raises: the answer is the same
        if limit.fails_open:
            log.warning("rate_not_counted", limit=limit.name, error=repr(error))
            return
        raise Busy from error
    if hits + before * share > limit.times:
        raise RateLimited(seconds=_wait(limit, hits, before, share))


async def forgive(limit: Limit, identity: str) -> None:
    """Take back one counted try that turned out well, so that only failures add up."""
    current, _, _ = _buckets(limit, identity, clock.now())
    if limit.shared:
        await execute("UPDATE rate_count SET hits = hits - 1 WHERE id = ? AND hits > 0", current)
    elif _memory.get(current, 0) > 0:
        _memory[current] -= 1


async def prune() -> int:
    """Forget windows that no limit looks at any more; how many."""
    return await execute("DELETE FROM rate_count WHERE expires_at < ?", clock.now())


def reset_memory() -> None:
    """Forget what this process counted (tests)."""
    _memory.clear()


def _buckets(limit: Limit, identity: str, moment: datetime) -> tuple[str, str, float]:
    """Ids of this window and the one before, and how much of the earlier still weighs (1 → 0)."""
    number, into = divmod(moment.timestamp(), limit.seconds)
    ids = [sha256_hex(f"{limit.name}|{identity}|{int(number) - back}") for back in (0, 1)]
    return ids[0], ids[1], 1 - into / limit.seconds


async def _count(limit: Limit, current: str, previous: str, moment: datetime) -> tuple[int, int]:
    if not limit.shared:
        if len(_memory) > MEMORY:
            for name in list(_memory)[: MEMORY // 2]:
                del _memory[name]
        _memory[current] = min(_memory.get(current, 0), limit.times) + 1
        return _memory[current], _memory.get(previous, 0)
    expires = datetime.fromtimestamp(moment.timestamp() // limit.seconds * limit.seconds, UTC)
    rows = await fetch(
        "INSERT INTO rate_count (id, hits, expires_at) VALUES (?, 1, ?) "
        "ON CONFLICT (id) DO UPDATE SET hits = CASE WHEN rate_count.hits > ? THEN rate_count.hits "
        "ELSE rate_count.hits + 1 END RETURNING hits",
        current,
        expires + timedelta(seconds=2 * limit.seconds),
        limit.times,
    )
    before = await fetch("SELECT hits FROM rate_count WHERE id = ?", previous)
    return int(rows[0]["hits"]), int(before[0]["hits"]) if before else 0


def _wait(limit: Limit, hits: int, before: int, share: float) -> int:
    """Seconds until one more would be allowed again, if nothing else comes meanwhile."""
    room = limit.times - hits - 1
    if before and room >= 0:
        windows = share - room / before
    else:  # this window is full: it must first become the earlier one, and then weigh little enough
        windows = share + max(0.0, 1 - (limit.times - 1) / hits)
    return max(1, math.ceil(round(windows * limit.seconds, 3)))
