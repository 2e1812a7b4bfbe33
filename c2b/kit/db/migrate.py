"""Bringing a database up to date, and knowing that it is.

Tortoise's migrations create tables; afterwards every guard is applied again (``c2b.kit.guards``), because SQLite loses
triggers and hand-made indexes of a table it rebuilds. Foreign keys are off meanwhile on SQLite: the rebuild drops
the old table, and that would delete child rows by cascade. A manifest of everything that must exist is compared at
the end and at every start.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor

from c2b.config import ROOT
from c2b.kit import db
from c2b.kit.db.connection import MODEL_MODULES, Database, current, models_config
from c2b.kit.db.sql import connection
from c2b.kit.guards import Guard, statements

MIGRATIONS = ROOT / "c2b" / "migrations"
#: Any number, the same in every process of this product.
ADVISORY_LOCK = 0x_C2B0_0001


class SchemaProblem(RuntimeError):
    """The database is not what the code needs. The message lists the differences."""


def all_guards() -> list[Guard]:
    """Every guard of every domain, in the order of the models."""
    return [guard for name in MODEL_MODULES for guard in getattr(importlib.import_module(name), "GUARDS", [])]


async def migrate(url: str) -> None:
    """Bring the database at ``url`` up to date. Safe to run twice, at once, and again after a crash."""
    with _one_process_at_a_time(url):
        async with Database(url), _advisory_lock():
            await _apply(url)
    async with Database(url):
        await check()


async def _apply(url: str) -> None:
    client = connection()
    sqlite = db.dialect() == "sqlite"
    if sqlite:
        await db.fetch("PRAGMA foreign_keys=OFF")
    executor = MigrationExecutor(client, models_config(url)["apps"])
    await executor.migrate()
    async with db.transaction():
        for sql in statements(all_guards(), db.dialect()):
            await db.execute(sql)
    if sqlite:
        await db.fetch("PRAGMA foreign_keys=ON")
        broken = await db.fetch("PRAGMA foreign_key_check")
        if broken:
            raise SchemaProblem(f"{len(broken)} rows point to nothing after the migration: {broken[:5]}")


@contextlib.contextmanager
def _one_process_at_a_time(url: str) -> Iterator[None]:
    if not url.startswith("sqlite"):
        yield
        return
    path = Path(url.split("://", 1)[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.migrating", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.asynccontextmanager
async def _advisory_lock() -> AsyncIterator[None]:
    if db.dialect() == "sqlite":
        yield
        return
    client: Any = connection()
    await client.create_connection(with_db=True)
    raw = await client._pool.acquire()
    try:
        await raw.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        yield
    finally:
        await raw.execute(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
        await client._pool.release(raw)


_SQLITE_MANIFEST = """
SELECT type || ' ' || tbl_name || ' ' || name AS line FROM sqlite_master
WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'tortoise_migrations'
UNION ALL SELECT 'column ' || m.name || ' ' || c.name || ' ' || lower(c.type)
  || CASE c."notnull" WHEN 1 THEN ' not null' ELSE '' END
FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'tortoise_migrations'
"""
_POSTGRES_MANIFEST = """
SELECT 'table ' || tablename || ' ' || tablename AS line FROM pg_tables WHERE schemaname = current_schema()
  AND tablename <> 'tortoise_migrations'
UNION ALL SELECT 'index ' || tablename || ' ' || indexname FROM pg_indexes WHERE schemaname = current_schema()
  AND tablename <> 'tortoise_migrations'
UNION ALL SELECT 'trigger ' || c.relname || ' ' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND n.nspname = current_schema()
UNION ALL SELECT CASE con.contype WHEN 'c' THEN 'check ' WHEN 'f' THEN 'foreign ' ELSE 'unique ' END
  || c.relname || ' ' || con.conname
  FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE con.contype IN ('c', 'f', 'u') AND n.nspname = current_schema() AND c.relname <> 'tortoise_migrations'
UNION ALL SELECT 'column ' || table_name || ' ' || column_name || ' ' || data_type ||
  CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
  FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'tortoise_migrations'
"""


async def manifest() -> list[str]:
    """What the present database consists of, one sorted line per table, column, index, check and trigger."""
    query = _SQLITE_MANIFEST if db.dialect() == "sqlite" else _POSTGRES_MANIFEST
    return sorted(row["line"] for row in await db.fetch(query))


def expected_manifest(dialect: str) -> list[str]:
    """The committed manifest of ``"sqlite"`` or ``"postgres"``."""
    return (MIGRATIONS / f"manifest.{dialect}.txt").read_text().splitlines()


async def check() -> None:
    """Raise ``SchemaProblem`` when anything that must exist does not (a money trigger, say), or something else does."""
    found, wanted = set(await manifest()), set(expected_manifest(db.dialect()))
    lines = [f"- missing: {line}" for line in sorted(wanted - found)]
    lines += [f"- unexpected: {line}" for line in sorted(found - wanted)]
    if lines:
        raise SchemaProblem("The database differs from what this version needs:\n" + "\n".join(lines[:40]))


async def pending_changes(url: str) -> list[str]:
    """Names of migrations that the models would need and nobody has written. Empty when all is in step."""
    async with Database(url):
        return [writer.name for writer in await _autodetector(url).changes()]


def _autodetector(url: str) -> MigrationAutodetector:
    apps = current().apps
    assert apps is not None
    for model in (apps.apps.get("models") or {}).values():
        model._meta.table_description = ""  # a docstring is not a reason to migrate
    return MigrationAutodetector(apps, models_config(url)["apps"])


async def write_migration(url: str, name: str) -> list[str]:
    """For developers: write the migration that the models need. Returns the file paths."""
    async with Database(url):
        writers = await _autodetector(url).changes()
        for writer in writers:
            writer.name = writer.name.split("_", 1)[0] + "_" + name
        return [str(writer.write()) for writer in writers]


async def write_manifest(url: str) -> Path:
    """For developers: migrate the (fresh) database at ``url`` and commit what it consists of."""
    async with Database(url):
        async with _advisory_lock():
            await _apply(url)
        path = MIGRATIONS / f"manifest.{db.dialect()}.txt"
        path.write_text("\n".join(await manifest()) + "\n")
        return path


def main(*, check_only: bool = False) -> int:
    """``c2b migrate``: bring the configured database up to date; with ``check_only`` compare models and migrations."""
    from c2b.config import settings

    if check_only:
        pending = asyncio.run(pending_changes("sqlite://:memory:"))
        print(
            "Migrations are in step with the models."
            if not pending
            else f"Models changed without migration: {pending}"
        )
        return 1 if pending else 0
    asyncio.run(migrate(db.database_url_of(settings())))
    print("The database is up to date.")
    return 0
