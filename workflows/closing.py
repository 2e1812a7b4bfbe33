"""From the last captured payment (or the deadline) to a locked batch.

Started by ``campaign.closed`` with the run id ``closing:<campaign>:<round>``. The lock itself records
``campaign.locked``, which starts the ordering; a group of which too few units can be made (somebody left, an option
missed its minimum) takes members again, or has failed and is refunded, by the same transaction.
"""

from __future__ import annotations

from c2b.durable import Run, workflow
from c2b.participations.locking import lock
from c2b.payments.operations import settle_prices


@workflow("closing")
async def closing(run: Run, *, campaign_id: str) -> str:
    """Lock and freeze, then give back what was paid above the tier that was reached."""
    outcome: str = await run.step("lock and freeze", lock, campaign_id=campaign_id)
    if outcome == "locked":
        await run.step("settle prices", settle_prices, campaign_id=campaign_id)
    return outcome
