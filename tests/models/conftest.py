"""The world that groups live in, on a fresh database for every example."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from c2b import wiring
from c2b.kit import clock
from c2b.kit.db import Database
from tests import small, world
from tests.databases import Templates
from tests.models.driving import NOON, Opening


@pytest.fixture(autouse=True)
def _wired() -> None:
    wiring.connect()


async def _build() -> world.World:
    w = await small.build()
    w.members = [await world.person(f"Member{number}") for number in range(6)]
    return w


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Opening:
    """A file with the world in it, copied for every example."""
    prepared = Path(sqlite_url.removeprefix("sqlite://"))

    async def prepare() -> world.World:
        async with Database(sqlite_url):
            return await _build()

    clock.set(NOON)
    built = asyncio.run(prepare())
    count = 0

    async def opening():
        nonlocal count
        count += 1
        copy = prepared.with_name(f"{prepared.stem}-{count}.sqlite3")
        shutil.copy(prepared, copy)
        database = await Database(f"sqlite://{copy}").open(for_every_task=True)
        return database, built, lambda: [each.unlink() for each in copy.parent.glob(f"{copy.name}*")]

    return opening


@pytest.fixture
def on_postgres(database_templates: Templates) -> Opening:
    async def opening():
        url = await asyncio.to_thread(database_templates.postgres)
        database = await Database(url).open(for_every_task=True)
        return database, await _build(), lambda: database_templates.drop(url)

    return opening
