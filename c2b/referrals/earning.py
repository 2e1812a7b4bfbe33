"""What inviters earn, written at the lock.

Not before, since only then the price is final: the row holds the amount that is owed and its
amount never changes. What may become of orders in groups that have not locked is computed when somebody looks
(``queries.expected``) and promised nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from c2b.campaigns.changes import hold
from c2b.catalog.markets import Market, market_of
from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.participations.rules import PAID
from c2b.referrals.binding import bind
from c2b.referrals.booking import lock_people
from c2b.referrals.markets import depth_of
from c2b.referrals.rules import (
    Bond,
    Caps,
    Chain,
    Depth,
    Share,
    base,
    caps_of,
    month_start,
    per_unit,
    shares,
)
from c2b.referrals.telling import from_json, tell

_PAID = ", ".join(f"'{state}'" for state in PAID)
#: The orders of a campaign whose buyer was bound when they paid; ``second_*``: who invited the inviter, bound then too.
_ORDERS = (
    "SELECT p.id, p.user_id, p.quantity, p.settled_minor, p.currency, one.id AS binding_id, one.inviter_id, "
    "two.id AS second_id, two.inviter_id AS second_inviter FROM participation p "
    "JOIN referral_binding one ON one.invitee_id = p.user_id AND one.state <> 'void' AND one.orders_left > 0 "
    "AND one.bound_at <= p.paid_at AND p.paid_at < one.expires_at "
    "JOIN user_account u ON u.id = one.inviter_id AND u.disabled_at IS NULL "
    "LEFT JOIN referral_binding two ON two.invitee_id = one.inviter_id AND two.state <> 'void' AND two.orders_left > 0 "
    "AND two.bound_at <= p.paid_at AND p.paid_at < two.expires_at AND two.inviter_id <> p.user_id "
    f"WHERE p.campaign_id = ? AND p.state IN ({_PAID}) AND p.settled_minor IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM commission c WHERE c.participation_id = p.id) ORDER BY p.id"
)
_INSERT = (
    "INSERT INTO commission (id, binding_id, beneficiary_id, participation_id, campaign_id, level, base_minor, "
    "rate_bp, amount_minor, reversed_minor, currency, state, reason, estimated_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 'estimated', 'at_work', ?)"
)


@dataclass(frozen=True)
class Settled:
    """What a locked campaign says of its prices: the tier's unit price and each unit's one-off costs, minor units."""

    market: Market
    depth: Depth
    caps: Caps
    unit_price_minor: int
    one_off_minor: int

    def base_of(self, order: dict[str, Any]) -> int:
        return base(
            unit_price_minor=self.unit_price_minor, one_off_minor=self.one_off_minor, quantity=order["quantity"],
            settled_minor=order["settled_minor"], vat_percent=self.market.vat_percent,
        )  # fmt: skip


async def estimate(campaign_id: str) -> int:
    """A campaign has locked: write what its orders earn, in the present transaction. Twice is once; how many rows."""
    campaign = await hold(campaign_id)
    settled = await _settled(campaign)
    if settled is None:
        return 0
    await _bind_late(campaign_id)
    orders = await db.fetch(_ORDERS, campaign_id)
    people = {order[name] for order in orders for name in ("inviter_id", "second_inviter") if order[name]}
    await lock_people(people)
    rooms = await _rooms(people, campaign["currency"], settled.caps)
    written = 0
    for order in orders:
        found = shares(
            _chain(order, rooms), base_minor=settled.base_of(order), price_minor=order["settled_minor"],
            depth=settled.depth, caps=settled.caps,
        )  # fmt: skip
        if found and await _use_order(order["binding_id"]):
            written += await _write(campaign_id, order, found, settled, rooms)
    return written


def _chain(order: dict[str, Any], rooms: dict[str, int]) -> Chain:
    second = None
    if order["second_id"]:
        second = Bond(order["second_id"], order["second_inviter"], rooms[order["second_inviter"]])
    return Chain(Bond(order["binding_id"], order["inviter_id"], rooms[order["inviter_id"]]), second)


async def _write(
    campaign_id: str, order: dict[str, Any], found: tuple[Share, ...], settled: Settled, rooms: dict[str, int]
) -> int:
    for share in found:
        row_id, beneficiary = new_id(), share.bond.inviter_id
        await db.execute(
            _INSERT, row_id, share.bond.binding_id, beneficiary, order["id"], campaign_id, share.level,
            settled.base_of(order), share.rate_bp, share.amount_minor, order["currency"], clock.now(),
        )  # fmt: skip
        rooms[beneficiary] -= share.amount_minor
        await tell(
            "estimated",
            row_id,
            campaign_id,
            beneficiary,
            amount_minor=share.amount_minor,
            currency=order["currency"],
        )
    return len(found)


async def _use_order(binding_id: str) -> bool:
    """The order counts for its binding. ``False`` when none was left: an earlier order of this campaign took it."""
    return (
        await db.execute(
            "UPDATE referral_binding SET orders_left = orders_left - 1 WHERE id = ? AND orders_left > 0",
            binding_id,
        )
        == 1
    )


async def _settled(campaign: dict[str, Any]) -> Settled | None:
    row = await db.fetch_one(
        "SELECT result FROM allocation WHERE campaign_id = ? AND state = 'locked'", campaign["id"]
    )
    if row is None:
        return None
    result, batch = from_json(row["result"]), from_json(campaign["batch_answers"])
    market = market_of(campaign["currency"], batch)
    return Settled(
        market, await depth_of(market.code), caps_of(campaign["currency"]), result["unit_price_minor"],
        per_unit(result.get("cost", {}).get("one_off_minor", 0), result["units"]),
    )  # fmt: skip


async def _bind_late(campaign_id: str) -> None:
    """Whoever paid in the last moments may not be bound yet: their job waits behind this one."""
    for row in await db.fetch(
        "SELECT p.id FROM participation p WHERE p.campaign_id = ? AND p.invitation_id IS NOT NULL AND p.paid_at "
        "IS NOT NULL AND NOT EXISTS (SELECT 1 FROM referral_binding b WHERE b.invitee_id = p.user_id "
        "AND b.state <> 'void') ORDER BY p.paid_at, p.id",
        campaign_id,
    ):
        await bind(row["id"])


async def _rooms(people: set[str], currency: str, caps: Caps) -> dict[str, int]:
    """How much each inviter may still earn this month."""
    if not people:
        return {}
    places = ", ".join("?" for _ in people)
    rows = await db.fetch(
        f"SELECT beneficiary_id, SUM(amount_minor - reversed_minor) AS earned FROM commission "
        f"WHERE beneficiary_id IN ({places}) AND currency = ? AND estimated_at >= ? AND state <> 'expired' "
        "GROUP BY beneficiary_id",
        *sorted(people),
        currency,
        month_start(clock.now()),
    )
    earned = {row["beneficiary_id"]: int(row["earned"]) for row in rows}
    return {each: max(caps.month_minor - earned.get(each, 0), 0) for each in people}
