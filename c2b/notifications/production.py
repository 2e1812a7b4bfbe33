"""What mails say once an order is out: the purchase order, the promise, and each stage on the way.

A mail to a manufacturer is made of ``purchase_order`` alone: it knows nobody's name, and not what an organizer called
the campaign.
"""

from __future__ import annotations

from c2b.fulfillment.planning import plan_from_json
from c2b.fulfillment.rules import ready_stages
from c2b.kit import db
from c2b.notifications import links
from c2b.notifications.facts import campaign
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.reading import day, label, one
from c2b.notifications.rules import StoredFile
from c2b.purchasing.issuing import page_of

#: Gates that close with something people are told in a mail of its own: the lock and the plan (the last: delivery).
TOLD_OTHERWISE = ("LOCK", "PO_ACK")

_ORDER = (
    "SELECT o.*, c.code, p.name AS product_name, m.name AS manufacturer_name, r.total_minor, r.currency, r.digest, "
    "(SELECT COUNT(*) FROM ordered_unit n WHERE n.purchase_order_id = o.id) AS quantity FROM purchase_order o "
    "JOIN campaign c ON c.id = o.campaign_id JOIN product p ON p.id = c.product_id "
    "JOIN manufacturer m ON m.id = o.manufacturer_id "
    "JOIN purchase_order_revision r ON r.purchase_order_id = o.id AND r.revision = o.revision WHERE o.id = ?"
)


async def purchase_order(happened: Happened) -> Facts:
    """A purchase order as its manufacturer may see it: nobody's name, nor what an organizer called the campaign."""
    row = await one(_ORDER, happened.subject_id)
    return {
        "number": row["number"],
        "revision": row["revision"],
        "revision_reason": row["revision_reason"],
        "code": row["code"],
        "product": label(row["product_name"]),
        "quantity": row["quantity"],
        "total_minor": row["total_minor"],
        "currency": row["currency"],
        "digest": row["digest"],
        "validity_until_at": db.instant(row["validity_until"]),
        "url": page_of(row["id"]),
    }


async def purchase_order_called_off(happened: Happened) -> Facts | None:
    """A purchase order that no longer stands. ``None`` if the manufacturer never got it."""
    row = await one("SELECT issued_at FROM purchase_order WHERE id = ?", happened.subject_id)
    return await purchase_order(happened) if row["issued_at"] else None


async def purchase_order_for_admins(happened: Happened) -> Facts:
    """A purchase order that needs a decision, with what the manufacturer wrote."""
    row = await one(_ORDER, happened.subject_id)
    answer = await db.fetch_one(
        "SELECT signer_name, note FROM acknowledgment WHERE purchase_order_id = ? AND revision = ?",
        row["id"],
        row["revision"],
    )
    return {
        **await purchase_order(happened),
        "manufacturer": label(row["manufacturer_name"]),
        "signer": answer["signer_name"] if answer else "",
        "note": answer["note"] if answer else "",
        "url": links.order_for_admins(row["id"]),
    }


async def timeline(happened: Happened) -> Facts:
    """What was promised, and when it is likely."""
    row = await one("SELECT * FROM timeline WHERE campaign_id = ?", happened.campaign)
    graph = plan_from_json(label(row["plan"])).graph
    promised = day(row["promised_delivery"])
    forecast = day(happened.payload.get("forecast_delivery") or row["forecast_delivery"])
    return {
        **await campaign(happened),
        "promised_on": promised,
        "promised_ship_on": day(row["promised_ship_by"]),
        "forecast_on": forecast,
        "delivered_on": day(row["delivered_on"]) if row["delivered_on"] else None,
        "late_days": max((forecast - promised).days, 0),
        "stages": len(graph.stages),
        "kind": graph.label.to_json(),
    }


async def milestone(happened: Happened) -> Facts | None:
    """One stage, where the others stand, and what it means for the dates. ``None`` for gates told otherwise."""
    row = await one(
        "SELECT m.code, m.timeline_id, t.plan FROM milestone m JOIN timeline t ON t.id = m.timeline_id WHERE m.id = ?",
        happened.subject_id,
    )
    graph = plan_from_json(label(row["plan"])).graph
    stage = graph.stage(row["code"])
    if happened.event == "milestone.reached" and stage.code in (*TOLD_OTHERWISE, graph.final.code):
        return None
    done = dict.fromkeys(await _done_by_then(row["timeline_id"], happened), "approved")
    return {
        **await timeline(happened),
        "stage": stage.label.to_json(),
        "gate": stage.gate.to_json(),
        "done": len(done),
        "next": [graph.stage(code).label.to_json() for code in ready_stages(graph, done)],
        "note": await _note(happened),
    }


async def documents(happened: Happened, locale: str) -> list[StoredFile]:
    """The PDF of the order's present revision in ``locale``. Raises LookupError: an order never goes without it."""
    row = await one(
        "SELECT d.storage_key, o.number, o.revision FROM purchase_order o "
        "JOIN purchase_order_revision r ON r.purchase_order_id = o.id AND r.revision = o.revision "
        "JOIN document d ON d.revision_id = r.id WHERE o.id = ? AND d.locale = ?",
        happened.subject_id,
        locale,
    )
    return [StoredFile(row["storage_key"], f"{row['number']}-r{row['revision']}.{locale}.pdf")]


async def _done_by_then(timeline_id: str, happened: Happened) -> list[str]:
    """The stages done when it happened: by the time people are told, work may have gone on."""
    rows = await db.fetch(
        "SELECT m.code FROM milestone m WHERE m.timeline_id = ? AND EXISTS (SELECT 1 FROM event e "
        "WHERE e.subject = 'milestone' AND e.subject_id = m.id AND e.occurred_at <= ? "
        "AND e.name IN ('milestone.reached', 'milestone.skipped'))",
        timeline_id,
        happened.at,
    )
    return [row["code"] for row in rows]


async def _note(happened: Happened) -> str:
    """What was said with the event, else the latest note left as evidence at this milestone."""
    said = happened.payload.get("note") or happened.payload.get("reason")
    if said:
        return str(said)
    row = await db.fetch_one(
        "SELECT note FROM evidence WHERE milestone_id = ? AND note <> '' ORDER BY id DESC LIMIT 1",
        happened.subject_id,
    )
    return row["note"] if row else ""
