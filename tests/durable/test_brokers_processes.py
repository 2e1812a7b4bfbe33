"""The real ``c2b worker`` on PostgreSQL and Redis: killed, started again, two at once, told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from c2b import wiring
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.config import ROOT
from c2b.durable import queue
from c2b.durable.broker import Ringer, make_broker
from c2b.durable.sweep import sweep
from c2b.kit import clock, db
from c2b.kit.db import Database
from tests import world
from tests.sets import place_of

pytestmark = [pytest.mark.faults, pytest.mark.redis]

CAMPAIGNS = 25
#: The promise: told to stop, a worker ends within half a minute, with what it was doing done.
STOPS_WITHIN = 30
PATIENCE = 90.0


def redis_url() -> str:
    """A Redis database that other tests do not use."""
    return place_of("redis").rsplit("/", 1)[0] + "/11"


@pytest.fixture
def environment(postgres_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URL": postgres_url, "BROKER_URL": redis_url(), "C2B_DATA_DIR": str(tmp_path),
        "C2B_SECRET_KEY": "only-for-this-test-and-long-enough-for-it", "PYTHONPATH": str(ROOT),
    }  # fmt: skip


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts workers as an operator would; ends those that a test has left."""
    started: list[subprocess.Popen[bytes]] = []

    def one() -> subprocess.Popen[bytes]:
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "c2b", "worker"], env=environment, cwd=ROOT, stdout=log, stderr=log
                )
            )
        return started[-1]

    yield one
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=30)


@pytest_asyncio.fixture
async def work_to_do(postgres_url: str) -> AsyncIterator[int]:
    """Campaigns that were drafted and opened: mails to be written and sent. How many jobs that is at first."""
    wiring.connect()
    forget_offers()
    broker = make_broker(redis_url(), postgres_url)
    broker.flush("jobs")
    async with Database(postgres_url):
        w = await world.build()
        for number in range(CAMPAIGNS):
            draft = await campaigns.draft(
                w.ana, product_slug=w.product_slug, offer=w.offer(title=f"Board {number}")
            )
            await campaigns.submit(w.ana, draft.id)
            await campaigns.approve(w.root, draft.id)
        ringer = Ringer(broker)
        queue.connect_doorbell(ringer)
        await sweep()
        yield await _count("state <> 'done'")
        queue.connect_doorbell(None)
        await asyncio.to_thread(ringer.close)
        broker.flush("jobs")
        broker.close()


async def _count(where: str) -> int:
    row = await db.fetch_one(f"SELECT COUNT(*) AS n FROM job WHERE {where}")
    assert row
    return int(row["n"])


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await look():  # noqa: ASYNC110  (other threads and processes do it)
            await asyncio.sleep(0.05)


async def _some_done() -> bool:
    return await _count("state = 'done'") >= 10


async def _all_done() -> bool:
    """The clock's part meanwhile; the lease of a killed worker is made to be over."""
    await db.execute("UPDATE job SET rung_at = NULL WHERE state = 'ready'")
    await sweep()
    return await _count("state <> 'done'") == 0


async def _each_mail_was_written_once(data_dir: Path) -> None:
    mails = await db.fetch("SELECT key, template, campaign_id, to_address, state FROM mail")
    assert {mail["state"] for mail in mails} == {"sent"}
    several = Counter((mail["template"], mail["campaign_id"], mail["to_address"]) for mail in mails)
    assert set(several.values()) == {1}
    assert len({mail["campaign_id"] for mail in mails}) == CAMPAIGNS
    assert len(list((data_dir / "outbox").glob("*.eml"))) == len(mails)


class TestAWorkerProcess:
    async def test_killed_in_the_middle_is_followed_by_two_that_finish_everything_once(
        self, work_to_do, start, tmp_path
    ):
        first = start()
        await until(_some_done)
        first.send_signal(signal.SIGKILL)
        assert first.wait(timeout=10) == -signal.SIGKILL
        assert await _count("state <> 'done'") > 0
        await db.execute(
            "UPDATE job SET lease_until = ? WHERE state = 'running'", clock.now() - world.timedelta(1)
        )
        start()
        start()
        await until(_all_done)
        assert await _count("state = 'done'") >= work_to_do
        await _each_mail_was_written_once(tmp_path)

    async def test_told_to_stop_ends_well_and_leaves_no_job_half_done(self, work_to_do, start):
        worker = start()
        await until(_some_done)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, STOPS_WITHIN) == 0
        assert time.monotonic() - began < STOPS_WITHIN
        assert await _count("state = 'running'") == 0
        assert await _count("state = 'dead'") == 0
        assert work_to_do > 0
