"""The world that workers are killed in: groups that fill, fail, are canceled and lose members, all paid at the sandbox.

Built once per database and copied for every test. Nobody has been to the checkout yet: that too happens under kills.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.campaigns.votes import OpenVote
from c2b.catalog import operations as catalog
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.participations.closing.objecting import accept
from c2b.participations.reconfirming.moving import move
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payouts.operations import follow
from c2b.purchasing import operations as purchasing
from c2b.purchasing.models import PurchaseOrder, PurchaseOrderRevision
from c2b.referrals.operations import my_link
from tests import versions, world

PAY, LATE, TWICE, DECLINE = Behavior.PAY, Behavior.LATE, Behavior.TWICE, Behavior.DECLINE
OPEN_FOR = timedelta(days=8)
#: Members who asked for it may refuse so long what the allocation gives them: longer than any number of kills takes.
MAY_OBJECT = timedelta(hours=24)
#: A plate that is made from thirty units on.
RARE = {"plate": "pom"}
#: Who wants it would take another one, and is to be asked before.
ASKED = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}], "ask_first": True}
#: Another plate made from thirty units on, or for a yuan per missing unit; twenty units pay half of one each.
SMALL_LOT = {"otherwise": "small_lot_fee", "fee_limit_minor": 60}
#: What the next version of the keyboard no longer has, and what it sells for more.
GONE, DEARER = {"plate": "pc"}, {"switch": "linear_a"}


@dataclass
class Stage:
    """Who is who, campaigns by what becomes of them, and what each member does at the checkout."""

    ana: Actor
    mill: Actor
    root: Actor
    campaigns: dict[str, str] = field(default_factory=dict)
    leaving: list[tuple[Actor, str]] = field(default_factory=list)
    objecting: list[tuple[Actor, str]] = field(default_factory=list)
    agreeing: list[tuple[Actor, str]] = field(default_factory=list)
    plan: dict[str, str] = field(default_factory=dict)

    def write_plan(self, folder: Path) -> None:
        (folder / "plan.json").write_text(json.dumps(self.plan))


async def build(*, small: bool) -> Stage:
    """Five campaigns: ``reached`` orders as soon as it is full, ``waited`` at its deadline (with a better price, second
    choices, a small lot and an objection, and without whoever wanted a rare plate only, or another mounting than the
    vote brings), ``short`` fails, ``unmade`` fills up, opens again and fails, ``called_off`` is canceled."""
    forget_offers()
    w = await world.build()
    await catalog.publish_schema(w.product_id, document())
    await db.execute("UPDATE product SET timeline = 'LIGHT' WHERE id = ?", w.product_id)
    stage = Stage(w.ana, w.mill, w.root)
    more = 0 if small else 1
    await _campaign(
        w,
        stage,
        "reached",
        [(20, PAY), (20, TWICE), (10, PAY), *[(3, PAY)] * 4 * more],
        closes="on_threshold",
    )
    vote = OpenVote("mounting", ("top", "gasket"), clock.now() + OPEN_FOR - timedelta(hours=1), "listed")
    fixed = {name: code for name, code in world.BATCH.items() if name != "mounting"}
    await _campaign(
        w, stage, "waited", [(20, PAY)] * 4 + [(1, DECLINE), (1, LATE), *[(1, PAY)] * 6 * more],
        batch_answers=fixed, votes=(vote,),
    )  # fmt: skip
    await _member(w, stage, "waited", 1, PAY, **RARE)
    await _member(w, stage, "waited", 2, PAY, wishes=ballot("gasket", "top"))
    await _member(w, stage, "waited", 1, PAY, wishes=ballot("top", only=["top"]))
    for who in (stage.objecting, stage.agreeing, []):  # the third says nothing
        joined = await _member(w, stage, "waited", 1, PAY, wishes=ASKED, **RARE)
        who.append((w.members[-1], joined))
    await _member(w, stage, "waited", 20, PAY, wishes=SMALL_LOT, plate="brass")
    await db.execute(
        "UPDATE campaign SET objection_hours = ? WHERE id = ?",
        int(MAY_OBJECT.total_seconds()) // 3600,
        stage.campaigns["waited"],
    )
    await _campaign(w, stage, "unmade", [(20, PAY), (20, PAY)], closes="on_threshold")
    await _member(w, stage, "unmade", 4, PAY, **RARE)
    await _member(w, stage, "unmade", 8, PAY)
    await _member(w, stage, "waited", 1, PAY, **GONE)
    await _member(w, stage, "waited", 1, PAY, **DEARER)
    await _campaign(w, stage, "short", [(20, PAY), (2, TWICE), (1, LATE), *[(1, PAY)] * 5 * more])
    await _campaign(w, stage, "called_off", [(2, PAY), (1, PAY), *[(1, TWICE)] * 3 * more])
    for name in ("waited", "short"):
        for _ in range(1 + more):
            joined = await _member(w, stage, name, 1, PAY)
            stage.leaving.append((w.members[-1], joined))
    return stage


def document() -> dict[str, Any]:
    """The keyboard's schema, with brass plates in small lots at a premium."""
    found = world.schema_document()
    for option in found["properties"]["plate"]["x-options"]:
        if option["code"] == "brass":
            option["premium_minor"] = 100
    return found


