"""Manufacturers and products from plain data: a file of the operator's, or the seed world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from c2b.catalog import operations
from c2b.catalog.models import Manufacturer, Product
from c2b.catalog.queries import schema_versions
from c2b.config import ROOT
from c2b.kit.canonical import digest

_MAKER = ("slug", "name", "email", "locale", "story", "party")
_PRODUCT = (
    "slug", "family", "name", "summary", "timeline", "min_quantity", "capacity", "quotation", "terms",
)  # fmt: skip


async def load_maker(data: Mapping[str, Any]) -> Manufacturer:
    """A manufacturer with its products, and the shipped schema versions of each family published.

    What is there already (by slug) stays as it is; new products are added. Keys as in ``c2b/seeds/data/makers.json``
    with ``quotation.quoted_until`` and complete ``terms``. Raises ``KeyError`` for what is missing.
    """
    maker = await Manufacturer.get_or_none(slug=data["slug"])
    if maker is None:
        maker = await operations.add_manufacturer(**{key: data[key] for key in _MAKER})
    for each in data["products"]:
        product = await Product.get_or_none(slug=each["slug"])
        if product is None:
            product = await operations.add_product(
                manufacturer_id=maker.id, **{key: each[key] for key in _PRODUCT}
            )
        await publish_shipped(product)
    return maker


async def publish_shipped(product: Product) -> None:
    """Publish the versions of the product's family that ``schemas/products`` holds and this product has not yet.

    Oldest first: new campaigns are pinned to the newest. Loading again publishes nothing twice.
    """
    known = {version["digest"] for version in await schema_versions(product.id)}
    paths = sorted(
        (ROOT / "schemas/products" / product.family).glob("*.schema.json"),
        key=lambda path: int(path.name.split(".")[0]),
    )
    for path in paths:
        document = json.loads(path.read_text(encoding="utf-8"))
        if digest(document) not in known:
            await operations.publish_schema(product.id, document)
