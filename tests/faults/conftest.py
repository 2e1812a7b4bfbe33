"""One fork server and one prepared world per database for all fault tests."""

from __future__ import annotations

import asyncio
import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from c2b import wiring
from c2b.config import settings
from c2b.kit.db import Database
from tests.databases import Templates
from tests.faults import stage as stages
from tests.faults import treasury as treasuries
from tests.faults.harness import GATEWAYS, Copies, ForkServer, Place, long_mode
from tests.faults.place import in_memory
from tests.faults.treasury import Treasury

World = stages.Stage | Treasury
Staged = tuple[Place, World]
Prepared = Callable[[str, str, bool], tuple[str, World]]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files, mails and the provider's record of these tests are their own."""
    here = {"C2B_DATA_DIR": str(tmp_path), "C2B_RESERVATION_MINUTES": "600", "C2B_GATEWAYS": GATEWAYS}
    for name, value in here.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    server = ForkServer(tmp_path_factory.mktemp("workers") / "complaints.log")
    yield server
    server.close()


@pytest.fixture(scope="session")
def prepared(database_templates: Templates) -> Prepared:
    """A world by its name, kind of database and size, built when first asked for."""
    made: dict[tuple[str, str, bool], tuple[str, World]] = {}

    async def build(url: str, name: str, small: bool) -> World:
        wiring.connect()
        async with Database(url):
            return await (stages.build(small=small) if name == "stage" else treasuries.build(small_one=small))

    def of(kind: str, name: str, small: bool) -> tuple[str, World]:
        if (kind, name, small) not in made:
            with ThreadPoolExecutor(1) as aside:  # the test's own thread has a running loop
                url = aside.submit(
                    database_templates.sqlite if kind == "sqlite" else database_templates.postgres
                ).result()
                built = aside.submit(lambda: asyncio.run(build(url, name, small))).result()
                made[kind, name, small] = (url, built)
        return made[kind, name, small]

    return of


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def places(
    request: pytest.FixtureRequest, tmp_path: Path, fork_server: ForkServer, prepared: Prepared
) -> Iterator[Callable[..., Staged]]:
    """Gives fresh copies of a world, on SQLite and on PostgreSQL."""
    copies, made = Copies(), []

    def fresh(name: str, *, small: bool, quick: bool = False) -> Staged:
        url, built = prepared(request.param, name, small)
        for old in list(made) if quick else ():
            take_away(old)
        folder = Path(tempfile.mkdtemp(prefix="place-", dir=in_memory() or tmp_path if quick else tmp_path))
        place = Place(fork_server, copies.of(url, folder, flushes=not quick), folder)
        made.append(place)
        built.write_plan(folder)
        return place, copy.deepcopy(built)

    def take_away(place: Place) -> None:
        made.remove(place)
        copies.drop(place.database)
        shutil.rmtree(place.data_dir, ignore_errors=True)

    yield fresh
    for place in list(made):
        take_away(place)


@pytest.fixture
def new_place(places: Callable[..., Staged]) -> Callable[..., Staged]:
    """Fresh copies of the world of ``stage``."""
    return lambda *, small=False: places("stage", small=small)


@pytest.fixture
def new_treasury(request: pytest.FixtureRequest, places: Callable[..., Staged]) -> Callable[..., Staged]:
    """Fresh copies of the world of ``treasury``, one after another, each in the place of the last.

    A life there takes minutes on PostgreSQL: the short form lives on SQLite only.
    """
    if request.node.callspec.params["places"] == "postgres" and not long_mode():
        pytest.skip("in `make faults` only")
    return lambda *, small=False: places("treasury", small=small, quick=True)
