"""Writing a revision: from the frozen batch to the immutable order and its unit list.

Computed outside of any transaction, written in one. Whatever was written first stays: a step that runs again finds it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from c2b.catalog import rules as catalog
from c2b.catalog.payment_terms import payment_terms
from c2b.catalog.queries import manufacturer
from c2b.config import settings
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import Conflict
from c2b.kit.ids import new_id, sha256_hex
from c2b.purchasing import rules
from c2b.purchasing.buyer import buyer_party
from c2b.purchasing.frozen import Batch, OrderStopped, check_money, frozen_batch
from c2b.purchasing.models import PurchaseOrder, PurchaseOrderRevision
from c2b.purchasing.revisions import snapshot_of
from c2b.purchasing.rules import Assignment, Draft, Facts, PurchaseOrderSnapshot, Text
from c2b.purchasing.small_lots import small_lots
from c2b.purchasing.snapshot import Clause

_CHANGES = Text("Changes in this revision", "本版变更说明")


async def compose(*, purchase_order_id: str, revision: int, ship_by: str) -> str:
    """Write a revision from the frozen batch and the terms agreed today; the digest of what was written.

    ``ship_by`` is the promised day (ISO). A later revision says why it was issued. Raises ``OrderStopped`` when
    lines, unit list, participations, money or quotation do not fit each other.
    """
    written = await PurchaseOrderRevision.get_or_none(purchase_order_id=purchase_order_id, revision=revision)
    if written:
        return written.digest
    order = await PurchaseOrder.get(id=purchase_order_id)
    batch = await frozen_batch(order.campaign_id)
    draft = await _draft(order, batch, revision=revision, ship_by=date.fromisoformat(ship_by))
    if revision > 1:
        draft = await _following(order, draft)
    await ensure_right(batch, draft.snapshot)
    return await db.atomically(lambda: _write(order, draft))


async def ensure_right(batch: Batch, snapshot: PurchaseOrderSnapshot) -> None:
    """Everything that must hold before this order may go out. Raises ``OrderStopped``: it fails closed."""
    captured = await check_money(batch)
    try:
        rules.check_balanced(batch.schema.parsed, batch.confirmed, snapshot)
        rules.check_ready(snapshot, _facts(batch, snapshot, captured))
    except rules.PurchaseOrderNotReady as error:
        told = " ".join(problem.message.format(**problem.params) for problem in error.problems)
        raise OrderStopped(f"{snapshot.number}: {told}") from error
    except Conflict as error:
        raise OrderStopped(f"{snapshot.number}: {error.text()}") from error


def _facts(batch: Batch, snapshot: PurchaseOrderSnapshot, captured: int) -> Facts:
    parsed = batch.schema.parsed
    counts = catalog.option_counts(parsed, [(each.answers, each.quantity) for each in batch.confirmed])
    needed = dict.fromkeys(
        name for each in batch.confirmed for name in catalog.certificates(parsed, each.answers)
    )
    shared = [catalog.configuration_of(parsed, each.answers) for each in batch.confirmed]
    quoted = batch.quoted_tier.unit_price_minor
    return Facts(
        captured_units=captured,
        spec_digest=batch.digest,
        shortfalls=tuple(
            each
            for each in catalog.shortfalls(parsed, counts)
            if parsed.attribute(each.attribute).scope == "batch"
        ),
        small_lots=small_lots(parsed, [(each.answers, each.quantity) for each in batch.confirmed]),
        small_lot_fees=batch.small_lot_fees,
        nre=catalog.nre(parsed, shared),
        required_certificates=tuple(needed),
        quoted_until=_quoted_until(batch, snapshot),
        quoted_unit_price_minor=quoted,
        base_unit_price_minor=snapshot.lines[0].components[0].minor,
        capacity=batch.product["capacity"],
    )


def _quoted_until(batch: Batch, snapshot: PurchaseOrderSnapshot) -> date:
    """A quotation that held at the lock holds for the order that follows from it."""
    quoted_until = date.fromisoformat(batch.product["quotation"]["quoted_until"][:10])
    return snapshot.issued_at.date() if batch.locked_at.date() <= quoted_until else quoted_until


async def _draft(order: PurchaseOrder, batch: Batch, *, revision: int, ship_by: date) -> Draft:
    seller = await manufacturer(order.manufacturer_id)
    issued_at = clock.now().replace(microsecond=0)
    agreed = rules.trade_terms(batch.product["terms"], payment_terms(batch.product["quotation"]))
    return rules.draft(
        number=order.number,
        revision=revision,
        issued_at=issued_at,
        validity_until=validity_from(issued_at),
        buyer=buyer_party(),
        seller=rules.party(seller["party"]),
        campaign_code=batch.campaign_code,
        quotation=batch.product["quotation"].get("reference") or f"Q-{agreed.item_number}",
        product_name=Text.of(batch.product["name"]),
        currency=batch.currency,
        spec_digest=batch.digest,
        schema=batch.schema.parsed,
        participations=batch.confirmed,
        base_unit_price_minor=batch.quoted_tier.unit_price_minor,
        agreed=agreed,
        latest_date=ship_by,
        salt=settings().secret_key,
    )


async def _following(order: PurchaseOrder, draft: Draft) -> Draft:
    """A later revision: the same units under the ids they have, and a clause that says why it was issued."""
    revision = draft.snapshot.revision
    before = await snapshot_of(order.id, revision - 1)
    why = Clause(code=f"revision-{revision}", title=_CHANGES, body=Text.of(order.revision_reason))
    return Draft(replace(draft.snapshot, units=before.units, clauses=(*draft.snapshot.clauses, why)), ())


async def _write(order: PurchaseOrder, draft: Draft) -> str:
    snapshot = draft.snapshot
    canonical = canonical_json(snapshot.to_canonical())
    row = await db.fetch_one(
        "INSERT INTO purchase_order_revision (id, purchase_order_id, revision, canonical, digest, reason, total_minor, "
        "currency, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (purchase_order_id, revision) DO NOTHING RETURNING digest",
        new_id(),
        order.id,
        snapshot.revision,
        canonical.decode(),
        sha256_hex(canonical),
        order.revision_reason,
        snapshot.totals.gross_minor,
        snapshot.currency,
        clock.now(),
    )
    if row is None:  # another try was faster; what it wrote stands
        return (
            await PurchaseOrderRevision.get(purchase_order_id=order.id, revision=snapshot.revision)
        ).digest
    if draft.assignments:
        await db.execute_many(
            "INSERT INTO ordered_unit (id, purchase_order_id, line_no, participation_id) VALUES (?, ?, ?, ?)",
            [_unit_row(order, each) for each in draft.assignments],
        )
    digest: str = row["digest"]
    return digest


def _unit_row(order: PurchaseOrder, unit: Assignment) -> tuple[Any, ...]:
    return unit.unit_id, order.id, unit.line_no, unit.participation_id


def validity_from(instant: datetime) -> datetime:
    """The last instant for an answer to what is issued at ``instant``."""
    return instant + timedelta(days=settings().acknowledgment_days)
