"""Reading single rows the way both databases give them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from c2b.kit import db


async def one(sql: str, *args: Any) -> dict[str, Any]:
    """The row there must be. Raises LookupError when it is not there."""
    row = await db.fetch_one(sql, *args)
    if row is None:
        raise LookupError(f"nothing with id {args[0]} to tell about")
    return row


def label(value: Any) -> Any:
    """JSON as ``fetch`` gives it, read."""
    return json.loads(value) if isinstance(value, str) else value


def day(value: Any) -> date:
    """A day as ``fetch`` gives it (text from SQLite)."""
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value
