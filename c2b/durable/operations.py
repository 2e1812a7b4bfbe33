"""What an admin does about work that gave up."""

from __future__ import annotations

from c2b.durable.queue import ring
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.db.transactions import after_commit
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_


class JobNotDead(Conflict):
    code = "job_not_dead"
    message = N_("This job has not given up: there is nothing to retry.")


async def retry_job(job_id: str, *, actor_id: str) -> None:
    """Give a dead job all its tries again, due now. The caller has checked that ``actor_id`` is an admin's.

    Raises ``NotFound``, and ``JobNotDead`` when it is at work, done, or was retried by somebody else just now.
    """

    async def again() -> None:
        row = await db.fetch_one(
            "UPDATE job SET state = 'ready', failures = 0, due_at = ?, lease_until = NULL, rung_at = NULL, "
            "finished_at = NULL WHERE id = ? AND state = 'dead' RETURNING key",
            clock.now(),
            job_id,
        )
        if row is None:
            known = await db.fetch_one("SELECT 1 AS yes FROM job WHERE id = ?", job_id)
            raise JobNotDead if known else NotFound
        payload = {"key": row["key"]}
        await record("job.retried", subject="job", subject_id=job_id, actor_id=actor_id, payload=payload)
        after_commit(lambda: ring(job_id))

    await db.atomically(again)
