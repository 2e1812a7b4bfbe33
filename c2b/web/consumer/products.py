"""What factories offer: the products, and one product with its options, its quotation and its pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.rules import QuotedTier, quoted_tiers
from c2b.catalog import queries as catalog
from c2b.catalog.forms import Form, build_form
from c2b.catalog.rules import ProductSchema
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.i18n import pick
from c2b.web.auth import current_actor, public
from c2b.web.consumer.promise import promise_of
from c2b.web.consumer.words import family
from c2b.web.pages import page


@dataclass(frozen=True, kw_only=True)
class ProductView:
    """A product on offer. Quoted prices in minor units per unit, tax included; ``from_minor`` is the lowest."""

    slug: str
    name: str
    summary: str
    family: str
    family_name: str
    manufacturer_name: str
    manufacturer_story: str
    currency: str
    min_quantity: int
    capacity: int
    tiers: tuple[QuotedTier, ...]
    quoted_until: datetime | None
    from_minor: int
    warranty_months: int
    timeline: str


def product_view(row: dict[str, Any]) -> ProductView:
    """A product as ``catalog.queries`` reads it, in the reader's language."""
    tiers = quoted_tiers(row["quotation"]["tiers"])
    story = row["manufacturer_story"] or {}
    return ProductView(
        slug=row["slug"],
        name=pick(row["name"]),
        summary=pick(row["summary"]),
        family=row["family"],
        family_name=family(row["family"]),
        manufacturer_name=pick(row["manufacturer_name"]),
        manufacturer_story=pick(story) if story else "",
        currency=row["currency"],
        min_quantity=row["min_quantity"],
        capacity=row["capacity"],
        tiers=tiers,
        quoted_until=db.instant(row["quotation"]["quoted_until"]),
        from_minor=min(tier.min_retail_minor for tier in tiers),
        warranty_months=int(row["terms"].get("warranty_months") or 0),
        timeline=row["timeline"],
    )


@public
async def index(request: Request) -> Response:
    """GET /products."""
    rows = await catalog.products()
    return page(request, "pages/consumer/products.html", products=[product_view(row) for row in rows])


@public
async def show(request: Request) -> Response:
    """GET /products/{slug}. Raises NotFound, also for what is no longer made."""
    row = await catalog.product(request.path_params["slug"])
    if not row["active"]:
        raise NotFound
    schema = await catalog.latest_schema(row["id"])
    actor = current_actor(request)
    return page(
        request,
        "pages/consumer/product.html",
        product=product_view(row),
        promise=promise_of(row["timeline"]),
        parts=parts_of(schema.parsed, row["currency"]),
        may_open=actor is None or actor.role == "consumer",
    )


def parts_of(schema: ProductSchema, currency: str) -> list[tuple[str, Form]]:
    """The options by who chooses them: (scope, form), drawn as a list and not as a form."""
    forms = [
        (scope, build_form(schema, scopes=(scope,), currency=currency))
        for scope in ("batch", "variant", "unit")
    ]
    return [(scope, form) for scope, form in forms if form.fields]
