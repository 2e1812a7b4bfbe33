"""Where the machine of what comes after the order begins, and the acts that take several steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from c2b.accounts.rules import Actor
from c2b.fulfillment import operations as factory
from c2b.fulfillment.models import Timeline
from c2b.fulfillment.operations import refresh_forecasts
from c2b.kit import db
from c2b.kit.errors import AppError
from c2b.ledger.queries import balance
from c2b.payments.asking import NothingToPay as NothingAsked
from c2b.payments.asking import start_checkout
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payouts import operations as payouts
from c2b.payouts.releasing import RUNNING, EscrowShort, NotReleasable, PayoutsBlocked
from c2b.referrals import operations as referrals
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import MONEY, work
from tests.fulfillment.walking import Walk
from tests.payouts.paid import Paid
from tests.purchasing.locked import Locked

#: What follows from events after the lock.
FOLLOWING = (
    "payout.follow",
    "referral.bind",
    "commission.estimate",
    "commission.confirm",
    "commission.reverse",
)
KINDS = (*MONEY, *FOLLOWING, "purchase_order.withdraw", "ordering", "settling")
STAGES = ("OQC", "PACK", "LASTMILE")


@dataclass
class Ordered:
    """Where the machine begins: Bo invited Cy, Cy invited Dee, and all of them are in both groups."""

    world: world.World
    members: list[Actor]
    admins: list[Actor]
    groups: list[str]


async def prepare() -> Ordered:
    """Two groups whose orders wait for Mill's word; the provider has captured everything."""
    w = await small.build()
    await db.execute("UPDATE product SET timeline = 'LIGHT' WHERE id = ?", w.product_id)
    members = [w.bo, w.cy, await world.person("Dee"), await world.person("Eve")]
    made = Ordered(w, members, [w.root, await world.person("Rut", "admin")], [])
    await referrals.allow_second_level(w.root, "cn", reference="Legal 2026-17", confirmed=True)
    for plan in ("full", "deposit"):
        group = await small.open_campaign(
            w, threshold=6, payment_plan=plan, deposit_percent=20 if plan == "deposit" else 0
        )
        made.groups.append(group)
        for who, inviter in zip(members, (None, w.bo, w.cy, None), strict=True):
            link = await referrals.my_link(inviter, group) if inviter else None
            through = link and await referrals.valid_for(link.id, campaign_id=group, actor=who)
            await join_and_pay(
                who, group, world.ANSWERS, quantity=2 if who in (w.bo, w.cy) else 1, invitation_id=through
            )
            await work(*KINDS)
    return made


async def pay_what_is_asked(made: Ordered, provider: Any) -> None:
    """The balances of a deposit, and everything until the orders are issued."""
    for place in await db.fetch("SELECT id, user_id FROM participation ORDER BY id"):
        who = next(each for each in made.members if each.id == place["user_id"])
        try:
            address = await start_checkout(who, place["id"])
        except NothingAsked:
            continue
        await provider.pay(address.rstrip("/").rsplit("/", 1)[-1], Behavior.PAY)
        await provider.deliver_due()
    await work(*KINDS)


async def close_next(w: world.World, group: str) -> None:
    paid, code = await _next_stage(w, group)
    if paid and code:
        await paid.come_to(code)
        stage = await paid.walk.stage(code)
        if stage.state in ("blocked", "rejected"):
            await factory.resume_stage(paid.mill, stage.id)
        await paid.close(code)


async def fail_inspection(w: world.World, group: str) -> None:
    paid, code = await _next_stage(w, group)
    if paid and code == "OQC":
        await paid.come_to(code)
        await paid.walk.start(code)
        await factory.block_stage(paid.mill, (await paid.walk.stage(code)).id, reason="Scratches.")


async def _next_stage(w: world.World, group: str) -> tuple[Paid | None, str | None]:
    timeline = await Timeline.get_or_none(campaign_id=group)
    if timeline is None:
        return None, None
    paid = Paid(Walk(Locked(w, group), timeline.id))
    left = [code for code in STAGES if (await paid.walk.stage(code)).state != "approved"]
    return paid, left[0] if left else None


async def what_comes_of_releasing(row: dict[str, Any]) -> type[AppError] | type[None]:
    """What must come of an admin's releasing this part now."""
    campaign = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", row["campaign_id"])
    blocks = await db.fetch(
        "SELECT id FROM payout_block WHERE campaign_id = ? AND closed_at IS NULL", row["campaign_id"]
    )
    assert campaign
    if blocks:
        return PayoutsBlocked
    if campaign["state"] not in RUNNING or row["state"] != "releasable":
        return NotReleasable
    left = row["amount_minor"] - row["reduced_minor"]
    return EscrowShort if await balance(f"escrow:{row['campaign_id']}") < left else type(None)


async def tick() -> None:
    """What the clock looks at after an order."""
    await payouts.keep_releases()
    await payouts.keep_guards()
    await referrals.keep_commissions()
    await refresh_forecasts()
