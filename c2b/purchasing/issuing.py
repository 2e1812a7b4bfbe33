"""From a locked campaign to an order in the manufacturer's hands: what the ordering workflow does, step by step.

``compose`` (in ``composing``) and ``render`` run outside a transaction and bear being run again; the others run inside
the transaction of their checkpoint.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from c2b.campaigns.changes import hold, next_number
from c2b.campaigns.operations import mark_ordered
from c2b.catalog.queries import product
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock, db, storage
from c2b.kit.i18n import LOCALES
from c2b.kit.ids import sha256_hex
from c2b.purchasing.answering import Standing, standing
from c2b.purchasing.composing import ensure_right
from c2b.purchasing.documents import render_purchase_order
from c2b.purchasing.frozen import OrderStopped, check_answers, check_money, frozen_batch
from c2b.purchasing.models import Document, PurchaseOrder, PurchaseOrderRevision
from c2b.purchasing.revisions import snapshot_of


async def check(*, campaign_id: str) -> int:
    """Judge every frozen answer again, count the captured units; their number. Raises ``OrderStopped``."""
    batch = await frozen_batch(campaign_id)
    check_answers(batch)
    return await check_money(batch)


async def allocate_number(*, campaign_id: str) -> str:
    """The order of this campaign with its number, ``PO-2026-000123``; its id. Numbers of a year have no gaps.

    Empty when the campaign was canceled meanwhile: its row is held, so a cancelation comes before or after, never
    between. The counter's row stays locked until the order is committed: a number is on an order or still free.
    """
    campaign = await hold(campaign_id)
    order = await PurchaseOrder.get_or_none(campaign_id=campaign_id)
    if order:
        return order.id
    if campaign["state"] != "locked":
        return ""
    made_by = await product(campaign["product_id"])
    year = clock.today().year
    order = await PurchaseOrder.create(
        campaign_id=campaign_id,
        manufacturer_id=made_by["manufacturer_id"],
        number=f"PO-{year}-{await next_number(f'purchase-order-{year}'):06d}",
        created_at=clock.now(),
    )
    return order.id


async def render(*, purchase_order_id: str, revision: int, locale: str) -> dict[str, Any]:
    """Draw one revision in one language and store it under a key of its own; what ``file`` needs to know of it."""
    snapshot = await snapshot_of(purchase_order_id, revision)
    drawn = await render_purchase_order(
        snapshot, locale=locale, acknowledgment_url=page_of(purchase_order_id)
    )
    sha256 = sha256_hex(drawn.data)
    key = f"purchase-orders/{snapshot.number}/r{revision}-{locale}-{sha256[:16]}.pdf"
    await asyncio.to_thread(storage.put, key, drawn.data)
    return {"locale": locale, "key": key, "sha256": sha256, "pages": drawn.pages, "size": len(drawn.data)}


def page_of(purchase_order_id: str) -> str:
    """Where the QR code on the order leads: the page on which the manufacturer answers, after logging in."""
    return f"{settings().base_url}/manufacturer/orders/{purchase_order_id}"


async def file(*, purchase_order_id: str, revision: int, documents: list[dict[str, Any]]) -> int:
    """Write down the documents of a revision; how many there are. A document once written down stays."""
    of = await PurchaseOrderRevision.get(purchase_order_id=purchase_order_id, revision=revision)
    for each in documents:
        if not await Document.filter(revision_id=of.id, locale=each["locale"]).exists():
            await Document.create(
                revision_id=of.id,
                locale=each["locale"],
                storage_key=each["key"],
                sha256=each["sha256"],
                pages=each["pages"],
                size_bytes=each["size"],
                created_at=clock.now(),
            )
    return await Document.filter(revision_id=of.id).count()


async def ensure_issuable(*, purchase_order_id: str, revision: int) -> dict[str, str]:
    """The last look before it goes out: the stored order against the batch, the files against their hashes.

    Returns the instants that stand on it, for ``issue``. Raises ``OrderStopped``.
    """
    order = await PurchaseOrder.get(id=purchase_order_id)
    snapshot = await snapshot_of(purchase_order_id, revision)
    await ensure_right(await frozen_batch(order.campaign_id), snapshot)
    documents = await Document.filter(
        revision__purchase_order_id=purchase_order_id, revision__revision=revision
    ).values("locale", "storage_key", "sha256")
    if {each["locale"] for each in documents} != set(LOCALES):
        raise OrderStopped(f"{order.number}: a document is missing")
    for each in documents:
        if sha256_hex(await asyncio.to_thread(storage.get, each["storage_key"])) != each["sha256"]:
            raise OrderStopped(f"{order.number}: {each['storage_key']} does not match its hash")
    return {
        "issued_at": snapshot.issued_at.isoformat(),
        "validity_until": snapshot.validity_until.isoformat(),
    }


async def issue(*, purchase_order_id: str, revision: int, issued_at: str, validity_until: str) -> Standing:
    """The order is out: its state, its time to be answered, the campaign's state and the event, at once.

    The instants are those on the document (``ensure_issuable``).
    """
    order = await PurchaseOrder.get(id=purchase_order_id)
    if (await hold(order.campaign_id))[
        "state"
    ] == "canceled":  # the job that takes the order back may come later
        await db.execute(
            "UPDATE purchase_order SET state = 'canceled' WHERE id = ? AND state = 'draft'", purchase_order_id
        )
        return await standing(purchase_order_id=purchase_order_id)
    rows = await db.execute(
        "UPDATE purchase_order SET state = 'issued', issued_at = COALESCE(issued_at, ?), validity_until = ? "
        "WHERE id = ? AND state = 'draft' AND revision = ?",
        datetime.fromisoformat(issued_at),
        datetime.fromisoformat(validity_until),
        purchase_order_id,
        revision,
    )
    if rows == 1:
        await mark_ordered(order.campaign_id)
        await _tell("purchase_order.issued", order, revision, audience="members")
    return await standing(purchase_order_id=purchase_order_id)


async def send(*, purchase_order_id: str, revision: int) -> None:
    """The mail to the manufacturer is queued, in this same transaction."""
    await _tell(
        "purchase_order.sent",
        await PurchaseOrder.get(id=purchase_order_id),
        revision,
        audience="manufacturer",
    )


async def _tell(name: str, order: PurchaseOrder, revision: int, *, audience: str) -> None:
    await record(
        name,
        subject="purchase_order",
        subject_id=order.id,
        campaign_id=order.campaign_id,
        audience=audience,
        payload={"number": order.number, "revision": revision},
    )
