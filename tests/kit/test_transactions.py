"""Transactions: joined inside, repeated outside, and bells that ring only after a commit."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest
from tortoise.exceptions import OperationalError

from c2b.durable import queue
from c2b.events import operations
from c2b.events.operations import record, subscribe
from c2b.kit import clock, db
from c2b.kit.db.sql import placeholders
from c2b.kit.db.transactions import ATTEMPTS, after_commit, is_passing


async def note(name: str) -> None:
    await db.execute(
        "INSERT INTO account (id, currency, floored, balance_minor) VALUES (?, 'CNY', ?, 0)", name, False
    )


async def notes() -> list[str]:
    return [row["id"] for row in await db.fetch("SELECT id FROM account ORDER BY id")]


class TestWorkThatIsTriedAgain:
    async def test_leaves_nothing_of_the_tries_that_failed(self, database):
        tries = []

        async def work() -> str:
            tries.append(1)
            await note(f"try {len(tries)}")
            if len(tries) < 3:
                raise OperationalError("database is locked")
            return "done"

        assert await db.atomically(work) == "done"
        assert await notes() == ["try 3"]

    async def test_gives_up_in_the_end_and_at_once_for_what_will_not_pass(self, database):
        tries = []

        async def locked() -> None:
            tries.append(1)
            raise OperationalError("database is locked")

        async def wrong() -> None:
            tries.append(1)
            await note("wrong")
            raise OperationalError("no such table")

        with pytest.raises(OperationalError, match="no such table"):
            await db.atomically(wrong)
        assert (len(tries), await notes()) == (1, [])
        tries.clear()
        with pytest.raises(OperationalError):
            await db.atomically(locked)
        assert len(tries) == ATTEMPTS

    async def test_is_not_repeated_inside_another_transaction(self, database):
        tries = []

        async def locked() -> None:
            tries.append(1)
            raise OperationalError("database is locked")

        with pytest.raises(OperationalError):
            async with db.transaction():
                await db.atomically(locked)
        assert len(tries) == 1

    def test_knows_a_passing_error_also_when_it_is_wrapped(self):
        class DeadlockDetectedError(Exception):
            pass

        wrapped = RuntimeError("while joining")
        wrapped.__cause__ = DeadlockDetectedError()
        assert is_passing(wrapped)
        assert is_passing(ConnectionResetError())
        assert not is_passing(RuntimeError("locked out"))


class TestATransaction:
    async def test_joins_the_outer_one_and_ends_with_it(self, database):
        with pytest.raises(LookupError):
            async with db.transaction():
                assert db.in_transaction()
                async with db.transaction():
                    await note("inner")
                await note("outer")
                raise LookupError
        assert not db.in_transaction()
        assert await notes() == []

    async def test_of_one_task_is_not_that_of_another(self, database):
        inside, go = asyncio.Event(), asyncio.Event()

        async def other() -> bool:
            await inside.wait()
            found = db.in_transaction()
            go.set()
            return found

        task = asyncio.get_running_loop().create_task(other())
        async with db.transaction():
            await note("mine")
            inside.set()
            await go.wait()
        assert await task is False

    async def test_rings_for_its_jobs_after_the_commit_and_never_after_a_failure(self, database):
        rung: list[str] = []
        queue.connect_doorbell(rung.append)
        try:
            async with db.transaction():
                assert await queue.enqueue("test.kind", key="one")
                assert not await queue.enqueue("test.kind", key="one")
                assert rung == []
            with pytest.raises(LookupError):
                async with db.transaction():
                    await queue.enqueue("test.kind", key="two")
                    raise LookupError
        finally:
            queue.connect_doorbell(None)
        rows = await db.fetch("SELECT id, key FROM job")
        assert [row["key"] for row in rows] == ["one"]
        assert rung == [rows[0]["id"]]

    async def test_outside_of_which_a_callback_comes_at_once(self, database):
        calls = []
        after_commit(lambda: calls.append(1))
        assert calls == [1]


class TestAnEvent:
    async def test_and_what_follows_from_it_are_one(self, database, monkeypatch):
        monkeypatch.setattr(operations, "_reactions", defaultdict(list))

        async def follow(happening) -> None:
            await note(f"after {happening.subject_id}")
            if happening.payload.get("fails"):
                raise LookupError

        subscribe("test.happened", follow)
        subscribe("test.happened", follow)  # twice is once
        async with db.transaction():
            await record("test.happened", subject="campaign", subject_id="c1", payload={"n": 1})
        with pytest.raises(LookupError):
            async with db.transaction():
                await record("test.happened", subject="campaign", subject_id="c2", payload={"fails": True})
        assert await notes() == ["after c1"]
        (event,) = await db.fetch("SELECT subject_id, audience, occurred_at FROM event")
        assert (event["subject_id"], event["audience"]) == ("c1", "admin")
        told = db.instant(event["occurred_at"])
        assert told
        assert abs((clock.now() - told).total_seconds()) < 60

    async def test_with_a_payload_that_has_no_canonical_form_is_refused(self, database):
        for payload in ({"price": 1.5}, {"text": "\u202e"}):
            with pytest.raises(ValueError):
                async with db.transaction():
                    await record("test.odd", subject="campaign", subject_id="c1", payload=payload)
        assert await db.fetch("SELECT id FROM event") == []


class TestAStatement:
    def test_has_numbered_places_on_postgresql_but_not_in_texts(self):
        assert placeholders("SELECT ? WHERE a = '?' AND b = ?") == "SELECT $1 WHERE a = '?' AND b = $2"

    async def test_gives_instants_back_as_it_got_them(self, database):
        now = clock.now()
        await queue.enqueue("test.kind", key="one", due_at=now)
        (row,) = await db.fetch("SELECT due_at FROM job")
        assert db.instant(row["due_at"]) == now
        assert db.instant(None) is None
