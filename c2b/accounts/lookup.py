"""Looking up who calls is on the way of every request, so requests that wait together are looked up together.

The first one asks at once; those that come while its statement runs share the next one. Nothing is cached: a session
that was ended or a token that was revoked is gone for the next request, in every process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from c2b.kit.db import in_transaction

Row = dict[str, Any]
#: Rows per statement; SQLite and PostgreSQL both prefer many small plans to one with thousands of parameters.
BATCH = 64


class Lookup:
    """Finds rows by ``token_hash``. ``find`` may be called from many tasks of one event loop at once."""

    def __init__(self, select: Callable[[list[str]], Awaitable[list[Row]]]) -> None:
        self._select = select
        self._waiting: dict[str, asyncio.Future[Row | None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = False

    async def find(self, token_hash: str) -> Row | None:
        """The row of a hash, or ``None``."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._waiting, self._busy = loop, {}, False
        if in_transaction():  # the task that serves a batch must not inherit somebody's transaction
            rows = await self._select([token_hash])
            return rows[0] if rows else None
        if self._busy:
            return await asyncio.shield(self._waiting.setdefault(token_hash, loop.create_future()))
        self._busy = True
        try:
            rows = await self._select([token_hash])
        finally:
            self._busy = False
            if self._waiting:
                self._start(loop)
        return rows[0] if rows else None

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._busy = True
        self._task = loop.create_task(self._serve(), name="token-lookup")

    async def _serve(self) -> None:
        """Answer everybody who waits, batch by batch, then stop."""
        try:
            while self._waiting:
                batch = {key: self._waiting.pop(key) for key in list(self._waiting)[:BATCH]}
                await self._answer(batch)
        finally:
            self._busy = False

    async def _answer(self, batch: dict[str, asyncio.Future[Row | None]]) -> None:
        try:
            rows = {row["token_hash"]: row for row in await self._select(list(batch))}
        except Exception as error:  # everybody who waited hears of it
            for future in batch.values():
                future.set_exception(error)
            return
        for key, future in batch.items():
            future.set_result(rows.get(key))
