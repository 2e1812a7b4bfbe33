"""A campaign whose order Mill has accepted, walked from stage to stage, for the tests of what Mill is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from c2b import wiring
from c2b.accounts.rules import Actor
from c2b.durable.jobs import perform
from c2b.kit import clock, db
from c2b.ledger import queries as ledger
from c2b.payouts import operations as payouts
from tests.books import due_jobs
from tests.fulfillment import pictures
from tests.fulfillment.walking import Walk, running

JOBS = ("payout.follow", "settling")


@dataclass
class Paid:
    """A walk along the stages, with the money that follows."""

    walk: Walk

    @property
    def campaign_id(self) -> str:
        return self.walk.locked.campaign_id

    @property
    def root(self) -> Actor:
        return self.walk.root

    @property
    def mill(self) -> Actor:
        return self.walk.mill

    @property
    def payable(self) -> str:
        return f"payable:{self.walk.locked.world.manufacturer_id}:CNY"

    @property
    def recourse(self) -> str:
        return f"recourse:{self.walk.locked.world.manufacturer_id}:CNY"

    @property
    def escrow(self) -> str:
        return f"escrow:{self.campaign_id}"

    async def reach(self, *codes: str) -> None:
        """Close these stages as the people do; all that come before them are simply done."""
        for code in codes:
            await self.come_to(code)
            await self.close(code)
        await work()

    async def come_to(self, code: str) -> None:
        """All stages before this one are simply done."""
        stage = await self.walk.stage(code)
        await db.execute(
            "UPDATE milestone SET state = 'approved', started_on = ?, finished_on = ? WHERE timeline_id = ? "
            "AND position < ? AND state = 'planned'",
            clock.today(), clock.today(), stage.timeline_id, stage.position,
        )  # fmt: skip

    async def close(self, code: str) -> None:
        """From not started to done."""
        await self.walk.start(code)
        await self.prove(code)
        await self.walk.submit(code)

    async def prove(self, code: str) -> None:
        await self.walk.prove(code, kind="document", filename="report.pdf", data=pictures.document())

    async def part(self, code: str) -> dict[str, Any]:
        row = await db.fetch_one(
            "SELECT * FROM payment_release WHERE campaign_id = ? AND code = ?", self.campaign_id, code
        )
        assert row
        return row

    async def states(self) -> dict[str, str]:
        rows = await db.fetch(
            "SELECT code, state FROM payment_release WHERE campaign_id = ? ORDER BY code", self.campaign_id
        )
        return {row["code"]: row["state"] for row in rows}

    async def release(self, code: str, who: Actor | None = None) -> None:
        await payouts.release(who or self.root, (await self.part(code))["id"])

    async def pass_days(self, days: int) -> None:
        clock.shift(timedelta(days=days))
        await payouts.keep_releases()
        await work()


async def ordered(timeline: str = "LIGHT") -> Paid:
    """Mill has accepted: the schedule is frozen."""
    wiring.connect()
    found = Paid(await running(timeline))
    await work()
    return found


async def work() -> None:
    """Carry out everything due about payouts."""
    while ids := await due_jobs(*JOBS):
        for job_id in ids:
            await perform(job_id)


async def sums(campaign_id: str) -> dict[str, int]:
    """The schedule's own sums, for the invariant that nothing of it is ever lost."""
    row = await db.fetch_one(
        "SELECT s.goods_minor + s.nre_minor AS whole, SUM(r.released_minor) AS released, "
        "SUM(r.reduced_minor) AS reduced, SUM(CASE WHEN r.state IN ('held', 'releasable', 'frozen') "
        "THEN r.amount_minor - r.reduced_minor ELSE 0 END) AS held, "
        "SUM(CASE WHEN r.state = 'returned' THEN r.amount_minor - r.reduced_minor ELSE 0 END) AS returned "
        "FROM payment_schedule s JOIN payment_release r ON r.schedule_id = s.id WHERE s.campaign_id = ? "
        "GROUP BY s.goods_minor, s.nre_minor",
        campaign_id,
    )
    assert row
    return {name: int(value) for name, value in row.items()}


async def assert_sums(campaign_id: str) -> None:
    """released + held + returned + taken off = the schedule; and the book is right."""
    found = await sums(campaign_id)
    assert found["released"] + found["held"] + found["returned"] + found["reduced"] == found["whole"], found
    assert await ledger.faults() == []
