"""If it closed now: what would be made, at which price, and what the reader would get. True, or not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import campaign_for
from c2b.catalog.describing import value_in_words
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.kit.i18n import gettext, pick
from c2b.participations.explanations.explaining import cell_words, explain
from c2b.participations.foresight.foreseen import Foreseen, foreseen
from c2b.participations.foresight.urging import benefits, urge
from c2b.participations.queries import place_of
from c2b.web.auth import current_actor, public
from c2b.web.consumer.prices import batch_surcharge
from c2b.web.pages import fragment

PARTIAL = "partials/foreseen.html"


@dataclass(frozen=True, kw_only=True)
class ForeseenCell:
    """Something with a minimum that somebody named. ``count`` units of it would be made, ``wanted`` it first."""

    label: str
    made: bool
    count: int
    wanted: int
    minimum: int


@dataclass(frozen=True, kw_only=True)
class NudgeView:
    """What the reader could do for others, in sentences, and the ``address`` of their form with ``choice`` first."""

    sentence: str
    details: tuple[str, ...]
    choice: str
    address: str


@dataclass(frozen=True, kw_only=True)
class ForeseenView:
    """``ahead``: enough units could be made. ``price_minor`` per unit with what the organizer fixed; ``assumed``:
    open votes as they stand, in words. ``sentence``: what the reader would get; empty where there is nothing to say."""

    slug: str
    currency: str
    ahead: bool
    units: int
    paid: int
    threshold: int
    price_minor: int
    assumed: tuple[tuple[str, str], ...]
    made: tuple[ForeseenCell, ...]
    unmade: tuple[ForeseenCell, ...]
    sentence: str
    nudges: tuple[NudgeView, ...]


async def foreseen_view(campaign: dict[str, Any], participation_id: str | None) -> ForeseenView | None:
    """The preview of a campaign (its row, read just now) for a reader, who may hold a place."""
    found = await foreseen(campaign)
    if found is None:
        return None
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    ahead = found.units >= campaign["threshold"]
    own = found.outcome_of(participation_id) if participation_id and ahead else None
    cells = [_cell(each) for each in found.cells if each["level"] != "configuration"]
    return ForeseenView(
        slug=campaign["slug"],
        currency=campaign["currency"],
        ahead=ahead,
        units=found.units,
        paid=found.paid,
        threshold=campaign["threshold"],
        price_minor=found.unit_price_minor
        + batch_surcharge(schema, {**campaign["batch_answers"], **found.assumed}),
        assumed=_assumed(schema, found),
        made=tuple(each for each in cells if each.made),
        unmade=tuple(each for each in cells if not each.made),
        sentence=explain(schema, own, campaign["currency"]) if own else "",
        nudges=_nudges(schema, found, participation_id) if participation_id and ahead else (),
    )


@public
async def show(request: Request) -> Response:
    """GET /campaigns/{slug}/foreseen: the block alone, for a page that stays open."""
    actor = current_actor(request)
    campaign = await campaign_for(actor, request.path_params["slug"])
    place = await place_of(actor, campaign["id"])
    view = await foreseen_view(campaign, place["id"] if place else None)
    return fragment(PARTIAL, foreseen=view, slug=campaign["slug"])


def _nudges(schema: ProductSchema, found: Foreseen, participation_id: str) -> tuple[NudgeView, ...]:
    return tuple(
        NudgeView(
            sentence=urge(schema, nudge),
            details=benefits(nudge),
            choice=cell_words(schema, nudge["key"]),
            address=f"/participations/{participation_id}/requirement?first={position}",
        )
        for nudge, position in found.nudges_for(participation_id)
    )


def _cell(cell: dict[str, Any]) -> ForeseenCell:
    label = pick(cell["label"])
    if cell["title"] and pick(cell["title"]) != label:
        label = gettext("{attribute}: {value}", attribute=pick(cell["title"]), value=label)
    return ForeseenCell(
        label=label, made=cell["made"], count=cell["count"], wanted=cell["wanted"], minimum=cell["minimum"]
    )


def _assumed(schema: ProductSchema, found: Foreseen) -> tuple[tuple[str, str], ...]:
    return tuple(
        (pick(schema.attribute(name).title), value_in_words(schema.attribute(name), code))
        for name, code in found.assumed.items()
    )
