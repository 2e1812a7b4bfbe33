"""Reminding of a balance: told once for each of its days, unless it has been paid meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from c2b.campaigns.plans import overdue_at
from c2b.durable import Lease, job
from c2b.events.operations import record
from c2b.kit import db
from c2b.payments.collecting import balance_of
from c2b.payments.telling import told_before


@job("balance.remind")
async def remind(lease: Lease, *, participation_id: str, days: int, due_at: str, **_: Any) -> None:
    """Record that a balance is late by so many days; the mail follows the event."""
    async with lease.completing():
        balance = await balance_of(participation_id)
        row = await db.fetch_one("SELECT campaign_id FROM participation WHERE id = ?", participation_id)
        lost_at = overdue_at(datetime.fromisoformat(due_at)).isoformat()
        if balance is None or row is None:
            return
        if await told_before("participation.balance_late", participation_id, days=days, lost_at=lost_at):
            return
        await record(
            "participation.balance_late", subject="participation", subject_id=participation_id,
            campaign_id=row["campaign_id"], audience="organizer",
            payload={"days": days, "balance_minor": balance["missing_minor"],
                     "lost_at": lost_at},
        )  # fmt: skip
