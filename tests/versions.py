"""New versions of the small keyboard for tests: one thing gone, dearer, rarer or new."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from c2b.catalog import operations as catalog
from tests import small
from tests.world import World

Document = dict[str, Any]
Change = Callable[[Document], None]


def without(name: str, code: str) -> Change:
    """An option is no longer offered, and no rule speaks of it."""

    def change(document: Document) -> None:
        node = document["properties"][name]
        node["enum"] = [each for each in node["enum"] if each != code]
        node["x-options"] = [each for each in node["x-options"] if each["code"] != code]
        document["allOf"] = [rule for rule in document["allOf"] if f'"{code}"' not in json.dumps(rule)]

    return change


def terms(name: str, code: str, **changes: int) -> Change:
    """An option has other terms."""

    def change(document: Document) -> None:
        for option in document["properties"][name]["x-options"]:
            if option["code"] == code:
                option.update(changes)

    return change


def with_attribute(name: str, *, required: bool = False, scope: str = "unit") -> Change:
    """A question is new."""

    def change(document: Document) -> None:
        document["x-order"].append(name)
        document["properties"][name] = {
            "x-title": {"en": "Gift box", "zh": "礼盒"}, "x-scope": scope, "type": "boolean",
        }  # fmt: skip
        if required:
            document["required"].append(name)

    return change


async def publish(w: World, *changes: Change) -> int:
    """Publish the small keyboard's next version with these changes; its number."""
    document = small.document()
    for change in changes:
        change(document)
    return (await catalog.publish_schema(w.product_id, document)).version
