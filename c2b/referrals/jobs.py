"""Jobs of referrals: bind, estimate at the lock, confirm when nothing can come back, reverse with a refund."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from c2b.durable import Lease, job
from c2b.durable.jobs import Postponed
from c2b.kit import clock, db, faults
from c2b.referrals.binding import bind
from c2b.referrals.confirming import confirm
from c2b.referrals.earning import estimate
from c2b.referrals.reversing import reverse

#: How long to leave a commission alone whose order is being refunded.
REFUNDING = timedelta(hours=1)


@job("referral.bind")
async def bind_member(lease: Lease, *, participation_id: str, **_: Any) -> None:
    """Somebody paid for a place that they found through an invitation."""
    async with lease.completing():
        await bind(participation_id)


@job("commission.estimate")
async def estimate_campaign(lease: Lease, *, campaign_id: str, **_: Any) -> None:
    """A campaign has locked."""
    async with lease.completing():
        await estimate(campaign_id)


@job("commission.confirm")
async def confirm_member(lease: Lease, *, campaign_id: str, beneficiary_id: str, **_: Any) -> None:
    """What one member earned in one campaign can no longer be taken back."""

    async def write() -> int:
        await lease.hold()
        return await confirm(campaign_id, beneficiary_id)

    waiting = await db.atomically(write)
    faults.point("commission:confirmed")
    if waiting:
        raise Postponed(clock.now() + REFUNDING)
    async with lease.completing():
        pass


@job("commission.reverse")
async def reverse_participation(lease: Lease, *, participation_id: str, **_: Any) -> None:
    """Money of a place has gone back."""
    async with lease.completing():
        await reverse(participation_id)
