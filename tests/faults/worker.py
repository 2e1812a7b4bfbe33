"""The worker that the fork server starts: its own connections and its own gateway, like a process just started.

The controls, which take one protection away and must then fail, exist only here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from c2b import durable, wiring
from c2b.campaigns.queries import forget_offers
from c2b.durable import Lease
from c2b.kit import clock, db, faults
from c2b.kit.db import Database
from c2b.kit.db.migrate import migrate
from c2b.kit.ids import new_id
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from tests.faults import stage as stages
from tests.faults.harness import Order
from tests.faults.place import a_round, documents, provider, use_place

#: Steps that wait for an hour have it in their names, and every world has hours of its own.
_HOUR = re.compile(r" \d{4}-\d\d-\d\dT[\d:.+-]+?(?=:(?:before|worked|after)$)")


async def work(fields: dict[str, Any], ready: Callable[[], None]) -> None:
    """Carry out one order in this process."""
    order = Order(**fields)
    use_place(Path(order.data_dir))
    clock.shift(timedelta(seconds=order.ahead))
    plan = json.loads((Path(order.data_dir) / "plan.json").read_text())
    with documents(order.real_documents), _control(order.control), _noted(order.passed):
        async with Database(order.database):
            with provider(order.trouble) as sandbox:
                ready()
                if order.point:
                    faults.arm(order.point, order.times)
                while await a_round(sandbox, plan):
                    pass


@contextlib.contextmanager
def _noted(path: str) -> Iterator[None]:
    """Write down the names of all points that are passed, in their order."""
    known: dict[str, None] = {}
    passing = faults.point

    def note(name: str) -> None:
        name = _HOUR.sub("", name)
        known.setdefault(name)
        passing(name)

    faults.point = note
    try:
        yield
    finally:
        faults.point = passing
        if path:
            Path(path).write_text(json.dumps(list(known)))


# ---------------------------------------------------------------------- controls


@durable.job("control.count")
async def _count(lease: Lease, *, number: int, **_: Any) -> None:
    """An effect that no key protects: only the end of the job in the same transaction makes it happen once."""
    async with lease.completing():
        await db.execute("INSERT INTO counter (name, value) VALUES (?, ?)", new_id(), number)


@contextlib.asynccontextmanager
async def _two_transactions(lease: Lease) -> AsyncIterator[None]:
    async with db.transaction():
        yield
    async with db.transaction():
        await lease._finish()
    lease.completed = True


@contextlib.contextmanager
def _control(name: str) -> Iterator[None]:
    """Take one protection away, in this worker only."""
    completing, refund = Lease.completing, SandboxGateway.refund
    if name == "two transactions":
        Lease.completing = _two_transactions
    elif name == "no stable keys":

        async def forgetful(gateway: SandboxGateway, *, key: str, **rest: Any) -> Any:
            return await refund(gateway, key=f"{key}:{new_id()}", **rest)

        SandboxGateway.refund = forgetful
    elif name:
        raise ValueError(name)
    try:
        yield
    finally:
        Lease.completing, SandboxGateway.refund = completing, refund


def warm_up() -> None:
    """Carry out a small story once, so that what workers compile and load is there before they are forked."""

    async def story(url: str) -> None:
        await migrate(url)
        async with Database(url):
            stage = await stages.build(small=True)
            with documents(False), provider() as sandbox:
                while await a_round(sandbox, stage.plan):
                    pass

    with tempfile.TemporaryDirectory(prefix="c2b-warm-") as name:
        use_place(Path(name))
        asyncio.run(story(f"sqlite://{name}/c2b.sqlite3"))
    forget_offers()


wiring.connect()
