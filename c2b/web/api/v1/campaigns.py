"""Campaigns as people read them: discover, one, progress, life and events; for organizers also members and money."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.accounts.rules import Actor, public_name
from c2b.campaigns import queries
from c2b.campaigns.rules import TRANSITIONS, entry_price, price_tiers
from c2b.catalog.queries import pinned_schema
from c2b.events.queries import events_of_campaign
from c2b.kit.errors import NotFound
from c2b.participations.queries import counts_of, members_of, place_of
from c2b.participations.votes.polls import Poll, polls_of
from c2b.payments.queries import money_of_campaign
from c2b.web.api.listing import listed, newest_first, window, word
from c2b.web.api.routing import V1, resource
from c2b.web.api.v1.minimums import minimums_of
from c2b.web.auth import actor_of, current_actor, public, require_api
from c2b.web.views import json_answer

_AS_STORED = (
    "id", "code", "slug", "title", "story", "state", "batch_answers", "currency", "threshold", "cap", "paid",
    "reserved", "closes", "visibility", "deadline", "objection_hours", "payment_plan",
    "deposit_percent", "balance_days", "created_at", "opened_at", "threshold_reached_at", "locked_at", "ended_at",
)  # fmt: skip


@public
async def discover(request: Request) -> Response:
    """GET /campaigns?family=: public campaigns, newest first."""
    family = word(request, "family")
    return await newest_first(request, lambda **slice_: queries.discover(**slice_, family=family), shape)


@public
async def show(request: Request) -> Response:
    """GET /campaigns/{campaign}: by slug or id; with a token also the reader's own place in it."""
    return json_answer(await view_of(current_actor(request), request.path_params["campaign"]))


@public
async def progress(request: Request) -> Response:
    """GET /campaigns/{campaign}/progress: the few numbers that move."""
    campaign = await queries.campaign_for(current_actor(request), request.path_params["campaign"])
    standing = await queries.progress(campaign["id"])
    del standing["conditional_at"]
    return json_answer({**standing, "currency": campaign["currency"]})


@public
async def transitions(request: Request) -> Response:
    """GET /campaigns/{campaign}/transitions: its life so far, oldest first. The review is not the public's affair."""
    actor = current_actor(request)
    campaign = await queries.campaign_for(actor, request.path_params["campaign"])
    steps = await queries.transitions(campaign["id"])
    if not _is_own(actor, campaign):
        steps = [step for step in steps if step["to_state"] not in ("draft", "under_review")]
    return json_answer({"items": steps, "next": None})


@public
async def demand(request: Request) -> Response:
    """GET /campaigns/{campaign}/demand: paid units per attribute and option."""
    offer = await queries.join_offer(request.path_params["campaign"], fresh=True)
    counts = await counts_of(offer)
    items = [
        {"attribute": attribute, "option": code, "units": units}
        for attribute, per_code in counts.items()
        for code, units in per_code.items()
    ]
    return json_answer({"items": items, "next": None})


@require_api()
async def events(request: Request) -> Response:
    """GET /campaigns/{campaign}/events: what happened, as far as it is meant for this reader."""
    actor = actor_of(request)
    campaign = await queries.campaign_for(actor, request.path_params["campaign"])
    reader = await reader_of(actor, campaign)
    return listed(await events_of_campaign(campaign["id"], reader, window(request)))


@require_api()
async def members(request: Request) -> Response:
    """GET /campaigns/{campaign}/members: for its organizer and admins."""
    actor = actor_of(request)
    campaign = await queries.campaign_for(actor, request.path_params["campaign"])
    return await newest_first(request, lambda **slice_: members_of(actor, campaign, **slice_), _member)


@require_api("consumer", "admin")
async def money(request: Request) -> Response:
    """GET /campaigns/{campaign}/money: sums, for its organizer and admins."""
    actor = actor_of(request)
    campaign = await queries.campaign_for(actor, request.path_params["campaign"])
    if await reader_of(actor, campaign) not in ("organizer", "admin"):
        raise NotFound
    return json_answer({**await money_of_campaign(campaign["id"]), "currency": campaign["currency"]})


