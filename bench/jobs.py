"""Jobs that do nothing, written to the table and carried out by a worker, beside Dramatiq carrying bare messages.

Ours: one transaction per job, a ring after its commit, a claim under a lease, and the end of the job written with its
effects. The floor loses what a crash interrupts: an empty async actor on the same broker with the same worker. The
broker's own processor time is in neither.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import dramatiq
from dramatiq.middleware import AsyncIO

from bench.joins import POSTGRES
from bench.machine import HEADER, Cost, Watch
from c2b.durable import Lease, enqueue, job
from c2b.durable.broker import Ringer, Worker, make_broker
from c2b.durable.queue import connect_doorbell
from c2b.kit import db
from c2b.kit.db.migrate import migrate

JOBS, WARM, WRITERS, THREADS = 2000, 100, 8, 4
PATIENCE = 120.0
#: A database of its own on Redis: other workers on this machine would take our messages.
BROKERS = {
    "in process": "",
    "Redis": os.environ.get("C2B_BENCH_REDIS", "redis://127.0.0.1:6379/11"),
    "RabbitMQ": os.environ.get("C2B_BENCH_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672"),
}


@job("bench.nothing")
async def nothing(_lease: Lease, **_: Any) -> None:
    """Everything but the work."""


def main() -> int:
    """Every broker and database that is there; the floor of each broker first."""
    print(f"\n{JOBS} jobs that do nothing, {WRITERS} writing, {THREADS} threads at work\n{HEADER}")
    for name, url in BROKERS.items():
        if url and not _answers(url):
            print(f"{name} is not on this machine: left out.")
            continue
        floor = _bare(name, url)
        print(floor.row())
        for cost in asyncio.run(_ours(name, url)):
            print(cost.row(floor))
    return 0


def _bare(name: str, url: str) -> Cost:
    done = 0
    broker = make_broker(url, "sqlite://:memory:")  # for its settings; the database is never opened
    broker.middleware[:] = [each for each in broker.middleware if isinstance(each, AsyncIO)]

    async def bare(_number: str) -> None:
        nonlocal done
        done += 1

    actor = dramatiq.actor(
        actor_name=f"bare_{os.getpid()}", queue_name=f"bench_{os.getpid()}", broker=broker
    )(bare)
    worker = dramatiq.Worker(broker, worker_threads=THREADS, worker_timeout=100)
    with _quiet(broker, f"bench_{os.getpid()}"):
        worker.start()
        for number in range(WARM):
            actor.send(str(number))
        _until(lambda: done == WARM)
        with Watch(os.getpid()) as watch:
            for number in range(JOBS):
                actor.send(str(number))
            _until(lambda: done == WARM + JOBS)
        worker.stop()
    return watch.cost(f"{name}: bare messages (Dramatiq)", JOBS)


@contextmanager
def _quiet(broker: Any, queue: str) -> Iterator[None]:
    """Leaves nothing behind on a broker that others use too."""
    try:
        yield
    finally:
        broker.flush(queue)
        broker.close()


def _until(reached: Any) -> None:
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit("the messages did not all arrive: is another worker listening on this broker?")
        time.sleep(0.01)


async def _ours(name: str, url: str) -> list[Cost]:
    found = []
    with tempfile.TemporaryDirectory(prefix="c2b-bench-") as folder:
        found.append(await _measured(f"{name}: jobs, SQLite", url, f"sqlite://{folder}/c2b.sqlite3", ""))
    if _answers(POSTGRES):
        async with _postgres() as (address, database):
            found.append(await _measured(f"{name}: jobs, PostgreSQL", url, address, database))
    return found


@asynccontextmanager
async def _postgres() -> AsyncIterator[tuple[str, str]]:
    import asyncpg

    database = f"c2b_bench_{os.getpid()}"
    admin = await asyncpg.connect(POSTGRES)
    await admin.execute(f'CREATE DATABASE "{database}"')
    try:
        yield POSTGRES.rsplit("/", 1)[0] + f"/{database}", database
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        await admin.close()


async def _measured(name: str, broker_url: str, database_url: str, database: str) -> Cost:
    await migrate(database_url)
    broker = make_broker(broker_url, database_url)
    worker = Worker(broker, threads=THREADS)
    ringer = Ringer(broker)
    connect_doorbell(ringer)
    try:
        async with db.Database(database_url):
            await worker.start()
            await _write_and_wait(0, WARM)
            with Watch(os.getpid(), database=database) as watch:
                await _write_and_wait(WARM, JOBS)
    finally:
        connect_doorbell(None)
        ringer.close()
        await worker.stop()
        broker.close()
    return watch.cost(name, JOBS)


async def _write_and_wait(first: int, number: int) -> None:
    numbers = iter(range(first, first + number))

    async def write_some() -> None:
        for each in numbers:
            async with db.transaction():
                await enqueue("bench.nothing", key=f"bench:{each}")

    await asyncio.gather(*(write_some() for _ in range(WRITERS)))
    began = time.monotonic()
    while await db.fetch("SELECT 1 AS one FROM job WHERE state <> 'done' LIMIT 1"):
        if time.monotonic() - began > PATIENCE:
            raise SystemExit("the jobs were not all done: is another worker listening on this broker?")
        await asyncio.sleep(0.05)


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((parts.hostname or "", parts.port or 5432)) == 0


if __name__ == "__main__":
    sys.exit(main())
