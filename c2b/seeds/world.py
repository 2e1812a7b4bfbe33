"""The seed world: campaigns in every state, made by the product's own operations with the clock set back.

One is a unit short of its threshold, one is in production, one has failed and was refunded, one waits for approval,
one was sent back and one has just begun; `collective.py` has those in which members decide together.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.rules import Offer, PriceTier
from c2b.catalog.loading import load_maker
from c2b.config import ROOT
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.referrals.operations import my_link
from c2b.seeds import collective, paid, papers, referred, transferred, wishes
from c2b.seeds.acting import join_and_pay
from c2b.seeds.factory import work_through
from c2b.seeds.people import members, person

SHIP_TO = {
    "name": {"en": "Tongxing fulfillment warehouse, Suzhou", "zh": "同行苏州履约仓"},
    "address": {
        "en": "66 Suhong Middle Road, Industrial Park, Suzhou, Jiangsu",
        "zh": "江苏省苏州工业园区苏虹中路66号",
    },
}


@dataclass(frozen=True)
class Cast:
    """Who acts in the seed world."""

    ana: Actor
    bo: Actor
    root: Actor
    makers: Mapping[str, Actor]
    chance: random.Random


async def build(now: datetime) -> None:
    """Make the whole world, as it stands at ``now``."""
    clock.set(now - timedelta(days=75))
    cast = await people_and_catalog(now)
    await referred.delivered(partial(_open, cast), cast.bo, cast.makers["qingshi"], cast.root, now)
    await in_production(cast, now)
    await failed(cast, now)
    await one_short(cast, now)
    await just_begun(cast, now)
    await waiting_for_approval(cast, now)
    await sent_back(cast, now)
    opening = partial(_open, cast)
    await collective.second_choices(opening, cast.bo, cast.makers["lingyue"], cast.root, cast.chance, now)
    await collective.still_voting(opening, cast.chance, now)
    await collective.asking_before_the_lock(opening, cast.bo, cast.chance, now)
    await collective.full(opening, cast.chance, now)
    clock.set(now)
    await drain()


async def people_and_catalog(now: datetime) -> Cast:
    """Makers with their products and published schemas, and the four who log in."""
    makers: dict[str, Actor] = {}
    for data in json.loads((ROOT / "c2b/seeds/data/makers.json").read_text()):
        maker = await load_maker({**data, "products": [_completed(each, now) for each in data["products"]]})
        email = "mill@c2b.example" if data["slug"] == "lingyue" else f"{data['slug']}@c2b.example"
        makers[data["slug"]] = await person(
            email, f"{data['name']['en']} order desk", role="manufacturer", manufacturer_id=maker.id,
            locale=data["locale"],
        )  # fmt: skip
    return Cast(
        ana=await person("ana@c2b.example", "Ana Keller"),
        bo=await person("bo@c2b.example", "Bo Lindqvist"),
        root=await person("root@c2b.example", "Root Admin", role="admin"),
        makers=makers,
        chance=random.Random(75),
    )


def _completed(product: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A product of the seed file with its quotation's end and the terms that all share."""
    quoted_until = (now + timedelta(days=150)).isoformat()
    shared = {
        "incoterm": "DAP",
        "place": {"en": "Suzhou, Jiangsu", "zh": "江苏苏州"},
        "ship_to": SHIP_TO,
        "spare_percent": 2,
    }
    return {
        **product,
        "quotation": {**product["quotation"], "quoted_until": quoted_until},
        "terms": {**shared, **product["terms"]},
    }


async def _open(cast: Cast, organizer: Actor, product: str, **fields: Any) -> str:
    """A campaign drafted, submitted and approved; its id."""
    made = await campaigns.draft(organizer, product_slug=product, offer=Offer(**fields))
    await campaigns.submit(organizer, made.id)
    clock.shift(timedelta(hours=5))
    await campaigns.approve(cast.root, made.id)
    return made.id


async def in_production(cast: Cast, now: datetime) -> None:
    """A power bank group that filled two months ago; the factory is half way through."""
    clock.set(now - timedelta(days=74))
    organizer = await person("lin.hao@members.c2b.example", "林浩", locale="zh_CN")
    campaign = await _open(
        cast, organizer, "lingyue-power", title="带得上飞机的移动电源",
        story="宿舍三栋一起做的移动电源：20000毫安时、65W、有3C标，能带上国内航班。每个人都可以刻上自己的话。",
        batch_answers=wishes.POWERBANK_BATCH, threshold=100, cap=400,
        tiers=(PriceTier(100, 11900), PriceTier(200, 10900)), closes="at_deadline", visibility="public",
        deadline=now - timedelta(days=57),
    )  # fmt: skip
    people = await members(26, cast.chance, tag="power")
    for who in people:
        clock.shift(timedelta(hours=14, minutes=cast.chance.randrange(50)))
        quantity = cast.chance.choice((3, 4, 4, 5, 6, 8))
        await join_and_pay(who, campaign, wishes.power_bank(who, cast.chance), quantity=quantity)
    await join_and_pay(cast.bo, campaign, wishes.power_bank(cast.bo, cast.chance), quantity=2)
    await referred.two_more(cast.bo, campaign)
    await drain()
    clock.set(now - timedelta(days=57) + timedelta(seconds=5))
    await keep_deadlines()
    await drain()
    await work_through(cast.makers["lingyue"], cast.root, campaign, until=now)
    await paid.first_part(cast.makers["lingyue"], cast.root, campaign)
    await papers.invoices(cast.bo, people[0], cast.root, campaign)


