"""Reading the catalog. Schema versions never change, so they are parsed once per process."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from c2b.catalog.rules import ProductSchema as ParsedSchema
from c2b.catalog.rules import parse_schema
from c2b.kit import db
from c2b.kit.errors import NotFound

_CACHE_SIZE = 256
_pinned: OrderedDict[str, PinnedSchema] = OrderedDict()


@dataclass(frozen=True)
class PinnedSchema:
    """One version of a product's schema: the document as published, and parsed."""

    id: str
    product_id: str
    version: int
    document: dict[str, Any]
    digest: str
    parsed: ParsedSchema


async def pinned_schema(schema_id: str) -> PinnedSchema:
    """The version with this id. Raises ``NotFound``."""
    if schema_id in _pinned:
        _pinned.move_to_end(schema_id)
        return _pinned[schema_id]
    row = await db.fetch_one("SELECT * FROM product_schema WHERE id = ?", schema_id)
    if row is None:
        raise NotFound
    document = _json(row["document"])
    found = PinnedSchema(
        row["id"], row["product_id"], row["version"], document, row["digest"], parse_schema(document)
    )
    _pinned[schema_id] = found
    if len(_pinned) > _CACHE_SIZE:
        _pinned.popitem(last=False)
    return found


async def latest_schema(product_id: str) -> PinnedSchema:
    """The newest published version of a product's schema. Raises ``NotFound``."""
    row = await db.fetch_one(
        "SELECT id FROM product_schema WHERE product_id = ? ORDER BY version DESC LIMIT 1", product_id
    )
    if row is None:
        raise NotFound
    return await pinned_schema(row["id"])


async def schema_versions(product_id: str) -> list[dict[str, Any]]:
    """The published versions of a product's schema, newest first: version, digest, published_at."""
    rows = await db.fetch(
        "SELECT version, digest, published_at FROM product_schema WHERE product_id = ? ORDER BY version DESC",
        product_id,
    )
    return [{**row, "published_at": db.instant(row["published_at"])} for row in rows]


async def schema_of_version(product_id: str, version: int) -> PinnedSchema | None:
    """One published version of a product's schema, or ``None``."""
    row = await db.fetch_one(
        "SELECT id FROM product_schema WHERE product_id = ? AND version = ?", product_id, version
    )
    return await pinned_schema(row["id"]) if row else None


_PRODUCT = (
    "SELECT p.*, m.name AS manufacturer_name, m.slug AS manufacturer_slug, m.story AS manufacturer_story "
    "FROM product p JOIN manufacturer m ON m.id = p.manufacturer_id "
)


async def products() -> list[dict[str, Any]]:
    """All products on offer, with their manufacturer's name; texts as ``{"en", "zh"}``."""
    return [_product(row) for row in await db.fetch(_PRODUCT + "WHERE p.active ORDER BY p.family, p.slug")]


async def product(slug_or_id: str) -> dict[str, Any]:
    """One product by slug or id. Raises ``NotFound``."""
    row = await db.fetch_one(_PRODUCT + "WHERE p.slug = ? OR p.id = ?", slug_or_id, slug_or_id)
    if row is None:
        raise NotFound
    return _product(row)


async def manufacturer(manufacturer_id: str) -> dict[str, Any]:
    """One manufacturer with everything that goes on paper. Raises ``NotFound``."""
    row = await db.fetch_one("SELECT * FROM manufacturer WHERE id = ?", manufacturer_id)
    if row is None:
        raise NotFound
    return {**row, **{key: _json(row[key]) for key in ("name", "party", "story")}}


_PRODUCT_JSON = ("name", "summary", "quotation", "terms", "manufacturer_name", "manufacturer_story")


def _product(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "active": bool(row["active"]), **{key: _json(row[key]) for key in _PRODUCT_JSON}}


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
