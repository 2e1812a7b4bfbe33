"""Real databases for tests, built from the migrations: one template each, copied or emptied for every test."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from c2b.kit.db.migrate import migrate
from tests.emptying import AsMigrated
from tests.sets import place_of

POSTGRES = place_of("postgres")


class Templates:
    """Migrated once per session. SQLite's file is copied for each test; a database of PostgreSQL is emptied again.

    To copy one takes PostgreSQL two checkpoints and some hundred files, ten times as long as to empty it.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="c2b-test-"))
        self._sqlite: Path | None = None
        self._postgres: str | None = None
        self._as_migrated: AsMigrated | None = None
        self._made: list[str] = []
        self._empty: list[str] = []
        self._copies: set[str] = set()

    def sqlite(self) -> str:
        if self._sqlite is None:
            self._sqlite = self._folder / "template.sqlite3"
            asyncio.run(migrate(f"sqlite://{self._sqlite}"))
        copy = self._folder / f"{uuid.uuid4().hex}.sqlite3"
        shutil.copy(self._sqlite, copy)
        return f"sqlite://{copy}"

    def postgres(self, like: str = "") -> str:
        """A database as it was migrated, or as the one at the address ``like``, which nobody uses meanwhile, is."""
        if self._empty and not like:
            return _url(self._empty.pop())
        if self._postgres is None:
            name = f"c2b_test_{os.getpid()}_template"
            _admin(f'CREATE DATABASE "{name}"')
            self._postgres = name
            asyncio.run(migrate(_url(name)))
            self._as_migrated = asyncio.run(AsMigrated.read(_url(name)))
        model = like.rsplit("/", 1)[-1] or self._postgres
        name = f"c2b_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        _admin(f'CREATE DATABASE "{name}" TEMPLATE "{model}" STRATEGY FILE_COPY')
        # no test pulls the plug of the server
        _admin(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        self._made.append(name)
        if like:
            self._copies.add(name)
        return _url(name)

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[-1]
        if url.startswith("postgres") and name in self._made and name not in self._empty:
            if name not in self._copies and self._as_migrated and asyncio.run(self._as_migrated.restore(url)):
                self._empty.append(name)
                return
            _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.remove(name)
        elif url.startswith("sqlite"):
            for path in self._folder.glob(f"{name}*"):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        for name in [*self._made, self._postgres]:
            if name:
                _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(self._folder, ignore_errors=True)


def _url(name: str) -> str:
    return POSTGRES.rsplit("/", 1)[0] + f"/{name}"


def _admin(sql: str) -> None:
    async def run() -> None:
        import asyncpg

        connection = await asyncpg.connect(POSTGRES)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.fixture(scope="session")
def database_templates() -> Iterator[Templates]:
    templates = Templates()
    yield templates
    templates.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, database_templates: Templates) -> Iterator[str]:
    """The address of a fresh, migrated database. A test that uses it runs on SQLite and on PostgreSQL."""
    url = database_templates.sqlite() if request.param == "sqlite" else database_templates.postgres()
    yield url
    database_templates.drop(url)


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres)])
def postgres_url(database_templates: Templates) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database, for what SQLite cannot show (races)."""
    url = database_templates.postgres()
    yield url
    database_templates.drop(url)


@pytest.fixture
def sqlite_url(database_templates: Templates) -> Iterator[str]:
    """A fresh, migrated SQLite file."""
    url = database_templates.sqlite()
    yield url
    database_templates.drop(url)
