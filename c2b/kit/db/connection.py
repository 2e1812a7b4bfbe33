"""Connecting: which models there are, which engine serves them, and one context per event loop.

Connections belong to the event loop that opened them. The web server's loop and the worker's loop in one process
therefore each have a ``Database`` of their own; ``activate`` says which one the present task uses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext, _current_context, set_global_context
from tortoise.context import get_current_context as _tortoise_current

from c2b.config import Settings

MODEL_MODULES = [
    "c2b.events.models",
    "c2b.durable.models",
    "c2b.kit.http.models",
    "c2b.accounts.models",
    "c2b.catalog.models",
    "c2b.ledger.models",
    "c2b.campaigns.models",
    "c2b.participations.models",
    "c2b.payments.models",
    "c2b.purchasing.models",
    "c2b.fulfillment.models",
    "c2b.payouts.models",
    "c2b.invoicing.models",
    "c2b.referrals.models",
    "c2b.notifications.models",
]
ENGINES = {"sqlite": "c2b.kit.db.sqlite", "postgres": "c2b.kit.db.asyncpg_pool"}
#: A hot counter row gets slower with more connections that wait for it, so the pool is small.
POOL = {"minsize": 1, "maxsize": 4}


def database_url_of(settings: Settings) -> str:
    """The database address with the dialect names people write (``postgresql://``, ``sqlite:///``) made one."""
    url = settings.database_url
    for long, short in (("postgresql+asyncpg://", "postgres://"), ("postgresql://", "postgres://")):
        if url.startswith(long):
            return short + url[len(long) :]
    return url


def models_config(url: str) -> dict[str, Any]:
    """Tortoise's configuration for one database with all our models and our engines."""
    kind = urlparse(url).scheme
    if kind not in ENGINES:
        raise ValueError(f"DATABASE_URL must start with sqlite:// or postgres://, not {kind}://")
    connection = expand_db_url(url)
    connection = {"engine": ENGINES[kind], "credentials": dict(connection["credentials"])}
    if kind == "postgres":
        connection["credentials"] = {**POOL, **connection["credentials"]}
    return {
        "connections": {"default": connection},
        "apps": {
            "models": {
                "models": MODEL_MODULES,
                "default_connection": "default",
                "migrations": "c2b.migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


class Database:
    """The connections of one event loop. Open it on that loop, close it there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._context = TortoiseContext()

    async def open(self, *, for_every_task: bool = False) -> Database:
        """Connect. ``for_every_task`` makes it the default of the process (the web server does)."""
        EXECUTOR_CACHE.clear()  # its statements are kept by connection name, whatever the dialect
        with self.activate():
            await self._context.init(models_config(self.url))
        if for_every_task:
            set_global_context(self._context)
        return self

    @contextlib.contextmanager
    def activate(self) -> Iterator[None]:
        """Use these connections in the present task and the tasks it starts."""
        token = _current_context.set(self._context)
        try:
            yield
        finally:
            _current_context.reset(token)

    async def close(self) -> None:
        """Close all connections; forget being the default of the process."""
        from tortoise import context as tortoise_context

        with self.activate():
            await self._context.connections.close_all()
        if tortoise_context._global_context is self._context:
            tortoise_context._global_context = None

    async def __aenter__(self) -> Database:
        await self.open()
        self._token = _current_context.set(self._context)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        _current_context.reset(self._token)
        await self.close()


def current() -> TortoiseContext:
    """The active context. Raises ``RuntimeError`` when the task has none."""
    context = _tortoise_current()
    if context is None:
        raise RuntimeError("no database is active in this task")
    return context
