"""What organizers and admins do with a campaign: draft, revise, submit, approve, send back, cancel."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns import operations, queries
from c2b.campaigns.plans import FULL, PLANS, USUAL_BALANCE_DAYS
from c2b.campaigns.rules import MAX_TIERS, Offer, PriceTier
from c2b.campaigns.votes import MAX_OUTCOMES, TIE_RULES, OpenVote
from c2b.web.api.bodies import (
    MOST_MINOR,
    Optional,
    a_code,
    a_list,
    an_object,
    fields_of,
    instant,
    mapping,
    one_of,
    text,
    whole,
)
from c2b.web.api.routing import V1, resource
from c2b.web.api.v1 import campaigns
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer

_OFFER: dict[str, Any] = {
    "title": text(most=200),
    "story": text(most=10_000),
    "batch_answers": mapping,
    "threshold": whole(),
    "cap": whole(),
    "tiers": a_list(
        an_object(from_quantity=whole(least=1), unit_price_minor=whole(least=1, most=MOST_MINOR)),
        most=MAX_TIERS,
    ),
    "closes": one_of("on_threshold", "at_deadline"),
    "visibility": one_of("public", "by_link"),
    "deadline": instant,
    "objection_hours": Optional(whole(), 24),
    "payment_plan": Optional(one_of(*PLANS), FULL),
    "deposit_percent": Optional(whole(), 0),
    "balance_days": Optional(whole(), USUAL_BALANCE_DAYS),
    "votes": Optional(
        a_list(
            an_object(
                attribute=text(most=64),
                choices=a_list(a_code, most=MAX_OUTCOMES),
                closes_at=instant,
                tie_rule=one_of(*TIE_RULES),
            ),
            most=6,
        ),
        [],
    ),
}


@require_api("consumer")
@idempotent
async def draft(request: Request) -> Response:
    """POST /campaigns: a draft on a product, pinned to the newest version of its schema."""
    actor = actor_of(request)
    fields = await fields_of(request, product=text(most=60), **_OFFER)
    slug = fields.pop("product")
    made = await operations.draft(actor, product_slug=slug, offer=_offer(fields))
    view = await campaigns.view_of(actor, made.id)
    return json_answer(view, status=201, location=f"{V1}/campaigns/{made.id}")


@require_api("consumer")
async def revise(request: Request) -> Response:
    """PUT /campaigns/{campaign}: the whole offer anew, while it is a draft."""
    actor = actor_of(request)
    campaign_id = await _id(request)
    offer = _offer(await fields_of(request, **_OFFER))
    await operations.revise(actor, campaign_id, offer=offer)
    return json_answer(await campaigns.view_of(actor, campaign_id))


@require_api("consumer")
@idempotent
async def submit(request: Request) -> Response:
    """POST /campaigns/{campaign}/submission: ask for approval."""
    await operations.submit(actor_of(request), await _id(request))
    return await _now(request)


@require_api("admin")
@idempotent
async def approve(request: Request) -> Response:
    """POST /campaigns/{campaign}/approval: people can join from now on."""
    await operations.approve(actor_of(request), await _id(request))
    return await _now(request)


@require_api("admin")
@idempotent
async def send_back(request: Request) -> Response:
    """POST /campaigns/{campaign}/return: with a reason the organizer can act on."""
    fields = await fields_of(request, reason=text(most=2000))
    await operations.send_back(actor_of(request), await _id(request), **fields)
    return await _now(request)


@require_api("consumer", "admin")
@idempotent
async def cancel(request: Request) -> Response:
    """POST /campaigns/{campaign}/cancellation: end it; whoever has paid is refunded in full."""
    fields = await fields_of(request, reason=text(most=2000))
    await operations.cancel(actor_of(request), await _id(request), **fields)
    return await _now(request)


def _offer(fields: dict[str, Any]) -> Offer:
    tiers = tuple(PriceTier(**tier) for tier in fields["tiers"])
    votes = tuple(OpenVote(**{**vote, "choices": tuple(vote["choices"])}) for vote in fields["votes"])
    return Offer(**{**fields, "tiers": tiers, "votes": votes})


async def _id(request: Request) -> str:
    """The campaign's id from its address. Raises NotFound for one that is not the reader's to see."""
    campaign = await queries.campaign_for(actor_of(request), request.path_params["campaign"])
    return str(campaign["id"])


async def _now(request: Request) -> Response:
    return json_answer(await campaigns.view_of(actor_of(request), request.path_params["campaign"]))


ROUTES: list[Route] = [
    *resource("/campaigns", get=campaigns.discover, post=draft),
    *resource("/campaigns/{campaign:name}", get=campaigns.show, put=revise),
    *resource("/campaigns/{campaign:name}/submission", post=submit),
    *resource("/campaigns/{campaign:name}/approval", post=approve),
    *resource("/campaigns/{campaign:name}/return", post=send_back),
    *resource("/campaigns/{campaign:name}/cancellation", post=cancel),
]
