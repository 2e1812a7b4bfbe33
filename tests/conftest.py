"""What every test stands on: real databases built from the migrations, and a clock that can be set.

Which sets of tests a machine can run, and how it says what it left out: ``tests/sets.py``.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from c2b import config
from c2b.kit import clock
from c2b.kit.db import Database
from tests.databases import Templates, database_templates, database_url, postgres_url, sqlite_url

# A slow or busy machine is no finding: no test fails for the time that an example takes.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

#: One provider, unless a test brings others: so that joining leads straight to its checkout.
os.environ.setdefault("C2B_GATEWAYS", "sandbox")

__all__ = ["Templates", "database_templates", "database_url", "postgres_url", "sqlite_url"]


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A connected, migrated, empty database; the test runs on SQLite and on PostgreSQL."""
    opened = await Database(database_url).open(for_every_task=True)
    yield opened
    await opened.close()


@pytest.fixture
def with_bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bank transfer beside the sandbox."""
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,bank")
    config.settings.cache_clear()
    yield
    config.settings.cache_clear()


@pytest.fixture(autouse=True)
def _real_clock() -> Iterator[None]:
    """A test that moves the clock does not move it for the next one."""
    yield
    clock.reset()