def ballot(*ranking: str, only: list[str] | None = None) -> dict[str, Any]:
    """Preferences with a ranking of the mountings."""
    return {"votes": {"mounting": {"ranking": list(ranking), **({"only": only} if only else {})}}}


async def _campaign(
    w: world.World,
    stage: Stage,
    name: str,
    members: list[tuple[int, Behavior]],
    *,
    closes: str = "at_deadline",
    **offer: Any,
) -> None:
    stage.campaigns[name] = await w.open_campaign(
        title=f"Board {name}", closes=closes, cap=150, deadline=clock.now() + OPEN_FOR, **offer
    )
    link = await my_link(stage.ana, stage.campaigns[name])
    for quantity, behavior in members:
        await _member(w, stage, name, quantity, behavior, invitation_id=link.id)


async def _member(
    w: world.World, stage: Stage, name: str, quantity: int, does: Behavior, **answers: Any
) -> str:
    joined = await w.join(stage.campaigns[name], quantity=quantity, **answers)
    stage.plan[joined.participation_id] = does.value
    return joined.participation_id


async def _move(ana: Actor, campaign_id: str) -> None:
    newer = document()
    versions.without("plate", GONE["plate"])(newer)
    versions.terms("switch", DEARER["switch"], surcharge_minor=1200)(newer)
    row = await db.fetch_one("SELECT product_id FROM campaign WHERE id = ?", campaign_id)
    assert row
    version = await catalog.publish_schema(row["product_id"], newer)
    await move(ana, campaign_id, version=version.version, answer_hours=24)


async def people_act(stage: Stage) -> None:
    """In the middle of it all: some leave, Ana calls one off and moves another to a new version, Mill accepts the order
    that is out. Nobody answers what they are asked."""
    await _move(stage.ana, stage.campaigns["waited"])
    for who, participation_id in stage.leaving:
        await participations.withdraw(who, participation_id)
    await campaigns.cancel(stage.ana, stage.campaigns["called_off"], reason="My workshop burned down.")
    order = await PurchaseOrder.get(campaign_id=stage.campaigns["reached"])
    revision = await PurchaseOrderRevision.get(purchase_order_id=order.id, revision=order.revision)
    await purchasing.acknowledge(
        stage.mill, order.id, revision=revision.revision, revision_digest=revision.digest, decision="accepted",
        signer_name="Mo Fang",
    )  # fmt: skip


async def all_is_delivered(stage: Stage) -> None:
    """What fills first has reached everybody, and can no longer be returned."""
    reached = stage.campaigns["reached"]
    await db.execute(
        "UPDATE participation SET state = 'delivered' WHERE campaign_id = ? AND state = 'confirmed'", reached
    )
    await db.execute("UPDATE timeline SET delivered_on = ? WHERE campaign_id = ?", clock.today(), reached)
    await db.atomically(lambda: follow(reached))
    clock.shift(timedelta(days=9))


async def people_answer(stage: Stage) -> None:
    """After the deadline, while a proposal waits: one refuses it and leaves, one accepts it, one says nothing."""
    for who, participation_id in stage.objecting:
        await participations.withdraw(who, participation_id)
    for who, participation_id in stage.agreeing:
        await accept(who, participation_id)
