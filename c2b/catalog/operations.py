"""Publishing: manufacturers, products, and the numbered immutable versions of a product's schema."""

from __future__ import annotations

from typing import Any

from c2b.catalog import dialect, lint
from c2b.catalog.models import Manufacturer, Product, ProductSchema
from c2b.catalog.payment_terms import payment_terms
from c2b.kit import clock, db
from c2b.kit.canonical import digest
from c2b.kit.errors import NotFound


async def add_manufacturer(**fields: Any) -> Manufacturer:
    """Register a manufacturer; fields as in the model."""
    return await Manufacturer.create(created_at=clock.now(), **fields)


async def add_product(**fields: Any) -> Product:
    """Register what a manufacturer offers; fields as in the model.

    Raises ``ValueError`` for payment terms that do not add up (``payment_terms.py``).
    """
    payment_terms(fields["quotation"])
    return await Product.create(created_at=clock.now(), **fields)


async def publish_schema(product_id: str, document: dict[str, Any]) -> ProductSchema:
    """Publish the next version of a product's schema; the same document again gives the version it already has.

    Raises ``dialect.Refused`` for whatever ``c2b schemas check`` would refuse.
    """
    if problems := lint.problems_of(document):
        raise dialect.Refused(problems)
    fingerprint = digest(document)

    async def publish() -> ProductSchema:
        if not await Product.filter(id=product_id).exists():
            raise NotFound
        latest = await ProductSchema.filter(product_id=product_id).order_by("-version").first()
        if latest and latest.digest == fingerprint:
            return latest
        return await ProductSchema.create(
            product_id=product_id,
            version=latest.version + 1 if latest else 1,
            document=document,
            digest=fingerprint,
            published_at=clock.now(),
        )

    return await db.atomically(publish)
