"""Jobs and runs: done once, whatever happens to the workers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from c2b import durable
from c2b.durable import jobs, queue
from c2b.durable.sweep import drain, sweep
from c2b.kit import clock, db

done: list[str] = []


@pytest.fixture(autouse=True)
def _forget():
    done.clear()
    yield
    jobs._kinds.pop("test.note", None)


def note(handler):
    durable.job("test.note", attempts=3)(handler)


async def _enqueue(key: str, **more) -> bool:
    async with db.transaction():
        return await durable.enqueue("test.note", key=key, args={"text": key}, **more)


async def _state(key: str) -> dict:
    row = await db.fetch_one("SELECT * FROM job WHERE key = ?", key)
    assert row
    return row


class TestAJob:
    async def test_with_the_same_key_is_written_once(self, database):
        assert [await _enqueue("a"), await _enqueue("a")] == [True, False]

    async def test_written_in_a_transaction_that_fails_never_existed(self, database):
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await durable.enqueue("test.note", key="a")
                raise ZeroDivisionError
        assert await db.fetch("SELECT id FROM job") == []

    async def test_is_claimed_by_one_of_many_workers(self, database):
        @note
        async def handler(lease, *, text, **_):
            done.append(text)

        await _enqueue("a")
        job_id = (await _state("a"))["id"]
        worked = await asyncio.gather(*(jobs.perform(job_id) for _ in range(8)))
        assert sum(worked) == 1
        assert done == ["a"]
        assert (await _state("a"))["state"] == "done"

    async def test_waits_until_it_is_due(self, database):
        @note
        async def handler(lease, *, text, **_):
            done.append(text)

        await _enqueue("later", due_at=clock.now() + timedelta(days=90))
        assert await drain() == 0
        clock.shift(timedelta(days=91))
        assert await drain() == 1

    async def test_that_fails_is_tried_again_later_and_is_dead_in_the_end(self, database):
        clock.set(clock.now())  # a slow machine must not reach the second try by itself

        @note
        async def handler(lease, *, text, **_):
            done.append(text)
            raise RuntimeError("the provider is down")

        await _enqueue("a")
        for number in range(1, 4):
            await drain()
            await drain()
            assert len(done) == number
            clock.shift(timedelta(hours=1))
        row = await _state("a")
        assert (row["state"], row["failures"]) == ("dead", 3)
        assert "the provider is down" in row["error"]
        await drain()
        assert len(done) == 3
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'job.died'")) == 1

    async def test_of_a_silent_worker_is_taken_over_and_the_zombie_leaves_no_trace(self, database):
        zombie_may_go_on, zombie_works = asyncio.Event(), asyncio.Event()

        @note
        async def handler(lease, *, text, **_):
            if lease.attempts == 1:
                zombie_works.set()
                await zombie_may_go_on.wait()
            async with lease.completing():
                await db.execute("INSERT INTO counter (name, value) VALUES (?, 1)", f"by {lease.attempts}")

        await _enqueue("a")
        job_id = (await _state("a"))["id"]
        zombie = asyncio.create_task(jobs.perform(job_id))
        await zombie_works.wait()
        clock.shift(jobs.LEASE + timedelta(seconds=1))
        assert await drain() == 1
        zombie_may_go_on.set()
        await zombie
        assert [row["name"] for row in await db.fetch("SELECT name FROM counter")] == ["by 2"]
        assert (await _state("a"))["state"] == "done"

    async def test_missed_by_the_doorbell_is_found_by_the_sweep(self, database):
        rung: list[str] = []
        await _enqueue("a")
        queue.connect_doorbell(rung.append)
        try:
            assert await sweep() == 1
            assert await sweep() == 0
            clock.shift(timedelta(seconds=30))
            assert await sweep() == 1
        finally:
            queue.connect_doorbell(None)
        assert len(rung) == 2

    async def test_rings_only_after_the_commit(self, database):
        rung: list[str] = []
        queue.connect_doorbell(rung.append)
        try:
            async with db.transaction():
                await durable.enqueue("test.note", key="a")
                assert rung == []
        finally:
            queue.connect_doorbell(None)
        assert len(rung) == 1


@durable.workflow("test.story")
async def story(run: durable.Run, *, topic: str) -> str:
    first = await run.step("first", _count, name=f"{topic} first")
    await run.work("outside", _outside, text=topic)
    answer = await run.wait("answered", until=datetime(2099, 1, 1, tzinfo=UTC))
    await run.step("last", _count, name=f"{topic} last")
    return f"{first} {answer}"


async def _count(*, name: str) -> str:
    await db.execute("INSERT INTO counter (name, value) VALUES (?, 1)", name)
    return name


async def _outside(*, text: str) -> None:
    done.append(text)
    if text == "broken" and len(done) < 3:
        raise RuntimeError("not yet")


async def _start(topic: str) -> bool:
    async with db.transaction():
        return await durable.start("test.story", f"story:{topic}", {"topic": topic})


async def _run(topic: str) -> dict:
    row = await db.fetch_one("SELECT * FROM run WHERE id = ?", f"story:{topic}")
    assert row
    return row


@pytest.fixture
def _stopped_clock():
    clock.set(clock.now())


@pytest.mark.usefixtures("_stopped_clock")
class TestARun:
    async def test_waits_for_a_signal_and_goes_on_to_its_end(self, database):
        assert await _start("a")
        assert not await _start("a")
        await drain()
        assert (await _run("a"))["state"] == "waiting"
        async with db.transaction():
            await durable.signal("story:a", "answered", "yes")
            await durable.signal("story:a", "answered", "no, too late")
        await drain()
        row = await _run("a")
        assert (row["state"], row["result"]) == ("done", '"a first yes"')
        assert {r["name"] for r in await db.fetch("SELECT name FROM counter")} == {"a first", "a last"}

    async def test_that_fails_goes_on_where_it_stood(self, database):
        await _start("broken")
        for _ in range(3):
            await drain()
            clock.shift(timedelta(minutes=1))
        assert done == ["broken"] * 3
        assert (await _run("broken"))["waiting_for"] == "answered"
        assert len(await db.fetch("SELECT name FROM counter")) == 1

    async def test_woken_while_it_runs_looks_again_before_it_sleeps(self, database):
        await _start("a")
        job_id = (await _state("run:story:a"))["id"]
        lease = await jobs.claim(job_id)
        assert lease
        async with db.transaction():
            await durable.signal("story:a", "answered", "meanwhile")
        await jobs._postpone(lease, clock.now() + timedelta(days=9))
        await drain()
        assert (await _run("a"))["state"] == "done"
