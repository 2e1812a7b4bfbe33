"""PostgreSQL with a pool that survives restarts of the server.

When BEGIN fails, Tortoise 1.1.9 neither returns the connection to the pool nor forgets the dead transaction: the
pool runs dry, and a long-lived task stays poisoned. The context below gives back both.
"""

from __future__ import annotations

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections


async def _no_reset(_connection: Any) -> None:
    """No session state is kept on pooled connections, so the reset round trip at each release is saved."""


class CarefulContext(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self.client._parent._pool
        self.client._connection = await pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await pool.release(self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        except BaseException:
            if exc_val is not None:  # the rollback of a dead connection must not hide why we roll back
                raise exc_val from None
            raise


class CarefulClient(AsyncpgDBClient):
    def _in_transaction(self) -> TransactionContext:
        return CarefulContext(TransactionWrapper(self), self._pool_init_lock)

    async def create_pool(self, **kwargs: Any) -> Any:
        return await super().create_pool(**{"reset": _no_reset, **kwargs})


client_class = CarefulClient
