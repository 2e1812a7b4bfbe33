"""Invited members, locked groups and delivered orders for the tests of commissions."""

from __future__ import annotations

from datetime import timedelta

from c2b import wiring
from c2b.accounts.rules import Actor
from c2b.campaigns.counting import keep_deadlines
from c2b.durable.jobs import perform
from c2b.fulfillment.models import Timeline
from c2b.kit import clock, db
from c2b.ledger.queries import balance
from c2b.participations import operations as participations
from c2b.payments import disbursing
from c2b.payments.operations import settle_prices
from c2b.payments.refunding import book_refund, request_refund
from c2b.referrals import operations as referrals
from tests import world
from tests.books import due_jobs

JOBS = ("referral.bind", "commission.estimate", "commission.confirm", "commission.reverse")
#: What a unit at 429 yuan is worth here without 13 % tax, and three percent and one percent of it, in fen.
BASE, FIRST, SECOND = 37964, 1138, 379
#: What such a unit costs in the end with the options of ``world.ANSWERS``.
SETTLED = 60900


async def build() -> world.World:
    """The cast, with everything that follows events connected."""
    wiring.connect()
    return await world.build()


async def work() -> None:
    """Carry out everything due about referrals, as a worker would."""
    while ids := await due_jobs(*JOBS):
        for job_id in ids:
            await perform(job_id)


async def invite(w: world.World, campaign: str, inviter: Actor, who: Actor, *, quantity: int = 1) -> str:
    """``who`` joins through the link of ``inviter`` and pays; the participation."""
    link = await referrals.my_link(inviter, campaign)
    credited = await referrals.valid_for(link.id, campaign_id=campaign, actor=who)
    joined = await participations.join(
        who, campaign, answers=world.ANSWERS, quantity=quantity, invitation_id=credited
    )
    await w.pay(joined)
    await work()
    return joined.participation_id


async def open_campaign(w: world.World) -> str:
    return await w.open_campaign(closes="at_deadline", deadline=clock.now() + timedelta(days=2))


async def lock(w: world.World, campaign: str) -> None:
    """Fill up to the second tier (429 yuan), lock, and give back what was paid above it."""
    row = await db.fetch_one("SELECT paid FROM campaign WHERE id = ?", campaign)
    assert row
    await w.fill(campaign, 80 - row["paid"])
    clock.shift(timedelta(days=2, minutes=1))
    await keep_deadlines()
    assert await world.lock(campaign) == "locked"
    await db.atomically(lambda: settle_prices(campaign))
    for refund in await db.fetch("SELECT key FROM refund WHERE campaign_id = ?", campaign):
        await db.atomically(lambda key=refund["key"]: book_refund(key))
    await work()


async def deliver(campaign: str) -> None:
    """Everybody has their order today, and all days in which it can be returned have passed."""
    today = clock.today()
    days = dict.fromkeys(
        ("locked_on", "promised_ship_by", "promised_delivery", "forecast_delivery", "forecast_on", "delivered_on"),
        today,
    )  # fmt: skip
    await Timeline.create(
        campaign_id=campaign, manufacturer_id="m", template="SEMI", plan={}, created_at=clock.now(), **days
    )
    await db.execute(
        "UPDATE participation SET state = 'delivered' WHERE campaign_id = ? AND state = 'confirmed'", campaign
    )


async def earned(w: world.World) -> tuple[str, str]:
    """Cy came through Bo, and the order was delivered and can be returned no more: the campaign and Cy's place."""
    campaign = await open_campaign(w)
    await w.pay(await w.join(campaign, w.bo))
    place = await invite(w, campaign, w.bo, w.cy)
    await lock(w, campaign)
    await deliver(campaign)
    await pass_days(9)
    return campaign, place


async def pass_days(days: int) -> None:
    clock.shift(timedelta(days=days))
    await referrals.keep_commissions()
    await work()


async def refund(participation: str, *, minor: int | None = None, reason: str = "claim") -> None:
    """Give back a part, or all that was paid in the end, and let everything follow."""
    row = await db.fetch_one(
        "SELECT p.settled_minor, y.id FROM participation p JOIN payment y ON y.participation_id = p.id WHERE p.id = ?",
        participation,
    )
    assert row

    async def give_back() -> None:
        await request_refund(row["id"], reason=reason, amount_minor=minor or row["settled_minor"])
        made = await db.fetch_one(
            "SELECT key FROM refund WHERE payment_id = ? AND reason = ? AND state <> 'succeeded'",
            row["id"],
            reason,
        )
        assert made
        await book_refund(made["key"])

    await db.atomically(give_back)
    await work()


async def identify(who: Actor) -> None:
    await referrals.give_identity(
        who, legal_name=f"{who.name} Zhang", born_on="1990-05-01", account="6222 0000 1234 5678", bank="ICBC"
    )


async def pay_out(root: Actor, withdrawal: str) -> None:
    """Approved, and sent by the bank."""
    await referrals.approve(root, withdrawal)
    await send(root, withdrawal)


async def send(admin: Actor, subject_id: str) -> None:
    """A proposed bank transfer is approved, and the bank carries it out."""
    row = await db.fetch_one(
        "SELECT id FROM disbursement WHERE subject_id = ? AND state = 'proposed'", subject_id
    )
    assert row
    await disbursing.approve(admin, row["id"])
    await disbursing.mark_sent(admin, row["id"], bank_reference=f"B-{subject_id[-6:]}")


async def state_of(participation: str, level: int = 1) -> tuple[str, str, int]:
    """State, reason, and what refunds have left of it."""
    row = await db.fetch_one(
        "SELECT * FROM commission WHERE participation_id = ? AND level = ?", participation, level
    )
    assert row
    return row["state"], row["reason"], row["amount_minor"] - row["reversed_minor"]


async def on_account(who: Actor) -> int:
    return await balance(f"commission:{who.id}:CNY")
