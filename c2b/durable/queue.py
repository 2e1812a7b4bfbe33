"""Putting work into the table, and ringing the doorbell once the work is really there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.db.transactions import after_commit
from c2b.kit.ids import new_id

Doorbell = Callable[[str], None]


def _nobody_listens(_job_id: str) -> None:
    """Without a broker the sweep finds the job."""


_doorbell: Doorbell = _nobody_listens


def connect_doorbell(doorbell: Doorbell | None) -> None:
    """What to call with a job's id once it is due and committed. It must neither block nor raise."""
    global _doorbell
    _doorbell = doorbell or _nobody_listens


def ring(job_id: str) -> None:
    """Tell a worker, without any promise, that a job is due."""
    _doorbell(job_id)


async def enqueue(
    kind: str,
    *,
    key: str,
    args: dict[str, Any] | None = None,
    due_at: datetime | None = None,
    run_id: str | None = None,
) -> bool:
    """Write a job in the present transaction. ``False`` if one with this key was written before: twice is once."""
    now = clock.now()
    job_id = new_id()
    row = await db.fetch_one(
        "INSERT INTO job (id, key, kind, args, state, due_at, attempts, failures, wakeups, error, run_id, created_at) "
        "VALUES (?, ?, ?, ?, 'ready', ?, 0, 0, 0, '', ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
        job_id,
        key,
        kind,
        canonical_json(args or {}).decode(),
        due_at or now,
        run_id,
        now,
    )
    if row and (due_at is None or due_at <= now):
        after_commit(lambda: ring(job_id))
    return row is not None


async def wake(key: str) -> None:
    """Make the waiting job with this key due now. A job that is running looks again before it sleeps."""
    row = await db.fetch_one(
        "UPDATE job SET due_at = CASE WHEN state = 'ready' THEN ? ELSE due_at END, wakeups = wakeups + 1 "
        "WHERE key = ? AND state IN ('ready', 'running') RETURNING id",
        clock.now(),
        key,
    )
    if row:
        job_id = row["id"]
        after_commit(lambda: ring(job_id))


async def start(workflow: str, run_id: str, args: dict[str, Any] | None = None) -> bool:
    """Start a workflow in the present transaction. ``False`` if a run with this id exists."""
    row = await db.fetch_one(
        "INSERT INTO run (id, workflow, args, state, waiting_for, started_at) VALUES (?, ?, ?, 'running', '', ?) "
        "ON CONFLICT (id) DO NOTHING RETURNING id",
        run_id,
        workflow,
        canonical_json(args or {}).decode(),
        clock.now(),
    )
    if row is None:
        return False
    await enqueue("workflow.advance", key=f"run:{run_id}", args={"run_id": run_id}, run_id=run_id)
    return True
