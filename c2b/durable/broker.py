"""The doorbell: Dramatiq carries "job 4711 is due" to the workers, and nothing else.

No message is ever needed: the sweep finds what a broker lost, repeated or never got. So there are no retries here and
no results; both are in the table.
"""

from __future__ import annotations

import asyncio
import logging
import queue as queues
import threading
from typing import Any

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AsyncIO, Middleware

from c2b.durable.jobs import perform
from c2b.kit.db import Database

log = logging.getLogger(__name__)

#: Redis only notices dead workers now and then; these settings bring a message back within seconds.
REDIS = {"heartbeat_timeout": 5_000, "maintenance_chance": 100_000}


class WorkerDatabase(Middleware):
    """Connections of the worker's own event loop: opened on it before the first message, closed on it at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database: Database | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        self.database = _on_loop(Database(self.url).open())

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        if self.database:
            _on_loop(self.database.close())
            self.database = None


def _on_loop(work: Any) -> Any:
    loop = get_event_loop_thread()
    assert loop is not None
    return loop.run_coroutine(work)


def make_broker(broker_url: str, database_url: str, *, queue: str = "jobs") -> dramatiq.Broker:
    """A broker by its address (``redis://``, ``amqp://``, or empty for the queue inside this process).

    ``queue``: two installations may share a RabbitMQ or Redis when their queues have different names.
    """
    connections = WorkerDatabase(database_url)
    middleware: list[Middleware] = [AsyncIO(), connections]
    broker = _broker(broker_url, middleware)

    async def do(job_id: str) -> None:
        assert connections.database
        with connections.database.activate():
            try:
                await perform(job_id)
            except Exception as error:  # the table knows that the job is not done; the sweep rings again
                log.warning("job %s could not be looked at", job_id, exc_info=error)

    dramatiq.actor(actor_name="job", queue_name=queue, broker=broker)(do)
    return broker


def _broker(url: str, middleware: list[Middleware]) -> dramatiq.Broker:
    if not url:
        return StubBroker(middleware=middleware)
    if url.startswith(("redis://", "rediss://")):
        from dramatiq.brokers.redis import RedisBroker

        return RedisBroker(url=url, middleware=middleware, namespace="c2b", **REDIS)
    if url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=url, middleware=middleware)
    raise ValueError("BROKER_URL must start with redis://, rediss://, amqp:// or amqps://")


class Ringer:
    """Rings from a thread of its own: a broker that is slow or away must not hold up anybody's request."""

    def __init__(self, broker: dramatiq.Broker) -> None:
        self._broker = broker
        self._waiting: queues.SimpleQueue[str | None] = queues.SimpleQueue()
        self._thread = threading.Thread(target=self._ring_all, name="doorbell", daemon=True)
        self._thread.start()

    def __call__(self, job_id: str) -> None:
        """Ring once for a job; returns at once."""
        self._waiting.put(job_id)

    def close(self) -> None:
        """Ring what is waiting, then stop."""
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _ring_all(self) -> None:
        actor = self._broker.get_actor("job")
        while (job_id := self._waiting.get()) is not None:
            try:
                actor.send(job_id)
            except Exception as error:  # the sweep will find the job
                log.warning("the broker did not take job %s: %r", job_id, error)


class Worker:
    """Dramatiq's worker threads inside this process, around one event loop of their own."""

    def __init__(self, broker: dramatiq.Broker, *, threads: int) -> None:
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=100)

    async def start(self) -> None:
        await asyncio.to_thread(self._worker.start)

    async def stop(self) -> None:
        """Finish what is being done (at most half a minute), then stop."""
        await asyncio.to_thread(self._worker.stop, timeout=30_000)
