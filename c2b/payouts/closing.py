"""Closing a campaign's books: the fee at its completion, and when nothing can come back any more, all that is left.

After it the campaign's escrow is nought, for ever; what comes back later comes from whoever got it
(``payments.sourcing``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict

from c2b.campaigns.changes import hold
from c2b.catalog.markets import market_of
from c2b.kit import clock, db, faults
from c2b.ledger.operations import ensure, escrow, fees, margin, transfer
from c2b.ledger.queries import balance
from c2b.payouts.blocking import open_blocks
from c2b.payouts.following import as_json, follow, reached
from c2b.payouts.models import PaymentSchedule
from c2b.payouts.rules import WAITING, fee_due
from c2b.payouts.telling import tell

_WAITING = ", ".join(f"'{state}'" for state in WAITING)


class Waits(TypedDict):
    """Why books stay open (see ``BOOKS`` in ``queries``), and when to look again (ISO); ``None``: nothing waits."""

    reasons: list[str]
    until: str | None


async def book_fee(campaign_id: str) -> int:
    """The campaign is completed: the platform has earned its fee. Minor units; twice is once.

    Less where goods never came, and never what the manufacturer is still to get.
    """
    await follow(campaign_id)
    await hold(campaign_id)
    schedule = await PaymentSchedule.get_or_none(campaign_id=campaign_id)
    if schedule is None or schedule.state != "running":
        return 0
    owing, reduced = await _sums(schedule.id)
    short = reduced + await _owed_back(campaign_id)
    due = fee_due(schedule.fee_minor, goods_minor=schedule.goods_minor, reduced_minor=short)
    minor = min(due, await balance(escrow(campaign_id)) - owing)
    if minor <= 0:
        return 0
    await transfer(
        debit=escrow(campaign_id), credit=await ensure(fees(schedule.currency), schedule.currency), amount_minor=minor,
        currency=schedule.currency, key=f"fee:{campaign_id}", cause="fee", cause_id=schedule.id,
    )  # fmt: skip
    faults.point("payout:fee booked")
    return minor


async def waits(campaign_id: str, *, commissions: int = 0) -> Waits:
    """What a completed campaign's books still wait for. ``commissions``: how many may still be paid from its escrow."""
    await follow(campaign_id)
    return _waits(await _reasons(campaign_id, commissions), await _returnable_until(campaign_id))


async def close_books(campaign_id: str, *, commissions: int = 0) -> Waits:
    """Move what is left to the margin and close the schedule, in the present transaction, unless something waits."""
    campaign = await hold(campaign_id)
    found = await waits(campaign_id, commissions=commissions)
    if found["until"]:
        return found
    rest, currency = await balance(escrow(campaign_id)), campaign["currency"]
    if rest:
        await transfer(
            debit=escrow(campaign_id), credit=await ensure(margin(currency), currency), amount_minor=rest,
            currency=currency, key=f"rest:{campaign_id}", cause="rest", cause_id=campaign_id,
        )  # fmt: skip
    schedule = await PaymentSchedule.get_or_none(campaign_id=campaign_id)
    if schedule and schedule.state == "running":
        await db.execute(
            "UPDATE payment_schedule SET state = 'closed', closed_at = ? WHERE id = ?",
            clock.now(),
            schedule.id,
        )
        await tell(
            "payment_schedule.closed", schedule.id, manufacturer_id=schedule.manufacturer_id, campaign_id=campaign_id,
            amount_minor=rest, currency=currency,
        )  # fmt: skip
    faults.point("payout:books closed")
    return found


def _waits(reasons: list[str], until: datetime | None) -> Waits:
    """Look again when the return window ends, else tomorrow."""
    tomorrow = clock.now() + timedelta(days=1)
    later = (
        max(until, clock.now() + timedelta(minutes=1)) if until and reasons == ["return_window"] else tomorrow
    )
    return {"reasons": reasons, "until": later.isoformat() if reasons else None}


async def _reasons(campaign_id: str, commissions: int) -> list[str]:
    returnable = await _returnable_until(campaign_id)
    refunds = await _count(
        "SELECT COUNT(*) AS n FROM refund WHERE campaign_id = ? AND state <> 'succeeded'", campaign_id
    )
    parts = await _count(
        f"SELECT COUNT(*) AS n FROM payment_release WHERE campaign_id = ? AND state IN ({_WAITING})",  # noqa: S608
        campaign_id,
    )
    there = {
        "return_window": returnable is None or clock.now() < returnable,
        "releases": parts > 0,
        "block": await open_blocks(campaign_id) > 0,
        "refunds": refunds > 0,
        "commissions": commissions > 0,
    }
    return [name for name, holds in there.items() if holds]


async def _returnable_until(campaign_id: str) -> datetime | None:
    """The instant from which nothing can be returned where the campaign sells; ``None`` before the delivery."""
    delivered = (await reached(campaign_id)).delivered
    if delivered is None:
        return None
    row = await db.fetch_one("SELECT currency, batch_answers FROM campaign WHERE id = ?", campaign_id)
    assert row
    market = market_of(row["currency"], as_json(row["batch_answers"]))
    return market.returnable_until(delivered, clock.now().tzinfo)


async def _sums(schedule_id: str) -> tuple[int, int]:
    """What the manufacturer is still to get of a schedule, and what was taken off it."""
    row = await db.fetch_one(
        f"SELECT COALESCE(SUM(CASE WHEN state IN ({_WAITING}) THEN amount_minor - reduced_minor ELSE 0 END), 0) "  # noqa: S608
        "AS owing, COALESCE(SUM(reduced_minor), 0) AS reduced FROM payment_release WHERE schedule_id = ?",
        schedule_id,
    )
    assert row
    return int(row["owing"]), int(row["reduced"])


async def _owed_back(campaign_id: str) -> int:
    """The price of goods that never came beyond what was left to take off: the manufacturer owes it, or has paid."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor), 0) AS minor FROM transfer WHERE credit_id = ? AND cause = 'shortage'",
        escrow(campaign_id),
    )
    assert row
    return int(row["minor"])


async def _count(sql: str, *args: Any) -> int:
    row = await db.fetch_one(sql, *args)
    return int(row["n"]) if row else 0
