"""The manufacturer of the seed world and the demo: acknowledges, then works stage by stage with evidence."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from PIL import Image, ImageDraw

from c2b.accounts.rules import Actor
from c2b.durable.sweep import drain
from c2b.fulfillment import operations as fulfillment
from c2b.fulfillment.queries import StageRow, timeline_of
from c2b.kit import clock
from c2b.purchasing import operations as purchasing
from c2b.purchasing.models import PurchaseOrder
from c2b.purchasing.queries import order_view

Say = Callable[[str], None]


def _silent(_line: str) -> None:
    """The seed world is made without words."""


async def acknowledge(mill: Actor, campaign_id: str) -> str:
    """Accept the order of a campaign; its id."""
    order = await PurchaseOrder.get(campaign_id=campaign_id)
    view = await order_view(mill, order.id)
    await purchasing.acknowledge(
        mill,
        order.id,
        revision=order.revision,
        revision_digest=view.digest,
        decision="accepted",
        signer_name="Lin Yue",
        signer_role="Order manager",
    )
    await drain()
    return order.id


async def work_through(
    mill: Actor, root: Actor, campaign_id: str, *, until: datetime, say: Say = _silent
) -> None:
    """Acknowledge two days later and carry the stages on as planned, until ``until``."""
    clock.shift(timedelta(days=2))
    await acknowledge(mill, campaign_id)
    await carry_on(mill, root, campaign_id, until=until, say=say)


async def carry_on(
    mill: Actor, root: Actor, campaign_id: str, *, until: datetime, say: Say = _silent
) -> None:
    """Start and close stage after stage on the days they are forecast for, until ``until`` or the end."""
    while True:
        stage = _next((await timeline_of(root, campaign_id)).stages)
        if stage is None or _turn(stage) > until:
            return
        clock.set(max(clock.now(), _turn(stage)))
        if stage.state == "planned":
            await fulfillment.start_stage(mill, stage.id)
            say(f"{clock.today()}  {stage.name}: started")
        else:
            await finish(mill, root, stage)
            say(f"{clock.today()}  {stage.name}: done")
        await drain()


async def finish(mill: Actor, root: Actor, stage: StageRow) -> None:
    """Prove a stage and close its gate."""
    note = f"{stage.name}: {stage.gate}." if stage.gate else f"{stage.name}: done."
    await fulfillment.add_evidence(mill, stage.id, kind="note", note=note)
    await fulfillment.add_evidence(
        mill, stage.id, kind="photo", note=stage.evidence_wanted, filename=f"{stage.code.lower()}.png",
        data=picture(stage.code),
    )  # fmt: skip
    await fulfillment.submit_stage(mill, stage.id)
    if stage.closes_on == "approval":
        await fulfillment.approve_stage(root, stage.id)


def picture(label: str) -> bytes:
    """A plain drawing that stands for a photo from the factory floor, as PNG."""
    image = Image.new("RGB", (960, 640), "#e8ecef")
    draw = ImageDraw.Draw(image)
    for row in range(5):
        for column in range(12):
            left, top = 60 + column * 70, 150 + row * 80
            shade = "#2b4a5e" if (row * 7 + column) % 11 else "#c46f3c"
            draw.rounded_rectangle((left, top, left + 58, top + 66), radius=9, fill=shade)
    draw.text((60, 60), f"{label}  {clock.today().isoformat()}", fill="#1c2b33", font_size=40)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _next(stages: list[StageRow]) -> StageRow | None:
    """The stage whose turn comes next: one that can begin, or one at work that can be closed."""
    ready = [stage for stage in stages if stage.state in ("planned", "in_progress") and not stage.waiting_for]
    return min(ready, key=lambda stage: (_turn(stage), stage.state == "planned", stage.code), default=None)


def _turn(stage: StageRow) -> datetime:
    return _noon(stage.forecast_start if stage.state == "planned" else stage.forecast_end)


def _noon(day: date) -> datetime:
    """Noon in China, in UTC."""
    return datetime.combine(day, time(hour=4), tzinfo=UTC)