@require_api("consumer")
async def mine(request: Request) -> Response:
    """GET /me/campaigns: those one organizes, drafts included."""
    actor = actor_of(request)
    return await newest_first(request, lambda **slice_: queries.organized_by(actor, **slice_), own_shape)


@require_api("admin")
async def all_of_them(request: Request) -> Response:
    """GET /admin/campaigns?state=: every campaign; ``state=under_review`` is the approval queue, newest first."""
    actor, state = actor_of(request), word(request, "state", TRANSITIONS)
    return await newest_first(
        request, lambda **slice_: queries.all_campaigns(actor, state=state, **slice_), own_shape
    )


async def reader_of(actor: Actor, campaign: dict[str, Any]) -> str:
    """What this reader is to an opened campaign: "admin", "organizer", "manufacturer", "members". Else NotFound."""
    if actor.is_admin:
        return "admin"
    if actor.id == campaign["organizer_id"]:
        return "organizer"
    if actor.makes_for(campaign["manufacturer_id"]) and campaign["locked_at"]:
        return "manufacturer"
    if await place_of(actor, campaign["id"]):
        return "members"
    raise NotFound


async def view_of(actor: Actor | None, slug_or_id: str) -> dict[str, Any]:
    """One campaign as this reader sees it. Raises NotFound."""
    campaign = await queries.campaign_for(actor, slug_or_id)
    own = _is_own(actor, campaign)
    place = await place_of(actor, campaign["id"])
    schema = await pinned_schema(campaign["schema_id"])
    href = f"{V1}/products/{campaign['product_slug']}/schemas/{schema.version}"
    return {
        **(own_shape(campaign) if own else shape(campaign)),
        "schema": {"version": schema.version, "digest": schema.digest, "href": href},
        "minimums": await minimums_of(campaign, place),
        "my_participation_id": place["id"] if place else None,
        "votes": [_vote(poll) for poll in await polls_of(campaign["id"])],
    }


def shape(campaign: dict[str, Any]) -> dict[str, Any]:
    """A campaign for everybody. ``*_minor`` in minor units of ``currency``, tax included."""
    return {
        **{key: campaign[key] for key in _AS_STORED},
        **queries.standing_of(campaign),
        "entry_price_minor": entry_price(price_tiers(campaign["tiers"])),
        "organizer": {"name": public_name(campaign["organizer_name"])},
        "product": {
            "id": campaign["product_id"],
            "slug": campaign["product_slug"],
            "family": campaign["family"],
            "name": campaign["product_name"],
        },
        "manufacturer": {"id": campaign["manufacturer_id"], "name": campaign["manufacturer_name"]},
        "timeline": campaign["timeline"],
    }


def own_shape(campaign: dict[str, Any]) -> dict[str, Any]:
    """A campaign for its organizer and admins: with what the review said."""
    return {**shape(campaign), "review_note": campaign["review_note"]}


def _vote(poll: Poll) -> dict[str, Any]:
    """A vote as it stands: paid units per choice, first choices only; what would come out now, or came out."""
    return {
        "attribute": poll.attribute,
        "choices": [{"option": code, "units": units} for code, units in poll.units],
        "closes_at": poll.closes_at,
        "tie_rule": poll.tie_rule,
        "state": poll.state,
        "voted": poll.voted,
        "leader": poll.leader,
        "outcome": poll.outcome,
        "rounds": [dict(each) for each in poll.rounds],
    }


def _is_own(actor: Actor | None, campaign: dict[str, Any]) -> bool:
    return actor is not None and (actor.is_admin or actor.id == campaign["organizer_id"])


def _member(row: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "name", "quantity", "answers", "state", "total_minor", "currency", "joined_at")
    return {**{name: row[name] for name in names}, "invited": row["invitation_id"] is not None}


ROUTES: list[Route] = [
    *resource("/campaigns/{campaign:name}/progress", get=progress),
    *resource("/campaigns/{campaign:name}/transitions", get=transitions),
    *resource("/campaigns/{campaign:name}/demand", get=demand),
    *resource("/campaigns/{campaign:name}/events", get=events),
    *resource("/campaigns/{campaign:name}/members", get=members),
    *resource("/campaigns/{campaign:name}/money", get=money),
    *resource("/me/campaigns", get=mine),
    *resource("/admin/campaigns", get=all_of_them),
]
