"""Transactions: one at a time per task, nested ones join, retried as a whole when the database says so."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError

from c2b.kit.db.sql import connection

T = TypeVar("T")
#: How often a whole transaction is tried again; the waits double from 20 ms.
ATTEMPTS = 8

_after_commit: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar(
    "after_commit", default=None
)


def in_transaction() -> bool:
    """Is the present task inside a transaction?"""
    return isinstance(connection(), TransactionalDBClient)


@contextlib.asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """All or nothing. Inside another transaction it becomes part of that one.

    Start no tasks inside: they would inherit the transaction. Await no network, no rendering, no hashing inside:
    on SQLite everybody else waits.
    """
    if in_transaction():
        yield
        return
    callbacks: list[Callable[[], None]] = []
    token = _after_commit.set(callbacks)
    try:
        async with connection()._in_transaction():
            yield
    finally:
        _after_commit.reset(token)
    for callback in callbacks:
        callback()


def after_commit(callback: Callable[[], None]) -> None:
    """Call when the present transaction has been committed; at once when there is none. Must not raise or block."""
    callbacks = _after_commit.get()
    if callbacks is None:
        callback()
    else:
        callbacks.append(callback)


async def atomically(work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work`` in a transaction, again from the start after a deadlock, a lock or a lost connection.

    Each try is a task of its own, so that nothing of a broken transaction stays behind. ``work`` must be safe to
    repeat even after a commit that succeeded although its answer was lost: let unique keys decide. Inside a
    transaction it simply runs, since only the outermost can be repeated.
    """
    if in_transaction():
        return await work()

    async def attempt() -> T:
        async with transaction():
            return await work()

    for number in range(ATTEMPTS):
        try:
            return await asyncio.get_running_loop().create_task(attempt())
        except Exception as error:
            if number == ATTEMPTS - 1 or not is_passing(error):
                raise
            await asyncio.sleep(0.02 * 2**number)
    raise AssertionError("unreachable")


def is_passing(error: BaseException) -> bool:
    """Would the same work probably succeed if tried again?"""
    seen: Any = error
    while seen is not None:
        name = type(seen).__name__
        if name in _PASSING or isinstance(seen, ConnectionError | DBConnectionError):
            return True
        if isinstance(seen, OperationalError | TransactionManagementError) and "locked" in str(seen):
            return True
        if isinstance(seen, OperationalError) and "busy" in str(seen):
            return True
        seen = seen.__cause__
    return False


#: asyncpg's names, matched by name so that SQLite-only installations need no asyncpg.
_PASSING = {
    "SerializationError",
    "DeadlockDetectedError",
    "LockNotAvailableError",
    "ConnectionDoesNotExistError",
    "ConnectionFailureError",
    "ConnectionRejectionError",
    "CannotConnectNowError",
    "AdminShutdownError",
    "CrashShutdownError",
    "TooManyConnectionsError",
    "InterfaceError",
    "InternalClientError",
}
