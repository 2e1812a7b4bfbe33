"""Campaigns of the seed world in which a group with different wishes ends in one batch.

In one an option died and its members got their second choice, a small lot was paid for, and a vote was held; one has
just closed and asks a member before it locks; one still votes; one is full and has people waiting.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.rules import PriceTier
from c2b.campaigns.votes import OpenVote
from c2b.durable.sweep import drain
from c2b.kit import clock
from c2b.participations.operations import join
from c2b.participations.votes.deciding import keep_votes
from c2b.seeds import wishes
from c2b.seeds.acting import join_and_pay
from c2b.seeds.factory import work_through
from c2b.seeds.people import members, person

Open = Callable[..., Awaitable[str]]
#: Whoever names another color takes the first of these that is made.
_SECOND = {"navy": "black", "silver": "black", "black": "silver"}


async def second_choices(
    open_campaign: Open, bo: Actor, mill: Actor, root: Actor, chance: random.Random, now: datetime
) -> str:
    """Navy stays six units short: its members get their second choice, black. Brass is three short and pays for it."""
    clock.set(now - timedelta(days=34))
    organizer = await person("sofia@members.c2b.example", "Sofia Brandt")
    campaign = await open_campaign(
        organizer, "lingyue-75", title="Sea, ink or silver: a board in your color",
        story="One milled case in three colors. Say what you would take if yours is not made: with enough second choices "
        "everybody gets a board. How it is mounted we decide together.",
        batch_answers=_without(wishes.KEYBOARD_BATCH, "mounting"),
        votes=(OpenVote("mounting", ("gasket", "top", "tray"), now - timedelta(days=22), "listed"),),
        threshold=100, cap=160, tiers=(PriceTier(100, 43900), PriceTier(140, 40900)), closes="at_deadline",
        visibility="public", deadline=now - timedelta(days=20),
    )  # fmt: skip
    wanted = {
        "color": {"black": 61, "silver": 41, "navy": 22},
        "plate": {"fr4": 56, "alu": 41, "brass": 27},
        "switch": {"linear_a": 58, "tactile_b": 66},
        "layout": {"us": 114, "kit": 10},
    }
    quantities = wishes.parts(124, chance)
    for number, who in enumerate(await members(len(quantities), chance, tag="color")):
        clock.shift(timedelta(hours=4))
        quantity = quantities[number]
        color = wishes.take(wanted["color"], quantity)
        plate = wishes.take(
            {k: v for k, v in wanted["plate"].items() if (color, k) != ("navy", "brass")}, quantity
        )
        wanted["plate"][plate] -= quantity
        picked = {name: wishes.take(wanted[name], quantity) for name in ("switch", "layout")}
        answers = wishes.keyboard(who, chance, color=color, plate=plate, **picked)
        await join_and_pay(
            who, campaign, answers, quantity=quantity,
            preferences={**_preferences(color, plate, chance), "votes": {"mounting": _ballot(number, chance)}},
        )  # fmt: skip
    answers = wishes.keyboard(bo, chance, color="navy", plate="fr4", switch="tactile_b", layout="us")
    await join_and_pay(bo, campaign, answers, quantity=2, preferences=_preferences("navy", "fr4", chance))
    await drain()
    clock.set(now - timedelta(days=22) + timedelta(seconds=5))
    await keep_votes()
    await drain()
    clock.set(now - timedelta(days=20) + timedelta(seconds=5))
    await keep_deadlines()
    await drain()
    await work_through(mill, root, campaign, until=now)
    return campaign


async def asking_before_the_lock(open_campaign: Open, bo: Actor, chance: random.Random, now: datetime) -> str:
    """A group that has just closed: silver came out too small, and Bo is asked whether black will do."""
    clock.set(now - timedelta(days=12))
    organizer = await person("yating@members.c2b.example", "黄雅婷", locale="zh_CN")
    campaign = await open_campaign(
        organizer, "lingyue-75", title="值夜班的人的静音键盘",
        story="护士站、机房、自习室：敲起来不吵人的75键盘。颜色凑不够就用备选色，要不要由您自己说了算。",
        batch_answers=wishes.KEYBOARD_BATCH, threshold=60, cap=90, tiers=(PriceTier(60, 46900),),
        closes="at_deadline", visibility="public", deadline=now - timedelta(hours=3), objection_hours=48,
    )  # fmt: skip
    quantities = wishes.parts(64, chance)
    colors = {"black": 45, "silver": 19}
    for who, quantity in zip(await members(len(quantities), chance, tag="night"), quantities, strict=True):
        clock.shift(timedelta(hours=5))
        color = wishes.take(colors, quantity)
        answers = wishes.keyboard(who, chance, color=color, plate="fr4", switch="linear_a", layout="kit")
        preferences = _second(color) if color == "silver" else {}
        await join_and_pay(who, campaign, answers, quantity=quantity, preferences=preferences)
    answers = wishes.keyboard(bo, chance, color="silver", plate="alu", switch="linear_a", layout="kit")
    await join_and_pay(bo, campaign, answers, preferences={**_second("silver"), "ask_first": True})
    await drain()
    clock.set(now - timedelta(hours=3) + timedelta(seconds=5))
    await keep_deadlines()
    await drain()
    return campaign


async def still_voting(open_campaign: Open, chance: random.Random, now: datetime) -> str:
    """Members rank form factors; silver needs a few more, and some could help it."""
    clock.set(now - timedelta(days=6))
    organizer = await person("jonas@members.c2b.example", "Jonas Haas")
    campaign = await open_campaign(
        organizer, "lingyue-75", title="Which size? A board we decide on together",
        story="Seventy-five, sixty-five or with all function keys: rank the sizes when you join. One vote per paid unit, "
        "and whoever insists on a size that loses gets every cent back.",
        batch_answers=_without(wishes.KEYBOARD_BATCH, "form_factor"),
        votes=(OpenVote("form_factor", ("75", "65", "tkl"), now + timedelta(days=8), "earliest"),),
        threshold=60, cap=200, tiers=(PriceTier(60, 46900), PriceTier(120, 42900)), closes="at_deadline",
        visibility="public", deadline=now + timedelta(days=17),
    )  # fmt: skip
    colors = {"black": 31, "silver": 27, "navy": 12}
    quantities = wishes.parts(70, chance)
    for number, who in enumerate(await members(len(quantities), chance, tag="size")):
        clock.shift(timedelta(hours=3))
        color = wishes.take(colors, quantities[number])
        answers = wishes.keyboard(who, chance, color=color, plate="fr4", switch="linear_a", layout="kit")
        ranking = list(dict.fromkeys(chance.sample(["75", "75", "65", "tkl"], 4)))
        insists = number % 9 == 4
        ballot = {"ranking": ranking[:1], "only": ranking[:1]} if insists else {"ranking": ranking}
        preferences = _preferences(color, "fr4", chance) if number % 8 else {}
        await join_and_pay(
            who, campaign, answers, quantity=quantities[number],
            preferences={**preferences, "votes": {"form_factor": ballot}},
        )  # fmt: skip
    clock.set(now - timedelta(hours=2))
    await drain()
    return campaign


async def full(open_campaign: Open, chance: random.Random, now: datetime) -> str:
    """No place is left, and three people wait for one."""
    clock.set(now - timedelta(days=9))
    organizer = await person("tanaka@members.c2b.example", "Noah Tanaka")
    campaign = await open_campaign(
        organizer, "lingyue-power", title="A power bank for the alpine club",
        story="Twenty thousand milliamp hours, sixty-five watts, a name lasered on the shell. The shuttle to the hut takes "
        "one hundred, so that is how many we order.",
        batch_answers=wishes.POWERBANK_BATCH, threshold=100, cap=100, tiers=(PriceTier(100, 11900),),
        closes="at_deadline", visibility="public", deadline=now + timedelta(days=6),
    )  # fmt: skip
    for who in await members(20, chance, tag="alps"):
        clock.shift(timedelta(hours=8))
        await join_and_pay(who, campaign, wishes.power_bank(who, chance), quantity=5)
    for who in await members(3, chance, tag="waiting"):
        clock.shift(timedelta(hours=7))
        await join(who, campaign, answers=wishes.power_bank(who, chance), waits=True)
    clock.set(now - timedelta(hours=1))
    await drain()
    return campaign


def _preferences(color: str, plate: str, chance: random.Random) -> dict[str, Any]:
    """What somebody says who wants a board in the end: another color, and a few yuan for a small lot of brass."""
    found: dict[str, Any] = {}
    if color == "navy" or chance.random() < 0.4:
        found |= _second(color)
    if plate == "brass":
        found |= {"otherwise": "small_lot_fee", "fee_limit_minor": 500}
    return found


def _second(color: str) -> dict[str, Any]:
    return {"alternatives": [{"attribute": "case_color", "any_of": [_SECOND[color]]}]}


def _ballot(number: int, chance: random.Random) -> dict[str, Any]:
    """How somebody votes on the mounting; one insists on the tray."""
    if number == 5:
        return {"ranking": ["tray"], "only": ["tray"]}
    return {"ranking": chance.choice((["gasket", "top"], ["gasket", "tray"], ["top", "gasket"]))}


def _without(answers: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in answers.items() if key != name}
