"""Any order of production, claims, delays, refunds, payouts and commissions leaves everybody with what is theirs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from c2b import wiring
from c2b.catalog.markets import Market
from c2b.kit import clock
from c2b.kit.db import Database
from c2b.payouts import guarding
from c2b.referrals import jobs
from tests.books import sandbox_at
from tests.databases import Templates
from tests.faults.harness import long_mode
from tests.models.afterwards import Afterwards
from tests.models.driving import NOON, some
from tests.models.ordered import Ordered, pay_what_is_asked, prepare
from tests.purchasing.locked import _quick_documents, files

__all__ = ["_quick_documents", "files"]
pytestmark = pytest.mark.usefixtures("files", "_quick_documents")
Making = Callable[[], Afterwards]


@pytest.fixture(autouse=True)
def _wired() -> None:
    wiring.connect()


def build(url: str, record: Path) -> Ordered:
    """The two groups in the database at ``url``, and what the provider knows of them."""

    async def ordered() -> Ordered:
        async with Database(url):
            with sandbox_at(record) as provider:
                made = await prepare()
                await pay_what_is_asked(made, provider)
                return made

    clock.set(NOON)
    return asyncio.run(ordered())


def making(
    tmp_path: Path, record: Path, built: Ordered, *, copied: Callable[[], str], drop: Callable[[str], Any]
) -> Making:
    """A machine on a copy of the prepared database."""

    async def opening() -> tuple[Database, Ordered, Callable[[], None]]:
        url = await asyncio.to_thread(copied)
        return await Database(url).open(for_every_task=True), built, lambda: drop(url)

    (tmp_path / "records").mkdir()
    return lambda: Afterwards(opening, tmp_path / "records", record=record)


@pytest.fixture
def on_sqlite(sqlite_url: str, tmp_path: Path) -> Making:
    prepared, record = Path(sqlite_url.removeprefix("sqlite://")), tmp_path / "record.sqlite3"
    built, count = build(sqlite_url, record), iter(range(10**6))

    def copied() -> str:
        copy = prepared.with_name(f"{prepared.stem}-{next(count)}.sqlite3")
        shutil.copy(prepared, copy)
        return f"sqlite://{copy}"

    def drop(url: str) -> None:
        for each in prepared.parent.glob(f"{url.rsplit('/', 1)[-1]}*"):
            each.unlink()

    return making(tmp_path, record, built, copied=copied, drop=drop)


@pytest.fixture
def on_postgres(database_templates: Templates, tmp_path: Path) -> Making:
    prepared, record = database_templates.postgres(), tmp_path / "record.sqlite3"
    built = build(prepared, record)
    return making(
        tmp_path,
        record,
        built,
        copied=lambda: database_templates.postgres(like=prepared),
        drop=database_templates.drop,
    )


class TestWhateverComesAfterTheOrder:
    def test_is_right_on_sqlite(self, on_sqlite):
        run_state_machine_as_test(on_sqlite, settings=some(12))

    @pytest.mark.postgres
    def test_is_right_on_postgresql(self, on_postgres):
        run_state_machine_as_test(on_postgres, settings=some(2))


class TestTheMachineFinds:
    """Controls: with these bugs built in, the tests above must fail."""

    def test_a_payout_that_is_sent_and_not_booked(self, on_sqlite, monkeypatch):
        async def forgetful(*_: Any, **__: Any) -> None:
            return None

        monkeypatch.setattr(wiring, "payout_sent", forgetful)
        self.fails(on_sqlite, match="sent payout of .* is booked with 0")

    def test_a_commission_that_outlives_its_money(self, on_sqlite, monkeypatch):
        async def generous(_participation_id: str) -> int:
            return 0

        monkeypatch.setattr(jobs, "reverse", generous)
        self.fails(on_sqlite, match="refunds make it")

    @pytest.mark.faults
    @pytest.mark.skipif(not long_mode(), reason="looked for in `make faults` only: it takes a minute")
    def test_a_commission_that_is_confirmed_while_its_order_can_be_returned(self, on_sqlite, monkeypatch):
        real = Market.returnable_until
        monkeypatch.setattr(
            Market, "returnable_until", lambda self, day, zone: real(self, day, zone) - timedelta(days=7)
        )
        self.fails(on_sqlite, match="was confirmed at")

    def test_claims_that_block_nothing(self, on_sqlite, monkeypatch):
        async def careless(_campaign_id: str) -> int:
            return 0

        monkeypatch.setattr(guarding, "_claims", careless)
        self.fails(on_sqlite, match="block nothing")

    def fails(self, machine: Making, *, match: str) -> None:
        with pytest.raises(AssertionError, match=match):
            run_state_machine_as_test(machine, settings=some(60, shrink=False))
