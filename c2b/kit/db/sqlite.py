"""SQLite for several event loops and processes on one file.

Tortoise opens transactions with a plain BEGIN: two of them that read first and write later fail at once with
"database is locked", whatever the busy timeout (a snapshot cannot be upgraded). BEGIN IMMEDIATE waits its turn.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

#: FULL: a committed join survives a power cut. recursive_triggers: REPLACE must not bypass no-delete triggers.
PRAGMAS = {
    "journal_mode": "WAL",
    "journal_size_limit": 67_108_864,
    "foreign_keys": "ON",
    "busy_timeout": 10_000,
    "synchronous": "FULL",
    "recursive_triggers": "ON",
}


class ImmediateWrapper(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class ImmediateContext(SqliteTransactionContext):
    async def __aenter__(self) -> TransactionalDBClient:
        """Take the write lock now; leave nothing behind when it cannot be had."""
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection


class ImmediateClient(SqliteClient):
    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **{**PRAGMAS, **kwargs})

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateWrapper(self), self._lock)


client_class = ImmediateClient
