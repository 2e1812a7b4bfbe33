"""Reading payments and refunds."""

from __future__ import annotations

from typing import Any

from c2b.kit import db
from c2b.payments.choosing import NO_PAGES

_TIMES = ("created_at", "captured_at", "requested_at", "sent_at", "finished_at")


async def money_of(participation_id: str) -> dict[str, Any]:
    """A member's payments and refunds, oldest first. The caller has checked whose participation it is."""
    payments = await db.fetch(
        "SELECT id, amount_minor, currency, state, refunded_minor, created_at, captured_at, checkout_url "
        "FROM payment WHERE participation_id = ? ORDER BY id",
        participation_id,
    )
    refunds = await db.fetch(
        "SELECT r.id, r.amount_minor, r.currency, r.reason, r.note, r.state, r.by_hand, r.requested_at, r.finished_at "
        "FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.participation_id = ? ORDER BY r.id",
        participation_id,
    )
    return {"payments": [_read(row) for row in payments], "refunds": [_read(row) for row in refunds]}


async def money_of_campaign(campaign_id: str) -> dict[str, Any]:
    """Sums in minor units: captured, refunded, on the way back, held; and how many payments and refunds."""
    captured = await db.fetch_one(
        "SELECT COUNT(*) AS n, COALESCE(SUM(amount_minor), 0) AS captured, "
        "COALESCE(SUM(refunded_minor), 0) AS refunded "
        "FROM payment WHERE campaign_id = ? AND state = 'succeeded'",
        campaign_id,
    )
    waiting = await db.fetch_one(
        "SELECT COUNT(*) AS n, COALESCE(SUM(amount_minor), 0) AS minor FROM refund "
        "WHERE campaign_id = ? AND state <> 'succeeded'",
        campaign_id,
    )
    assert captured and waiting
    return {
        "payments": captured["n"],
        "captured_minor": int(captured["captured"]),
        "refunded_minor": int(captured["refunded"]),
        "refunding": waiting["n"],
        "refunding_minor": int(waiting["minor"]),
        "held_minor": int(captured["captured"]) - int(captured["refunded"]),
    }


def _read(row: dict[str, Any]) -> dict[str, Any]:
    told = {key: db.instant(value) if key in _TIMES else value for key, value in row.items()}
    if "by_hand" in told:
        told["by_hand"] = bool(told["by_hand"])
    if str(told.get("checkout_url", "")).startswith(NO_PAGES):
        told["checkout_url"] = ""
    return told
