"""Products on offer and the published versions of their schemas."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.catalog import queries
from c2b.kit import db
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import NotFound
from c2b.web.api.routing import V1, resource
from c2b.web.auth import public
from c2b.web.views import json_answer

SCHEMA_TYPE = "application/schema+json"


@public
async def index(_: Request) -> Response:
    """GET /products: all that is on offer; there are few, so one slice holds them."""
    return json_answer({"items": [_shape(product) for product in await queries.products()], "next": None})


@public
async def show(request: Request) -> Response:
    """GET /products/{slug}."""
    return json_answer(_shape(await queries.product(request.path_params["product"])))


@public
async def schemas(request: Request) -> Response:
    """GET /products/{slug}/schemas: versions, newest first."""
    product = await queries.product(request.path_params["product"])
    versions = await queries.schema_versions(product["id"])
    return json_answer({"items": [_version(product["slug"], each) for each in versions], "next": None})


@public
async def schema(request: Request) -> Response:
    """GET /products/{slug}/schemas/{version}: the document as published; it never changes."""
    product = await queries.product(request.path_params["product"])
    wanted = request.path_params["version"]
    found = await queries.schema_of_version(product["id"], int(wanted)) if _is_number(wanted) else None
    if found is None:
        raise NotFound
    headers = {"ETag": f'"{found.digest}"', "Cache-Control": "public, max-age=31536000, immutable"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(canonical_json(found.document), media_type=SCHEMA_TYPE, headers=headers)


def _shape(product: dict[str, Any]) -> dict[str, Any]:
    """What everybody may know: retail bounds, not what the manufacturer is paid."""
    quotation = product["quotation"]
    bounds = ("from_quantity", "min_retail_minor", "max_retail_minor")
    return {
        **{key: product[key] for key in ("id", "slug", "family", "name", "summary", "timeline", "currency")},
        **{key: product[key] for key in ("min_quantity", "capacity", "active")},
        "manufacturer": {
            "id": product["manufacturer_id"],
            "slug": product["manufacturer_slug"],
            "name": product["manufacturer_name"],
        },
        "quoted_until": db.instant(quotation["quoted_until"]),
        "tiers": [{key: tier[key] for key in bounds} for tier in quotation["tiers"]],
    }


def _version(slug: str, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "href": f"{V1}/products/{slug}/schemas/{row['version']}"}


def _is_number(text: str) -> bool:
    return text.isdigit() and len(text) < 7


ROUTES: list[Route] = [
    *resource("/products", get=index),
    *resource("/products/{product:name}", get=show),
    *resource("/products/{product:name}/schemas", get=schemas),
    *resource("/products/{product:name}/schemas/{version:name}", get=schema),
]
