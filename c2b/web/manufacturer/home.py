"""Where a manufacturer begins the day: orders to answer, and stages that wait for somebody in the factory."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.fulfillment.queries import StageRow, TimelineLine, timeline_of, timelines_of
from c2b.kit.http.paging import Window
from c2b.kit.i18n import gettext
from c2b.purchasing.queries import orders_of
from c2b.web.auth import actor_of, require
from c2b.web.manufacturer.orders import STATE_TONES
from c2b.web.pages import page
from c2b.web.stages import STATE_TONES as STAGE_TONES

#: Timelines whose stages are looked at; whoever makes more at once finds the others in the list.
LOOKED_AT = 12


@dataclass(frozen=True, kw_only=True)
class Task:
    """A stage somebody in the factory has to do something about. ``what`` says it in words."""

    campaign_id: str
    number: str
    product_name: str
    code: str
    stage: str
    state_label: str
    tone: str
    what: str
    overdue_days: int


@require("manufacturer")
async def show(request: Request) -> Response:
    """GET /manufacturer."""
    actor = actor_of(request)
    issued = await orders_of(actor, state="issued")
    running = await timelines_of(actor, Window(limit=LOOKED_AT), running=True)
    return page(
        request,
        "pages/manufacturer/home.html",
        name=actor.name,
        orders=sorted(
            (each for each in issued.items if each.awaits_answer), key=lambda each: str(each.validity_until)
        ),
        tasks=[task for line in running.items for task in await tasks_of(actor, line)],
        timelines=running.items,
        more=running.next_cursor is not None,
        tones=STATE_TONES,
    )


async def tasks_of(actor: Actor, line: TimelineLine) -> list[Task]:
    """The stages of one timeline that this reader can move on now."""
    stages = (await timeline_of(actor, line.campaign_id)).stages
    return [
        Task(
            campaign_id=line.campaign_id,
            number=line.number,
            product_name=line.product_name,
            code=stage.code,
            stage=stage.name,
            state_label=stage.state_label,
            tone=STAGE_TONES[stage.state],
            what=what_to_do(stage),
            overdue_days=stage.overdue_days,
        )
        for stage in stages
        if set(stage.actions) - {"prove"} and stage.state != "submitted"
    ]


def what_to_do(stage: StageRow) -> str:
    """The next thing to do about a stage, in a few words."""
    if "start" in stage.actions:
        return gettext("Everything before it is done: it can start.")
    if "resume" in stage.actions:
        return stage.reason
    if stage.missing_evidence:
        return gettext("Add evidence: {evidence}", evidence=stage.evidence_wanted)
    return gettext("Its evidence is complete: report it as done.")
