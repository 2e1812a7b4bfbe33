"""Carrying out jobs: claim by guarded update, lease with fencing number, complete inside the effects' transaction.

A handler is ``async def send_refund(lease, *, refund_id, **_)``, registered with ``@job("refund.send")``. It must
bear being run twice and being cut off at any line. Its database effects belong inside ``async with
lease.completing():`` so that they and the job's end are one transaction; a zombie whose lease was taken over gets
``LeaseLost`` there and leaves no trace.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from c2b.events.operations import record
from c2b.kit import clock, db, faults

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HEARTBEAT = 20.0
#: Waits after failures, in seconds: quick at first, then hourly, so that a provider's bad day is survived.
BACKOFF = (1, 5, 15, 60, 300, 900, 1800, 3600, 3600, 3600, 3600, 3600)

Handler = Callable[..., Awaitable[None]]


class LeaseLost(Exception):
    """Another worker has taken this job over; whatever this one was doing no longer counts."""


class PermanentFailure(Exception):
    """Trying again cannot help. The job is dead at once, in front of an admin."""


class Postponed(Exception):
    """The job is to be looked at again at ``until``, or earlier when somebody wakes it."""

    def __init__(self, until: Any) -> None:
        self.until = until
        super().__init__(until)


@dataclass(frozen=True)
class _Kind:
    name: str
    handler: Handler
    attempts: int


_kinds: dict[str, _Kind] = {}


def job(name: str, *, attempts: int = len(BACKOFF)) -> Callable[[Handler], Handler]:
    """Register the handler of a job kind; dead after ``attempts`` failures."""

    def register(handler: Handler) -> Handler:
        _kinds[name] = _Kind(name, handler, attempts)
        return handler

    return register


def kinds() -> list[str]:
    """All registered kinds (a test replays each of them)."""
    return sorted(_kinds)


class Lease:
    """The right to carry out one job, until ``LEASE`` passes without a heartbeat."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.job_id: str = row["id"]
        self.key: str = row["key"]
        self.kind: str = row["kind"]
        self.args: dict[str, Any] = json.loads(row["args"]) if isinstance(row["args"], str) else row["args"]
        self.attempts: int = row["attempts"]
        self.failures: int = row["failures"]
        self.wakeups: int = row["wakeups"]
        self.created_at = db.instant(row["created_at"])
        self.completed = False

    @contextlib.asynccontextmanager
    async def completing(self) -> AsyncIterator[None]:
        """A transaction at whose end the job is done. Raises ``LeaseLost`` (and rolls back) for a zombie."""
        async with db.transaction():
            yield
            await self._finish()
            faults.point(f"job:{self.kind}:before commit")
        self.completed = True
        faults.point(f"job:{self.kind}:done")

    async def hold(self) -> None:
        """Inside a transaction: still mine? Extends the lease, else raises ``LeaseLost``."""
        rows = await db.execute(
            "UPDATE job SET lease_until = ? WHERE id = ? AND attempts = ? AND state = 'running'",
            clock.now() + LEASE,
            self.job_id,
            self.attempts,
        )
        if rows != 1:
            raise LeaseLost(self.key)

    async def _finish(self) -> None:
        now = clock.now()
        rows = await db.execute(
            "UPDATE job SET state = 'done', finished_at = ?, lease_until = NULL, error = '' "
            "WHERE id = ? AND attempts = ? AND state = 'running'",
            now,
            self.job_id,
            self.attempts,
        )
        if rows != 1:
            raise LeaseLost(self.key)


async def claim(job_id: str) -> Lease | None:
    """Take a due job, or one whose worker fell silent. ``None`` if there is nothing to take."""
    now = clock.now()
    row = await db.fetch_one(
        "UPDATE job SET state = 'running', attempts = attempts + 1, lease_until = ? WHERE id = ? "
        "AND ((state = 'ready' AND due_at <= ?) OR (state = 'running' AND lease_until < ?)) "
        "RETURNING id, key, kind, args, attempts, failures, wakeups, created_at",
        now + LEASE,
        job_id,
        now,
        now,
    )
    return Lease(row) if row else None


async def perform(job_id: str) -> bool:
    """Claim a job and carry it out. ``True`` if this call did any work."""
    lease = await claim(job_id)
    if lease is None:
        return False
    faults.point(f"job:{lease.kind}:claimed")
    kind = _kinds.get(lease.kind)
    heartbeat = asyncio.get_running_loop().create_task(_keep_alive(lease))
    try:
        if kind is None:
            raise PermanentFailure(f"no handler for {lease.kind}")
        await kind.handler(lease, **lease.args)
        if not lease.completed:
            async with lease.completing():
                pass
    except LeaseLost:
        log.warning("lease lost: %s", lease.key)
    except Postponed as postponed:
        await _postpone(lease, postponed.until)
    except Exception as error:
        log.warning("job failed: %s", lease.key, exc_info=error)
        await _fail(
            lease, error, permanent=isinstance(error, PermanentFailure), attempts=kind.attempts if kind else 1
        )
    finally:
        heartbeat.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heartbeat
    return True


async def _keep_alive(lease: Lease) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)
        try:
            await lease.hold()
        except LeaseLost:
            return
        except Exception as error:  # a missed beat is harmless: the fence decides
            log.warning("heartbeat missed: %s", lease.key, exc_info=error)


async def _postpone(lease: Lease, until: Any) -> None:
    """Sleep until ``until``, unless somebody woke the job meanwhile: then look again at once."""
    from c2b.durable.queue import ring

    back = (
        "UPDATE job SET state = 'ready', lease_until = NULL, rung_at = NULL, failures = 0, error = '', due_at = ? "
        "WHERE id = ? AND attempts = ? AND state = 'running'"
    )
    asleep = await db.execute(back + " AND wakeups = ?", until, lease.job_id, lease.attempts, lease.wakeups)
    if not asleep and await db.execute(back, clock.now(), lease.job_id, lease.attempts):
        ring(lease.job_id)


async def _fail(lease: Lease, error: Exception, *, permanent: bool, attempts: int) -> None:
    failures = lease.failures + 1
    dead = permanent or failures >= attempts
    wait = BACKOFF[min(failures, len(BACKOFF)) - 1]
    text = "".join(traceback.format_exception(error))[-4000:]

    async def write() -> None:
        rows = await db.execute(
            "UPDATE job SET state = ?, failures = ?, error = ?, due_at = ?, lease_until = NULL, rung_at = NULL, "
            "finished_at = ? WHERE id = ? AND attempts = ? AND state = 'running'",
            "dead" if dead else "ready",
            failures,
            text.replace("\x00", ""),
            clock.now() + timedelta(seconds=wait),
            clock.now() if dead else None,
            lease.job_id,
            lease.attempts,
        )
        if rows and dead:
            await record("job.died", subject="job", subject_id=lease.job_id, payload={"key": lease.key[:160]})

    await db.atomically(write)
