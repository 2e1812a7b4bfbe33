"""A locked campaign for the tests of what comes after the lock: fifty keyboards, ten of them engraved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from c2b import durable
from c2b.campaigns.queries import forget_offers
from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.events import operations as events
from c2b.kit import db
from c2b.kit.ids import sha256_hex
from c2b.purchasing import issuing
from c2b.purchasing.documents import RenderedDocument
from c2b.purchasing.models import PurchaseOrder, PurchaseOrderRevision
from tests import world
from workflows import ordering  # noqa: F401  (registers the workflow)

ENGRAVING = {"engraving": {"text": "Li Lei", "font": "kai", "position": "weight_back"}}


@dataclass
class Locked:
    """A campaign that was locked, and the world around it."""

    world: world.World
    campaign_id: str

    async def start(self) -> None:
        """Start the ordering, as the wiring does on ``campaign.locked``."""
        async with db.transaction():
            await durable.start("ordering", f"ordering:{self.campaign_id}", {"campaign_id": self.campaign_id})

    async def order(self) -> PurchaseOrder:
        return await PurchaseOrder.get(campaign_id=self.campaign_id)

    async def revision(self) -> PurchaseOrderRevision:
        """The current revision."""
        order = await self.order()
        return await PurchaseOrderRevision.get(purchase_order_id=order.id, revision=order.revision)

    async def issued(self) -> PurchaseOrder:
        """The order, in the manufacturer's hands."""
        await self.start()
        await drain()
        return await self.order()

    async def signature(self, **changes: Any) -> dict[str, Any]:
        """What Mill signs."""
        revision = await self.revision()
        return {
            "revision": revision.revision, "revision_digest": revision.digest, "decision": "accepted",
            "signer_name": "Mo Fang", "signer_role": "Sales director", **changes,
        }  # fmt: skip

    async def run(self) -> dict[str, Any]:
        row = await db.fetch_one("SELECT * FROM run WHERE id = ?", f"ordering:{self.campaign_id}")
        assert row
        return row

    async def job(self) -> dict[str, Any]:
        """The job that carries the run."""
        row = await db.fetch_one("SELECT * FROM job WHERE key = ?", f"run:ordering:{self.campaign_id}")
        assert row
        return row


async def locked_campaign(*, timeline: str = "LIGHT", units: int = 50) -> Locked:
    """Ana's campaign, locked: ten engraved units of one member, the rest plain."""
    forget_offers()
    here = await world.build(min_quantity=50)
    await db.execute("UPDATE product SET timeline = ? WHERE id = ?", timeline, here.product_id)
    campaign_id = await here.open_campaign(threshold=units, closes="on_threshold")
    await here.pay(await here.join(campaign_id, here.bo, quantity=10, **ENGRAVING))
    await here.fill(campaign_id, units - 10)
    assert await world.lock(campaign_id) == "locked"
    return Locked(here, campaign_id)


async def happened(name: str) -> list[dict[str, Any]]:
    """All events of a name."""
    return await db.fetch("SELECT * FROM event WHERE name = ? ORDER BY id", name)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of this test's own."""
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path / "files"
    settings.cache_clear()


@pytest.fixture
def _unwired() -> Iterator[None]:
    """Nobody reacts to events, whatever tests before this one connected: each step is the test's own."""
    before = {name: list(reactions) for name, reactions in events._reactions.items()}
    events._reactions.clear()
    yield
    events._reactions.clear()
    events._reactions.update(before)


@pytest.fixture
def _quick_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents that take no time to draw; how they look has tests of its own."""

    async def draw(snapshot: Any, *, locale: str, acknowledgment_url: str) -> RenderedDocument:
        data = f"%PDF-1.7 {snapshot.digest} {locale} {acknowledgment_url} %%EOF".encode()
        return RenderedDocument(data=data, sha256=sha256_hex(data), pages=1)

    monkeypatch.setattr(issuing, "render_purchase_order", draw)
