"""The frozen batch as the order is written from it: read, and every word of it checked again.

The lock wrote down what everybody chose and paid. Between the lock and the order lies at least one commit, perhaps
days and a new release; nothing is taken on trust.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.campaigns.models import FrozenBatch
from c2b.campaigns.rules import QuotedTier, quoted_at, quoted_tiers
from c2b.catalog import rules as catalog
from c2b.catalog.queries import PinnedSchema, pinned_schema, product
from c2b.catalog.validation import validate
from c2b.durable.jobs import PermanentFailure
from c2b.kit import db
from c2b.kit.canonical import digest
from c2b.kit.ids import sha256_hex
from c2b.purchasing.rules import Confirmed


class OrderStopped(PermanentFailure):
    """What would be ordered is not what was frozen, paid or quoted. Nothing is issued; an admin must look."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One locked campaign. ``confirmed`` carry complete answers, the batch's included; ``small_lot_fees`` are what
    members paid, by cell, so that it is made in fewer units than its minimum."""

    campaign_id: str
    campaign_code: str
    product: dict[str, Any]
    schema: PinnedSchema
    batch_answers: dict[str, Any]
    currency: str
    quantity: int
    locked_at: datetime
    digest: str
    confirmed: tuple[Confirmed, ...]
    small_lot_fees: dict[str, int]

    @property
    def quoted_tier(self) -> QuotedTier:
        """What the manufacturer quoted for this quantity. Raises ``OrderStopped`` below the first tier."""
        found = quoted_at(quoted_tiers(self.product["quotation"]["tiers"]), self.quantity)
        if found is None:
            raise OrderStopped(f"{self.campaign_code}: no price was quoted for {self.quantity} units")
        return found

    @property
    def lead_days(self) -> int:
        """Days that the chosen options add to the plan: the slowest of them decides."""
        return max(
            (catalog.lead_days(self.schema.parsed, each.answers) for each in self.confirmed), default=0
        )


async def frozen_batch(campaign_id: str) -> Batch:
    """The batch of a locked campaign. Raises ``OrderStopped`` where there is none or its hash does not hold."""
    row = await FrozenBatch.get_or_none(campaign_id=campaign_id)
    if row is None:
        raise OrderStopped(f"{campaign_id} was never locked")
    if sha256_hex(row.canonical) != row.digest:
        raise OrderStopped(f"{campaign_id}: the frozen batch does not match its hash")
    content = json.loads(row.canonical)
    campaign = content["campaign"]
    schema = await pinned_schema(campaign["schema_id"])
    if schema.digest != campaign["schema_digest"]:
        raise OrderStopped(f"{campaign['code']} was frozen with another product schema")
    if {each.get("schema_version", campaign["schema_version"]) for each in content["participations"]} - {
        schema.version
    }:
        raise OrderStopped(f"{campaign['code']} mixes versions of the product schema")
    locked_at = db.instant(campaign["locked_at"])
    assert locked_at
    return Batch(
        campaign_id=campaign_id,
        campaign_code=campaign["code"],
        product=await product(campaign["product_id"]),
        schema=schema,
        batch_answers=campaign["batch_answers"],
        currency=campaign["currency"],
        quantity=campaign["quantity"],
        locked_at=locked_at,
        digest=row.digest,
        confirmed=tuple(_confirmed(each, campaign["batch_answers"]) for each in content["participations"]),
        small_lot_fees={each["key"]: each["fee_minor"] for each in campaign.get("small_lots", ())},
    )


def _confirmed(entry: dict[str, Any], batch_answers: dict[str, Any]) -> Confirmed:
    return Confirmed(
        id=entry["id"],
        quantity=entry["quantity"],
        answers={**entry["answers"], **batch_answers},
        configuration_key=entry["configuration_key"],
        answers_digest=entry["digest"],
    )


async def check_money(batch: Batch) -> int:
    """Count what is paid for, place by place, against what was frozen; the number of captured units.

    Raises ``OrderStopped`` for the first thing that does not hold.
    """
    captured = await captured_units(batch.campaign_id)
    frozen = {each.id: each.quantity for each in batch.confirmed}
    if sum(frozen.values()) != batch.quantity:
        raise OrderStopped(
            f"{batch.campaign_code}: {sum(frozen.values())} units frozen, {batch.quantity} locked"
        )
    if captured != frozen:
        odd = sorted(set(captured.items()) ^ set(frozen.items()))[:3]
        raise OrderStopped(f"{batch.campaign_code}: paid and frozen units differ, first at {odd}")
    return sum(captured.values())


def check_answers(batch: Batch) -> None:
    """Judge every answer again by the pinned schema, and compare it with its hash. Raises ``OrderStopped``.

    Once per order is enough: neither the frozen batch nor the schema can change, and ``frozen_batch`` compares both
    with their hashes each time they are read.
    """
    if digest(batch.schema.document) != batch.schema.digest:
        raise OrderStopped(f"{batch.campaign_code}: the product schema does not match its hash")
    for each in batch.confirmed:
        faults = validate(
            batch.schema.document,
            answers=dict(each.answers),
            fixed=batch.batch_answers,
            digest=batch.schema.digest,
        )
        if faults:
            raise OrderStopped(f"participation {each.id}: {faults[0].path} {faults[0].code}")
        if digest(dict(each.answers)) != each.answers_digest:
            raise OrderStopped(f"participation {each.id}: the answers do not match their hash")


async def captured_units(campaign_id: str) -> dict[str, int]:
    """Participation -> units that are paid for and not given back, from the payments themselves."""
    rows = await db.fetch(
        "SELECT p.id, p.quantity FROM participation p JOIN payment y ON y.participation_id = p.id "
        "WHERE p.campaign_id = ? AND p.state IN ('confirmed', 'in_fulfillment') AND y.state = 'succeeded'",
        campaign_id,
    )
    return {row["id"]: row["quantity"] for row in rows}
