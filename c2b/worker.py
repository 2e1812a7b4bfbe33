"""The worker of a scaled installation: carries out jobs that the broker rings for. Run as many as you like."""

from __future__ import annotations

import asyncio
import signal

from c2b import wiring
from c2b.config import settings
from c2b.durable.broker import Ringer, Worker, make_broker
from c2b.durable.queue import connect_doorbell
from c2b.kit import db, pdf


async def main() -> int:
    """``c2b worker``: work until told to stop; what is being done is finished first."""
    configured = settings()
    for problem in configured.problems():
        raise SystemExit(problem)
    wiring.connect()
    broker = make_broker(configured.broker_url, db.database_url_of(configured))
    ringer = Ringer(broker)
    connect_doorbell(ringer)
    worker = Worker(broker, threads=configured.worker_threads)
    await worker.start()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    pdf.close()  # a document that is being drawn is drawn again by another worker
    await worker.stop()
    ringer.close()
    return 0
