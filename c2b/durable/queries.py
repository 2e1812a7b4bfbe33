"""Reading jobs and runs, for admins: what is being done, what waits for whom, and what died of which error.

This layer knows no people: whoever calls has checked that the reader is an admin.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import BadCursor, Slice, Window, slice_of

JOB_STATES = ("ready", "running", "done", "dead")
RUN_STATES = ("running", "waiting", "done")


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """One job in a list. ``attempts`` counts claims, ``failures`` errors; ``error`` is the last line of the latest."""

    id: str
    key: str
    kind: str
    state: str
    due_at: datetime
    attempts: int
    failures: int
    error: str
    run_id: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One job with what it was given and the whole of its latest error."""

    line: JobLine
    args: dict[str, Any]
    error: str
    lease_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One run in a list. ``dead``: its job gave up, so it stands still until an admin retries that."""

    id: str
    workflow: str
    state: str
    waiting_for: str
    dead: bool
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class StepView:
    """A checkpoint: what a step returned, and when."""

    name: str
    result: Any
    finished_at: datetime


@dataclass(frozen=True)
class SignalView:
    """Something the run was told."""

    name: str
    payload: Any
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One run: its steps and signals in the order in which they came, and the jobs that carry it on."""

    line: RunLine
    args: dict[str, Any]
    result: Any
    steps: list[StepView]
    signals: list[SignalView]
    jobs: list[JobLine]


async def jobs(
    window: Window | None = None, *, state: str | None = None, kind: str | None = None
) -> Slice[JobLine]:
    """Jobs, newest first; the cursor is an id."""
    where = {"state = ?": state, "kind = ?": kind}
    return await _listed("SELECT * FROM job", where, window or Window(), key="id", read=_job)


async def dead(window: Window | None = None) -> Slice[JobLine]:
    """Jobs that gave up, newest first: what an admin has to look at."""
    return await jobs(window, state="dead")


async def dead_count() -> int:
    """How many jobs gave up and wait for an admin."""
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM job WHERE state = 'dead'")
    assert row
    return int(row["n"])


async def job(job_id: str) -> JobView:
    """One job. Raises ``NotFound``."""
    row = await db.fetch_one("SELECT * FROM job WHERE id = ?", job_id)
    if row is None:
        raise NotFound
    return JobView(
        line=_job(row),
        args=_json(row["args"]),
        error=row["error"],
        lease_until=db.instant(row["lease_until"]),
    )


_RUN = (
    "SELECT * FROM (SELECT r.*, EXISTS (SELECT 1 FROM job j WHERE j.run_id = r.id AND j.state = 'dead') AS dead "
    "FROM run r) AS runs"
)


async def runs(
    window: Window | None = None, *, state: str | None = None, workflow: str | None = None
) -> Slice[RunLine]:
    """Runs, the latest started first; the cursor holds start and id."""
    window = window or Window()
    where, args = _conditions({"state = ?": state, "workflow = ?": workflow})
    if window.after:
        started, run_id = str(window.after[0]), str(window.after[1])
        where.append("(started_at < ? OR (started_at = ? AND id < ?))")
        args += [_instant(started), _instant(started), run_id]
    sql = f"{_RUN} WHERE {' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT {window.limit + 1}"
    rows = [_run(row) for row in await db.fetch(sql, *args)]
    return slice_of(rows, window, lambda run: (run.started_at.isoformat(), run.id))


async def run(run_id: str) -> RunView:
    """One run with everything it did. Raises ``NotFound``."""
    row = await db.fetch_one(f"{_RUN} WHERE id = ?", run_id)
    if row is None:
        raise NotFound
    steps = await db.fetch("SELECT * FROM step WHERE run_id = ? ORDER BY finished_at, id", run_id)
    signals = await db.fetch("SELECT * FROM signal WHERE run_id = ? ORDER BY sent_at, id", run_id)
    carried = await db.fetch("SELECT * FROM job WHERE run_id = ? ORDER BY id", run_id)
    return RunView(
        line=_run(row),
        args=_json(row["args"]),
        result=_json(row["result"]),
        steps=[StepView(step["name"], _json(step["result"]), _known(step["finished_at"])) for step in steps],
        signals=[
            SignalView(each["name"], _json(each["payload"]), _known(each["sent_at"])) for each in signals
        ],
        jobs=[_job(each) for each in carried],
    )


async def _listed(sql: str, filters: dict[str, Any], window: Window, *, key: str, read: Any) -> Slice[Any]:
    where, args = _conditions(filters)
    if window.after:
        where.append(f"{key} < ?")
        args.append(str(window.after[0]))
    rows = await db.fetch(
        f"{sql} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT {window.limit + 1}", *args
    )
    return slice_of([read(row) for row in rows], window, lambda line: (line.id,))


def _conditions(filters: dict[str, Any]) -> tuple[list[str], list[Any]]:
    given = {condition: value for condition, value in filters.items() if value is not None}
    return ["1 = 1", *given], list(given.values())


def _job(row: dict[str, Any]) -> JobLine:
    lines = row["error"].strip().splitlines()
    return JobLine(
        **{name: row[name] for name in ("id", "key", "kind", "state", "attempts", "failures", "run_id")},
        error=lines[-1][:300] if lines else "",
        due_at=_known(row["due_at"]),
        created_at=_known(row["created_at"]),
        finished_at=db.instant(row["finished_at"]),
    )


def _run(row: dict[str, Any]) -> RunLine:
    return RunLine(
        **{name: row[name] for name in ("id", "workflow", "state", "waiting_for")},
        dead=bool(row["dead"]),
        started_at=_known(row["started_at"]),
        finished_at=db.instant(row["finished_at"]),
    )


def _known(value: Any) -> datetime:
    moment = db.instant(value)
    assert moment
    return moment


def _instant(text: str) -> datetime:
    """The start in a cursor. Raises ``BadCursor`` for one that we would not have made."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadCursor from None
    if moment.tzinfo is None:
        raise BadCursor
    return moment


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
