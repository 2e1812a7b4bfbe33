"""What a stage means for everything around it: the campaign, the purchase order and the members' participations.

All of it is guarded and goes forward only, so it may be said twice, and a step that was left out is made up for.
"""

from __future__ import annotations

from c2b.campaigns.operations import mark_completed, mark_in_production, mark_shipping
from c2b.events.operations import Happening, record_all
from c2b.fulfillment.models import Timeline
from c2b.fulfillment.moving import Board
from c2b.kit import clock, db
from c2b.purchasing.operations import follow_production


async def after_start(board: Board, code: str) -> None:
    """Work on a stage has begun."""
    if board.plan.graph.stage(code).takes_lead_days:  # the production stage
        await mark_in_production(board.timeline.campaign_id)
        await follow_production(campaign_id=board.timeline.campaign_id, state="in_production")


async def after_done(board: Board, code: str) -> None:
    """A stage was approved or skipped."""
    graph = board.plan.graph
    if graph.shipping.code == code:
        await _on_the_way(board.timeline.campaign_id)
    if graph.final.code == code:
        await _delivered(board, code)


async def _on_the_way(campaign_id: str) -> None:
    await mark_in_production(campaign_id)
    await mark_shipping(campaign_id)
    await follow_production(campaign_id=campaign_id, state="shipped")
    await db.execute(
        "UPDATE participation SET state = 'in_fulfillment' WHERE campaign_id = ? AND state = 'confirmed'",
        campaign_id,
    )


async def _delivered(board: Board, code: str) -> None:
    campaign_id, last = board.timeline.campaign_id, board.milestones[code]
    await _on_the_way(campaign_id)
    day = last.finished_on or clock.today()
    await Timeline.filter(id=board.timeline.id, delivered_on=None).update(delivered_on=day)
    rows = await db.fetch(
        "UPDATE participation SET state = 'delivered' WHERE campaign_id = ? AND state = 'in_fulfillment' RETURNING id",
        campaign_id,
    )
    await record_all(
        Happening("participation.delivered", "participation", row["id"], campaign_id, None, "organizer")
        for row in rows
    )
    await follow_production(campaign_id=campaign_id, state="delivered")
    await mark_completed(campaign_id)
