"""Plain statements with ``?`` placeholders, the same text on SQLite and PostgreSQL, inside the current transaction.

Instants go in as ``datetime`` and come back from SQLite as text: read them with ``instant``. JSON goes in and comes
back as text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from c2b.kit.db.connection import current


def connection() -> BaseDBAsyncClient:
    """The connection of the current transaction, else the pool."""
    return current().connections.get("default")


def dialect() -> str:
    """``"sqlite"`` or ``"postgres"``."""
    return str(connection().capabilities.dialect)


@lru_cache(maxsize=512)
def placeholders(sql: str) -> str:
    """``?`` numbered as ``$1, $2, ...`` for PostgreSQL. Question marks in quotes are left alone."""
    parts: list[str] = []
    number, quoted = 0, False
    for char in sql:
        if char == "'":
            quoted = not quoted
        if char == "?" and not quoted:
            number += 1
            parts.append(f"${number}")
        else:
            parts.append(char)
    return "".join(parts)


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ")
    return value.isoformat() if isinstance(value, date) else value


def instant(value: Any) -> datetime | None:
    """An instant as ``fetch`` gives it (text from SQLite) as an aware ``datetime``."""
    if value is None or isinstance(value, datetime):
        return value
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


async def fetch(sql: str, *args: Any) -> list[dict[str, Any]]:
    """Rows of a query or of a statement with RETURNING."""
    client = connection()
    if client.capabilities.dialect == "sqlite":
        return await client.execute_query_dict(sql, [_for_sqlite(arg) for arg in args])
    return await client.execute_query_dict(placeholders(sql), list(args))


async def fetch_one(sql: str, *args: Any) -> dict[str, Any] | None:
    """The first row, or ``None``."""
    rows = await fetch(sql, *args)
    return rows[0] if rows else None


async def execute(sql: str, *args: Any) -> int:
    """Run a statement; how many rows it touched itself (what triggers did is not counted).

    Raises Tortoise's ``IntegrityError`` where a constraint or guard refuses.
    """
    client = connection()
    try:
        async with client.acquire_connection() as raw:
            if client.capabilities.dialect == "sqlite":
                async with raw.execute(sql, [_for_sqlite(arg) for arg in args]) as cursor:
                    return int(cursor.rowcount)
            tag = await raw.execute(placeholders(sql), *args)
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error
    except sqlite3.OperationalError as error:
        raise OperationalError(error) from error
    except Exception as error:
        if str(getattr(error, "sqlstate", "")).startswith("23"):  # class 23: integrity constraint violation
            raise IntegrityError(error) from error
        raise
    last = tag.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


async def execute_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run one statement for many rows, in the current transaction."""
    client = connection()
    if client.capabilities.dialect == "sqlite":
        await client.execute_many(sql, [[_for_sqlite(value) for value in row] for row in rows])
    else:
        await client.execute_many(placeholders(sql), [list(row) for row in rows])
