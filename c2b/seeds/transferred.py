"""Bank transfers in the seed world: one that came with a little too much, one without its reference, one on its way."""

from __future__ import annotations

import random
from typing import Any

from c2b.accounts.rules import Actor
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.payments.asking import check_out
from c2b.payments.gateways import enabled
from c2b.payments.statement.deciding import assign
from c2b.payments.statement.entering import Line, enter
from c2b.seeds import wishes
from c2b.seeds.acting import join_and_pay
from c2b.seeds.people import members


async def by_bank(campaign_id: str, bo: Actor, root: Actor, chance: random.Random) -> None:
    """Two members and Bo choose to transfer; where the site takes no bank transfers there is nothing to show."""
    if "bank" not in enabled():
        return
    people = [*await members(2, chance, tag="bank"), bo]
    payments = [await _asked(who, campaign_id, chance) for who in people]
    generous, forgetful, _ = payments
    first = await enter(
        root, _line(people[0], generous["amount_minor"] + 1000, "20261122-000481", generous["provider_ref"])
    )
    await assign(root, first, generous["id"])
    await enter(root, _line(people[1], forgetful["amount_minor"], "20261122-000503", "Laptop, thank you"))
    await drain()


async def _asked(who: Actor, campaign_id: str, chance: random.Random) -> dict[str, Any]:
    answers = wishes.laptop(who, chance, cpu="u5")
    joined = await join_and_pay(who, campaign_id, answers, behavior=None)
    await check_out(who, joined.participation_id, gateway_name="bank")
    row = await db.fetch_one("SELECT * FROM payment WHERE participation_id = ?", joined.participation_id)
    assert row
    return row


def _line(who: Actor, amount_minor: int, number: str, text: str) -> Line:
    return Line(
        reference=f"ICBC-{number}",
        booked_on=clock.today(),
        amount_minor=amount_minor,
        currency="CNY",
        payer_name=who.name,
        account=f"6222{number[-6:]}00017788",
        bank="ICBC",
        text=text,
    )
