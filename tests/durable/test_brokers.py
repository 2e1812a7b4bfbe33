"""Brokers carry the doorbell and nothing else: with one, without one, and with one that forgets everything."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import dramatiq
import pytest
import pytest_asyncio

from c2b import durable
from c2b.durable import jobs, queue
from c2b.durable.broker import Ringer, Worker, make_broker
from c2b.durable.sweep import drain, sweep
from c2b.kit import clock, db
from c2b.kit.ids import new_id
from tests.sets import place_of

BROKERS = [
    "embedded",
    pytest.param("redis", marks=pytest.mark.redis),
    pytest.param("rabbitmq", marks=pytest.mark.rabbitmq),
]
MANY = 60
#: A request that waits for a broker would wait for seconds; this is not a measurement.
AT_ONCE = 2.0
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _kind():
    """A kind whose effect no key protects: done twice, it is seen twice."""

    @durable.job("test.tick")
    async def tick(lease, *, number, **_):
        async with lease.completing():
            await db.execute("INSERT INTO counter (name, value) VALUES (?, ?)", new_id(), number)

    yield
    queue.connect_doorbell(None)
    jobs._kinds.pop("test.tick", None)


async def write_jobs(first: int = 0, count: int = MANY) -> None:
    for number in range(first, first + count):
        await durable.enqueue("test.tick", key=f"tick:{number}", args={"number": number})


async def ticks() -> list[int]:
    return sorted(row["value"] for row in await db.fetch("SELECT value FROM counter"))


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what other threads do, at most a minute."""
    async with asyncio.timeout(PATIENCE):
        while not await look():  # noqa: ASYNC110  (other threads and processes do it)
            await asyncio.sleep(0.02)


async def all_done() -> bool:
    return not await db.fetch("SELECT id FROM job WHERE state <> 'done'")


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, database_url: str):
    """A broker of that sort with a queue of this test's own."""
    url = "" if request.param == "embedded" else place_of(request.param)
    made = make_broker(url, database_url, queue=f"test-{new_id()}")
    yield made
    wipe(made)
    made.close()


def wipe(broker: dramatiq.Broker) -> None:
    """The broker forgets every message, as after a crash without its disk."""
    for name in broker.get_declared_queues():
        if not name.endswith((".DQ", ".XQ")):
            broker.flush(name)


@pytest_asyncio.fixture
async def bell(broker: dramatiq.Broker) -> AsyncIterator[Ringer]:
    """Whoever enqueues rings."""
    ringer = Ringer(broker)
    queue.connect_doorbell(ringer)
    yield ringer
    await asyncio.to_thread(ringer.close)


@pytest_asyncio.fixture
async def worker(broker: dramatiq.Broker, bell: Ringer) -> AsyncIterator[Worker]:
    """A worker that has not been started; stopped at the end."""
    made = Worker(broker, threads=3)
    yield made
    await made.stop()


@pytest.mark.usefixtures("database")
class TestAJobThatWasRung:
    async def test_is_done_by_a_worker_without_a_sweep(self, worker):
        await worker.start()
        await write_jobs()
        await eventually(all_done)
        assert await ticks() == list(range(MANY))

    async def test_is_done_once_however_often_it_rings(self, worker):
        await worker.start()
        await write_jobs()
        for row in await db.fetch("SELECT id FROM job"):
            for _ in range(3):
                queue.ring(row["id"])
        await eventually(all_done)
        assert await ticks() == list(range(MANY))


@pytest.mark.usefixtures("database")
class TestABrokerThatForgotEverything:
    async def test_loses_no_job_because_the_sweep_rings_again(self, broker, bell, worker):
        await write_jobs()
        await asyncio.to_thread(bell.close)
        wipe(broker)
        queue.connect_doorbell(Ringer(broker))
        await worker.start()
        clock.shift(timedelta(seconds=30))
        assert await sweep() == MANY
        await eventually(all_done)
        assert await ticks() == list(range(MANY))


def _nobody_listens() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.usefixtures("database")
class TestABrokerThatIsAway:
    @pytest.mark.parametrize("address", ["redis://127.0.0.1:{port}/0", "amqp://guest:guest@127.0.0.1:{port}"])
    async def test_neither_fails_nor_holds_up_who_enqueues_and_no_job_is_lost(self, address, database_url):
        away = make_broker(address.format(port=_nobody_listens()), database_url)
        ringer = Ringer(away)
        queue.connect_doorbell(ringer)
        slowest = 0.0
        for number in range(20):
            began = time.monotonic()
            await write_jobs(number, 1)
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < AT_ONCE
        assert await drain() == 20
        assert await ticks() == list(range(20))
        queue.connect_doorbell(None)
