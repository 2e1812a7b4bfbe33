"""When things arrive: a range while the group still fills, the drawn timeline once it is locked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.catalog.rules import ProductSchema, lead_days
from c2b.fulfillment import rules
from c2b.fulfillment.queries import TimelinePage, timeline_of
from c2b.kit.errors import NotFound
from c2b.kit.i18n import pick


@dataclass(frozen=True, kw_only=True)
class PromiseView:
    """Days from the lock to the door: the likely number and the promised one (P80 with its factor).

    ``likely_on`` and ``promised_by`` are the dates if the group is locked on the day of the deadline.
    """

    label: str
    likely_days: int
    promised_days: int
    stages: list[tuple[str, int]]
    likely_on: date | None = None
    promised_by: date | None = None


def promise_of(template: str, *, extra_days: int = 0, deadline: datetime | None = None) -> PromiseView:
    """What a product's stage graph promises before anything is locked."""
    graph = rules.load_template(template)
    on = deadline.date() if deadline else date(2026, 1, 1)
    plan = rules.plan(graph, locked_on=on, extra_lead_days=extra_days)
    return PromiseView(
        label=pick(graph.label.to_json()),
        likely_days=plan.likely_days,
        promised_days=-(-plan.p80_days * graph.promise_percent // 100),
        stages=[(pick(stage.label.to_json()), stage.likely_days) for stage in plan.graph.stages],
        likely_on=plan.stages[-1].end if deadline else None,
        promised_by=plan.promised_delivery if deadline else None,
    )


def promise_of_campaign(campaign: dict[str, Any], schema: ProductSchema) -> PromiseView:
    """The range for a campaign that is not locked yet, with the lead days of its fixed options."""
    days = lead_days(schema, campaign["batch_answers"])
    return promise_of(campaign["timeline"], extra_days=days, deadline=campaign["deadline"])


async def drawn_timeline(actor: Actor | None, campaign_id: str) -> TimelinePage | None:
    """The timeline, if there is one and this reader belongs to the campaign."""
    if actor is None:
        return None
    try:
        return await timeline_of(actor, campaign_id)
    except NotFound:
        return None
