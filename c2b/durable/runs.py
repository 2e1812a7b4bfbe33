"""Workflows: functions with named checkpoints that finish although the process dies on any line.

::

    @workflow("ordering")
    async def ordering(run: Run, *, campaign_id: str) -> None:
        number = await run.step("allocate number", operations.allocate_number, campaign_id=campaign_id)
        files = await run.work("render", operations.render, campaign_id=campaign_id)
        answer = await run.wait("acknowledged", until=deadline)

``step`` runs inside the transaction that writes its checkpoint: it happens exactly once. ``work`` runs outside (for
rendering, files, other people's servers): it happens at least once and must bear it. ``wait`` frees the worker until
the signal or the hour comes. A step is known by its name, so inserting one does not break runs in flight.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from c2b.durable.jobs import Lease, PermanentFailure, Postponed, job
from c2b.kit import clock, db, faults
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id

#: As long as the column that keeps it.
LONGEST_NAME = 80

Workflow = Callable[..., Awaitable[Any]]
_workflows: dict[str, Workflow] = {}


def workflow(name: str) -> Callable[[Workflow], Workflow]:
    """Register a workflow under a name that stays the same for ever; a breaking change is a new name."""

    def register(function: Workflow) -> Workflow:
        _workflows[name] = function
        return function

    return register


class Run:
    """One run as its function sees it."""

    def __init__(self, run_id: str, lease: Lease, steps: dict[str, Any], signals: dict[str, Any]) -> None:
        self.id = run_id
        self._lease = lease
        self._steps = steps
        self._signals = signals
        self._used: set[str] = set()

    async def step(self, name: str, function: Callable[..., Awaitable[Any]], /, **kwargs: Any) -> Any:
        """Run ``function`` and write its result (a JSON value) in one transaction, exactly once."""
        if self._known(name):
            return self._steps[name]

        async def once() -> Any:
            await self._lease.hold()
            result = await function(**kwargs)
            await self._write(name, result)
            faults.point(f"step:{name}:worked")
            return result

        faults.point(f"step:{name}:before")
        result = await db.atomically(once)
        return self._remember(name, result)

    async def work(self, name: str, function: Callable[..., Awaitable[Any]], /, **kwargs: Any) -> Any:
        """Run ``function`` outside a transaction, at least once, then write its result."""
        if self._known(name):
            return self._steps[name]
        faults.point(f"step:{name}:before")
        result = await function(**kwargs)
        faults.point(f"step:{name}:worked")

        async def write() -> None:
            await self._lease.hold()
            await self._write(name, result)

        await db.atomically(write)
        return self._remember(name, result)

    async def wait(self, name: str, *, until: datetime) -> Any:
        """The payload of signal ``name``, or ``None`` once ``until`` has passed without it. Decided once."""
        key = f"wait {name} until {until.isoformat()}"
        if self._known(key):
            return self._steps[key]
        if name not in self._signals and clock.now() < until:
            await self._park(name)
            raise Postponed(until)
        result = self._signals.get(name)

        async def write() -> None:
            await self._lease.hold()
            await self._write(key, result)

        await db.atomically(write)
        return self._remember(key, result)

    def _known(self, name: str) -> bool:
        if len(name) > LONGEST_NAME:
            raise PermanentFailure(f"step name longer than {LONGEST_NAME}: {name!r}")
        if name in self._used:
            raise PermanentFailure(f"step {name!r} stands twice in {self.id}")
        self._used.add(name)
        return name in self._steps

    def _remember(self, name: str, result: Any) -> Any:
        self._steps[name] = result
        faults.point(f"step:{name}:after")
        return result

    async def _write(self, name: str, result: Any) -> None:
        await db.execute(
            "INSERT INTO step (id, run_id, name, result, finished_at) VALUES (?, ?, ?, ?, ?)",
            new_id(),
            self.id,
            name,
            canonical_json(result).decode(),
            clock.now(),
        )

    async def _park(self, name: str) -> None:
        async def park() -> None:
            await self._lease.hold()  # a zombie must not say that a run waits which another worker has ended
            await db.execute("UPDATE run SET state = 'waiting', waiting_for = ? WHERE id = ?", name, self.id)

        await db.atomically(park)


@job("workflow.advance")
async def advance(lease: Lease, *, run_id: str, **_: Any) -> None:
    """Carry a run on from its last checkpoint."""
    row = await db.fetch_one("SELECT workflow, args, state FROM run WHERE id = ?", run_id)
    if row is None or row["workflow"] not in _workflows:
        raise PermanentFailure(f"no workflow for run {run_id}")
    if row["state"] == "done":
        return
    signals = await _results("SELECT name, payload AS result FROM signal WHERE run_id = ?", run_id)
    steps = await _results("SELECT name, result FROM step WHERE run_id = ?", run_id)
    run = Run(run_id, lease, steps, signals)
    result = await _workflows[row["workflow"]](run, **json.loads(row["args"]))
    async with lease.completing():
        await db.execute(
            "UPDATE run SET state = 'done', waiting_for = '', result = ?, finished_at = ? WHERE id = ?",
            canonical_json(result).decode(),
            clock.now(),
            run_id,
        )


async def _results(sql: str, run_id: str) -> dict[str, Any]:
    rows = await db.fetch(sql, run_id)
    return {row["name"]: _value(row["result"]) for row in rows}


def _value(stored: Any) -> Any:
    """A stored JSON value. A bare number comes back from SQLite as one: its JSON columns have numeric affinity."""
    return json.loads(stored) if isinstance(stored, str) else stored
