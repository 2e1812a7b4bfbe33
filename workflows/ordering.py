"""From a locked campaign to a factory at work: the purchase order, its answer, and the timeline that follows.

Started by ``campaign.locked`` with the run id ``ordering:<campaign>``. Whatever people decide about the order (accept,
reject, more time, another revision, cancel the campaign) changes the order's row first and then wakes this run, which
reads the row. Silence is never acceptance: the time runs out, an admin is told and decides.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from c2b.durable import Run, workflow
from c2b.fulfillment import operations as fulfillment
from c2b.kit.i18n import LOCALES
from c2b.purchasing import operations as purchasing
from c2b.purchasing.answering import Standing

#: States in which somebody has to do something before the run can go on.
WAITING = ("issued", "rejected", "expired")


@workflow("ordering")
async def ordering(run: Run, *, campaign_id: str) -> str:
    """Order what was frozen, wait for the manufacturer's word, then let the work begin. Returns the order's state."""
    await run.work("check the frozen answers", purchasing.check, campaign_id=campaign_id)
    plan = await run.work("work out the promise", fulfillment.draft_plan, campaign_id=campaign_id)
    order_id = await run.step("allocate number", purchasing.allocate_number, campaign_id=campaign_id)
    if not order_id:
        return "canceled"
    standing = await send_revision(run, order_id, 1, ship_by=plan["promised_ship_by"])
    while standing["state"] in WAITING:
        standing = await next_turn(run, order_id, standing)
        if standing["state"] == "draft":
            standing = await send_revision(
                run, order_id, standing["revision"], ship_by=plan["promised_ship_by"]
            )
    if standing["state"] == "acknowledged":
        await run.step("plan the timeline", fulfillment.plan_timeline, campaign_id=campaign_id, plan=plan)
    return standing["state"]


async def send_revision(run: Run, order_id: str, revision: int, *, ship_by: str) -> Standing:
    """Compose, draw, file and issue one revision, and send it to the manufacturer."""
    this: dict[str, Any] = {"purchase_order_id": order_id, "revision": revision}
    await run.work(f"compose r{revision}", purchasing.compose, **this, ship_by=ship_by)
    documents = [
        await run.work(f"render r{revision} {locale}", purchasing.render, **this, locale=locale)
        for locale in LOCALES
    ]
    await run.step(f"file r{revision}", purchasing.file, **this, documents=documents)
    dates = await run.work(f"check r{revision} once more", purchasing.ensure_issuable, **this)
    standing: Standing = await run.step(f"issue r{revision}", purchasing.issue, **this, **dates)
    if standing["state"] == "issued":
        await run.step(f"send r{revision}", purchasing.send, **this)
    return standing


async def next_turn(run: Run, order_id: str, standing: Standing) -> Standing:
    """Remind and expire at their hours, until somebody takes a turn or the last hour has come."""
    turn = f"turn {standing['turn'] + 1}"
    after = standing
    for moment in standing["agenda"]:
        if await run.wait(turn, until=datetime.fromisoformat(moment["at"])):
            return await run.step(f"{turn}: look", purchasing.standing, purchase_order_id=order_id)
        hour = f"{turn}: {moment['do']} {moment['at']}"
        after = await run.step(hour, purchasing.keep_hour, purchase_order_id=order_id, **moment)
    return after
