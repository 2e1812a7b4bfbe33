"""What the database keeps by itself, and transactions that leave nothing behind."""

from __future__ import annotations

import asyncio

import pytest
from tortoise.exceptions import IntegrityError

from c2b.kit import clock, db
from c2b.kit.db.migrate import SchemaProblem, check, migrate, pending_changes
from c2b.kit.db.transactions import after_commit


async def _account(name: str, *, floored: bool = False) -> None:
    await db.execute(
        "INSERT INTO account (id, currency, floored, balance_minor) VALUES (?, 'CNY', ?, 0)", name, floored
    )


async def _move(debit: str, credit: str, amount: int, key: str, currency: str = "CNY") -> None:
    await db.execute(
        "INSERT INTO transfer (id, debit_id, credit_id, amount_minor, currency, key, cause, cause_id, occurred_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 'test', 'test', ?)",
        key.ljust(26, "0"),
        debit,
        credit,
        amount,
        currency,
        key,
        clock.now(),
    )


async def _balance(name: str) -> int:
    row = await db.fetch_one("SELECT balance_minor FROM account WHERE id = ?", name)
    assert row
    return row["balance_minor"]


class TestTheLedgerTables:
    async def test_keep_balances_and_refuse_what_must_never_be(self, database):
        await _account("world:CNY")
        await _account("escrow:c1", floored=True)
        await _move("world:CNY", "escrow:c1", 500, "in")
        assert (await _balance("world:CNY"), await _balance("escrow:c1")) == (-500, 500)
        for wrong in (
            _move("escrow:c1", "world:CNY", 501, "below the floor"),
            _move("world:CNY", "escrow:c1", 500, "in"),
            _move("world:CNY", "world:CNY", 5, "to itself"),
            _move("world:CNY", "escrow:c1", 0, "nothing"),
            _move("world:CNY", "escrow:c1", -5, "negative"),
            _move("world:CNY", "escrow:c1", 5, "currency", currency="USD"),
            _move("world:CNY", "escrow:none", 5, "no such account"),
            db.execute("UPDATE transfer SET amount_minor = 1"),
            db.execute("DELETE FROM transfer"),
        ):
            with pytest.raises(IntegrityError):
                await wrong
        assert await _balance("escrow:c1") == 500


class TestATransaction:
    async def test_undoes_everything_when_it_fails_and_calls_back_only_after_a_commit(self, database):
        calls: list[str] = []
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await _account("a")
                after_commit(lambda: calls.append("failed"))
                raise ZeroDivisionError
        async with db.transaction(), db.transaction():
            await _account("b")
            after_commit(lambda: calls.append("committed"))
            assert calls == []
        assert calls == ["committed"]
        assert [row["id"] for row in await db.fetch("SELECT id FROM account")] == ["b"]

    async def test_counts_the_rows_a_statement_touched_itself(self, database):
        await _account("a")
        assert await db.execute("UPDATE account SET balance_minor = 1 WHERE id = ?", "a") == 1
        assert await db.execute("UPDATE account SET balance_minor = 1 WHERE id = ?", "b") == 0

    async def test_is_tried_again_as_a_whole_after_a_passing_error(self, database):
        tries = []

        async def work() -> int:
            tries.append(1)
            await _account(f"try-{len(tries)}")
            if len(tries) < 3:
                raise ConnectionResetError
            return len(tries)

        assert await db.atomically(work) == 3
        assert [row["id"] for row in await db.fetch("SELECT id FROM account")] == ["try-3"]

    async def test_from_many_tasks_loses_no_update(self, database):
        await _account("a")

        async def add() -> None:
            async def work() -> None:
                row = await db.fetch_one(
                    "SELECT balance_minor FROM account WHERE id = 'a'"
                    + (" FOR UPDATE" if db.dialect() == "postgres" else "")
                )
                assert row
                await db.execute(
                    "UPDATE account SET balance_minor = ? WHERE id = 'a'", row["balance_minor"] + 1
                )

            await db.atomically(work)

        await asyncio.gather(*(add() for _ in range(50)))
        assert await _balance("a") == 50


class TestTheSchema:
    async def test_is_in_step_with_the_models(self):
        assert await pending_changes("sqlite://:memory:") == []

    async def test_that_lost_a_money_trigger_is_refused(self, database):
        name = "transfer_balances"
        await db.execute(f"DROP TRIGGER {name}" + (" ON transfer" if db.dialect() == "postgres" else ""))
        with pytest.raises(SchemaProblem, match="missing: trigger transfer"):
            await check()

    def test_can_be_migrated_again_without_loss(self, database_url):
        asyncio.run(migrate(database_url))
        asyncio.run(migrate(database_url))
