"""From the last delivery to closed books: the fee, the manufacturer's last part, and what is left over.

Started by ``campaign.completed`` with the run id ``settling:<campaign>``. It looks once a day until nothing can come
back any more: the days of return are over, the retention was released by an admin, nothing is blocked or being
refunded, and every commission is confirmed, reversed or expired. Then the campaign's escrow is emptied, for good.
"""

from __future__ import annotations

from datetime import datetime

from c2b.durable import Run, workflow
from c2b.payouts import operations as payouts
from c2b.payouts.operations import Waits
from c2b.referrals.operations import settle_commissions


@workflow("settling")
async def settling(run: Run, *, campaign_id: str) -> str:
    """Earn the fee, wait, close."""
    await run.step("earn the fee", payouts.book_fee, campaign_id=campaign_id)
    looks = 1
    while (waits := await run.step(f"close {looks}", close, campaign_id=campaign_id))["until"]:
        await run.wait(f"look {looks}", until=datetime.fromisoformat(waits["until"]))
        looks += 1
    return "closed"


async def close(*, campaign_id: str) -> Waits:
    """Confirm the commissions that are due, then close the books unless something waits."""
    return await payouts.close_books(campaign_id, commissions=await settle_commissions(campaign_id))
