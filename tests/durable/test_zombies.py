"""A worker that was believed dead comes back while another has carried its run on: it may write nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from c2b import durable
from c2b.durable import jobs, runs
from c2b.durable.sweep import drain
from c2b.kit import clock, db


@durable.workflow("test.patience")
async def patience(run: durable.Run) -> str:
    return str(await run.wait("answered", until=datetime(2099, 1, 1, tzinfo=UTC)))


@pytest.fixture(autouse=True)
def _known():
    runs._workflows["test.patience"] = patience
    clock.set(clock.now())
    yield
    runs._workflows.pop("test.patience")


class TestAZombie:
    async def test_cannot_say_that_a_run_waits_which_another_worker_has_ended(self, database):
        async with db.transaction():
            await durable.start("test.patience", "patience:a")
        (job,) = await db.fetch("SELECT id FROM job")
        zombie = await jobs.claim(job["id"])
        assert zombie
        clock.shift(jobs.LEASE + timedelta(seconds=1))
        async with db.transaction():
            await durable.signal("patience:a", "answered", "yes")
        await drain()
        before = await db.fetch("SELECT * FROM run")
        assert before[0]["state"] == "done"
        stale = runs.Run("patience:a", zombie, steps={}, signals={})
        with pytest.raises(jobs.LeaseLost):
            await patience(stale)
        assert await db.fetch("SELECT * FROM run") == before
