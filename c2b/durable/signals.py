"""Telling a waiting run that something happened."""

from __future__ import annotations

from typing import Any

from c2b.durable.queue import wake
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id


async def signal(run_id: str, name: str, payload: Any = None) -> None:
    """Write a signal in the present transaction and wake the run. The first of a name counts, later ones do nothing."""
    row = await db.fetch_one(
        "INSERT INTO signal (id, run_id, name, payload, sent_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (run_id, name) DO NOTHING RETURNING id",
        new_id(),
        run_id,
        name,
        canonical_json(payload).decode(),
        clock.now(),
    )
    if row:
        await wake(f"run:{run_id}")
