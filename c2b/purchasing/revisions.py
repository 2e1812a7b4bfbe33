"""Reading what was ordered back from where it was written down, never without comparing its hash."""

from __future__ import annotations

import json
from functools import lru_cache

from c2b.kit.ids import sha256_hex
from c2b.purchasing.frozen import OrderStopped
from c2b.purchasing.models import PurchaseOrderRevision
from c2b.purchasing.rules import PurchaseOrderSnapshot


async def snapshot_of(purchase_order_id: str, revision: int) -> PurchaseOrderSnapshot:
    """A stored revision. Raises ``OrderStopped`` when it is missing or does not match its hash."""
    row = await PurchaseOrderRevision.get_or_none(purchase_order_id=purchase_order_id, revision=revision)
    if row is None or sha256_hex(row.canonical) != row.digest:
        raise OrderStopped(
            f"revision {revision} of {purchase_order_id} is missing or does not match its hash"
        )
    return read_snapshot(row.canonical)


@lru_cache(maxsize=4)
def read_snapshot(canonical: str) -> PurchaseOrderSnapshot:
    """The order as it was written down. The few looked at just now are kept: a large one takes a second to read."""
    return PurchaseOrderSnapshot.from_canonical(json.loads(canonical))
