"""What payouts do about events, inside the transactions that record them. Wired in ``c2b.wiring``."""

from __future__ import annotations

from c2b.durable import enqueue
from c2b.events.operations import Happening
from c2b.kit.ids import new_id
from c2b.payouts.blocking import inspection_passed, stop_for_inspection
from c2b.payouts.rules import STAGES

INSPECTIONS = STAGES["inspected"]


async def look(happening: Happening) -> None:
    """A payment may depend on this: look once it is written."""
    campaign_id = happening.campaign_id or happening.subject_id
    await enqueue(
        "payout.follow", key=f"payout.follow:{campaign_id}:{new_id()}", args={"campaign_id": campaign_id}
    )


async def stop(happening: Happening) -> None:
    """An inspection that fails blocks payouts at once: no release slips through until a job has run."""
    if happening.campaign_id and happening.payload["code"] in INSPECTIONS:
        await stop_for_inspection(
            happening.campaign_id, happening.payload["code"], reason=str(happening.payload.get("reason", ""))
        )


async def go_on(happening: Happening) -> None:
    """An inspection that passed (or was left out) blocks nothing any more."""
    if happening.campaign_id and happening.payload["code"] in INSPECTIONS:
        await inspection_passed(happening.campaign_id, happening.payload["code"])
