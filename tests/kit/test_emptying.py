"""A database of PostgreSQL that tests use again is as it was migrated, or it is not used again."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest
import pytest_asyncio

from tests.databases import Templates
from tests.emptying import AsMigrated

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(database_templates: Templates) -> Iterator[str]:
    found = database_templates.postgres()
    yield found
    database_templates.drop(found)


@pytest_asyncio.fixture
async def used(url: str):
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def test_rows_are_gone_and_those_of_the_migrations_are_back(url, used):
    before = await AsMigrated.read(url)
    assert before.rows  # the migrations' own list, at least
    await used.execute("INSERT INTO account VALUES ('world:x:CNY', 'CNY', FALSE, 0)")
    await used.execute("SET session_replication_role = replica")
    for table in before.rows:
        await used.execute(f'DELETE FROM "{table}"')
    assert await AsMigrated.read(url) != before
    assert await before.restore(url)
    assert await AsMigrated.read(url) == before
    with pytest.raises(
        (asyncpg.PostgresError, asyncpg.InterfaceError)
    ):  # whoever was still connected is not any more
        await used.fetch("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE extra (id int)",
        "ALTER TABLE account ADD COLUMN extra int",
        "ALTER TABLE account ALTER COLUMN balance_minor SET DEFAULT 7",
        "ALTER TABLE account DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX extra ON account (currency)",
        "ALTER TABLE account ADD CONSTRAINT extra CHECK (currency <> '')",
        "CREATE SCHEMA extra",
    ],
)
async def test_what_is_more_than_rows_is_noticed(url, used, change):
    before = await AsMigrated.read(url)
    await used.execute(change)
    assert not await before.restore(url)
