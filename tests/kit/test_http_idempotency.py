"""The same call with the same key: one effect, one answer, also after a crash and among fifty at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from c2b.kit import clock
from c2b.kit.db import Database, execute, execute_many, fetch, transaction
from c2b.kit.errors import Conflict
from c2b.kit.http import idempotency
from c2b.kit.http.idempotency import (
    KEEP,
    Answer,
    Call,
    Claim,
    ClaimLost,
    KeyBusy,
    KeyMissing,
    KeyReused,
    answer_once,
    call_of,
    claim_or_answer,
    keep_row,
    kept,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANA, BO = "ana".ljust(26, "0"), "bo".ljust(26, "0")


def call(body: bytes = b"{}", *, actor: str = ANA, key: str | None = "key-1", path: str = "/joins") -> Call:
    return call_of(actor_id=actor, key=key, method="POST", path=path, body=body)


async def join() -> Answer:
    """An effect to count: one more row."""
    await execute(
        "INSERT INTO rate_count (id, hits, expires_at) VALUES (?, 1, ?)", f"join-{await joins()}", NOON
    )
    return Answer(201, '{"joined":true}', "/joins/1")


async def joins() -> int:
    return len(await fetch("SELECT id FROM rate_count"))


class TestAKey:
    @pytest.mark.parametrize("key", [None, "", "x" * 256, "é", "a\nb", "\x00"])
    def test_must_be_there_and_visible(self, key: str | None) -> None:
        with pytest.raises(KeyMissing):
            call(key=key)

    def test_belongs_to_exactly_one_request(self) -> None:
        assert call() == call()
        assert call() != call(b'{"quantity":2}')
        assert call() != call(path="/withdrawals")


class TestARetry:
    async def test_gets_the_same_answer_and_does_nothing(self, database: Database) -> None:
        first = await answer_once(call(), join)
        again = await answer_once(call(), join)
        assert (first.replayed, again.replayed) == (False, True)
        assert (again.status, again.body, again.location) == (first.status, first.body, first.location)
        assert await joins() == 1

    async def test_with_another_payload_is_refused(self, database: Database) -> None:
        await answer_once(call(), join)
        with pytest.raises(KeyReused):
            await answer_once(call(b'{"quantity":2}'), join)
        assert await joins() == 1

    async def test_of_somebody_else_is_their_own_call(self, database: Database) -> None:
        await answer_once(call(), join)
        assert not (await answer_once(call(actor=BO), join)).replayed
        assert await joins() == 2

    async def test_after_a_refusal_may_succeed(self, database: Database) -> None:
        async def refuse() -> Answer:
            await join()
            raise Conflict

        with pytest.raises(Conflict):
            await answer_once(call(), refuse)
        assert await joins() == 0
        assert not (await answer_once(call(), join)).replayed

    async def test_among_fifty_at_once_acts_once(self, database: Database) -> None:
        async def one() -> Answer | str:
            try:
                return await answer_once(call(), join)
            except KeyBusy:
                return "busy"

        results = await asyncio.gather(*(one() for _ in range(50)))
        answers = [result for result in results if isinstance(result, Answer)]
        assert await joins() == 1
        assert len([answer for answer in answers if not answer.replayed]) == 1
        assert {(answer.status, answer.body) for answer in answers} == {(201, '{"joined":true}')}

    async def test_two_days_later_acts_anew(self, database: Database) -> None:
        clock.set(NOON)
        await answer_once(call(), join)
        clock.shift(timedelta(hours=47))
        assert await idempotency.prune() == 0
        clock.shift(timedelta(hours=2))
        assert await idempotency.prune() == 1
        assert not (await answer_once(call(), join)).replayed


class TestWhileTheFirstRuns:
    async def test_the_second_waits_outside(self, database: Database) -> None:
        assert isinstance(await claim_or_answer(call()), Claim)
        with pytest.raises(KeyBusy):
            await claim_or_answer(call())

    async def test_another_payload_is_refused_at_once(self, database: Database) -> None:
        await claim_or_answer(call())
        with pytest.raises(KeyReused):
            await claim_or_answer(call(b"[]"))


class TestAServerThatDied:
    async def test_frees_the_key_when_its_lease_ends(self, database: Database) -> None:
        clock.set(NOON)
        await claim_or_answer(call())
        clock.shift(timedelta(seconds=61))
        assert not (await answer_once(call(), join)).replayed
        assert await joins() == 1

    async def test_and_comes_back_late_changes_nothing(self, database: Database) -> None:
        clock.set(NOON)
        zombie = await claim_or_answer(call())
        assert isinstance(zombie, Claim)
        clock.shift(timedelta(seconds=61))
        await answer_once(call(), join)
        with pytest.raises(ClaimLost):
            async with transaction():
                answer = await join()
                await zombie.keep(answer)
        assert await joins() == 1

    async def test_is_replaced_by_exactly_one(self, database: Database) -> None:
        clock.set(NOON)
        await claim_or_answer(call())
        clock.shift(timedelta(seconds=61))
        got = await asyncio.gather(*(claim_or_answer(call()) for _ in range(10)), return_exceptions=True)
        assert sum(isinstance(result, Claim) for result in got) == 1

    async def test_between_effect_and_answer_leaves_neither(self, database: Database) -> None:
        claim = await claim_or_answer(call())
        assert isinstance(claim, Claim)
        with pytest.raises(KeyboardInterrupt):
            async with transaction():
                await claim.keep(await join())
                raise KeyboardInterrupt
        assert await joins() == 0
        assert (await fetch("SELECT state FROM idempotency_key"))[0]["state"] == "running"


class TestABatch:
    async def test_asks_for_all_its_keys_at_once(self, database: Database) -> None:
        done, running, other, new = call(), call(key="key-2"), call(key="key-3"), call(key="key-4")
        await answer_once(done, join)
        await claim_or_answer(running)
        await answer_once(call(b"[]", key="key-3"), join)
        found = await kept([done, running, other, new])
        assert found[done] == Answer(201, '{"joined":true}', "/joins/1", replayed=True)
        assert isinstance(found[running], KeyBusy)
        assert isinstance(found[other], KeyReused)
        assert new not in found
        assert await kept([]) == {}

    async def test_stores_answers_with_its_effects(self, database: Database) -> None:
        async with transaction():
            await execute_many(
                KEEP, [keep_row(call(), Answer(201, "{}")), keep_row(call(actor=BO), Answer(409, "[]"))]
            )
        assert (await answer_once(call(), join)).body == "{}"
        assert (await answer_once(call(actor=BO), join)).status == 409
        assert await joins() == 0

    async def test_is_refused_when_another_stored_the_key(self, database: Database) -> None:
        await answer_once(call(), join)
        with pytest.raises(IntegrityError):
            async with transaction():
                await execute_many(KEEP, [keep_row(call(), Answer(201, "{}"))])
