"""The job of papers: money has moved, so its receipt is issued."""

from __future__ import annotations

from typing import Any

from c2b.durable import Lease, job
from c2b.invoicing.operations import end_without_money, issue
from c2b.kit import db


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
