"""One fork server and one prepared world per database for all fault tests."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from c2b import wiring
from c2b.config import settings
from c2b.kit.db import Database
from tests.databases import Templates
from tests.faults import stage as stages
from tests.faults.harness import Copies, ForkServer, Place

Staged = tuple[Place, stages.Stage]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files, mails and the provider's record of these tests are their own."""
    for name in ("C2B_DATA_DIR", "C2B_RESERVATION_MINUTES"):
        monkeypatch.setenv(name, str(tmp_path) if name == "C2B_DATA_DIR" else "600")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    server = ForkServer(tmp_path_factory.mktemp("workers") / "complaints.log")
    yield server
    server.close()


@pytest.fixture(scope="session")
def prepared(database_templates: Templates) -> Callable[[str, bool], tuple[str, stages.Stage]]:
    """The world of ``stage.build`` by kind of database and size, built when first asked for."""
    made: dict[tuple[str, bool], tuple[str, stages.Stage]] = {}

    async def build(url: str, small: bool) -> stages.Stage:
        wiring.connect()
        async with Database(url):
            return await stages.build(small=small)

    def of(kind: str, small: bool) -> tuple[str, stages.Stage]:
        if (kind, small) not in made:
            with ThreadPoolExecutor(1) as aside:  # the test's own thread has a running loop
                url = aside.submit(
                    database_templates.sqlite if kind == "sqlite" else database_templates.postgres
                )
                made[kind, small] = (
                    url.result(),
                    aside.submit(lambda: asyncio.run(build(url.result(), small))).result(),
                )
        return made[kind, small]

    return of


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fork_server: ForkServer,
    prepared: Callable[[str, bool], tuple[str, stages.Stage]],
) -> Iterator[Callable[..., Staged]]:
    """Gives fresh copies of the world, on SQLite and on PostgreSQL."""
    copies, made = Copies(), []

    def fresh(*, small: bool = False) -> Staged:
        url, stage = prepared(request.param, small)
        folder = tmp_path / f"place-{len(made)}"
        folder.mkdir()
        place = Place(fork_server, copies.of(url, folder), folder)
        made.append(place)
        stage.write_plan(folder)
        return place, copy.deepcopy(stage)

    yield fresh
    for place in made:
        copies.drop(place.database)
