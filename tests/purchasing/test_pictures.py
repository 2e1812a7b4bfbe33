"""Members' own pictures reach the factory with the unit they belong on, and nobody else."""

from __future__ import annotations

import io
import zipfile

import pytest

from c2b import wiring
from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.kit import storage
from c2b.kit.errors import Invalid, NotFound
from c2b.kit.ids import sha256_hex
from c2b.participations.wishes.pictures import storage_key
from c2b.purchasing.models import OrderedUnit, PurchaseOrder
from c2b.purchasing.pictures import archive, pictures_of
from tests import world

PICTURE = b"stands for a painted picture"
SHA = sha256_hex(PICTURE)
KEYCAP = {"key": "esc", "image_sha256": SHA, "rights_confirmed": True}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


class TestAPictureOfOnesOwn:
    async def test_that_we_do_not_hold_cannot_be_ordered(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        with pytest.raises(Invalid) as caught:
            await w.join(campaign, w.bo, novelty_key=KEYCAP)
        assert [fault.path for fault in caught.value.fields] == ["novelty_key.image_sha256"]

    async def test_reaches_the_factory_named_after_its_unit_and_nobody_else(self, database):
        wiring.connect()
        storage.put(storage_key(SHA), PICTURE)
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo, novelty_key=KEYCAP)
        await w.pay(joined)
        await w.fill(campaign, 49)
        await drain()
        order = await PurchaseOrder.get(campaign_id=campaign)
        unit = await OrderedUnit.get(participation_id=joined.participation_id)
        file = await archive(w.mill, order.id)
        with zipfile.ZipFile(io.BytesIO(file.data)) as packed:
            assert packed.namelist() == [f"{unit.id}-novelty_key.webp"]
            assert packed.read(packed.namelist()[0]) == PICTURE
        assert w.bo.name.encode() not in file.data
        assert len(await pictures_of(w.root, order.id)) == 1
        for somebody in (w.bo, w.ana, w.cy, await world.person("Other", "manufacturer", "0" * 26)):
            with pytest.raises(NotFound):
                await archive(somebody, order.id)
