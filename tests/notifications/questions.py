"""The story of members who are asked again and stay silent: one keeps the place, the other cannot."""

from __future__ import annotations

import copy
from datetime import timedelta

from c2b.campaigns.queries import forget_offers
from c2b.catalog import operations as catalog
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import FieldError
from c2b.participations.asking import Question, ask_all, keep_reconfirmations
from tests import world
from tests.notifications.stories import TITLE, Cast, cast, join_and_pay, pay

FAULT = FieldError(
    "plate", "required", "Choose an option for “{label}”.", {"label": {"en": "Plate", "zh": "定位板"}}
)


async def questioned() -> Cast:
    """The plate of polycarbonate is gone. Bo chose it, Cy did not; both are asked, and neither answers."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE, closes="at_deadline")
    places = [await found.join(campaign_id, found.bo, quantity=2, plate="pc")]
    await pay(found.bo, places[0])
    places.append(await join_and_pay(found, campaign_id, found.cy, 2))
    document = copy.deepcopy(world.schema_document())
    plate = document["properties"]["plate"]
    plate["enum"].remove("pc")
    plate["x-options"] = [each for each in plate["x-options"] if each["code"] != "pc"]
    version = await catalog.publish_schema(found.product_id, document)
    await db.execute(
        "UPDATE campaign SET schema_id = ?, terms_version = 2 WHERE id = ?", version.id, campaign_id
    )
    forget_offers()
    asked = [Question(each.participation_id, [FAULT]) for each in places]
    until = clock.now() + timedelta(hours=24)
    await db.atomically(lambda: ask_all(campaign_id, asked, reason="schema", until=until))
    await drain()
    clock.shift(timedelta(hours=25))
    await keep_reconfirmations()
    await drain()
    return Cast(found, campaign_id)
