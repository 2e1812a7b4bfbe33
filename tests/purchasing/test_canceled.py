"""What must not go out: an order of a canceled group, and a document that is not the one that was drawn."""

from __future__ import annotations

import pytest

from c2b import wiring
from c2b.campaigns import operations as campaigns
from c2b.durable.jobs import perform
from c2b.durable.sweep import drain
from c2b.kit import db, storage
from c2b.purchasing import operations as purchasing
from c2b.purchasing.frozen import OrderStopped
from c2b.purchasing.models import Document, PurchaseOrder
from tests.purchasing.locked import _quick_documents, _unwired, files, locked_campaign

__all__ = ["_quick_documents", "_unwired", "files"]
pytestmark = pytest.mark.usefixtures("files", "_quick_documents", "_unwired", "database")


async def _perform(kind: str) -> None:
    for row in await db.fetch("SELECT id FROM job WHERE kind = ? AND state = 'ready'", kind):
        await perform(row["id"])


class TestACanceledGroup:
    async def test_gets_no_number_when_the_order_was_taken_back_before_there_was_one(self):
        wiring.connect()
        locked = await locked_campaign()
        await campaigns.cancel(locked.world.root, locked.campaign_id, reason="A recall of the battery.")
        await _perform("purchase_order.withdraw")
        await _perform("workflow.advance")
        assert await db.fetch("SELECT number FROM purchase_order") == []
        await drain()
        assert await db.fetch("SELECT id FROM mail WHERE template = 'purchase_order_issued'") == []

    async def test_gets_no_order_issued_when_it_ends_while_the_order_is_made(self):
        locked = await locked_campaign()
        order_id = await db.atomically(lambda: purchasing.allocate_number(campaign_id=locked.campaign_id))
        await campaigns.cancel(locked.world.root, locked.campaign_id, reason="A recall of the battery.")
        standing = await db.atomically(
            lambda: purchasing.issue(
                purchase_order_id=order_id, revision=1,
                issued_at="2026-11-23T09:00:00+00:00", validity_until="2026-11-30T09:00:00+00:00",
            )
        )  # fmt: skip
        assert standing["state"] == "canceled"
        assert await db.fetch("SELECT id FROM event WHERE name = 'purchase_order.issued'") == []


class TestADocumentThatWasChangedInTheStore:
    async def test_is_not_issued(self):
        wiring.connect()
        locked = await locked_campaign()
        await drain()
        order = await PurchaseOrder.get(campaign_id=locked.campaign_id)
        await purchasing.ensure_issuable(purchase_order_id=order.id, revision=1)
        document = await Document.first()
        assert document
        storage.path(document.storage_key).write_bytes(b"%PDF- something else")
        with pytest.raises(OrderStopped, match="does not match its hash"):
            await purchasing.ensure_issuable(purchase_order_id=order.id, revision=1)
