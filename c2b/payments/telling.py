"""Has this been recorded? For jobs whose only effect is an event, so that done twice they tell once."""

from __future__ import annotations

import json
from typing import Any

from c2b.kit import db


async def told_before(name: str, subject_id: str, **marks: Any) -> bool:
    """Whether an event of that name about that subject carries these values already."""
    for row in await db.fetch(
        "SELECT payload FROM event WHERE name = ? AND subject_id = ?", name, subject_id
    ):
        payload = json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"]
        if marks.items() <= payload.items():
            return True
    return False
