"""The job of papers: money has moved, so its receipt is issued."""

from __future__ import annotations

from typing import Any

from c2b.durable import Lease, job
from c2b.invoicing.operations import issue


@job("receipt.issue")
async def issue_receipt(lease: Lease, *, kind: str, subject_id: str, **_: Any) -> None:
    """Number and content in the transaction that ends the job: run twice or cut off, there is one receipt."""
    async with lease.completing():
        await issue(kind, subject_id)
