"""The public face of payments: asking, believing, giving back."""

from __future__ import annotations

from typing import Any

from c2b.durable import Lease, job
from c2b.kit import db
from c2b.participations.operations import mark_refunding, release_unpaid
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import ask_again, receive
from c2b.payments.holding import release, settle_if_empty
from c2b.payments.refunding import request_refund

__all__ = [
    "ask_again",
    "receive",
    "refund_campaign",
    "refund_participation",
    "request_refund",
    "settle_prices",
    "start_checkout",
]


@job("campaign.refund")
async def refund_campaign(lease: Lease, *, campaign_id: str, **_: Any) -> None:
    """The group failed or was canceled: give every captured cent back, a hundred payments per transaction."""
    while True:
        finished = await db.atomically(lambda: _refund_some(lease, campaign_id))
        if finished:
            return


async def _refund_some(lease: Lease, campaign_id: str) -> bool:
    await lease.hold()
    await release_unpaid(campaign_id)
    rows = await db.fetch(
        "SELECT p.id, p.amount_minor FROM payment p WHERE p.campaign_id = ? AND p.state = 'succeeded' "
        "AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.payment_id = p.id "
        "AND r.reason IN ('campaign_failed', 'withdrawal', 'option_minimum', 'left_out', 'late', 'overdue', 'delay')) "
        "ORDER BY p.id LIMIT 100",
        campaign_id,
    )
    asked = 0
    for row in rows:
        asked += await request_refund(row["id"], reason="campaign_failed", amount_minor=row["amount_minor"])
    for row in await db.fetch(
        "SELECT p.id, p.participation_id FROM payment p WHERE p.campaign_id = ? AND p.state = 'authorized' AND "
        "NOT EXISTS (SELECT 1 FROM job j WHERE j.key = 'void:' || p.id) ORDER BY p.id LIMIT 100",
        campaign_id,
    ):
        await mark_refunding(row["participation_id"])
        asked += await release(row["id"])
    return asked == 0


@job("participation.refund")
async def refund_participation(
    lease: Lease, *, participation_id: str, reason: str = "withdrawal", **_: Any
) -> None:
    """A member left, or was left out: give back what they paid."""
    async with lease.completing():
        for row in await db.fetch(
            "SELECT id, amount_minor FROM payment WHERE participation_id = ? AND state = 'succeeded'",
            participation_id,
        ):
            await request_refund(row["id"], reason=reason, amount_minor=row["amount_minor"])
        for row in await db.fetch(
            "SELECT id FROM payment WHERE participation_id = ? AND state = 'authorized'", participation_id
        ):
            await release(row["id"])
        await settle_if_empty(participation_id)


async def settle_prices(campaign_id: str) -> int:
    """After the lock: whoever paid more than the price that was reached gets the difference back. How many refunds.

    Spread over a member's payments, the latest first, so that each keeps as much as it can of what was paid.
    """
    rows = await db.fetch(
        "SELECT p.id, p.participation_id, p.amount_minor, t.captured_minor - t.settled_minor AS more "
        "FROM participation t JOIN payment p ON p.participation_id = t.id AND p.state = 'succeeded' "
        "WHERE t.campaign_id = ? AND t.settled_minor < t.captured_minor "
        "AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.payment_id = p.id AND r.reason = 'late') "
        "ORDER BY p.participation_id, p.id DESC",
        campaign_id,
    )
    asked, left = 0, {row["participation_id"]: row["more"] for row in rows}
    for row in rows:
        back = min(left[row["participation_id"]], row["amount_minor"])
        if back:
            left[row["participation_id"]] -= back
            asked += await request_refund(row["id"], reason="price_difference", amount_minor=back)
    return asked
