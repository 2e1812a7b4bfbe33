"""The second world that workers are killed in: every way of paying, and all that becomes of the money afterwards.

Ten groups of one manufacturer, with payment in full, deposits and holds; some fail, some are called off, some are paid
out and then canceled, some are delivered to the last closed book. Admins approve and send their bank transfers under
kills too (``desk``); what only happens once, people do between them. Built once per database and copied.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path

from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.campaigns.rules import PriceTier
from c2b.fulfillment import delays
from c2b.fulfillment.models import Timeline
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.payments import claiming
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.purchasing import operations as purchasing
from c2b.purchasing.models import PurchaseOrder, PurchaseOrderRevision
from c2b.referrals import operations as referrals
from tests import small, world
from tests.faults.banking import member, moods_of
from tests.fulfillment import pictures
from tests.fulfillment.walking import Walk
from tests.purchasing.locked import Locked

OPEN_FOR = timedelta(days=4)
#: From the close on: until a balance is due, and until whoever owes it has lost the place.
OVERDUE = timedelta(days=16)
#: After it a delivered order cannot be returned, and the manufacturer's last part is due.
RETURNABLE = timedelta(days=31)
#: No order here is that late and not told to be.
LATE = timedelta(days=90)
#: Whoever has not answered a delay by then waits.
ANSWERED = timedelta(days=15)
#: What the provider gave money for cannot go back through it any more.
WINDOW = timedelta(days=366)
HIGH, LOW = 52900, 49900
BEHAVIORS = (
    Behavior.PAY,
    Behavior.TWICE,
    Behavior.PAY,
    Behavior.OUT_OF_ORDER,
    Behavior.DECLINE,
    Behavior.PAY,
)


@dataclass(frozen=True)
class Size:
    """How many join each group, how many it needs, and from how many on a unit is cheaper."""

    members: int
    threshold: int
    lower: int


SMALL, LARGE = Size(10, 3, 8), Size(54, 20, 40)
#: Group → its payment plan, and which share of the members joins it. ``short`` and ``unheld`` never fill.
GROUPS = {
    "whole": "full", "parts": "deposit", "held": "authorize", "overdue": "deposit", "late": "authorize",
    "burned": "full", "short": "deposit", "unheld": "authorize", "called_off": "full", "quick": "full",
}  # fmt: skip
FAILING = ("short", "unheld")
DELIVERED, BEHIND = ("whole", "parts", "held", "quick"), ("late", "overdue")


@dataclass
class Treasury:
    """Who is who, the groups by name with their members' places as they joined, what each does at checkouts."""

    w: world.World
    desk: tuple[Actor, Actor]
    size: Size
    campaigns: dict[str, str] = field(default_factory=dict)
    places: dict[str, list[tuple[Actor, str]]] = field(default_factory=dict)
    plan: dict[str, str] = field(default_factory=dict)
    balances: dict[str, str] = field(default_factory=dict)

    def write_plan(self, folder: Path) -> None:
        """What people at checkouts and desks do while workers work."""
        desk = [admin.id for admin in self.desk]
        (folder / "plan.json").write_text(
            json.dumps(
                {**self.plan, "balances": self.balances, "desk": desk, "transfers": moods_of(self.places)}
            )
        )


async def build(*, small_one: bool) -> Treasury:
    """Everybody has joined; nobody has been to a checkout yet."""
    forget_offers()
    w = await small.build()
    await db.execute("UPDATE product SET timeline = 'LIGHT' WHERE id = ?", w.product_id)
    size = SMALL if small_one else LARGE
    found = Treasury(w, (await world.person("One", "admin"), await world.person("Two", "admin")), size)
    for name, plan in GROUPS.items():
        await _group(found, name, plan)
    return found


async def _group(found: Treasury, name: str, plan: str) -> None:
    size, w = found.size, found.w
    campaign = await small.open_campaign(
        w, title=f"Board {name}", threshold=size.members + 1 if name in FAILING else size.threshold,
        cap=size.members + 2, tiers=(PriceTier(size.threshold, HIGH), PriceTier(size.lower, LOW)),
        closes="on_threshold" if name == "quick" else "at_deadline", payment_plan=plan,
        deposit_percent=20 if plan == "deposit" else 0, deadline=clock.now() + OPEN_FOR,
    )  # fmt: skip
    found.campaigns[name], found.places[name] = campaign, []
    link, does = await referrals.my_link(w.ana, campaign), cycle(BEHAVIORS)
    for number in range(size.threshold + 3 if name == "quick" else size.members):
        lower = {"commit_below_minor": LOW} if number == 2 and name != "quick" else None
        joined = await w.join(campaign, invitation_id=link.id if number % 4 else None, wishes=lower)
        found.places[name].append((w.members[-1], joined.participation_id))
        found.plan[joined.participation_id] = (Behavior.LATE if number == 3 else next(does)).value
        found.balances[joined.participation_id] = next(does).value
    if name == "overdue":  # so few remain that the lower price is gone, and with it whoever wanted only that
        owing = found.places[name][size.lower :]
        for _, place in owing:
            del found.balances[place]


