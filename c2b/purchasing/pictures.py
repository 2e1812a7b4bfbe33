"""The members' pictures of an order, as one archive: each file is named after the unit it belongs on."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile

from c2b.accounts.rules import Actor
from c2b.catalog.queries import pinned_schema
from c2b.kit import db, storage
from c2b.kit.downloads import Download
from c2b.kit.errors import NotFound
from c2b.kit.ids import sha256_hex
from c2b.participations.wishes.pictures import hashes, storage_key
from c2b.purchasing.queries import own_order

#: The same bytes for the same pictures: archives carry no time of their own.
EPOCH = (1980, 1, 1, 0, 0, 0)


async def pictures_of(actor: Actor, purchase_order_id: str) -> list[tuple[str, str]]:
    """File name in the archive and hash, in the order of the unit list. Raises ``NotFound`` for who may not see it."""
    order = await own_order(actor, purchase_order_id)
    row = await db.fetch_one("SELECT schema_id FROM campaign WHERE id = ?", order.campaign_id)
    assert row
    schema = (await pinned_schema(row["schema_id"])).parsed
    units = await db.fetch(
        "SELECT u.id, p.answers FROM ordered_unit u JOIN participation p ON p.id = u.participation_id "
        "WHERE u.purchase_order_id = ? ORDER BY u.line_no, u.id",
        order.id,
    )
    return [
        (f"{unit['id']}-{path.partition('.')[0]}.webp", sha256)
        for unit in units
        for path, sha256 in hashes(schema, json.loads(unit["answers"]))
    ]


async def archive(actor: Actor, purchase_order_id: str) -> Download:
    """All pictures of an order as a ZIP. Raises ``NotFound`` where there is none."""
    found = await pictures_of(actor, purchase_order_id)
    if not found:
        raise NotFound
    order = await own_order(actor, purchase_order_id)
    data = await asyncio.to_thread(_packed, found)
    return Download(f"{order.number}-pictures.zip", "application/zip", data, sha256_hex(data))


def _packed(found: list[tuple[str, str]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:  # WebP does not shrink any more
        for name, sha256 in found:
            packed.writestr(zipfile.ZipInfo(name, EPOCH), storage.get(storage_key(sha256)))
    return out.getvalue()
