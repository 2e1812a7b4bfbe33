"""The book as people check it: running balances that are right on every page, and months that add up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from c2b.kit import clock, db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Window, read_cursor
from c2b.kit.months import bounds_of
from c2b.ledger import exploring
from c2b.ledger.operations import ensure, transfer
from c2b.ledger.queries import balance
from c2b.ledger.rules import escrow, fees, world

OUTSIDE, HELD, EARNED = world("sandbox", "CNY"), escrow("c1"), fees("CNY")


async def move(
    debit: str, credit: str, minor: int, *, currency: str = "CNY", at: datetime | None = None
) -> None:
    async def book() -> None:
        number = await db.fetch("SELECT id FROM transfer")
        await transfer(
            debit=await ensure(debit, currency), credit=await ensure(credit, currency), amount_minor=minor,
            currency=currency, key=f"move {len(number)}", cause="payment", cause_id=str(len(number)),
        )  # fmt: skip

    if at:
        clock.set(at)
    await db.atomically(book)


class TestAnAccount:
    async def test_shows_each_movement_with_the_balance_after_it_on_every_page(self, database):
        for minor in range(1, 8):
            await move(OUTSIDE, HELD, minor * 100)
            clock.shift(bounds_of(date(2026, 1, 1))[1] - bounds_of(date(2026, 1, 1))[0])
        await move(HELD, EARNED, 50)
        found, after = [], None
        while True:
            part = await exploring.entries(HELD, Window(limit=3, after=after))
            found += part.items
            if part.next_cursor is None:
                break
            after = read_cursor(part.next_cursor, fields=(str,))
        assert [each.change_minor for each in found] == [-50, 700, 600, 500, 400, 300, 200, 100]
        assert found[0].balance_minor == await balance(HELD) == 2750
        for newer, older in pairwise(found):
            assert newer.balance_minor - newer.change_minor == older.balance_minor
        assert found[-1].balance_minor == 100

    async def test_that_nobody_opened_is_not_found(self, database):
        with pytest.raises(NotFound):
            await exploring.account("escrow:none")
        assert (await exploring.entries("escrow:none", Window())).items == []

    async def test_is_found_by_its_kind_and_currency(self, database):
        await move(OUTSIDE, HELD, 100)
        await move(world("sandbox", "JPY"), escrow("c2"), 5, currency="JPY")
        lines = (await exploring.accounts(Window(), kind="escrow")).items
        assert [(line.id, line.balance_minor, line.transfers) for line in lines] == [
            (HELD, 100, 1),
            ("escrow:c2", 5, 1),
        ]
        assert [line.id for line in (await exploring.accounts(Window(), currency="JPY")).items] == [
            "escrow:c2", "world:sandbox:JPY",
        ]  # fmt: skip
        assert await exploring.currencies() == ["CNY", "JPY"]


class TestATrialBalance:
    async def test_begins_with_what_was_there_and_ends_in_beijing(self, database):
        """The last minute of October there is 15:59 in London's winter."""
        await move(OUTSIDE, HELD, 1000, at=datetime(2026, 9, 30, 12, tzinfo=UTC))
        await move(OUTSIDE, HELD, 300, at=datetime(2026, 10, 31, 15, 59, tzinfo=UTC))
        await move(HELD, EARNED, 70, at=datetime(2026, 10, 31, 16, 0, tzinfo=UTC))
        (october,) = await exploring.trial_balance(date(2026, 10, 15))
        sums = {
            each.id: (each.opening_minor, each.debit_minor, each.credit_minor, each.closing_minor)
            for each in october.kinds
        }
        assert sums == {"world": (-1000, 300, 0, -1300), "escrow": (1000, 0, 300, 1300)}
        assert october.balanced and october.debit_minor == october.credit_minor == 300
        (november,) = await exploring.trial_balance(date(2026, 11, 1))
        assert {each.id: each.closing_minor for each in november.kinds} == {
            "world": -1300,
            "escrow": 1230,
            "fees": 70,
        }

    async def test_agrees_with_the_balances_that_the_database_keeps(self, database):
        for minor in (500, 20, 3):
            await move(OUTSIDE, HELD, minor)
        await move(HELD, EARNED, 23)
        (trial,) = await exploring.trial_balance(clock.today())
        for kind in trial.kinds:
            for own in kind.accounts:
                assert own.closing_minor == await balance(own.id)

    async def test_that_lost_one_side_of_a_transfer_says_so(self, database):
        await move(OUTSIDE, HELD, 500)
        (trial,) = await exploring.trial_balance(clock.today())
        assert trial.balanced
        assert not exploring.Trial(currency="CNY", kinds=trial.kinds[1:]).balanced

    async def test_of_a_time_before_everything_is_empty(self, database):
        await move(OUTSIDE, HELD, 500)
        assert await exploring.trial_balance(date(2020, 1, 1)) == ()
