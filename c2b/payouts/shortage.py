"""A short delivery: units that never came. Their price is taken off what the manufacturer still gets, or is owed by it,
and the members whose units they are get their share back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.kit import db, faults
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.ledger.operations import ensure, escrow, recourse, transfer
from c2b.payments.operations import request_refund
from c2b.payouts.blocking import noted
from c2b.payouts.models import PaymentSchedule, Release
from c2b.payouts.rules import WAITING, member_share, taken_off
from c2b.payouts.telling import tell
from c2b.purchasing.models import PurchaseOrder
from c2b.purchasing.revisions import snapshot_of

MOST_UNITS = 500


class NoSuchOrder(Conflict):
    code = "no_running_schedule"
    message = N_("This order has no running payment schedule.")


class ClaimedAlready(Conflict):
    code = "claimed_already"
    message = N_(
        "A member of this order was given money back for a claim before. Settle this one by a refund."
    )


@dataclass(frozen=True)
class Shortage:
    """What a short delivery came to, in minor units: the price of the units, what was taken off parts to come, what
    the manufacturer owes beyond them, what members get back, and how many."""

    units: int
    price_minor: int
    taken_minor: int
    owed_minor: int
    refunded_minor: int
    members: int


async def short_delivery(actor: Actor, campaign_id: str, *, unit_ids: list[str], note: str) -> Shortage:
    """An admin writes down units that never came. Raises ``NotFound``, ``Invalid`` (units of another order, no note),
    ``NoSuchOrder``, ``ClaimedAlready``."""
    if not actor.is_admin:
        raise NotFound
    note, wanted = (
        noted("note", note),
        list(dict.fromkeys(each.strip().upper() for each in unit_ids if each.strip())),
    )

    async def write() -> Shortage:
        await hold(campaign_id)
        schedule = await PaymentSchedule.get_or_none(campaign_id=campaign_id)
        if schedule is None or schedule.state != "running":
            raise NoSuchOrder
        units = await _units(campaign_id, wanted)
        price = await _price(campaign_id, units)
        taken, owed = await _take_off(schedule, price, wanted[0])
        faults.point("payout:shortage taken off")
        back = await _give_back(Counter(row["participation_id"] for row in units))
        await tell(
            "payment_schedule.reduced", schedule.id, manufacturer_id=schedule.manufacturer_id, campaign_id=campaign_id,
            actor_id=actor.id, amount_minor=price, currency=schedule.currency, units=len(units), reason=note,
        )  # fmt: skip
        return Shortage(len(units), price, taken, owed, sum(back), len(back))

    return await db.atomically(write)


async def _units(campaign_id: str, wanted: list[str]) -> list[dict[str, Any]]:
    """The units with their lines and places. Raises ``Invalid`` for a unit of another order."""
    if not 1 <= len(wanted) <= MOST_UNITS:
        raise Invalid(
            fields=[FieldError("unit_ids", "count", N_("Enter 1 to {most} unit ids."), {"most": MOST_UNITS})]
        )
    places = ", ".join("?" for _ in wanted)
    rows = await db.fetch(
        "SELECT u.id, u.line_no, u.participation_id FROM ordered_unit u JOIN purchase_order o "  # noqa: S608
        f"ON o.id = u.purchase_order_id WHERE o.campaign_id = ? AND u.id IN ({places}) ORDER BY u.id",
        campaign_id,
        *wanted,
    )
    if missing := sorted(set(wanted) - {row["id"] for row in rows}):
        sentence = N_("“{unit}” is no unit of this order.")
        raise Invalid(fields=[FieldError("unit_ids", "unknown", sentence, {"unit": missing[0][:40]})])
    return rows


async def _price(campaign_id: str, units: list[dict[str, Any]]) -> int:
    """What the order says for these units, tax included; services on them are not taken off."""
    order = await PurchaseOrder.get(campaign_id=campaign_id)
    prices = {
        line.line_no: line.unit_price_minor for line in (await snapshot_of(order.id, order.revision)).lines
    }
    return sum(prices[row["line_no"]] for row in units)


async def _take_off(schedule: PaymentSchedule, price: int, key: str) -> tuple[int, int]:
    """What came off the parts that wait, and what is owed beyond them."""
    parts = [
        part for part in await Release.filter(schedule_id=schedule.id, state__in=WAITING).order_by("id")
        if part.code.startswith("goods")
    ]  # fmt: skip
    taken, owed = taken_off([part.amount_minor - part.reduced_minor for part in parts], price)
    for part, minor in zip(parts, taken, strict=True):
        if minor:
            await db.execute(
                "UPDATE payment_release SET reduced_minor = reduced_minor + ?, state = CASE WHEN reduced_minor + ? = "
                "amount_minor THEN 'returned' ELSE state END WHERE id = ?",
                minor, minor, part.id,
            )  # fmt: skip
    if owed:
        account = await ensure(recourse(schedule.manufacturer_id, schedule.currency), schedule.currency)
        await transfer(
            debit=account, credit=escrow(schedule.campaign_id), amount_minor=owed, currency=schedule.currency,
            key=f"shortage:{schedule.id}:{key}", cause="shortage", cause_id=schedule.id,
        )  # fmt: skip
    return sum(taken), owed


async def _give_back(missing: Counter[str]) -> list[int]:
    """Ask for each member's refund, from the payment that came last on; the sums, in minor units."""
    found = []
    for participation_id, units in sorted(missing.items()):
        place = await db.fetch_one(
            "SELECT quantity, settled_minor FROM participation WHERE id = ?", participation_id
        )
        assert place
        wanted = left = member_share(place["settled_minor"], quantity=place["quantity"], missing=units)
        if await _claimed(participation_id):
            raise ClaimedAlready
        for payment in await db.fetch(
            "SELECT id, amount_minor - refunded_minor AS held FROM payment WHERE participation_id = ? "
            "AND state = 'succeeded' ORDER BY id DESC",
            participation_id,
        ):
            minor = min(left, int(payment["held"]))
            if minor > 0:
                await request_refund(payment["id"], reason="claim", amount_minor=minor)
                left -= minor
        found.append(wanted - left)
    return found


async def _claimed(participation_id: str) -> bool:
    return (
        await db.fetch_one(
            "SELECT 1 AS yes FROM refund r JOIN payment y ON y.id = r.payment_id WHERE y.participation_id = ? "
            "AND r.reason = 'claim' LIMIT 1",
            participation_id,
        )
        is not None
    )
