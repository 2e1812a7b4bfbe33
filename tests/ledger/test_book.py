"""The book: balances that are recomputed, transfers that happen once, and five hundred hands at the same money."""

from __future__ import annotations

import asyncio

import pytest
from tortoise.exceptions import IntegrityError

from c2b import wiring
from c2b.kit import clock, db
from c2b.ledger import queries
from c2b.ledger.operations import escrow, open_account, transfer, world
from c2b.payments.models import Payment, Refund
from c2b.payments.refunding import book_refund, request_refund
from tests import small
from tests.books import assert_books

OUTSIDE, HELD = world("sandbox", "CNY"), escrow("c1")


async def accounts() -> None:
    await open_account(OUTSIDE, "CNY", floored=False)
    await open_account(HELD, "CNY", floored=True)


async def move(amount: int, key: str, *, back: bool = False) -> bool:
    debit, credit = (HELD, OUTSIDE) if back else (OUTSIDE, HELD)
    return await transfer(
        debit=debit,
        credit=credit,
        amount_minor=amount,
        currency="CNY",
        key=key,
        cause="payment",
        cause_id=key,
    )


def named(key: str) -> dict[str, str]:
    return {"key": key, "cause": "payment", "cause_id": key}


async def without_triggers() -> None:
    """As somebody would who has the database's own rights."""
    if db.dialect() == "sqlite":
        await db.execute('DROP TRIGGER "transfer_balances"')
        await db.execute('DROP TRIGGER "append_only_transfer_delete"')
    else:
        await db.execute('ALTER TABLE "transfer" DISABLE TRIGGER USER')


class TestATransfer:
    async def test_moves_once_per_key(self, database):
        await accounts()
        assert [await move(500, "in"), await move(500, "in"), await move(200, "out", back=True)] == [
            True,
            False,
            True,
        ]
        assert (await queries.balance(OUTSIDE), await queries.balance(HELD)) == (-300, 300)
        assert await queries.balance("escrow:never opened") == 0
        assert await queries.faults() == []

    async def test_below_the_floor_to_strangers_or_in_another_currency_is_refused(self, database):
        await accounts()
        await move(500, "in")
        for wrong in (
            move(501, "out", back=True),
            transfer(debit=OUTSIDE, credit="escrow:none", amount_minor=1, currency="CNY", **named("x")),
            transfer(debit=OUTSIDE, credit=HELD, amount_minor=1, currency="EUR", **named("y")),
        ):
            with pytest.raises(IntegrityError):
                await wrong
        assert await queries.balance(HELD) == 500

    async def test_of_a_part_of_a_cent_is_refused(self, sqlite_url):
        from c2b.kit.db import Database

        async with Database(sqlite_url):
            await accounts()
            with pytest.raises(IntegrityError, match="transfer_integer"):
                await move(10.5, "half")  # type: ignore[arg-type]

    async def test_cannot_be_wiped_out_with_its_table(self, postgres_url):
        from c2b.kit.db import Database

        async with Database(postgres_url):
            await accounts()
            await move(5, "in")
            with pytest.raises(IntegrityError, match="append_only_transfer"):
                await db.execute("TRUNCATE transfer")

    async def test_is_listed_with_its_sign_newest_first(self, database):
        await accounts()
        await move(500, "in")
        await move(200, "out", back=True)
        rows = await queries.transfers_of(HELD)
        assert [row["change_minor"] for row in rows] == [-200, 500]
        assert [row["change_minor"] for row in await queries.transfers_of(OUTSIDE)] == [200, -500]
        assert len(await queries.transfers_of(HELD, limit=1)) == 1
        assert await queries.transfers_of("escrow:none") == []


