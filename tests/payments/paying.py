"""Shortcuts of the payment tests: a place that is asked for, the object at the provider, and made-up notifications."""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.participations.joining import Joined
from c2b.payments.asking import start_checkout
from c2b.payments.gateways.base import GatewayEvent
from tests.world import World


def ref_of(url: str) -> str:
    """The provider's reference in a checkout's address."""
    return url.rstrip("/").rsplit("/", 1)[-1]


async def asked(
    w: World, campaign: str, who: Actor | None = None, *, quantity: int = 1, **answers: Any
) -> tuple[Joined, str]:
    """A reserved place and the provider's reference of its open checkout."""
    joined = await w.join(campaign, who, quantity=quantity, **answers)
    return joined, ref_of(await start_checkout(w.members[-1], joined.participation_id))


async def payment_of(joined: Joined) -> dict[str, Any]:
    """The latest payment of a place."""
    rows = await db.fetch(
        "SELECT * FROM payment WHERE participation_id = ? ORDER BY id", joined.participation_id
    )
    return rows[-1]


async def event_of(joined: Joined, kind: str = "payment.captured", **changes: Any) -> GatewayEvent:
    """A notification about a place's payment as the provider would word it; ``changes`` make it lie."""
    row = await payment_of(joined)
    fields: dict[str, Any] = {
        "event_id": f"evt_{new_id()}", "kind": kind, "provider_ref": row["provider_ref"], "payment_id": row["id"],
        "amount_minor": row["amount_minor"], "currency": row["currency"], "occurred_at": clock.now(),
        "refund_key": None,
    }  # fmt: skip
    return GatewayEvent(**{**fields, **changes})


async def state_of(joined: Joined) -> str:
    row = await db.fetch_one("SELECT state FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return row["state"]


async def verdicts() -> list[str]:
    """The inbox, oldest first."""
    return [
        row["verdict"] for row in await db.fetch("SELECT verdict FROM gateway_event ORDER BY received_at, id")
    ]
