"""Providers' windows that end before a group is finished: seen 30, 14 and 7 days ahead, each told once.

After a hold window a provider settles what it holds by itself; after a refund window it gives nothing back. An admin
chooses before that: release what has been earned, refund, or collect anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from c2b.durable import Lease, enqueue, job
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.decided import decisions
from c2b.payments.telling import told_before

#: Days before the end on which admins are told.
THRESHOLDS = (30, 14, 7)
_HELD = (
    "SELECT p.campaign_id, c.title, c.code, c.state, p.currency, COUNT(*) AS payments, "
    "MIN(p.captured_at) AS captured_at, MIN(p.refund_until) AS refund_until, "
    "CAST(SUM(p.amount_minor - p.refunded_minor) AS BIGINT) AS amount_minor "
    "FROM payment p JOIN campaign c ON c.id = p.campaign_id WHERE p.state = 'succeeded' AND p.gateway = ? "
    "AND p.refunded_minor < p.amount_minor AND c.state NOT IN ('completed', 'failed', 'canceled') "
)
_GROUPED = "GROUP BY p.campaign_id, c.title, c.code, c.state, p.currency ORDER BY p.campaign_id LIMIT 200"


async def ending_windows(now: datetime | None = None) -> list[dict[str, Any]]:
    """Windows of unfinished campaigns' payments that end within thirty days or have ended, the earliest first."""
    now = now or clock.now()
    soon = now + timedelta(days=THRESHOLDS[0])
    found = []
    for name in gateways.enabled():
        hold = gateways.gateway(name).capabilities.hold_window
        for row in await db.fetch(_HELD + "AND p.refund_until <= ? " + _GROUPED, name, soon):
            found.append(_window(row, name, "refund", db.instant(row["refund_until"]), now))
        if hold:
            for row in await db.fetch(_HELD + "AND p.captured_at <= ? " + _GROUPED, name, soon - hold):
                captured = db.instant(row["captured_at"])
                found.append(_window(row, name, "hold", captured + hold if captured else None, now))
    return sorted(found, key=lambda each: each["ends_at"])


def _window(
    row: dict[str, Any], gateway: str, window: str, ends_at: datetime | None, now: datetime
) -> dict[str, Any]:
    assert ends_at
    names = ("campaign_id", "title", "code", "state", "currency", "payments", "amount_minor")
    left = max(ends_at - now, timedelta())
    days = -(-left // timedelta(days=1))
    return {
        **{name: row[name] for name in names},
        "gateway": gateway,
        "window": window,
        "ends_at": ends_at,
        "days": days,
        "threshold": min(each for each in THRESHOLDS if days <= each),
    }


async def keep_windows() -> int:
    """The clock's sweep: one job per campaign, gateway, window and threshold, however many clocks look.

    None for a window that an admin lets end: refunds after it go by bank transfer.
    """
    told, windows = 0, await ending_windows()
    known = await decisions(each["campaign_id"] for each in windows)
    for each in windows:
        decided = known.get((each["campaign_id"], each["gateway"], each["window"]))
        if decided and decided.choice == "by_bank":
            continue
        told += await db.atomically(partial(_alert, each))
    return told


async def _alert(each: dict[str, Any]) -> bool:
    key = f"window:{each['campaign_id']}:{each['gateway']}:{each['window']}:{each['threshold']}"
    names = ("campaign_id", "gateway", "window", "threshold", "days", "payments", "amount_minor")
    args = {**{name: each[name] for name in names}, "ends_at": each["ends_at"].isoformat()}
    return await enqueue("window.alert", key=key, args=args)


@job("window.alert")
async def alert(lease: Lease, *, campaign_id: str, **told: Any) -> None:
    """Record that a window is about to end; the admins' mail follows the event."""
    async with lease.completing():
        marks = {name: told[name] for name in ("gateway", "window", "threshold")}
        if await told_before("campaign.window_ending", campaign_id, **marks):
            return
        await record(
            "campaign.window_ending", subject="campaign", subject_id=campaign_id, campaign_id=campaign_id,
            audience="admin", payload=told,
        )  # fmt: skip
