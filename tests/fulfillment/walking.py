"""A campaign whose order was accepted, and a way to walk its stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from c2b.accounts.rules import Actor
from c2b.durable.sweep import drain
from c2b.fulfillment import operations
from c2b.fulfillment.models import Milestone, Timeline
from c2b.purchasing.operations import acknowledge
from tests.fulfillment import pictures
from tests.purchasing.locked import Locked, locked_campaign


@dataclass
class Walk:
    """A running timeline."""

    locked: Locked
    timeline_id: str

    @property
    def mill(self) -> Actor:
        return self.locked.world.mill

    @property
    def root(self) -> Actor:
        return self.locked.world.root

    async def timeline(self) -> Timeline:
        return await Timeline.get(id=self.timeline_id)

    async def stage(self, code: str) -> Milestone:
        return await Milestone.get(timeline_id=self.timeline_id, code=code)

    async def start(self, code: str) -> None:
        await operations.start_stage(self.mill, (await self.stage(code)).id)

    async def prove(self, code: str, **changes: Any) -> str:
        """A photo at a stage."""
        given = {"kind": "photo", "filename": "x.png", "data": pictures.picture(), **changes}
        return await operations.add_evidence(self.mill, (await self.stage(code)).id, **given)

    async def submit(self, code: str) -> None:
        await operations.submit_stage(self.mill, (await self.stage(code)).id)

    async def close(self, code: str) -> None:
        """From not started to done, as the people do it."""
        await self.start(code)
        await self.prove(code)
        await self.submit(code)
        if (await self.stage(code)).state == "submitted":
            await operations.approve_stage(self.root, (await self.stage(code)).id)


async def running(timeline: str = "LIGHT") -> Walk:
    """An order accepted by Mill, its timeline planned."""
    locked = await locked_campaign(timeline=timeline)
    order = await locked.issued()
    await acknowledge(locked.world.mill, order.id, **await locked.signature())
    await drain()
    return Walk(locked, (await Timeline.get(campaign_id=locked.campaign_id)).id)
