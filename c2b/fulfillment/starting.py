"""The beginning of a timeline: the promise worked out at the lock, and the plan written once the order is accepted."""

from __future__ import annotations

from typing import Any

from c2b.campaigns.operations import mark_in_production
from c2b.events.operations import record
from c2b.fulfillment import rules
from c2b.fulfillment.models import Milestone, Timeline
from c2b.fulfillment.moving import hold, reforecast, tell
from c2b.kit import clock
from c2b.purchasing.frozen import frozen_batch
from c2b.purchasing.models import PurchaseOrder

#: Gates that close by themselves: the lock, and the acknowledged purchase order.
LOCK, ACKNOWLEDGMENT = "LOCK", "PO_ACK"


async def draft_plan(*, campaign_id: str) -> dict[str, Any]:
    """What is promised for a locked campaign: the product's template from the day of the lock, as JSON.

    Lead days of the options that were chosen are part of it. Raises ``purchasing.frozen.OrderStopped`` for a campaign
    that was never locked.
    """
    batch = await frozen_batch(campaign_id)
    plan = rules.plan(
        rules.load_template(batch.product["timeline"]),
        locked_on=batch.locked_at.date(),
        extra_lead_days=batch.lead_days,
    )
    return rules.plan_to_json(plan)


async def plan_timeline(*, campaign_id: str, plan: dict[str, Any] | None = None) -> str:
    """Write the timeline of a campaign whose order was acknowledged; its id. Twice is once.

    ``plan`` is what ``draft_plan`` said at the lock. Lock and acknowledgment are behind us: their gates are closed with
    the days on which they happened.
    """
    existing = await Timeline.get_or_none(campaign_id=campaign_id)
    if existing:
        return existing.id
    order = await PurchaseOrder.get(campaign_id=campaign_id)
    promise = rules.plan_from_json(plan or await draft_plan(campaign_id=campaign_id))
    timeline = await _create(campaign_id, order.manufacturer_id, promise)
    assert order.issued_at is not None
    assert order.acknowledged_at is not None
    days = {
        LOCK: (promise.locked_on, promise.locked_on),
        ACKNOWLEDGMENT: (order.issued_at.date(), max(order.issued_at, order.acknowledged_at).date()),
    }
    for code, (started, finished) in days.items():
        await Milestone.filter(timeline_id=timeline.id, code=code).update(
            state="approved", started_on=started, finished_on=finished
        )
    board = await hold(timeline.id)
    await reforecast(board)
    await record(
        "timeline.planned",
        subject="timeline",
        subject_id=timeline.id,
        campaign_id=campaign_id,
        audience="members",
        payload={
            "template": promise.graph.code,
            "promised_ship_by": promise.promised_ship_by.isoformat(),
            "promised_delivery": promise.promised_delivery.isoformat(),
        },
    )
    for code in days:
        await tell("milestone.reached", board, code, automatic=True)
    await mark_in_production(campaign_id)
    return timeline.id


async def _create(campaign_id: str, manufacturer_id: str, plan: rules.TimelinePlan) -> Timeline:
    timeline = await Timeline.create(
        campaign_id=campaign_id,
        manufacturer_id=manufacturer_id,
        template=plan.graph.code,
        plan=rules.plan_to_json(plan),
        locked_on=plan.locked_on,
        promised_ship_by=plan.promised_ship_by,
        promised_delivery=plan.promised_delivery,
        forecast_delivery=plan.stage(plan.graph.final.code).end,
        forecast_on=clock.today(),
        created_at=clock.now(),
    )
    for position, (stage, planned) in enumerate(zip(plan.graph.stages, plan.stages, strict=True)):
        await Milestone.create(
            timeline_id=timeline.id,
            code=stage.code,
            position=position,
            actor=stage.actor,
            planned_start=planned.start,
            planned_end=planned.end,
            forecast_start=planned.start,
            forecast_end=planned.end,
        )
    return timeline
