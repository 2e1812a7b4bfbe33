"""The story of a full group: Bo and Cy wait, one gets a place that opens, the other's wait ends with the campaign."""

from __future__ import annotations

import copy

from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.campaigns.rules import PriceTier
from c2b.catalog import operations as catalog
from c2b.durable.sweep import drain
from c2b.kit import db
from c2b.participations import operations as participations
from c2b.participations.joining import Joined
from c2b.participations.waitlist import keep_waitlists
from tests import world
from tests.notifications.stories import TITLE, Cast, cast, join_and_pay


async def waited() -> Cast:
    """Of fifty places all are taken when Bo and Cy come; two open again, and Bo is asked. Then Ana cancels."""
    found, campaign_id, last = await _full()
    await _wait(found, campaign_id, found.bo, quantity=2)
    await _wait(found, campaign_id, found.cy, quantity=1)
    await participations.withdraw(last[0], last[1].participation_id)
    await drain()
    await campaigns.cancel(found.root, campaign_id, reason="The factory burned down.")
    await keep_waitlists()
    await drain()
    return Cast(found, campaign_id)


async def waited_for_nothing() -> Cast:
    """Bo waits for a plate of POM, which is taken off the list meanwhile; then a place opens."""
    found, campaign_id, last = await _full()
    await _wait(found, campaign_id, found.bo, plate="pom")
    document = copy.deepcopy(world.schema_document())
    plate = document["properties"]["plate"]
    plate["enum"].remove("pom")
    plate["x-options"] = [each for each in plate["x-options"] if each["code"] != "pom"]
    version = await catalog.publish_schema(found.product_id, document)
    await db.execute(
        "UPDATE campaign SET schema_id = ?, terms_version = 2 WHERE id = ?", version.id, campaign_id
    )
    forget_offers()
    await participations.withdraw(last[0], last[1].participation_id)
    await drain()
    return Cast(found, campaign_id)


async def _full() -> tuple[world.World, str, tuple[Actor, Joined]]:
    found = await cast()
    campaign_id = await found.open_campaign(
        title=TITLE, closes="at_deadline", threshold=50, cap=50, tiers=(PriceTier(50, 45900),)
    )
    for _ in range(2):
        await found.join(campaign_id, quantity=20)
    await found.join(campaign_id, quantity=8)
    leaves = await join_and_pay(found, campaign_id, found.ana, 2)
    return found, campaign_id, (found.ana, leaves)


async def _wait(
    found: world.World, campaign_id: str, who: Actor, *, quantity: int = 1, **answers: str
) -> Joined:
    joined = await participations.join(
        who, campaign_id, answers={**world.ANSWERS, **answers}, quantity=quantity, waits=True
    )
    assert isinstance(joined, Joined)
    assert joined.state == "waitlisted"
    return joined