class TestFaults:
    async def test_find_a_doctored_balance(self, database):
        await accounts()
        await move(500, "in")
        await db.execute("UPDATE account SET balance_minor = 499 WHERE id = ?", HELD)
        found = await queries.faults()
        assert found == [f"{HELD}: stored 499, recomputed 500", "CNY does not sum to zero: -1"]

    async def test_find_money_that_was_taken_from_both_sides_although_all_sums_to_zero(self, database):
        await accounts()
        await move(500, "in")
        await db.execute("UPDATE account SET balance_minor = balance_minor + 100 WHERE id = ?", OUTSIDE)
        await db.execute("UPDATE account SET balance_minor = balance_minor - 100 WHERE id = ?", HELD)
        assert sorted(await queries.faults()) == [
            f"{HELD}: stored 400, recomputed 500", f"{OUTSIDE}: stored -400, recomputed -500",
        ]  # fmt: skip

    async def test_find_transfers_that_were_slipped_in_or_taken_out_without_the_trigger(self, database):
        await accounts()
        await move(500, "in")
        await without_triggers()
        await move(70, "slipped in")
        assert len(await queries.faults()) == 2
        await db.execute("DELETE FROM transfer WHERE key = 'slipped in'")
        assert await queries.faults() == []
        await db.execute("DELETE FROM transfer WHERE key = 'in'")
        assert len(await queries.faults()) == 2


class TestTwoHundredRefunds:
    """After Formance's stress test: everything is asked for twice by many at once, and happens once."""

    PAYMENTS, WORKERS = 200, 20

    async def test_each_asked_for_and_booked_twice_by_twenty_workers_are_two_hundred(self, postgres_url):
        from c2b.kit.db import Database

        wiring.connect()
        database = await Database(f"{postgres_url}?maxsize=12").open(for_every_task=True)
        try:
            payments = await self._captured(self.PAYMENTS)
            asked = await self._by_workers([*payments, *payments], self._ask)
            assert sorted(asked) == [False] * self.PAYMENTS + [True] * self.PAYMENTS
            keys = [row["key"] for row in await db.fetch("SELECT key FROM refund")]
            assert len(keys) == self.PAYMENTS
            booked = await self._by_workers([*keys, *keys], self._book)
            assert sorted(booked) == [False] * self.PAYMENTS + [True] * self.PAYMENTS
            assert await Refund.filter(state="succeeded").count() == self.PAYMENTS
            (held,) = await db.fetch("SELECT balance_minor FROM account WHERE id LIKE 'escrow:%'")
            assert held["balance_minor"] == 0
            await assert_books(database, None, settled=False)
        finally:
            await database.close()

    async def _captured(self, count: int) -> list[str]:
        """Payments of one place, all captured: what matters here is the money."""
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)
        payment = await Payment.get(id=(await w.ask(joined)).id)
        await w.capture(payment)
        found = [payment.id]
        for number in range(count - 1):
            more = await Payment.create(
                participation_id=payment.participation_id, campaign_id=payment.campaign_id, user_id=payment.user_id,
                amount_minor=100 + number, currency="CNY", gateway="sandbox", provider_ref=f"pay_{number}",
                state="succeeded", created_at=clock.now(), captured_at=clock.now(),
            )  # fmt: skip
            await transfer(
                debit=OUTSIDE, credit=escrow(payment.campaign_id), amount_minor=100 + number, currency="CNY",
                key=f"capture:{more.id}", cause="payment", cause_id=more.id,
            )  # fmt: skip
            found.append(more.id)
        return found

    async def _by_workers(self, things: list[str], act) -> list[bool]:
        waiting, results = list(things), []

        async def worker() -> None:
            while waiting:
                results.append(await act(waiting.pop()))

        await asyncio.gather(*(worker() for _ in range(self.WORKERS)))
        return results

    async def _ask(self, payment_id: str) -> bool:
        return await db.atomically(
            lambda: request_refund(payment_id, reason="price_difference", amount_minor=10**6)
        )

    async def _book(self, key: str) -> bool:
        return await db.atomically(lambda: book_refund(key, provider_ref=f"rfd_{key}"))
