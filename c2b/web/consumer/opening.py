"""Opening a campaign on a product: the organizer fixes the batch, the numbers and the prices."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns import operations
from c2b.catalog import queries as catalog
from c2b.catalog.queries import PinnedSchema
from c2b.kit.errors import AppError, Conflict, Invalid, NotFound
from c2b.kit.http.context import network_of
from c2b.kit.http.rates import hit
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.web.auth import actor_of, client_ip, require
from c2b.web.consumer.join import QUOTES
from c2b.web.consumer.offer_form import SentOffer, blank, offer_form, read_offer
from c2b.web.consumer.products import product_view
from c2b.web.flash import flash
from c2b.web.pages import form_of, fragment, page

TEMPLATE = "pages/consumer/campaign_form.html"


@require("consumer")
async def show(request: Request) -> Response:
    """GET /products/{slug}/campaigns/new."""
    product, schema = await _product(request)
    return await form_page(request, product, schema, blank(product))


@require("consumer")
async def preview(request: Request) -> Response:
    """POST /products/{slug}/campaigns/preview: which choices go together; the whole page without htmx."""
    await hit(QUOTES, network_of(client_ip(request)))
    product, schema = await _product(request)
    sent = read_offer(await form_of(request), schema, product["currency"])
    if request.headers.get("hx-request") == "true":
        return batch_fragment(sent, product, schema, _paths(product["slug"]))
    return await form_page(request, product, schema, sent)


@require("consumer")
async def create(request: Request) -> Response:
    """POST /products/{slug}/campaigns/new: keep a draft; with ``action=submit`` ask for approval at once."""
    product, schema = await _product(request)
    form = await form_of(request)
    sent = read_offer(form, schema, product["currency"])
    actor = actor_of(request)
    try:
        campaign = await operations.draft(actor, product_slug=product["slug"], offer=sent.offer())
    except (Invalid, Conflict) as error:
        return await form_page(request, product, schema, sent, error=error)
    return await saved(request, campaign.id, submit=form.get("action") == "submit")


async def saved(request: Request, campaign_id: str, *, submit: bool) -> Response:
    """On to the campaign's own page, submitted if that was asked for."""
    response = see_other(f"/my/campaigns/{campaign_id}")
    if submit:
        await operations.submit(actor_of(request), campaign_id)
        flash(response, N_("Submitted. You get a mail as soon as we have looked at it."))
    else:
        flash(response, N_("Saved as a draft."))
    return response


async def form_page(
    request: Request,
    product: dict[str, Any],
    schema: PinnedSchema,
    sent: SentOffer,
    *,
    error: AppError | None = None,
    paths: dict[str, str] | None = None,
    review_note: str = "",
) -> Response:
    """The form, new or of a draft."""
    return page(
        request,
        TEMPLATE,
        status=error.status if error else 200,
        here=(paths or _paths(product["slug"]))["save"],
        product=product_view(product),
        offer=offer_form(sent, product, schema, errors=error.fields if error else []),
        notice=error.text() if error and not error.fields else "",
        paths=paths or _paths(product["slug"]),
        review_note=review_note,
    )


def batch_fragment(
    sent: SentOffer, product: dict[str, Any], schema: PinnedSchema, paths: dict[str, str]
) -> Response:
    """The part of the form that answers to what is chosen."""
    offer = offer_form(sent, product, schema)
    return fragment("partials/campaign_batch.html", offer=offer, product=product_view(product), paths=paths)


def _paths(slug: str) -> dict[str, str]:
    return {"save": f"/products/{slug}/campaigns/new", "preview": f"/products/{slug}/campaigns/preview"}


async def _product(request: Request) -> tuple[dict[str, Any], PinnedSchema]:
    product = await catalog.product(request.path_params["slug"])
    if not product["active"]:
        raise NotFound
    return product, await catalog.latest_schema(product["id"])
