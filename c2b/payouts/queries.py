"""Reading what a manufacturer is paid: order by order, what waits for an admin, what is owed to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from c2b.accounts.queries import names_of
from c2b.accounts.rules import Actor
from c2b.catalog.payment_terms import MILESTONES
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.kit.i18n import N_, gettext, pick
from c2b.payouts.following import as_json, day, days_of
from c2b.payouts.rules import BLOCKS

STATES = {
    "held": (N_("Held"), "neutral"),
    "releasable": (N_("Waits for approval"), "wait"),
    "frozen": (N_("Blocked"), "bad"),
    "released": (N_("Released"), "info"),
    "paid": (N_("Paid"), "good"),
    "returned": (N_("Returned to members"), "neutral"),
}
SCHEDULES = {
    "running": (N_("Running"), "info"),
    "closed": (N_("Closed"), "good"),
    "canceled": (N_("Canceled"), "neutral"),
}
#: Why the books of a completed campaign are still open.
BOOKS = {
    "return_window": N_("orders can still be returned"),
    "releases": N_("a part has not been released"),
    "block": N_("payouts are blocked"),
    "refunds": N_("a refund is not finished"),
    "commissions": N_("commissions are not confirmed yet"),
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of an order's payments. ``amount_minor`` is what is left after ``reduced_minor``; ``state`` also says
    ``paid``; ``what`` and ``milestone_label`` are in the reader's language."""

    id: str
    campaign_id: str
    code: str
    what: str
    milestone: str
    milestone_label: str
    days: int
    amount_minor: int
    reduced_minor: int
    state: str
    state_label: str
    due_on: date | None
    released_at: datetime | None
    paid_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Block:
    """What stops an order's payouts. Who opened and closed it is for admins."""

    id: str
    kind: str
    label: str
    reason: str
    note: str
    opened_by: str | None
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OrderPayments:
    """What is paid for one order, in minor units, tax included. ``fee_minor`` and ``escrow_minor`` are for admins."""

    campaign_id: str
    order_id: str
    number: str
    product_name: str
    manufacturer_id: str
    manufacturer_name: str
    currency: str
    state: str
    state_label: str
    goods_minor: int
    nre_minor: int
    fee_minor: int | None
    escrow_minor: int | None
    released_minor: int
    paid_minor: int
    waiting_minor: int
    parts: tuple[Part, ...]
    blocks: tuple[Block, ...]

    @property
    def blocked(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.closed_at is None)


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What rests with a manufacturer in one currency, minor units: released and not paid, owed back, on its way."""

    manufacturer_id: str
    manufacturer_name: str
    currency: str
    payable_minor: int
    owed_minor: int
    on_the_way_minor: int

    @property
    def free_minor(self) -> int:
        """What a payout would come to now."""
        return max(self.payable_minor - self.owed_minor - self.on_the_way_minor, 0)


_ORDERS = (
    "SELECT s.*, o.id AS order_id, o.number, p.name AS product_name, m.name AS maker_name, "
    "(SELECT balance_minor FROM account a WHERE a.id = 'escrow:' || s.campaign_id) AS escrow_minor "
    "FROM payment_schedule s JOIN purchase_order o ON o.campaign_id = s.campaign_id "
    "JOIN campaign c ON c.id = s.campaign_id JOIN product p ON p.id = c.product_id "
    "JOIN manufacturer m ON m.id = s.manufacturer_id "
)
_PARTS = (
    "SELECT r.*, d.sent_at FROM payment_release r LEFT JOIN disbursement d ON d.kind = 'payout' "
    "AND d.subject_id = r.payout_id AND d.state = 'sent' WHERE r.campaign_id = ? ORDER BY r.id"
)


async def payments_of(actor: Actor, window: Window) -> Slice[OrderPayments]:
    """The payments of this manufacturer's orders (of all, for admins), newest first; the cursor is an id."""
    maker = "" if actor.is_admin else actor.manufacturer_id or "-"
    after = window.after[0] if window.after else ""
    rows = await db.fetch(
        _ORDERS + "WHERE (s.manufacturer_id = ? OR ? = '') AND (s.id < ? OR ? = '') ORDER BY s.id DESC LIMIT ?",
        maker, maker, after, after, window.limit + 1,
    )  # fmt: skip
    found = slice_of(rows, window, lambda row: (row["id"],))
    return Slice([await _order(row, actor) for row in found.items], found.next_cursor)


