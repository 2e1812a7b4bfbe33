"""What an organizer sends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from c2b.kit import clock
from tests import world


def offer(**changes: Any) -> dict[str, Any]:
    """An offer as JSON that the product of ``tests.world`` allows."""
    return {
        "title": "Navy seventy-five",
        "story": "A quiet board for the whole club.",
        "batch_answers": world.BATCH,
        "threshold": 50,
        "cap": 100,
        "tiers": [
            {"from_quantity": 50, "unit_price_minor": 45900},
            {"from_quantity": 80, "unit_price_minor": 42900},
        ],
        "closes": "on_threshold",
        "visibility": "public",
        "deadline": (clock.now() + timedelta(days=20)).isoformat(),
        **changes,
    }
