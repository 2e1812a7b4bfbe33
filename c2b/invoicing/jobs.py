"""The job of papers: money has moved, so its receipt is issued; and the sweep for what has none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from c2b.durable import Lease, enqueue, job
from c2b.invoicing.operations import end_without_money, issue
from c2b.kit import clock, db

#: So long a receipt's own job has to issue it.
_PATIENCE = timedelta(hours=1)
_AT_ONCE = 500
_WITHOUT = (
    "SELECT kind, id FROM (SELECT 'payment' AS kind, id, captured_at AS at FROM payment WHERE state = 'succeeded' "
    "UNION ALL SELECT 'refund', id, finished_at FROM refund WHERE state = 'succeeded') moved WHERE at < ? "
    "AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.kind = moved.kind AND r.subject_id = moved.id) "
    "ORDER BY at, id LIMIT ?"
)


@job("receipt.issue")
async def issue_receipt(lease: Lease, *, kind: str, subject_id: str, **_: Any) -> None:
    """Number and content in the transaction that ends the job: run twice or cut off, there is one receipt.

    After a refund that was the last of the money, a request for a tax invoice has nothing to be about.
    """
    async with lease.completing():
        await issue(kind, subject_id)
        if kind == "refund":
            row = await db.fetch_one(
                "SELECT p.participation_id FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.id = ?",
                subject_id,
            )
            assert row
            await end_without_money(row["participation_id"])


async def keep_receipts() -> int:
    """The clock's sweep: money that moved before there were receipts, or whose job has died, gets its paper.

    Asked for once a day until it is there; the oldest first. How many were asked for.
    """
    now = clock.now()

    async def ask() -> int:
        found = await db.fetch(_WITHOUT, now - _PATIENCE, _AT_ONCE)
        return sum(
            [
                await enqueue(
                    "receipt.issue",
                    key=f"receipt:{row['kind']}:{row['id']}:{now:%Y-%m-%d}",
                    args={"kind": row["kind"], "subject_id": row["id"]},
                )
                for row in found
            ]
        )

    return await db.atomically(ask)
