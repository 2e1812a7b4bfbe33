"""What time makes happen to bindings and commissions, and whether a campaign still owes any."""

from __future__ import annotations

from c2b.kit import clock, db
from c2b.referrals.binding import expire_bindings
from c2b.referrals.confirming import ask_to_confirm, confirm, expire_unclaimed, note_deliveries


async def keep_commissions() -> None:
    """The clock's sweep over everything that time alone makes happen to bindings and commissions."""
    await expire_bindings()
    await note_deliveries()
    await ask_to_confirm()
    await expire_unclaimed()


async def settle_commissions(campaign_id: str) -> int:
    """Confirm what is due of a campaign, in the present transaction; how many are still open."""
    await note_deliveries()
    for row in await db.fetch(
        "SELECT DISTINCT beneficiary_id FROM commission WHERE campaign_id = ? AND state = 'estimated' "
        "AND confirm_from <= ? ORDER BY beneficiary_id",
        campaign_id,
        clock.now(),
    ):
        await confirm(campaign_id, row["beneficiary_id"])
    return await open_commissions(campaign_id)


async def open_commissions(campaign_id: str) -> int:
    """How many commissions of a campaign may still be paid out of its escrow. Its books close when there are none."""
    row = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM commission WHERE campaign_id = ? AND state = 'estimated'", campaign_id
    )
    return int(row["n"]) if row else 0
