"""What mails about a manufacturer's money say, and to whom: its order desk, and admins where one has to decide."""

from __future__ import annotations

from collections.abc import AsyncIterator

from c2b.kit import db
from c2b.kit.i18n import pick, use_locale
from c2b.notifications import links
from c2b.notifications.happened import Facts, Happened, Recipient
from c2b.notifications.reading import label, one

_ORDER = (
    "SELECT o.number, p.name AS product_name, m.name AS manufacturer_name FROM purchase_order o "
    "JOIN campaign c ON c.id = o.campaign_id JOIN product p ON p.id = c.product_id "
    "JOIN manufacturer m ON m.id = o.manufacturer_id WHERE o.campaign_id = ?"
)


async def maker(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """The order desk of the manufacturer whose money it is, in its own language."""
    row = await db.fetch_one(
        "SELECT id, email, name, locale FROM manufacturer WHERE id = ?", happened.payload["manufacturer_id"]
    )
    if row:
        with use_locale(row["locale"]):
            name = pick(label(row["name"]))
        yield [Recipient(row["id"], row["email"], name, row["locale"])]


async def part(happened: Happened) -> Facts:
    """The order, and the part of its price with what it fell due with."""
    told = happened.payload
    kept = {name: told[name] for name in ("amount_minor", "currency", "milestone")}
    return {**kept, **await _order(happened), "url": links.payments(happened.campaign)}


async def part_for_admins(happened: Happened) -> Facts:
    """The same, with whose order it is and where it is released."""
    row = await one(_ORDER, happened.campaign)
    return {**await part(happened), "manufacturer": label(row["manufacturer_name"]), "url": links.payouts()}


async def block(happened: Happened) -> Facts | None:
    """The order and what it is blocked for. ``None`` before there is an order, and for what was settled meanwhile."""
    row = await one("SELECT closed_at FROM payout_block WHERE id = ?", happened.subject_id)
    if row["closed_at"] or await db.fetch_one(_ORDER, happened.campaign) is None:
        return None
    return {
        **await _order(happened),
        "kind": happened.payload["kind"],
        "url": links.payments(happened.campaign),
    }


async def payout(happened: Happened) -> Facts:
    """The sum that the bank has sent, and its reference."""
    told = happened.payload
    return {
        "amount_minor": told["amount_minor"], "currency": told["currency"], "reference": told["reference"],
        "url": links.all_payments(),
    }  # fmt: skip


async def _order(happened: Happened) -> Facts:
    row = await one(_ORDER, happened.campaign)
    return {"number": row["number"], "product": label(row["product_name"])}
