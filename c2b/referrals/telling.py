"""Writing down what became of a commission, for the mails and for admins."""

from __future__ import annotations

import json
from typing import Any

from c2b.events.operations import record


async def tell(
    what: str,
    subject_id: str,
    campaign_id: str,
    user_id: str,
    *,
    amount_minor: int,
    currency: str,
    **more: Any,
) -> None:
    """Record ``commission.<what>`` in the present transaction."""
    payload = {"user_id": user_id, "amount_minor": amount_minor, "currency": currency, **more}
    await record(
        f"commission.{what}", subject="commission", subject_id=subject_id, campaign_id=campaign_id,
        payload=payload,
    )  # fmt: skip


def from_json(value: Any) -> Any:
    """A JSON column as ``fetch`` gives it, read."""
    return json.loads(value) if isinstance(value, str) else value
