"""Every kind of job, done a second time after it was done: not a row, not a coin and not a mail changes."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.durable import jobs
from c2b.durable.sweep import drain
from c2b.fulfillment.jobs import keep_forecasts
from c2b.kit import clock, db
from c2b.kit.canonical import digest
from c2b.kit.db import Database
from c2b.kit.ids import sha256_hex
from c2b.payments.asking import start_checkout
from c2b.payments.collecting import keep_reminders
from c2b.payments.gateways.sandbox.record import record_of
from c2b.payments.reconciling import keep_reconciliations
from c2b.payments.watching import keep_windows
from c2b.referrals.operations import keep_commissions
from tests import world
from tests.faults import stage as stages
from tests.faults.harness import Place, in_place
from tests.faults.place import a_round, documents, provider

pytestmark = pytest.mark.faults

#: What tells of the doing itself, not of what was done.
BOOKKEEPING = {"job": {"attempts", "finished_at", "lease_until", "rung_at", "wakeups"}}
TRIES_PER_KIND = 4


class TestEveryKindOfJob:
    async def test_done_again_changes_nothing(self, new_place):
        place, stage = new_place(small=True)
        async with Database(place.database):
            with in_place(place), documents(False), provider() as sandbox:
                await _everything(place, stage, sandbox)
                clock.set(clock.now())
                before = await _picture(place)
                replayed: Counter[str] = Counter()
                for job in await _done_jobs():
                    await db.execute(
                        "UPDATE job SET state = 'ready', due_at = ? WHERE id = ?", clock.now(), job["id"]
                    )
                    assert await jobs.perform(job["id"])
                    await db.execute("UPDATE job SET due_at = ? WHERE id = ?", job["due_at"], job["id"])
                    assert await _picture(place) == before, job["key"]
                    replayed[job["kind"]] += 1
        missing = {kind for kind in jobs.kinds() if not kind.startswith("test.")} - replayed.keys()
        assert not missing, f"no job of these kinds was replayed; add them to the story: {missing}"


async def _everything(place: Place, stage: stages.Stage, sandbox: Any) -> None:
    """A story in which every kind of job is done: paid, left, called off before and after the order, failed."""

    async def settle() -> None:
        while await a_round(sandbox, stage.plan):
            pass

    deposits = await _plans(stage)
    await settle()
    await stages.people_act(stage)
    await settle()
    clock.shift(timedelta(days=4, minutes=1))  # what is held is charged before its authorization ends
    await settle()
    clock.shift(stages.OPEN_FOR - timedelta(days=4) + timedelta(hours=1))
    await settle()
    await stages.people_answer(stage)
    clock.shift(stages.MAY_OBJECT + timedelta(minutes=1))
    await settle()
    await _balances(sandbox, deposits, settle)
    await keep_forecasts()
    await campaigns.cancel(stage.root, stage.campaigns["waited"], reason="The factory has closed.")
    clock.shift(timedelta(hours=2))
    await settle()
    await stages.all_is_delivered(stage)
    await keep_commissions()
    await settle()
    assert await drain() == 0


async def _plans(stage: stages.Stage) -> list[tuple[Actor, str]]:
    """Two more groups: one holds money (and somebody leaves), one takes deposits. Whoever paid one of these."""
    row = await db.fetch_one("SELECT id, slug, manufacturer_id FROM product LIMIT 1")
    assert row
    w = world.World(
        ana=stage.ana, bo=stage.ana, cy=stage.ana, mill=stage.mill, root=stage.root,
        manufacturer_id=row["manufacturer_id"], product_id=row["id"], product_slug=row["slug"],
    )  # fmt: skip
    held = await w.open_campaign(
        title="Held", closes="at_deadline", payment_plan="authorize", deadline=clock.now() + timedelta(days=4)
    )
    taken = await w.open_campaign(
        title="Deposits", closes="at_deadline", payment_plan="deposit", deposit_percent=20,
        deadline=clock.now() + stages.OPEN_FOR,
    )  # fmt: skip
    deposited = []
    for campaign in (held, taken):
        for quantity in (20, 20, 20, 1):
            joined = await w.join(campaign, quantity=quantity)
            stage.plan[joined.participation_id] = stages.PAY.value
            if campaign == taken:
                deposited.append((w.members[-1], joined.participation_id))
    stage.leaving.append((w.members[3], await _place_of(w.members[3])))
    return deposited


async def _place_of(who: Actor) -> str:
    row = await db.fetch_one("SELECT id FROM participation WHERE user_id = ?", who.id)
    assert row
    return str(row["id"])


async def _balances(
    sandbox: Any, deposits: list[tuple[Actor, str]], settle: Callable[[], Awaitable[None]]
) -> None:
    """All but the last pay their balance; the last is reminded, and loses the place. A window is about to end."""
    for who, place in deposits[:-1]:
        await sandbox.pay((await start_checkout(who, place)).rsplit("/", 1)[-1])
    clock.shift(timedelta(days=8, hours=1))
    await keep_reminders()
    await settle()
    clock.shift(timedelta(days=7))
    await settle()
    await db.execute(
        "UPDATE payment SET refund_until = ? WHERE state = 'succeeded'", clock.now() + timedelta(days=9)
    )
    await keep_windows()
    assert await keep_reconciliations()
    await settle()


async def _done_jobs() -> list[dict[str, Any]]:
    """Some of each kind, spread over time; runs first, in the order in which they were written."""
    rows = await db.fetch("SELECT id, kind, key, due_at FROM job WHERE state = 'done' ORDER BY kind, id")
    chosen: list[dict[str, Any]] = []
    for _, group in itertools.groupby(rows, key=lambda row: row["kind"]):
        several = list(group)
        chosen += several[:: max(1, len(several) // TRIES_PER_KIND)]
    return [{**row, "due_at": db.instant(row["due_at"])} for row in chosen]


async def _picture(place: Place) -> dict[str, str]:
    """A hash of every table, of the provider's record and of the outbox."""
    picture = {}
    for table in await _tables():
        hidden = BOOKKEEPING.get(table, set())
        rows = [
            {key: str(value) for key, value in row.items() if key not in hidden}
            for row in await db.fetch(f'SELECT * FROM "{table}"')
        ]
        picture[table] = digest(_ordered(rows))
    picture["the provider"] = sha256_hex(str(record_of(place.data_dir / "sandbox.sqlite3")))
    picture["files"] = sha256_hex(str(_files(place)))
    return picture


def _files(place: Place) -> list[tuple[str, str]]:
    kept = [
        path for name in ("outbox", "files") for path in (place.data_dir / name).rglob("*") if path.is_file()
    ]
    return sorted((str(path), sha256_hex(path.read_bytes())) for path in kept)


def _ordered(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(rows, key=lambda row: sorted(row.items()))


async def _tables() -> list[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        if db.dialect() == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    return sorted(row["name"] for row in await db.fetch(sql))
