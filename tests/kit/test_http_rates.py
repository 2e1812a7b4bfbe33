"""Attempts are counted over a sliding window, for all processes, and nobody gets another one uncounted."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from c2b.kit import clock
from c2b.kit.db import Database, fetch, transaction
from c2b.kit.errors import Busy
from c2b.kit.http import rates
from c2b.kit.http.rates import Limit, RateLimited, forgive, hit

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
THREE = Limit("three", times=3, seconds=300)
ROUGH = Limit("rough", times=3, seconds=300, shared=False)


@pytest.fixture(autouse=True)
def noon():
    clock.set(NOON)
    rates.reset_memory()


async def tries(limit: Limit, identity: str, times: int) -> int:
    """How many of ``times`` tries were allowed."""
    allowed = 0
    for _ in range(times):
        try:
            await hit(limit, identity)
            allowed += 1
        except RateLimited:
            pass
    return allowed


@pytest.mark.parametrize("limit", [THREE, ROUGH], ids=lambda limit: limit.name)
class TestALimit:
    async def test_lets_through_what_it_says(self, database: Database, limit: Limit) -> None:
        assert await tries(limit, "ana", 10) == 3

    async def test_counts_each_for_themselves(self, database: Database, limit: Limit) -> None:
        await tries(limit, "ana", 10)
        assert await tries(limit, "bo", 10) == 3

    async def test_says_how_long_to_wait(self, database: Database, limit: Limit) -> None:
        await tries(limit, "ana", 3)
        clock.shift(timedelta(seconds=100))
        with pytest.raises(RateLimited) as refused:
            await hit(limit, "ana")
        assert refused.value.headers == {"Retry-After": "350"}
        assert refused.value.text() == "Too many attempts. Please wait 350 seconds and try again."
        clock.shift(timedelta(seconds=350))
        await hit(limit, "ana")

    async def test_says_how_long_to_wait_for_the_window_before(
        self, database: Database, limit: Limit
    ) -> None:
        await tries(limit, "ana", 3)
        clock.shift(timedelta(seconds=301))
        with pytest.raises(RateLimited) as refused:
            await hit(limit, "ana")
        assert refused.value.headers == {"Retry-After": "199"}
        clock.shift(timedelta(seconds=199))
        await hit(limit, "ana")

    async def test_is_not_doubled_around_the_turn_of_a_window(self, database: Database, limit: Limit) -> None:
        clock.shift(timedelta(seconds=299))
        assert await tries(limit, "ana", 3) == 3
        clock.shift(timedelta(seconds=2))
        assert await tries(limit, "ana", 3) == 0

    async def test_opens_again(self, database: Database, limit: Limit) -> None:
        await tries(limit, "ana", 10)
        clock.shift(timedelta(seconds=601))
        assert await tries(limit, "ana", 10) == 3

    async def test_takes_back_what_turned_out_well(self, database: Database, limit: Limit) -> None:
        for _ in range(20):
            await hit(limit, "ana")
            await forgive(limit, "ana")
        assert await tries(limit, "ana", 10) == 3

    async def test_cannot_be_slipped_past_by_many_at_once(self, database: Database, limit: Limit) -> None:
        got = await asyncio.gather(*(hit(limit, "ana") for _ in range(20)), return_exceptions=True)
        assert sum(result is None for result in got) == 3


class TestCounting:
    async def test_is_not_forgotten_by_a_rollback(self, database: Database) -> None:
        with pytest.raises(RuntimeError, match="before the transaction"):
            async with transaction():
                await hit(THREE, "ana")

    async def test_keeps_no_addresses(self, database: Database) -> None:
        await hit(THREE, "ana@example.com")
        assert "ana" not in str(await fetch("SELECT * FROM rate_count"))

    async def test_forgets_old_windows(self, database: Database) -> None:
        await hit(THREE, "ana")
        clock.shift(timedelta(seconds=500))
        await hit(THREE, "bo")
        assert await rates.prune() == 0
        clock.shift(timedelta(seconds=150))
        assert await rates.prune() == 1
        assert len(await fetch("SELECT * FROM rate_count")) == 1


class TestWithoutADatabase:
    async def test_what_guards_secrets_fails_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.break_it(monkeypatch)
        with pytest.raises(Busy):
            await hit(THREE, "ana")

    async def test_reading_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.break_it(monkeypatch)
        await hit(Limit("read", times=1, seconds=1, fails_open=True), "ana")

    @staticmethod
    def break_it(monkeypatch: pytest.MonkeyPatch) -> None:
        async def gone(*_args: object) -> list:
            raise ConnectionError("no database")

        monkeypatch.setattr(rates, "fetch", gone)
        monkeypatch.setattr(rates, "in_transaction", lambda: False)
