"""Writing down what became of a manufacturer's money, for mails and for admins."""

from __future__ import annotations

from typing import Any

from c2b.events.operations import record


async def tell(
    name: str,
    subject_id: str,
    *,
    manufacturer_id: str,
    campaign_id: str | None = None,
    actor_id: str | None = None,
    **payload: Any,
) -> None:
    """Record ``name`` in the present transaction; its subject is what stands before the dot."""
    await record(
        name, subject=name.partition(".")[0], subject_id=subject_id, campaign_id=campaign_id, actor_id=actor_id,
        audience="manufacturer", payload={"manufacturer_id": manufacturer_id, **payload},
    )  # fmt: skip
