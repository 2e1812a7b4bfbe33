"""Bo's commissions in the seed world: a delivered group whose members came through Bo's link, one state after another."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from c2b.accounts.rules import Actor
from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.rules import PriceTier
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.payments.operations import request_refund
from c2b.referrals import operations as referrals
from c2b.seeds import paid, wishes
from c2b.seeds.acting import join_and_pay
from c2b.seeds.factory import work_through
from c2b.seeds.people import members, person

Opening = Callable[..., Awaitable[str]]


async def delivered(opening: Opening, bo: Actor, mill: Actor, root: Actor, now: datetime) -> None:
    """Laptops that have arrived: one of three commissions was reversed, and Bo has asked for the others."""
    chance = random.Random(14)
    organizer = await person("jun@members.c2b.example", "何俊")
    campaign = await opening(
        organizer, "qingshi-book", title="Repairable fourteen-inch laptops",
        story="The first batch: sockets instead of solder, and a keyboard made for writing.",
        batch_answers=wishes.LAPTOP_BATCH, threshold=50, cap=60, tiers=(PriceTier(50, 469900),),
        closes="at_deadline", visibility="public", deadline=clock.now() + timedelta(days=3),
    )  # fmt: skip
    await join_and_pay(bo, campaign, wishes.laptop(bo, chance, cpu="u5"), quantity=1)
    link = await referrals.my_link(bo, campaign)
    friends = await members(3, chance, tag="friends")
    others = await members(6, chance, tag="first")
    places = []
    for who in friends:
        clock.shift(timedelta(hours=5))
        joined = await join_and_pay(
            who, campaign, wishes.laptop(who, chance, cpu="u5"), invitation_id=link.id
        )
        places.append(joined.participation_id)
    for who in others:
        clock.shift(timedelta(hours=2))
        await join_and_pay(who, campaign, wishes.laptop(who, chance, cpu="u5"), quantity=8)
    await drain()
    clock.shift(timedelta(days=3))
    await keep_deadlines()
    await drain()
    await work_through(mill, root, campaign, until=now)
    await paid.disputed(root, campaign)
    await _pass(8)
    await referrals.give_identity(
        bo, legal_name="Bo Lindqvist", born_on="1991-03-14", account="6222 0210 0111 6245", bank="ICBC"
    )
    await _refund(places[1])
    await referrals.withdraw(bo, currency="CNY")
    await drain()


async def two_more(bo: Actor, campaign: str) -> None:
    """Two of those whose power banks are being made came through Bo's link: their commissions are estimated."""
    chance = random.Random(20)
    link = await referrals.my_link(bo, campaign)
    for who in await members(2, chance, tag="neighbors"):
        clock.shift(timedelta(minutes=30))
        await join_and_pay(who, campaign, wishes.power_bank(who, chance), quantity=2, invitation_id=link.id)


async def _pass(days: int) -> None:
    clock.shift(timedelta(days=days))
    await referrals.keep_commissions()
    await drain()


async def _refund(participation_id: str) -> None:
    """One of them came back broken beyond repair: all that was paid is given back."""
    row = await db.fetch_one(
        "SELECT y.id, p.settled_minor FROM participation p JOIN payment y ON y.participation_id = p.id "
        "WHERE p.id = ? AND y.state = 'succeeded'",
        participation_id,
    )
    assert row
    await db.atomically(lambda: request_refund(row["id"], reason="claim", amount_minor=row["settled_minor"]))
    await drain()