# ---------------------------------------------------------------------- what people do between the kills


async def some_leave(found: Treasury) -> None:
    """While groups are open a member of each leaves; Ana calls one off."""
    for name in ("whole", "parts", "held", "short", "unheld"):
        await participations.withdraw(*found.places[name][-1])
    await campaigns.cancel(found.w.ana, found.campaigns["called_off"], reason="My workshop burned down.")


async def orders_are_accepted(found: Treasury) -> None:
    """Mill accepts all that is ordered: payouts are planned, and the first part is due."""
    for order in await PurchaseOrder.filter(state="issued"):
        revision = await PurchaseOrderRevision.get(purchase_order_id=order.id, revision=order.revision)
        await purchasing.acknowledge(
            found.w.mill, order.id, revision=revision.revision, revision_digest=revision.digest, decision="accepted",
            signer_name="Mo Fang",
        )  # fmt: skip


async def some_claim(found: Treasury) -> None:
    """Defects: a part of one payment, and more than the last of two payments; one is let go, and one order is over."""
    for name, minor in (("whole", 3000), ("parts", 50000), ("held", 1)):
        _, place = await _kept(found, name, 0)
        await claiming.claim(
            found.w.root,
            place,
            amount_minor=minor,
            note="A scratch.",
            number=await claiming.next_claim(place),
        )
    _, place = await _kept(found, "held", 1)
    await claiming.cancel_for_delay(found.w.root, place, note="Too late for the wedding.")
    await campaigns.cancel(found.w.root, found.campaigns["burned"], reason="The factory has burned down.")


async def most_is_delivered(found: Treasury) -> None:
    """The goods of these reach everybody."""
    await _deliver(found, DELIVERED)


async def _deliver(found: Treasury, names: Sequence[str]) -> None:
    """Mill reports its stages, the inspection passes, and the last parcel is there."""
    for name in names:
        timeline = await Timeline.get(campaign_id=found.campaigns[name])
        walk = Walk(Locked(found.w, found.campaigns[name]), timeline.id)
        for code in ("OQC", "PACK", "LASTMILE"):
            stage = await walk.stage(code)
            await db.execute(
                "UPDATE milestone SET state = 'approved', started_on = ?, finished_on = ? WHERE timeline_id = ? "
                "AND position < ? AND state = 'planned'",
                clock.today(), clock.today(), timeline.id, stage.position,
            )  # fmt: skip
            await walk.start(code)
            await walk.prove(code, kind="document", filename="report.pdf", data=pictures.document())
            await walk.submit(code)


async def some_do_not_wait(found: Treasury) -> None:
    """Two orders are late: of each one member leaves and one says that they wait."""
    for name in BEHIND:
        await delays.leave(*await _kept(found, name, 0))
        await delays.wait(*await _kept(found, name, 1))


async def the_rest_is_delivered(found: Treasury) -> None:
    """What was late is there at last; who has said nothing about the delay was waiting."""
    await _deliver(found, BEHIND)


async def commissions_are_asked_for(found: Treasury) -> None:
    """Ana says who she is and asks for what she has earned."""
    await referrals.give_identity(
        found.w.ana, legal_name="Ana Zhang", born_on="1990-05-01", account="6222 0000 1234 5678", bank="ICBC"
    )
    await referrals.withdraw(found.w.ana, currency="CNY")


async def claims_come_after_all(found: Treasury) -> None:
    """From closed books; a year later the provider gives nothing back any more, and it goes by bank transfer."""
    for name in ("whole", "parts"):
        _, place = await _kept(found, name, 1)
        await claiming.claim(
            found.w.root,
            place,
            amount_minor=7000,
            note="It fell apart.",
            number=await claiming.next_claim(place),
        )


async def _kept(found: Treasury, name: str, number: int) -> tuple[Actor, str]:
    """The n-th member of a group who holds a place."""
    rows = await db.fetch(
        "SELECT id, user_id FROM participation WHERE campaign_id = ? AND state IN "
        "('confirmed', 'in_fulfillment', 'delivered', 'completed') ORDER BY id",
        found.campaigns[name],
    )
    return member(rows[number]["user_id"]), rows[number]["id"]


#: How long before each act (seconds come on top for every worker), and the act.
Act = Callable[[Treasury], Awaitable[None]]
ACTS: tuple[tuple[timedelta, Act], ...] = (
    (timedelta(), some_leave),
    (OPEN_FOR, orders_are_accepted),
    (OVERDUE, orders_are_accepted),
    (timedelta(days=1), some_claim),
    (timedelta(days=1), most_is_delivered),
    (RETURNABLE, commissions_are_asked_for),
    (LATE, some_do_not_wait),
    (ANSWERED, the_rest_is_delivered),
    (RETURNABLE, claims_come_after_all),
    (WINDOW, claims_come_after_all),
)
