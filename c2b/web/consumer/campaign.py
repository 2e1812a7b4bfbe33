"""The page of a campaign: what is made, how it stands, what happens with the money, and the reader's own place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import public_name
from c2b.campaigns import queries as campaigns
from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.rules import BEFORE_LOCK, JOINABLE
from c2b.catalog.describing import Described, describe_answers
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.kit.i18n import current_locale, pick
from c2b.participations.queries import demand_of, place_of
from c2b.web.auth import current_actor, public
from c2b.web.consumer.foreseen import foreseen_view
from c2b.web.consumer.invitation import inviter_of
from c2b.web.consumer.options import BarGroup, bar_groups
from c2b.web.consumer.progress import progress_view
from c2b.web.consumer.promise import drawn_timeline, promise_of_campaign
from c2b.web.consumer.votes import with_conditions
from c2b.web.consumer.words import (
    State,
    campaign_state,
    closing_rule,
    family,
    participation_state,
    review_step,
)
from c2b.web.pages import page


@dataclass(frozen=True, kw_only=True)
class CampaignView:
    """What does not change while people join. ``described`` are the fixed attributes in words."""

    id: str
    slug: str
    code: str
    title: str
    story: str
    organizer_name: str
    product_slug: str
    product_name: str
    manufacturer_name: str
    family: str
    family_name: str
    state: str
    by_link: bool
    deadline: datetime
    closes: str
    objection_hours: int
    payment_plan: str
    deposit_percent: int
    balance_days: int
    currency: str
    before_lock: bool
    described: list[Described]


@dataclass(frozen=True, kw_only=True)
class Place:
    """The reader's own place in a campaign."""

    id: str
    state: State
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One transition of a campaign's life. ``reason`` is what an admin or the organizer gave."""

    state: State
    at: datetime
    reason: str


def campaign_view(row: dict[str, Any], schema: ProductSchema) -> CampaignView:
    """The campaign in the reader's language. People are shown by their first name."""
    names = (
        "id",
        "slug",
        "code",
        "title",
        "story",
        "product_slug",
        "family",
        "state",
        "deadline",
        "objection_hours",
        "payment_plan",
        "deposit_percent",
        "balance_days",
        "currency",
    )
    return CampaignView(
        **{name: row[name] for name in names},
        organizer_name=public_name(row["organizer_name"]),
        product_name=pick(row["product_name"]),
        manufacturer_name=pick(row["manufacturer_name"]),
        family_name=family(row["family"]),
        by_link=row["visibility"] == "by_link",
        closes=closing_rule(row["closes"]),
        before_lock=row["state"] in BEFORE_LOCK,
        described=describe_answers(schema, row["batch_answers"], current_locale(), scopes=("batch",)),
    )


def place_view(row: dict[str, Any] | None) -> Place | None:
    """Where the reader stands in this campaign, if they hold a place."""
    return (
        Place(id=row["id"], state=participation_state(row["state"]), quantity=row["quantity"])
        if row
        else None
    )


async def steps_of(campaign_id: str, *, review: bool = False) -> list[Step]:
    """A campaign's life, newest first: what happened since it opened, with its ``review`` only for its organizer.

    Why it once went back to its organizer is theirs alone.
    """
    rows = await campaigns.transitions(campaign_id)
    opened = next((number for number, row in enumerate(rows) if row["to_state"] == "open"), len(rows))
    steps = [
        Step(state=review_step(row, again=number > 0), at=row["at"], reason=row["reason"])
        for number, row in enumerate(rows[:opened])
    ]
    steps += [
        Step(state=campaign_state(row["to_state"]), at=row["at"], reason=row["reason"])
        for row in rows[opened:]
    ]
    return list(reversed(steps if review else steps[opened:]))


async def minimum_bars(row: dict[str, Any], place: dict[str, Any] | None = None) -> list[BarGroup]:
    """The bars of a campaign in which people still choose, those of the reader's ``place`` first."""
    if row["opened_at"] is None or row["state"] not in BEFORE_LOCK:
        return []
    offer: JoinOffer = await campaigns.present_offer(row)
    own = {**place["answers"], **offer.batch_answers} if place else None
    return bar_groups(offer.schema.parsed, await demand_of(offer), own=own)


@public
async def show(request: Request) -> Response:
    """GET /campaigns/{slug}. Raises NotFound for what has not been opened, except for its organizer and admins."""
    actor = current_actor(request)
    row = await campaigns.campaign_for(actor, request.path_params["slug"])
    schema = (await pinned_schema(row["schema_id"])).parsed
    own = await place_of(actor, row["id"])
    place = place_view(own)
    organizer = actor is not None and actor.id == row["organizer_id"]
    inside = bool(place or organizer or (actor and actor.is_admin))
    view = campaign_view(row, schema)
    if row["opened_at"] is not None:
        described = with_conditions(view.described, (await campaigns.present_offer(row)).batches)
        view = replace(view, described=described)
    return page(
        request,
        "pages/consumer/campaign.html",
        headers={"X-Robots-Tag": "noindex"} if row["visibility"] == "by_link" else None,
        campaign=view,
        progress=await progress_view(row, inside=inside),
        place=place,
        organizer=organizer,
        may_invite=(place is not None or organizer) and row["state"] in JOINABLE,
        may_join=actor is None or actor.role == "consumer",
        inviter=inviter_of(request, row["id"]),
        foreseen=await foreseen_view(row, place.id if place else None),
        groups=await minimum_bars(row, own),
        promise=promise_of_campaign(row, schema) if row["state"] in BEFORE_LOCK else None,
        timeline=await drawn_timeline(actor, row["id"]) if inside else None,
        steps=await steps_of(row["id"]),
    )
