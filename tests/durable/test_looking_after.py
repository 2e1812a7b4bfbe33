"""An admin looks at jobs and runs, and gives dead ones another chance."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from c2b.durable import Lease, Run, enqueue, job, queries, start, workflow
from c2b.durable.jobs import PermanentFailure
from c2b.durable.operations import JobNotDead, retry_job
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Window, read_cursor

_broken = {"yes": True}


@job("test.breaks")
async def breaks(_lease: Lease, **_: Any) -> None:
    if _broken["yes"]:
        raise PermanentFailure("the machine has no paper")


@workflow("test.waits")
async def waits(run: Run, *, paper: str) -> str:
    await run.step("count paper", _count, paper=paper)
    await run.wait("delivered", until=clock.now() + timedelta(days=1))
    return paper


async def _count(*, paper: str) -> int:
    return len(paper)


async def dead_job(key: str = "paper:1") -> str:
    _broken["yes"] = True
    await enqueue("test.breaks", key=key, args={"sheet": 7})
    await drain()
    row = await db.fetch_one("SELECT id FROM job WHERE key = ?", key)
    assert row
    return str(row["id"])


class TestADeadJob:
    async def test_shows_what_it_was_given_and_why_it_died(self, database):
        found = await queries.job(await dead_job())
        assert found.line.state == "dead"
        assert found.args == {"sheet": 7}
        assert found.line.error.endswith("the machine has no paper")
        assert "Traceback" in found.error
        assert await queries.dead_count() == 1

    async def test_is_done_once_its_cause_is_mended_and_it_is_retried(self, database):
        job_id = await dead_job()
        _broken["yes"] = False
        await retry_job(job_id, actor_id="root")
        retried = (await queries.job(job_id)).line
        assert (retried.state, retried.failures) == ("ready", 0)
        await drain()
        assert (await queries.job(job_id)).line.state == "done"
        row = await db.fetch_one("SELECT actor_id, subject_id FROM event WHERE name = 'job.retried'")
        assert row == {"actor_id": "root", "subject_id": job_id}

    async def test_is_retried_once_when_two_admins_press_the_button(self, database):
        job_id = await dead_job()
        tries = [retry_job(job_id, actor_id="root") for _ in range(5)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(each).__name__ for each in results) == ["JobNotDead"] * 4 + ["NoneType"]

    async def test_is_the_only_kind_that_can_be_retried(self, database):
        await enqueue("test.breaks", key="paper:2", due_at=clock.now() + timedelta(days=1))
        waiting = (await queries.jobs()).items[0]
        with pytest.raises(JobNotDead):
            await retry_job(waiting.id, actor_id="root")
        with pytest.raises(NotFound):
            await retry_job("nowhere", actor_id="root")


class TestLists:
    async def test_come_newest_first_in_slices_that_meet_without_gap(self, database):
        for number in range(5):
            await enqueue("test.breaks", key=f"paper:{number}", due_at=clock.now() + timedelta(days=1))
        first = await queries.jobs(Window(limit=3))
        assert first.next_cursor
        rest = await queries.jobs(Window(limit=3, after=read_cursor(first.next_cursor, fields=(str,))))
        ids = [each.id for each in (*first.items, *rest.items)]
        assert ids == sorted(set(ids), reverse=True)
        assert (len(first.items), len(rest.items), rest.next_cursor) == (3, 2, None)

    async def test_show_only_the_state_that_was_asked_for(self, database):
        await dead_job()
        await enqueue("test.breaks", key="paper:later", due_at=clock.now() + timedelta(days=1))
        assert [each.key for each in (await queries.dead()).items] == ["paper:1"]
        assert [each.key for each in (await queries.jobs(state="ready")).items] == ["paper:later"]


class TestARun:
    async def test_shows_its_steps_and_what_it_waits_for(self, database):
        await start("test.waits", "waits:1", {"paper": "A4"})
        await drain()
        found = await queries.run("waits:1")
        assert (found.line.state, found.line.waiting_for, found.line.dead) == ("waiting", "delivered", False)
        assert [(step.name, step.result) for step in found.steps] == [("count paper", 2)]
        assert [each.kind for each in found.jobs] == ["workflow.advance"]
        with pytest.raises(NotFound):
            await queries.run("waits:2")

    async def test_is_listed_latest_first_and_said_dead_when_its_job_gave_up(self, database):
        for number in range(3):
            clock.shift(timedelta(seconds=1))
            await start("nobody.knows" if number == 2 else "test.waits", f"run:{number}", {"paper": "A4"})
        await drain()
        first = await queries.runs(Window(limit=2))
        assert [(each.id, each.dead) for each in first.items] == [("run:2", True), ("run:1", False)]
        assert first.next_cursor
        rest = await queries.runs(Window(limit=2, after=read_cursor(first.next_cursor, fields=(str, str))))
        assert [each.id for each in rest.items] == ["run:0"]