async def order_payments(actor: Actor, campaign_id: str) -> OrderPayments:
    """The payments of one order, for its manufacturer and admins. Raises ``NotFound``, also before there are any."""
    row = await db.fetch_one(_ORDERS + "WHERE s.campaign_id = ?", campaign_id)
    if row is None or not (actor.is_admin or actor.makes_for(row["manufacturer_id"])):
        raise NotFound
    return await _order(row, actor)


async def payments_of_order(actor: Actor, order_id: str) -> OrderPayments:
    """The same by the purchase order's id. Raises ``NotFound``."""
    row = await db.fetch_one("SELECT campaign_id FROM purchase_order WHERE id = ?", order_id)
    if row is None:
        raise NotFound
    return await order_payments(actor, row["campaign_id"])


async def to_approve(limit: int = 100) -> list[tuple[Part, OrderPayments]]:
    """For admins: the parts whose milestone is approved and that nothing blocks, the longest waiting first."""
    rows = await db.fetch(
        "SELECT campaign_id FROM payment_release WHERE state = 'releasable' GROUP BY campaign_id "
        "ORDER BY MIN(reached_at), campaign_id LIMIT ?",
        limit,
    )
    found = []
    for row in rows:
        order = await _of(row["campaign_id"])
        found += [(part, order) for part in order.parts if part.state == "releasable"]
    return found


async def blocked(limit: int = 100) -> list[OrderPayments]:
    """For admins: orders whose payouts are blocked."""
    rows = await db.fetch(
        "SELECT DISTINCT b.campaign_id FROM payout_block b JOIN payment_schedule s ON s.campaign_id = b.campaign_id "
        "WHERE b.closed_at IS NULL ORDER BY b.campaign_id LIMIT ?",
        limit,
    )
    return [await _of(row["campaign_id"]) for row in rows]


async def owed() -> list[Owed]:
    """For admins: what rests with each manufacturer, currency by currency."""
    rows = await db.fetch(
        "SELECT id, currency, balance_minor FROM account WHERE id LIKE 'payable:%' OR id LIKE 'recourse:%'"
    )
    balances = {
        (row["id"].split(":")[0], row["id"].split(":")[1], row["currency"]): row["balance_minor"]
        for row in rows
    }
    makers = {row["id"]: row["name"] for row in await db.fetch("SELECT id, name FROM manufacturer")}
    ways = {
        (row["manufacturer_id"], row["currency"]): int(row["minor"])
        for row in await db.fetch(
            "SELECT s.manufacturer_id, d.currency, SUM(d.amount_minor) AS minor FROM disbursement d JOIN (SELECT "
            "DISTINCT r.payout_id, p.manufacturer_id FROM payment_release r JOIN payment_schedule p "
            "ON p.id = r.schedule_id) s ON s.payout_id = d.subject_id WHERE d.kind = 'payout' "
            "AND d.state IN ('proposed', 'approved') GROUP BY s.manufacturer_id, d.currency"
        )
    }
    return [
        Owed(
            manufacturer_id=maker, manufacturer_name=pick(as_json(makers[maker])), currency=currency,
            payable_minor=balances.get(("payable", maker, currency), 0),
            owed_minor=-balances.get(("recourse", maker, currency), 0),
            on_the_way_minor=ways.get((maker, currency), 0),
        )
        for maker, currency in sorted({key[1:] for key in balances})
    ]  # fmt: skip


