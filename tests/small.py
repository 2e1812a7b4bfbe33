"""A product that is made from two units on, so that whole groups fill within a few steps.

Its schema is the shipped keyboard's with small option minimums: two brass plates, three of POM, none else.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from c2b.campaigns.rules import PriceTier
from c2b.catalog import operations as catalog
from c2b.kit import clock
from tests import world

#: What the options of attribute ``plate`` need; everything else is made from one unit on.
MINIMUMS = {"brass": 2, "pom": 3}
TIERS = (PriceTier(2, 45900), PriceTier(5, 42900))


def document() -> dict[str, Any]:
    """The keyboard's schema with small minimums."""
    found = copy.deepcopy(world.schema_document())
    for name, attribute in found["properties"].items():
        for option in attribute.get("x-options", ()):
            option.pop("moq", None)
            if name == "plate" and option["code"] in MINIMUMS:
                option["moq"] = MINIMUMS[option["code"]]
    return found


async def build() -> world.World:
    """The cast, and the product in small."""
    w = await world.build(min_quantity=2)
    await catalog.publish_schema(w.product_id, document())
    return w


async def open_campaign(w: world.World, **changes: Any) -> str:
    """An open campaign of three to eight units; its id."""
    fields: dict[str, Any] = {
        "threshold": 3, "cap": 8, "tiers": TIERS, "closes": "on_threshold",
        "deadline": clock.now() + timedelta(days=3),
    }  # fmt: skip
    return await w.open_campaign(**{**fields, **changes})
