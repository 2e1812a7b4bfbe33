"""Finding what the doorbell missed, and draining the table without a broker."""

from __future__ import annotations

from datetime import timedelta

from c2b.durable.jobs import perform
from c2b.durable.queue import ring
from c2b.kit import clock, db

#: A job that was rung and not claimed is rung again after this time.
RING_AGAIN = timedelta(seconds=20)
BATCH = 200


async def sweep() -> int:
    """Ring for jobs that are due or whose worker fell silent. Several clocks may do this at once."""
    now = clock.now()
    rows = await db.fetch(
        "UPDATE job SET rung_at = ? WHERE id IN (SELECT id FROM job WHERE "
        "((state = 'ready' AND due_at <= ?) OR (state = 'running' AND lease_until < ?)) "
        "AND (rung_at IS NULL OR rung_at < ?) ORDER BY due_at LIMIT " + str(BATCH) + ") RETURNING id",
        now,
        now,
        now,
        now - RING_AGAIN,
    )
    for row in rows:
        ring(row["id"])
    return len(rows)


async def drain(*, limit: int = 10_000) -> int:
    """Carry out all due jobs here and now, one after another, and those they cause. Returns how many."""
    done = 0
    while done < limit:
        now = clock.now()
        rows = await db.fetch(
            "SELECT id FROM job WHERE (state = 'ready' AND due_at <= ?) OR (state = 'running' AND lease_until < ?) "
            "ORDER BY due_at, id LIMIT 50",
            now,
            now,
        )
        worked = 0
        for row in rows:
            worked += await perform(row["id"])
        if not worked:
            return done
        done += worked
    raise RuntimeError(f"more than {limit} jobs: do they cause each other in a circle?")