async def unsettled() -> list[dict[str, Any]]:
    """Finished campaigns that still hold money although their books are closed: none, or something is wrong."""
    return await db.fetch(
        "SELECT c.id, c.title, c.state, c.currency, a.balance_minor FROM campaign c JOIN account a "
        "ON a.id = 'escrow:' || c.id LEFT JOIN payment_schedule s ON s.campaign_id = c.id WHERE a.balance_minor <> 0 "
        "AND (s.state = 'closed' OR (c.state IN ('failed', 'canceled') AND NOT EXISTS (SELECT 1 FROM refund r "
        "WHERE r.campaign_id = c.id AND r.state <> 'succeeded') AND NOT EXISTS (SELECT 1 FROM job j WHERE "
        "j.key = 'refund:campaign:' || c.id AND j.state <> 'done'))) ORDER BY c.id LIMIT 100"
    )


async def _of(campaign_id: str) -> OrderPayments:
    row = await db.fetch_one(_ORDERS + "WHERE s.campaign_id = ?", campaign_id)
    assert row
    return await _order(row, None)


async def _order(row: dict[str, Any], actor: Actor | None) -> OrderPayments:
    """``actor`` ``None``: an admin reads, as the caller knows."""
    admin = actor is None or actor.is_admin
    terms = as_json(row["terms"])
    parts = tuple(_part(each, terms) for each in await db.fetch(_PARTS, row["campaign_id"]))
    label, _ = SCHEDULES[row["state"]]
    return OrderPayments(
        campaign_id=row["campaign_id"], order_id=row["order_id"], number=row["number"],
        product_name=pick(as_json(row["product_name"])), manufacturer_id=row["manufacturer_id"],
        manufacturer_name=pick(as_json(row["maker_name"])), currency=row["currency"], state=row["state"],
        state_label=gettext(label), goods_minor=row["goods_minor"], nre_minor=row["nre_minor"],
        fee_minor=row["fee_minor"] if admin else None, escrow_minor=(row["escrow_minor"] or 0) if admin else None,
        released_minor=_sum(parts, "released", "paid"), paid_minor=_sum(parts, "paid"),
        waiting_minor=_sum(parts, "held", "releasable", "frozen"), parts=parts,
        blocks=await _blocks(row["campaign_id"], admin=admin),
    )  # fmt: skip


def _sum(parts: tuple[Part, ...], *states: str) -> int:
    return sum(part.amount_minor for part in parts if part.state in states)


def _part(row: dict[str, Any], terms: dict[str, Any]) -> Part:
    state = "paid" if row["sent_at"] else row["state"]
    basis, _, number = row["code"].partition("-")
    milestone, (label, _) = MILESTONES[row["milestone"]], STATES[state]
    what = N_("One-off costs, part {n}") if basis == "nre" else N_("Goods, part {n}")
    return Part(
        id=row["id"], campaign_id=row["campaign_id"], code=row["code"], what=gettext(what, n=number),
        milestone=row["milestone"], milestone_label=gettext(milestone),
        days=days_of(terms, row["code"]), amount_minor=row["amount_minor"] - row["reduced_minor"],
        reduced_minor=row["reduced_minor"], state=state, state_label=gettext(label),
        due_on=day(row["due_on"]), released_at=db.instant(row["released_at"]), paid_at=db.instant(row["sent_at"]),
    )  # fmt: skip


async def _blocks(campaign_id: str, *, admin: bool) -> tuple[Block, ...]:
    rows = await db.fetch("SELECT * FROM payout_block WHERE campaign_id = ? ORDER BY id DESC", campaign_id)
    people = {row[by] for row in rows for by in ("opened_by", "closed_by") if row[by]} if admin else set()
    names = await names_of(people)
    return tuple(_block(row, names, admin=admin) for row in rows)


def _block(row: dict[str, Any], names: dict[str, str], *, admin: bool) -> Block:
    opened_at, label = db.instant(row["opened_at"]), BLOCKS[row["kind"]]
    assert opened_at
    return Block(
        id=row["id"], kind=row["kind"], label=gettext(label), reason=row["reason"] if admin else "",
        note=row["note"] if admin else "", opened_by=names.get(row["opened_by"]), opened_at=opened_at,
        closed_by=names.get(row["closed_by"]), closed_at=db.instant(row["closed_at"]),
    )  # fmt: skip
