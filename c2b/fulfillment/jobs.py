"""Jobs of fulfillment: the daily look at every running timeline."""

from __future__ import annotations

from typing import Any

from c2b.durable import Lease, enqueue, job
from c2b.fulfillment.operations import refresh_forecasts
from c2b.kit import clock, db


@job("timelines.refresh")
async def refresh(_lease: Lease, **_: Any) -> None:
    """Move the forecasts of open stages along with today."""
    await refresh_forecasts()


async def keep_forecasts() -> bool:
    """For the clock, as often as it likes: one refresh a day is written down, by whichever clock is first."""
    day = clock.today().isoformat()
    return await db.atomically(lambda: enqueue("timelines.refresh", key=f"timelines.refresh:{day}"))
