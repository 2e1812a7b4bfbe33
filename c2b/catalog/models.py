"""Manufacturers, what they offer, and the numbered versions of each product's schema."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from c2b.kit.guards import AppendOnly, Check
from c2b.kit.ids import new_id

Json = dict[str, Any]


class Manufacturer(Model):
    """``party`` holds what goes on paper: legal name, address in both languages, registration and VAT ids."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    slug = fields.CharField(max_length=60, unique=True)
    name: Json = fields.JSONField()
    party: Json = fields.JSONField()
    story: Json = fields.JSONField(default=dict)
    email = fields.CharField(max_length=254)
    locale = fields.CharField(max_length=10, default="zh_CN")
    created_at = fields.DatetimeField()

    class Meta:
        table = "manufacturer"


class Product(Model):
    """What a manufacturer offers. ``quotation``: its tiers (``campaigns.rules.QuotedTier``), until when it is good, and
    perhaps its ``payment_terms`` (``payment_terms.py``); ``terms``: what a purchase order
    needs to know (Incoterm, place, warranty months, spare percentage, item number)."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    manufacturer: Any = fields.ForeignKeyField("models.Manufacturer", on_delete=fields.RESTRICT)
    manufacturer_id: str
    slug = fields.CharField(max_length=60, unique=True)
    family = fields.CharField(max_length=30)
    name: Json = fields.JSONField()
    summary: Json = fields.JSONField()
    timeline = fields.CharField(max_length=10)
    currency = fields.CharField(max_length=3, default="CNY")
    min_quantity = fields.IntField()
    capacity = fields.IntField()
    quotation: Json = fields.JSONField()
    terms: Json = fields.JSONField()
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "product"


class ProductSchema(Model):
    """One immutable version of a product's schema. A campaign is pinned to one."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    product: Any = fields.ForeignKeyField("models.Product", on_delete=fields.RESTRICT)
    product_id: str
    version = fields.IntField()
    document: Json = fields.JSONField()
    digest = fields.CharField(max_length=64)
    published_at = fields.DatetimeField()

    class Meta:
        table = "product_schema"
        unique_together = (("product_id", "version"),)
        indexes = (Index(fields=("digest",)),)


GUARDS = [
    Check("product", "product_quantities", "{min_quantity} >= 2 AND {capacity} >= {min_quantity}"),
    Check("product", "product_timeline", "{timeline} IN ('LIGHT','SEMI','TOOLED')"),
    AppendOnly("product_schema"),
]