async def failed(cast: Cast, now: datetime) -> None:
    """Earphones that too few people wanted: everybody has their money back."""
    clock.set(now - timedelta(days=40))
    campaign = await _open(
        cast, cast.ana, "yunting-one", title="Earphones for small ears",
        story="Shallow housings, a vocal tuning and no voice that shouts at you. If three hundred of us want it, it is made.",
        batch_answers=wishes.EARPHONES_BATCH, threshold=300, cap=800, tiers=(PriceTier(300, 16900),),
        closes="at_deadline", visibility="public", deadline=now - timedelta(days=12),
    )  # fmt: skip
    for who in await members(17, cast.chance, tag="ears"):
        clock.shift(timedelta(hours=30))
        quantity = cast.chance.choice((1, 2, 2, 4))
        await join_and_pay(who, campaign, wishes.earphones(who, cast.chance), quantity=quantity)
    await drain()
    clock.set(now - timedelta(days=12) + timedelta(seconds=5))
    await keep_deadlines()
    await drain()


async def one_short(cast: Cast, now: datetime) -> None:
    """The keyboard group that lacks one unit: whoever joins next makes the purchase order appear."""
    clock.set(now - timedelta(days=16))
    campaign = await _open(
        cast, cast.ana, "lingyue-75", title="Quiet seventy-five for shared rooms",
        story="A gasket-mounted aluminum board that does not wake the baby. We fix the case, you choose the rest: plate, "
        "switches, legends, and a line engraved on the weight. Closes the moment two hundred units are paid.",
        batch_answers=wishes.KEYBOARD_BATCH, threshold=200, cap=240, tiers=(PriceTier(200, 42900),),
        closes="on_threshold", visibility="public", deadline=now + timedelta(days=9),
    )  # fmt: skip
    link = await my_link(cast.ana, campaign)
    wanted = {
        "color": {"black": 66, "silver": 58, "navy": 75},
        "plate": {"fr4": 58, "pc": 34, "pom": 36, "alu": 30, "brass": 41},
        "switch": {"linear_a": 60, "tactile_b": 65, "silent_c": 74},
        "layout": {"us": 80, "de": 55, "zhuyin": 56, "kit": 8},
    }
    quantities = wishes.parts(199, cast.chance)
    for who, quantity in zip(
        await members(len(quantities), cast.chance, tag="quiet"), quantities, strict=True
    ):
        clock.shift(timedelta(minutes=200))
        picked = {name: wishes.take(targets, quantity) for name, targets in wanted.items()}
        answers = wishes.keyboard(who, cast.chance, **picked)
        invited = link.id if cast.chance.random() < 0.4 else None
        await join_and_pay(who, campaign, answers, quantity=quantity, invitation_id=invited)
    clock.set(now - timedelta(hours=3))
    await drain()


async def just_begun(cast: Cast, now: datetime) -> None:
    """A laptop group with a few members, three of them only from the lower price on, and most of its time ahead."""
    clock.set(now - timedelta(days=4))
    organizer = await person("mei@members.c2b.example", "陈梅", locale="zh_CN")
    campaign = await _open(
        cast, organizer, "qingshi-book", title="研究组的14寸Linux本",
        story="不带Windows、内存可换、键盘好敲。五十台起做，二十天见分晓。",
        batch_answers=wishes.LAPTOP_BATCH, threshold=50, cap=200,
        tiers=(PriceTier(50, 469900), PriceTier(150, 439900)), closes="at_deadline", visibility="public",
        deadline=now + timedelta(days=16),
    )  # fmt: skip
    people = await members(14, cast.chance, tag="lab")
    for number, who in enumerate(people):
        clock.shift(timedelta(hours=6))
        only_lower = {"commit_below_minor": 439900} if number in (4, 9, 12) else None
        answers = wishes.laptop(who, cast.chance, cpu=cast.chance.choice(("u5", "u7")))
        await join_and_pay(who, campaign, answers, preferences=only_lower)
    await transferred.by_bank(campaign, cast.bo, cast.root, cast.chance)
    await drain()


async def waiting_for_approval(cast: Cast, now: datetime) -> None:
    """A phone campaign in the admin's queue."""
    clock.set(now - timedelta(hours=20))
    organizer = await person("hugo@members.c2b.example", "Hugo Moreau")
    made = await campaigns.draft(
        organizer, product_slug="qingshi-p1",
        offer=Offer(
            title="A matte white phone without a logo",
            story="Frosted glass, silver frame, nothing printed on it but what you ask for. For people who are tired of billboards.",
            batch_answers=wishes.PHONE_BATCH, threshold=120, cap=500,
            tiers=(PriceTier(120, 279900), PriceTier(300, 259900)), closes="at_deadline", visibility="public",
            deadline=now + timedelta(days=28),
        ),
    )  # fmt: skip
    await campaigns.submit(organizer, made.id)


async def sent_back(cast: Cast, now: datetime) -> None:
    """Ana's next idea, returned with a reason."""
    clock.set(now - timedelta(days=2))
    made = await campaigns.draft(
        cast.ana, product_slug="lingyue-75",
        offer=Offer(
            title="Best keyboard in the world", story="", batch_answers=wishes.KEYBOARD_BATCH, threshold=60, cap=120,
            tiers=(PriceTier(60, 44900),), closes="at_deadline", visibility="by_link", deadline=now + timedelta(days=20),
        ),
    )  # fmt: skip
    await campaigns.submit(cast.ana, made.id)
    clock.shift(timedelta(hours=9))
    await campaigns.send_back(
        cast.root, made.id,
        reason="Please choose a title without a superlative (advertising law does not allow \"best\"), and tell people in "
        "two or three sentences what is special about this board.",
    )  # fmt: skip
    await drain()


async def is_built() -> bool:
    """Has the seed world been made in this database?"""
    return await db.fetch_one("SELECT id FROM user_account WHERE email_key = 'root@c2b.example'") is not None
