"""Reading purchase orders, each reader their own: the manufacturer its orders, an admin all, members number and state.

Views hold primitives only, with texts in the reader's language: pages, JSON and mails are made from the same values.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import clock, db, storage
from c2b.kit.downloads import Download, checked
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.kit.i18n import pick
from c2b.participations.models import GONE
from c2b.purchasing import views
from c2b.purchasing.models import Acknowledgment, Document, PurchaseOrder, PurchaseOrderRevision
from c2b.purchasing.revisions import read_snapshot
from c2b.purchasing.shown import (
    STATE_LABELS,
    AnswerView,
    DocumentView,
    OrderBrief,
    OrderLine,
    OrderView,
    RevisionView,
    UnitRow,
    state_label,
)
from c2b.purchasing.snapshot import PurchaseOrderSnapshot

__all__ = [
    "STATE_LABELS", "AnswerView", "DocumentView", "OrderBrief", "OrderLine", "OrderView", "RevisionView", "UnitRow",
    "brief_of", "document_file", "filename", "order_brief", "order_view", "orders_of", "own_order",
    "state_label", "units_of",
]  # fmt: skip


async def own_order(actor: Actor, purchase_order_id: str) -> PurchaseOrder:
    """The order's row, if this actor may see all of it: its manufacturer's people and admins. Raises ``NotFound``.

    The manufacturer sees an order from its first issue on.
    """
    order = await PurchaseOrder.get_or_none(id=purchase_order_id)
    if order is None:
        raise NotFound
    theirs = actor.makes_for(order.manufacturer_id) and order.issued_at is not None
    if not (actor.is_admin or theirs):
        raise NotFound
    return order


_BRIEF = (
    "SELECT c.organizer_id, o.number, o.state, o.issued_at, o.acknowledged_at, (SELECT count(*) FROM participation p "  # noqa: S608
    f"WHERE p.campaign_id = c.id AND p.user_id = ? AND p.state NOT IN ({', '.join(map(repr, GONE))})) AS places "
    "FROM campaign c LEFT JOIN purchase_order o ON o.campaign_id = c.id WHERE c.id = ?"
)


async def order_brief(actor: Actor, campaign_id: str) -> OrderBrief | None:
    """For members, the organizer and admins: the order of their campaign. Raises ``NotFound`` for everybody else."""
    row = await db.fetch_one(_BRIEF, actor.id, campaign_id)
    if row is None or not (actor.is_admin or row["organizer_id"] == actor.id or row["places"]):
        raise NotFound
    return _brief(row)


async def brief_of(campaign_id: str) -> OrderBrief | None:
    """The issued order of a campaign. The caller has checked that the reader belongs to it (live pages do it once)."""
    row = await db.fetch_one(
        "SELECT number, state, issued_at, acknowledged_at FROM purchase_order WHERE campaign_id = ?",
        campaign_id,
    )
    return _brief(row) if row else None


def _brief(row: dict[str, Any]) -> OrderBrief | None:
    if row["issued_at"] is None:
        return None
    return OrderBrief(
        number=row["number"],
        state=row["state"],
        state_label=state_label(row["state"]),
        issued_at=db.instant(row["issued_at"]),
        acknowledged_at=db.instant(row["acknowledged_at"]),
    )


_LINE = (
    "SELECT o.id, o.number, o.state, o.revision, o.campaign_id, o.issued_at, o.validity_until, c.code, c.title, "
    "c.currency, c.paid, p.name AS product_name, m.name AS manufacturer_name, r.total_minor "
    "FROM purchase_order o JOIN campaign c ON c.id = o.campaign_id JOIN product p ON p.id = c.product_id "
    "JOIN manufacturer m ON m.id = o.manufacturer_id "
    "LEFT JOIN purchase_order_revision r ON r.purchase_order_id = o.id AND r.revision = o.revision "
)


async def orders_of(
    actor: Actor, window: Window | None = None, *, state: str | None = None, campaign_id: str | None = None
) -> Slice[OrderLine]:
    """The orders this actor may see, newest first; the cursor is an id. Nothing for consumers."""
    window = window or Window()
    where, args = ["1 = 1"], []
    if not actor.is_admin:
        where.append("o.manufacturer_id = ? AND o.issued_at IS NOT NULL")
        args.append(actor.manufacturer_id or "")
    if state:
        where.append("o.state = ?")
        args.append(state)
    if campaign_id:
        where.append("o.campaign_id = ?")
        args.append(campaign_id)
    if window.after:
        where.append("o.id < ?")
        args.append(str(window.after[0]))
    sql = _LINE + f"WHERE {' AND '.join(where)} ORDER BY o.id DESC LIMIT {window.limit + 1}"
    rows = [_line(row, actor) for row in await db.fetch(sql, *args)]
    return slice_of(rows, window, lambda line: (line.id,))


async def order_view(actor: Actor, purchase_order_id: str, *, revision: int | None = None) -> OrderView:
    """One order in its current revision, or an earlier one. Raises ``NotFound``."""
    order = await own_order(actor, purchase_order_id)
    row = await db.fetch_one(_LINE + "WHERE o.id = ?", purchase_order_id)
    assert row
    revisions = await PurchaseOrderRevision.filter(purchase_order_id=order.id).order_by("revision")
    # while the next revision is being written, the one before it is what there is to read
    wanted = revision or (revisions[-1].revision if revisions else 0)
    shown = next((each for each in revisions if each.revision == wanted), None)
    if shown is None:
        raise NotFound
    snapshot = await asyncio.to_thread(read_snapshot, shown.canonical)
    line = _line(row, actor)
    return OrderView(
        line=line,
        digest=shown.digest,
        spec_digest=snapshot.spec_digest,
        may_answer=line.awaits_answer and actor.makes_for(order.manufacturer_id) and wanted == order.revision,
        **_numbers(snapshot),
        page=views.order_page(snapshot, digest=shown.digest, acknowledgment_url=""),
        documents=await _documents(order),
        revisions=[_revision(each) for each in revisions],
        answers=await _answers(order),
    )


async def units_of(actor: Actor, purchase_order_id: str, window: Window | None = None) -> Slice[UnitRow]:
    """The unit list of the current revision in the order of the document. Raises ``NotFound``."""
    order = await own_order(actor, purchase_order_id)
    shown = await PurchaseOrderRevision.filter(purchase_order_id=order.id).order_by("-revision").first()
    if shown is None:
        raise NotFound
    window = window or Window()
    snapshot = await asyncio.to_thread(read_snapshot, shown.canonical)
    after = str(window.after[0]) if window.after else ""
    places = {unit.unit_id: place for place, unit in enumerate(snapshot.units, start=1)}
    start = places.get(after, 0)
    side = pick({"en": "en", "zh": "zh"})
    rows = [
        UnitRow(unit.unit_id, unit.line_no, views.personal_texts(unit, side))
        for unit in snapshot.units[start : start + window.limit + 1]
    ]
    return slice_of(rows, window, lambda row: (row.unit_id,))


async def document_file(actor: Actor, document_id: str) -> Download:
    """The bytes of a document, compared with their hash. Raises ``NotFound`` and ``kit.downloads.FileDamaged``."""
    document = await Document.get_or_none(id=document_id).prefetch_related("revision")
    if document is None:
        raise NotFound
    order = await own_order(actor, document.revision.purchase_order_id)
    data = await asyncio.to_thread(storage.get, document.storage_key)
    name = filename(order.number, document.revision.revision, document.locale)
    return Download(name, "application/pdf", checked(data, document.sha256), document.sha256)


def filename(number: str, revision: int, locale: str) -> str:
    """The name under which a document is saved or attached."""
    return f"{number}-r{revision}-{locale}.pdf"


async def _documents(order: PurchaseOrder) -> list[DocumentView]:
    rows = await Document.filter(revision__purchase_order_id=order.id).prefetch_related("revision")
    found = [
        DocumentView(
            id=row.id,
            revision=row.revision.revision,
            locale=row.locale,
            filename=filename(order.number, row.revision.revision, row.locale),
            sha256=row.sha256,
            pages=row.pages,
            size_bytes=row.size_bytes,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (-each.revision, each.locale))


async def _answers(order: PurchaseOrder) -> list[AnswerView]:
    rows = await Acknowledgment.filter(purchase_order_id=order.id).order_by("revision")
    names = AnswerView.__dataclass_fields__
    return [AnswerView(**{name: getattr(row, name) for name in names}) for row in rows]


def _revision(row: PurchaseOrderRevision) -> RevisionView:
    return RevisionView(**{name: getattr(row, name) for name in RevisionView.__dataclass_fields__})


def _numbers(snapshot: PurchaseOrderSnapshot) -> dict[str, Any]:
    side = pick({"en": "en", "zh": "zh"})
    lines = [
        {
            **{name: getattr(line, name) for name in ("line_no", "item_code", "quantity", "unit_code",
                                                      "unit_price_minor", "total_minor", "configuration_key")},
            "name": line.name[side],
            "specification": [
                {"code": each.code, "label": each.label[side], "value": each.value[side]}
                for each in line.specification
            ],
        }
        for line in snapshot.lines
    ]  # fmt: skip
    charges = [
        {
            **{name: getattr(each, name) for name in ("line_no", "kind", "quantity", "unit_code", "unit_price_minor",
                                                      "total_minor")},
            "name": each.name[side],
        }
        for each in snapshot.charges
    ]  # fmt: skip
    sums = (
        "goods_minor",
        "services_minor",
        "nre_minor",
        "gross_minor",
        "net_minor",
        "tax_minor",
        "rate_percent",
    )
    return {
        "lines": lines,
        "charges": charges,
        "totals": {name: getattr(snapshot.totals, name) for name in sums},
    }


def _line(row: dict[str, Any], reader: Actor) -> OrderLine:
    until = db.instant(row["validity_until"])
    return OrderLine(
        **{
            name: row[name]
            for name in ("id", "number", "state", "revision", "campaign_id", "total_minor", "currency")
        },
        state_label=state_label(row["state"]),
        campaign_code=row["code"],
        campaign_title=row["title"] if reader.is_admin else "",
        product_name=pick(_json(row["product_name"])),
        manufacturer_name=pick(_json(row["manufacturer_name"])),
        quantity=row["paid"],
        issued_at=db.instant(row["issued_at"]),
        validity_until=until,
        awaits_answer=row["state"] == "issued" and until is not None and clock.now() < until,
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
