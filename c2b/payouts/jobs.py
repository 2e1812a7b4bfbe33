"""The job of payouts: look at a campaign, and bring its schedule up to date."""

from __future__ import annotations

from typing import Any

from c2b.durable import Lease, job
from c2b.payouts.following import follow


@job("payout.follow")
async def follow_campaign(lease: Lease, *, campaign_id: str, **_: Any) -> None:
    """Something happened that a payment may depend on: the order's answer, a stage, the end of the campaign."""
    async with lease.completing():
        await follow(campaign_id)
