"""A purchase order never mixes versions of the product's schema: neither the lock nor the order lets it pass."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from c2b.campaigns.models import FrozenBatch
from c2b.kit import db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import sha256_hex
from c2b.participations.closing.locking import LockRefused
from c2b.purchasing import frozen
from tests import world
from tests.purchasing.locked import _quick_documents, _unwired, files, locked_campaign

__all__ = ["_quick_documents", "_unwired", "files"]

pytestmark = pytest.mark.usefixtures("files", "_quick_documents", "_unwired", "database")


class TestAMixedBatch:
    async def test_is_not_locked(self):
        w = await world.build()
        campaign = await w.open_campaign(closes="on_threshold")
        place = await w.join(campaign, w.bo)
        await w.pay(place)
        await db.execute("UPDATE participation SET schema_version = 2 WHERE id = ?", place.participation_id)
        await w.fill(campaign, 49)
        with pytest.raises(LockRefused, match="another version"):
            await world.lock(campaign)

    async def test_is_not_ordered(self, monkeypatch):
        locked = await locked_campaign()
        row = await FrozenBatch.get(campaign_id=locked.campaign_id)
        assert (await frozen.frozen_batch(locked.campaign_id)).quantity == 50
        content = json.loads(row.canonical)
        content["participations"][0]["schema_version"] = 2
        canonical = canonical_json(content).decode()
        mixed = SimpleNamespace(canonical=canonical, digest=sha256_hex(canonical))

        async def stored(**_: object) -> SimpleNamespace:
            return mixed

        monkeypatch.setattr(frozen, "FrozenBatch", SimpleNamespace(get_or_none=stored))
        with pytest.raises(frozen.OrderStopped, match="mixes versions"):
            await frozen.frozen_batch(locked.campaign_id)
