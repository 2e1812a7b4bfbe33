"""The payment schedule of an acknowledged order: frozen once, from the revision that both sides signed."""

from __future__ import annotations

import json
from typing import Any

from c2b.catalog.payment_terms import PaymentTerms, payment_terms
from c2b.catalog.queries import product
from c2b.config import settings
from c2b.durable.jobs import PermanentFailure
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id
from c2b.payouts.models import PaymentSchedule
from c2b.payouts.rules import Planned, fee, schedule
from c2b.payouts.telling import tell
from c2b.purchasing.models import PurchaseOrder
from c2b.purchasing.revisions import snapshot_of


class TermsChanged(PermanentFailure):
    """The quotation's terms are not those on the acknowledged order any more. An admin must look."""


async def freeze(campaign: dict[str, Any]) -> PaymentSchedule | None:
    """The schedule of a held campaign, written when its order was acknowledged. ``None`` while it is not.

    Goods (with services) and one-off costs are those of the acknowledged revision, each split by its own terms; the
    fee is a share of what members pay at the tier that was reached. Raises ``TermsChanged``.
    """
    found = await PaymentSchedule.get_or_none(campaign_id=campaign["id"])
    order = None if found else await PurchaseOrder.get_or_none(campaign_id=campaign["id"])
    if found or order is None or order.acknowledged_at is None or campaign["state"] == "canceled":
        return found
    snapshot = await snapshot_of(order.id, order.revision)
    sums = snapshot.totals
    goods = sums.goods_minor + sums.services_minor
    terms = payment_terms((await product(campaign["product_id"]))["quotation"])
    parts = schedule(terms, goods_minor=goods, nre_minor=sums.nre_minor)
    if [part.amount_minor for part in parts] != [
        each.amount_minor for each in snapshot.payments if each.amount_minor
    ]:
        raise TermsChanged(f"{order.number} was acknowledged with other payment terms")
    rate = settings().platform_fee_bp
    written = await _write(
        campaign, order, terms, goods_minor=goods, nre_minor=sums.nre_minor,
        fee_minor=fee(await _item_value(campaign["id"]), rate),
    )  # fmt: skip
    for part in parts:
        await _write_part(written, part)
    await tell(
        "payment_schedule.frozen", written.id, manufacturer_id=order.manufacturer_id, campaign_id=campaign["id"],
        amount_minor=goods + sums.nre_minor, currency=snapshot.currency, parts=len(parts),
    )  # fmt: skip
    return written


async def _write(
    campaign: dict[str, Any], order: PurchaseOrder, terms: PaymentTerms, **sums: Any
) -> PaymentSchedule:
    return await PaymentSchedule.create(
        campaign_id=campaign["id"], manufacturer_id=order.manufacturer_id, currency=campaign["currency"],
        terms=json.loads(canonical_json(terms.to_json())), created_at=clock.now(), **sums,
    )  # fmt: skip


async def _write_part(of: PaymentSchedule, part: Planned) -> None:
    await db.execute(
        "INSERT INTO payment_release (id, schedule_id, campaign_id, code, amount_minor, reduced_minor, released_minor, "
        "state, milestone) VALUES (?, ?, ?, ?, ?, 0, 0, 'held', ?)",
        new_id(), of.id, of.campaign_id, part.code, part.amount_minor, part.milestone,
    )  # fmt: skip


async def _item_value(campaign_id: str) -> int:
    """What members pay for the units themselves at the tier reached, in minor units; options are passed on."""
    row = await db.fetch_one(
        "SELECT result FROM allocation WHERE campaign_id = ? AND state = 'locked'", campaign_id
    )
    if row is None:
        return 0
    result = json.loads(row["result"]) if isinstance(row["result"], str) else row["result"]
    return int(result["unit_price_minor"]) * int(result["units"])
