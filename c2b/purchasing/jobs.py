"""Jobs of purchasing. The way to an issued order is a workflow (``workflows.ordering``), not a job."""

from __future__ import annotations

from typing import Any

from c2b.durable import Lease, job
from c2b.purchasing.operations import withdraw


@job("purchase_order.withdraw")
async def withdraw_order(lease: Lease, *, campaign_id: str, **_: Any) -> None:
    """A campaign was canceled: take its order back, tell the manufacturer, let the run end."""
    async with lease.completing():
        await withdraw(campaign_id=campaign_id)
