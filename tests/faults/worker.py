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
from c2b.accounts.rules import Actor
from c2b.campaigns.queries import forget_offers
from c2b.durable import Lease
from c2b.kit import clock, db, faults
from c2b.kit.db import Database
from c2b.kit.db.migrate import migrate
from c2b.kit.ids import new_id
from c2b.payments import disbursing
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.holding import book_loss
from tests.faults import stage as stages
from tests.faults.harness import Order
from tests.faults.place import a_round, documents, in_memory, letters, provider, use_place

#: Steps that wait for an hour have it in their names, and every world has hours of its own.
_HOUR = re.compile(r" \d{4}-\d\d-\d\dT[\d:.+-]+?(?=:(?:before|worked|after)$)")


async def work(fields: dict[str, Any], ready: Callable[[], None]) -> None:
    """Carry out one order in this process."""
    order = Order(**fields)
    use_place(Path(order.data_dir))
    clock.shift(timedelta(seconds=order.ahead))
    plan = json.loads((Path(order.data_dir) / "plan.json").read_text())
    seen = plan.get("letters", True)
    with documents(order.real_documents), letters(seen), _control(order.control), _noted(order.passed):
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
    before = Lease.completing, SandboxGateway.refund, SandboxGateway.void, disbursing.mark_sent
    refund, void = SandboxGateway.refund, SandboxGateway.void
    if name == "two transactions":
        Lease.completing = _two_transactions
    elif name == "no stable keys":

        async def forgetful(gateway: SandboxGateway, *, key: str, **rest: Any) -> Any:
            return await refund(gateway, key=f"{key}:{new_id()}", **rest)

        SandboxGateway.refund = forgetful
    elif name == "booked before released":

        async def hasty(gateway: SandboxGateway, provider_ref: str, *, key: str) -> Any:
            await db.atomically(lambda: book_loss(key.partition(":")[2], state="voided"))
            faults.point("void:booked")
            return await void(gateway, provider_ref, key=key)

        SandboxGateway.void = hasty
    elif name == "sent before booked":
        disbursing.mark_sent = _sent_and_then_booked
    elif name:
        raise ValueError(name)
    try:
        yield
    finally:
        Lease.completing, SandboxGateway.refund, SandboxGateway.void, disbursing.mark_sent = before


async def _sent_and_then_booked(actor: Actor, disbursement_id: str, *, bank_reference: str) -> None:
    """As ``mark_sent``, but the bank transfer and its booking are two transactions."""
    row = await disbursing._row(disbursement_id)
    changes = "bank_reference = ?, sent_by = ?, sent_at = ?"
    async with db.transaction():
        await disbursing._move(
            row, "sent", "state = 'approved'", changes, bank_reference, actor.id, clock.now()
        )
    faults.point("disbursement:sent")
    async with db.transaction():
        await disbursing._tell("disbursement.sent", row, actor.id, bank_reference=bank_reference)


def warm_up() -> None:
    """Carry out a small story once, so that what workers compile and load is there before they are forked."""

    async def story(url: str) -> None:
        await migrate(url)
        async with Database(url):
            stage = await stages.build(small=True)
            with documents(False), provider() as sandbox:
                while await a_round(sandbox, stage.plan):
                    pass

    with tempfile.TemporaryDirectory(prefix="c2b-warm-", dir=in_memory()) as name:
        use_place(Path(name))
        asyncio.run(story(f"sqlite://{name}/c2b.sqlite3"))
    forget_offers()


wiring.connect()
