"""The story of a group that is moved to another version: members are asked, stay silent, and what becomes of them."""

from __future__ import annotations

from datetime import timedelta

from c2b.catalog import operations as catalog
from c2b.durable.sweep import drain
from c2b.kit import clock
from c2b.participations.reconfirming.asking import keep_reconfirmations
from c2b.participations.reconfirming.moving import move
from tests import versions, world
from tests.notifications.stories import TITLE, Cast, cast, join_and_pay, pay


async def questioned() -> Cast:
    """The plate of polycarbonate is gone, which Bo chose, and Cy's switches are dearer: neither answers. Ana has
    reserved such a plate and not paid."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE, closes="at_deadline")
    await pay(found.bo, await found.join(campaign_id, found.bo, quantity=2, plate="pc"))
    await join_and_pay(found, campaign_id, found.cy, 2)
    await found.join(campaign_id, found.ana, plate="pc")
    document = world.schema_document()
    versions.without("plate", "pc")(document)
    versions.terms("switch", "tactile_b", surcharge_minor=1900)(document)
    version = await catalog.publish_schema(found.product_id, document)
    await move(found.ana, campaign_id, version=version.version, answer_hours=24)
    await drain()
    clock.shift(timedelta(hours=25))
    await keep_reconfirmations()
    await drain()
    return Cast(found, campaign_id)
