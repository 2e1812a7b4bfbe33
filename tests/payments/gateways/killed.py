"""The sandbox's processes, killed and crowded: run as a script of its own, because it forks.

``kill``: Bo's story (start, pay, notify twice, refund, notify) is killed before its first, second, third ... SQL
statement; the record must hold together after each kill, and the story told again must end as if nothing had
happened. ``torn`` is the control: the same without transactions. ``crowd``: processes refund one payment at once.
Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from c2b.kit import clock
from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.sandbox import store as store_module
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payments.gateways.sandbox.payments import CheckoutClosed
from c2b.payments.gateways.sandbox.record import record_of
from tests.payments.gateways.cast import BASE, NOON, PRICE, SECRET, give_back, order

KILLED = 9


def gateway(folder: Path) -> SandboxGateway:
    """A sandbox whose shop writes what it hears into a file."""

    async def send(url: str, headers: Mapping[str, str], body: bytes) -> int:
        with (folder / "heard").open("a") as heard:
            heard.write(json.loads(body)["type"] + "\n")
        return 200

    return SandboxGateway(folder / "sandbox.sqlite3", base_url=BASE, secret=SECRET, send=send)


async def story(sandbox: SandboxGateway) -> None:
    started = await sandbox.start(**order())
    with suppress(CheckoutClosed):
        await sandbox.choose(started.provider_ref, Behavior.TWICE)
    await sandbox.deliver_due()
    await sandbox.refund(**give_back(started))
    await sandbox.deliver_due()


def in_child(body: Callable[[], None]) -> int:
    """Exit code of ``body`` run in a fork."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        body()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def die_before_statement(number: int) -> None:
    """From now on this process ends at once when SQLite is about to run its ``number``-th statement."""
    left = number
    connect = store_module._connect

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(KILLED)

    def counted(path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.set_trace_callback(count)
        return db

    store_module._connect = counted


def without_transactions() -> None:
    @contextmanager
    def write(self: store_module.Store) -> Iterator[sqlite3.Connection]:
        with self.read() as db:
            yield db

    store_module.Store.write = write  # type: ignore[method-assign]


def kill_everywhere(folder: Path) -> dict[str, object]:
    problems: list[str] = []
    kills = 0
    while True:
        place = folder / str(kills)
        place.mkdir()

        def first(place: Path = place, number: int = kills + 1) -> None:
            clock.set(NOON)
            die_before_statement(number)
            asyncio.run(story(gateway(place)))

        def again(place: Path = place) -> None:
            clock.set(NOON + timedelta(minutes=2))
            asyncio.run(story(gateway(place)))

        code = in_child(first)
        if code == 0:
            return {"kills": kills, "problems": problems}
        kills += 1
        if code != KILLED:
            problems.append(f"statement {kills}: exit {code}")
        problems += [f"after kill {kills}: {found}" for found in torn(place / "sandbox.sqlite3")]
        if in_child(again) != 0:
            problems.append(f"told again after kill {kills}: failed")
        problems += [f"told again after kill {kills}: {found}" for found in torn(place / "sandbox.sqlite3")]
        problems += [f"told again after kill {kills}: {found}" for found in unfinished(place)]


def torn(path: Path) -> list[str]:
    """What no instant of the record may show."""
    keyed = "SELECT count(*) != (SELECT count(*) FROM idempotency WHERE key = {key}) FROM {table}"
    told = "SELECT count(*) != (SELECT count(*) FROM event WHERE kind = {kind}) FROM {table}"
    rules = {
        "a payment without its key": keyed.format(key="'start:bo'", table="payment"),
        "a refund without its key": keyed.format(key="'refund:bo'", table="refund"),
        "a capture without its event": told.format(
            kind="'payment.captured'", table="payment WHERE status = 'captured'"
        ),
        "a refund without its event": told.format(kind="'refund.succeeded'", table="refund"),
        "an event without its deliveries": "SELECT count(*) != (SELECT coalesce(sum(CASE kind"
        " WHEN 'payment.captured' THEN 2 ELSE 1 END), 0) FROM event) FROM delivery",
        "a sum without its refunds": "SELECT coalesce(sum(refunded_minor), 0)"
        " != (SELECT coalesce(sum(amount_minor), 0) FROM refund) FROM payment",
    }
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'delivery'").fetchone():
            return []
        return [name for name, sql in rules.items() if db.execute(sql).fetchone()[0]]


def unfinished(place: Path) -> list[str]:
    """What is missing at the end of the story."""
    record = record_of(place / "sandbox.sqlite3")
    heard = set((place / "heard").read_text().split())
    facts = {
        "payments": [(payment.status, payment.refunded_minor) for payment in record.payments]
        == [("captured", PRICE)],
        "refunds": [(refund.status, refund.amount_minor) for refund in record.refunds]
        == [("succeeded", PRICE)],
        "deliveries": [delivery.delivered for delivery in record.deliveries] == [True] * 3,
        "heard": heard == {"payment.captured", "refund.succeeded"},
    }
    return [name for name, holds in facts.items() if not holds]


def crowd(folder: Path) -> dict[str, object]:
    """Four processes ask for the same hundred refunds of 1,000 at once; the payment covers 45 of them."""
    sandbox = gateway(folder)  # used before the fork and by every child: its connections must not travel
    started = asyncio.run(sandbox.start(**order()))
    asyncio.run(sandbox.choose(started.provider_ref))

    parents = {id(db) for db in sandbox.store._idle}

    async def ask() -> None:
        for number in range(100):
            with suppress(GatewayRefused):
                await sandbox.refund(**give_back(started, f"r{number}", amount_minor=1000))
        if parents & {id(db) for db in sandbox.store._idle}:
            raise RuntimeError("a connection has travelled through the fork")

    children = []
    for _ in range(4):
        if pid := os.fork():
            children.append(pid)
            continue
        try:
            asyncio.run(ask())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    exits = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    record = record_of(folder / "sandbox.sqlite3")
    return {
        "exits": exits,
        "keys": sorted(refund.key for refund in record.refunds),
        "refunded_minor": record.payments[0].refunded_minor,
        "sum_minor": sum(refund.amount_minor for refund in record.refunds),
    }


if __name__ == "__main__":
    mode, target = sys.argv[1], Path(sys.argv[2])
    clock.set(NOON)
    if mode == "torn":
        without_transactions()
    print(json.dumps(crowd(target) if mode == "crowd" else kill_everywhere(target)))
