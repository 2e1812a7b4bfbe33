"""What mails say of money that does not move by itself (refunds that wait, records that differ), and tax invoices."""

from __future__ import annotations

from c2b.kit import db
from c2b.notifications import links
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.reading import one

_REFUND = (
    "SELECT r.state, r.by_hand, r.amount_minor, r.currency, r.requested_at, y.gateway, c.title, c.code FROM refund r "
    "JOIN payment y ON y.id = r.payment_id JOIN campaign c ON c.id = r.campaign_id WHERE r.id = ?"
)


async def refund_by_hand(happened: Happened) -> Facts | None:
    """A refund that waits for a bank transfer. ``None`` if it was made meanwhile."""
    row = await one(_REFUND, happened.subject_id)
    if row["state"] == "succeeded":
        return None
    return {
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "title": row["title"],
        "code": row["code"],
        "gateway": row["gateway"],
        "requested_at": db.instant(row["requested_at"]),
        "url": links.refund_for_admins(happened.subject_id),
    }


async def refund_died(happened: Happened) -> Facts | None:
    """A refund that its provider will not make, and what it answered. ``None`` if it was made meanwhile."""
    found = await refund_by_hand(happened)
    said = "".join(char if char.isprintable() else " " for char in str(happened.payload.get("error", "")))
    return {**found, "error": said} if found else None


async def differences(happened: Happened) -> Facts:
    """A day whose comparison has opened cases, and how many."""
    told = happened.payload
    return {
        "gateway": told["gateway"],
        "day_on": told["day"],
        "cases": told["cases"],
        "url": links.reconciliation(),
    }


async def invoice(happened: Happened) -> Facts:
    """A tax invoice: its number and amount, or why it could not be issued."""
    row = await one(
        "SELECT i.title, i.amount_minor, i.currency, i.number, i.note, i.email, i.participation_id, c.title AS "
        "campaign_title FROM invoice_request i JOIN campaign c ON c.id = i.campaign_id WHERE i.id = ?",
        happened.subject_id,
    )
    return {
        "title": row["campaign_title"],
        "made_out_to": row["title"],
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "number": row["number"] or "",
        "note": row["note"],
        "address": row["email"],
        "invoice_url": links.invoice(row["participation_id"]),
    }
