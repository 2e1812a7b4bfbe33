"""The parent's side of the fault tests: places, the fork server, and killing workers until all is settled."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from c2b.config import ROOT
from c2b.kit import clock
from tests.databases import POSTGRES
from tests.faults.place import use_place

#: After each worker the next one's clock is this much further on: the lease of a silent worker is over.
LEASE_OVER = 61.0
#: By which members of these worlds can pay.
GATEWAYS = "sandbox,bank"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One worker: where, when (seconds ahead of the machine's clock), and how it dies.

    ``delay``: killed after that many seconds of work. ``point``: dies there, the ``times``-th time. ``trouble``: seed
    of a provider that is away in 20 % of calls and loses the answer of 10 %. ``control``: a protection that is off.
    """

    database: str
    data_dir: str
    ahead: float = 0
    delay: float | None = None
    point: str = ""
    times: int = 1
    trouble: int | None = None
    real_documents: bool = False
    control: str = ""
    passed: str = ""


class ForkServer:
    """``forkserver.py`` as a process of its own. Workers' complaints go to ``log``."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forkserver"],
            cwd=ROOT,
            env={**os.environ, "C2B_GATEWAYS": GATEWAYS, "C2B_FAULTS_LOG": str(log), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: Order) -> str:
        """Start a worker and wait for its end: ``killed``, ``finished``, ``failed``, ``hung``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the fork server has died; see {self.log}")
        ended: str = json.loads(answer)["ended"]
        return ended

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


@dataclass
class Place:
    """A database with its folder, and how far the clock of the next worker is ahead."""

    server: ForkServer
    database: str
    data_dir: Path
    ahead: float = 0
    ends: Counter[str] = field(default_factory=Counter)

    async def worker(self, **how: Any) -> str:
        """Run one worker to its end, then let time pass by a lease. Anything but killed or finished is a failure."""
        order = Order(database=self.database, data_dir=str(self.data_dir), ahead=self.ahead, **how)
        ended = await asyncio.to_thread(self.server.run, order)
        assert ended in ("killed", "finished"), f"a worker {ended}:\n{self.complaints()}"
        self.ends[ended] += 1
        self.ahead += LEASE_OVER
        return ended

    async def kill_at_random(
        self, chance: random.Random, *, longest: float = 0.3, most: int = 1000, **how: Any
    ) -> int:
        """Kill worker after worker, ``most`` at most, until one finds nothing more to do; how many were killed."""
        killed = 0
        while True:
            trouble = chance.randrange(1 << 30)
            delay = chance.uniform(0.02, longest) if killed < most else None
            if await self.worker(delay=delay, trouble=trouble, **how) == "finished":
                return killed
            killed += 1

    async def settle(self, **how: Any) -> None:
        """Workers that nobody kills, over some hours: whatever waits for another try gets it."""
        for hours in (0, 2, 2):
            self.ahead += hours * 3600
            assert await self.worker(**how) == "finished"

    @property
    def kind(self) -> str:
        return self.database.partition(":")[0]

    def complaints(self) -> str:
        return self.server.log.read_text()[-6000:] if self.server.log.exists() else ""


class Copies:
    """Copies of prepared databases: a file, or a template of the server."""

    def __init__(self) -> None:
        self._made: list[str] = []

    def of(self, url: str, folder: Path, *, flushes: bool = True) -> str:
        """A copy, in ``folder`` if it is a file. ``flushes``: the server writes to disk before it answers."""
        if url.startswith("sqlite"):
            target = folder / "c2b.sqlite3"
            shutil.copy(url.removeprefix("sqlite://"), target)
            return f"sqlite://{target}"
        name = f"c2b_fault_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        admin(f'CREATE DATABASE "{name}" TEMPLATE "{url.rsplit("/", 1)[1]}" STRATEGY FILE_COPY')
        if not flushes:
            admin(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        self._made.append(name)
        return f"{url.rsplit('/', 1)[0]}/{name}"

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[1]
        if name in self._made:
            admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.remove(name)


def admin(sql: str) -> None:
    """Run a statement on the server's own database, from a thread of its own: callers may have a running loop."""

    async def run() -> None:
        import asyncpg

        connection = await asyncpg.connect(POSTGRES)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    failed: list[BaseException] = []

    def in_thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@dataclass
class Story:
    """What a place lived through: kills, what there was to compare, and what was wrong with it."""

    kills: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Figures:
    """What a run saw, for people: printed at its end."""

    title: str
    seed: int
    kills: int = 0
    started: float = field(default_factory=time.monotonic)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, kills: int, seen: Counter[str], faults: list[str]) -> None:
        """Count one story."""
        self.kills += kills
        self.found.update({"worlds": 1, **seen})
        for kind in ("lost", "twice", "wrong"):
            self.found[kind] += sum(fault.startswith(kind) for fault in faults)

    def line(self) -> str:
        seconds = time.monotonic() - self.started
        more = ", ".join(f"{count} {what}" for what, count in self.found.items())
        return f"{self.title}: seed {self.seed}, {self.kills} kills, {seconds:.0f} s, {more}"


def seed() -> int:
    """The seed of this run; ``C2B_FAULTS_SEED`` replays another one's."""
    return int(os.environ.get("C2B_FAULTS_SEED") or random.SystemRandom().randrange(1 << 30))


def long_mode() -> bool:
    return os.environ.get("C2B_FAULTS") == "long"


@contextmanager
def in_place(place: Place) -> Iterator[None]:
    """This process's clock and folder are those of the place, so that it can act there itself."""
    use_place(place.data_dir)
    clock.reset()
    clock.shift(timedelta(seconds=place.ahead))
    try:
        yield
    finally:
        clock.reset()
