"""The blocks that nobody has to think of: a claim that is not paid back yet, and a delay that members still answer.

They follow from what is true now, whatever told us of it, so each reaction and the clock's look are the same act.
"""

from __future__ import annotations

from functools import partial

from c2b.campaigns.changes import hold
from c2b.events.operations import Happening
from c2b.fulfillment import delays
from c2b.kit import db
from c2b.payouts.blocking import keep_block
from c2b.payouts.releasing import RUNNING

#: Subjects of the two, beside those that admins open themselves.
CLAIMS, DELAY = "claims", "delay"


async def look(happening: Happening) -> None:
    """Claims or a delay may have changed, in the transaction that says so."""
    if happening.campaign_id:
        await guard(happening.campaign_id)


async def look_at_refund(happening: Happening) -> None:
    """The same for a refund, where its reason is one of the two."""
    if happening.payload.get("reason") in ("claim", "delay"):
        await look(happening)


async def guard(campaign_id: str) -> None:
    """Bring both blocks of a campaign up to date, in the present transaction. Twice is once."""
    campaign = await hold(campaign_id)
    paid = campaign["state"] in RUNNING
    await keep_block(campaign_id, "dispute", CLAIMS, waiting=await _claims(campaign_id) if paid else 0)
    await keep_block(
        campaign_id, "delay_choice", DELAY, waiting=await delays.pending(campaign_id) if paid else 0
    )


async def keep_guards() -> int:
    """The clock's sweep: what only the time has settled (silence that counts as consent). How many were looked at."""
    rows = await db.fetch(
        "SELECT DISTINCT campaign_id FROM payout_block WHERE closed_at IS NULL AND subject IN (?, ?) LIMIT 200",
        CLAIMS,
        DELAY,
    )
    for row in rows:
        await db.atomically(partial(guard, row["campaign_id"]))
    return len(rows)


async def _claims(campaign_id: str) -> int:
    row = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM refund WHERE campaign_id = ? AND reason = 'claim' AND state <> 'succeeded'",
        campaign_id,
    )
    return int(row["n"]) if row else 0
