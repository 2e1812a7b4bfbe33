"""How a campaign stands, live: the same partial is drawn into the page and pushed to everybody who looks at it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.requests import Request

from c2b.accounts.rules import Actor
from c2b.campaigns import queries as campaigns
from c2b.campaigns.plans import FULL
from c2b.campaigns.reach import Rung, reach_of, to_count_on
from c2b.campaigns.rules import JOINABLE, price_tiers
from c2b.catalog.queries import pinned_schema
from c2b.kit.errors import NotFound
from c2b.kit.http.sse import Hub, Stream
from c2b.kit.i18n import N_, current_locale, gettext, use_locale
from c2b.kit.templating import render
from c2b.participations.queries import demand_of, place_of
from c2b.participations.room import room_of
from c2b.participations.votes.polls import polls_of
from c2b.purchasing.queries import OrderBrief, brief_of
from c2b.web.auth import current_actor
from c2b.web.consumer.options import Bar, short_bars
from c2b.web.consumer.prices import fixed_surcharge
from c2b.web.consumer.votes import VoteView, poll_views
from c2b.web.consumer.words import State, campaign_state

PARTIAL = "partials/campaign_progress.html"
#: It did not go ahead.
OVER = ("failed", "canceled")
#: The price can no longer change.
AFTER_LOCK = ("locked", "ordered", "in_production", "shipping", "completed")
_TOO_FEW = N_(
    "Enough units are paid, but too few of them can be made yet: some chosen options have not reached their minimum. "
    "It goes ahead by itself as soon as enough can be made."
)


_VOTING = N_(
    "Enough units are paid. The members still decide what is the same for everybody; "
    "it goes ahead when the vote is over."
)
#: The manufacturer said no, or nothing in time; an admin answers with a corrected order or ends the campaign.
_UNACCEPTED = ("rejected", "expired")
_SETTLING = N_(
    "The manufacturer has not accepted the purchase order. We are settling it with them, and a corrected order may "
    "follow. The money stays held; if no order comes about, everybody gets all of it back, by itself."
)
_SETTLING_OUTSIDE = N_("We are settling the purchase order with the manufacturer.")


@dataclass(frozen=True, kw_only=True)
class ProgressView:
    """Numbers that move while people join. Units are counted when they are paid. Prices in minor units per unit,
    with the ``fixed_minor`` that the organizer's choices add for everybody.

    Of the ``paid`` units ``counted`` ones count; ``conditional`` ones belong to members who take part from a lower
    price on than the one reached. ``left`` are free places that nobody on the waitlist (``waiting`` people) is about to
    get.
    ``next_units`` more paid units bring everybody to ``next_price_minor``, ``next_saves_minor`` below the price now;
    0 where no lower tier is left. ``rungs``: the ladder, ``rung`` the place in it of the price now. ``settled``:
    the group is locked and ``price_minor`` is final; ``over``: it did not go ahead. ``short`` is what keeps
    a group with enough paid units from going ahead. ``plan``: what a counted unit has paid so far (``campaigns.plans``:
    all, a deposit, or nothing yet, the money being held).
    """

    slug: str
    state: State
    joinable: bool
    currency: str
    plan: str
    paid: int
    counted: int
    conditional: int
    reserved: int
    threshold: int
    cap: int
    missing: int
    left: int
    rungs: tuple[Rung, ...]
    rung: int
    fixed_minor: int
    price_minor: int
    entry_price_minor: int
    next_units: int
    next_price_minor: int
    next_saves_minor: int
    settled: bool
    over: bool
    order_number: str
    order_state: str
    issued_at: datetime | None
    short: tuple[Bar, ...] = ()
    votes: tuple[VoteView, ...] = ()
    voting: bool = False
    waiting: int = 0


async def progress_view(campaign: dict[str, Any], *, inside: bool) -> ProgressView:
    """The present standing. ``inside``: the reader may know the number of the purchase order. Raises NotFound."""
    return await _view(campaign["id"], inside=inside)


async def _view(campaign_id: str, *, inside: bool) -> ProgressView:
    basis = await campaigns.basis_of(campaign_id)
    row = {**await campaigns.progress(campaign_id), "closes": basis["closes"]}
    votes = await _votes(basis) if basis["votes"] and row["state"] not in OVER else ()
    voting = any(each.is_open for each in votes)
    order = await brief_of(campaign_id) if inside or row["state"] == "ordered" else None
    short = await _short(campaign_id) if waits(row) and not voting else ()
    view = progress_from(
        row,
        currency=basis["currency"],
        plan=basis["payment_plan"],
        fixed_minor=await fixed_surcharge(basis),
        order=order,
        inside=inside,
        short=short,
        votes=votes,
    )
    if not view.joinable:
        return view
    room = await room_of(campaign_id)
    return replace(view, left=room.left, waiting=room.waiting)


async def _votes(basis: dict[str, Any]) -> tuple[VoteView, ...]:
    schema = (await pinned_schema(basis["schema_id"])).parsed
    return poll_views(await polls_of(basis["id"]), schema, basis["currency"])


def waits(row: dict[str, Any]) -> bool:
    """Enough is paid, yet a group that closes on its threshold is open: the lock found too few that can be made."""
    return row["state"] == "threshold_met" and row["closes"] == "on_threshold"


async def _short(campaign_id: str) -> tuple[Bar, ...]:
    offer = await campaigns.join_offer(campaign_id)
    return short_bars(offer.schema.parsed, await demand_of(offer))


def _state(row: dict[str, Any], order: OrderBrief | None, inside: bool, voting: bool) -> State:
    """The state in words, with what it means where that differs from most campaigns."""
    state = campaign_state(row["state"])
    if row["state"] == "ordered" and order and order.state in _UNACCEPTED:
        return replace(state, tone="wait", sentence=gettext(_SETTLING if inside else _SETTLING_OUTSIDE))
    if voting and waits(row):
        return replace(state, sentence=gettext(_VOTING))
    return replace(state, sentence=gettext(_TOO_FEW)) if waits(row) else state


def progress_from(
    row: dict[str, Any],
    *,
    currency: str,
    plan: str = FULL,
    fixed_minor: int = 0,
    order: OrderBrief | None = None,
    inside: bool = True,
    short: tuple[Bar, ...] = (),
    votes: tuple[VoteView, ...] = (),
) -> ProgressView:
    """The view from the numbers of a campaign (and how it ``closes``) and its order. Only who is ``inside`` reads
    the order's number and state."""
    tiers, settled = price_tiers(row["tiers"]), row["state"] in AFTER_LOCK
    voting = any(each.is_open for each in votes)
    if not settled:
        tiers = to_count_on(tiers, closes=row["closes"], threshold=row["threshold"])
    found = reach_of(row, tiers)
    following = found.following
    rungs = tuple(replace(each, unit_price_minor=each.unit_price_minor + fixed_minor) for each in found.rungs)
    return ProgressView(
        slug=row["slug"],
        state=_state(row, order, inside, voting),
        joinable=row["state"] in JOINABLE,
        currency=currency,
        plan=FULL if settled else plan,
        paid=found.paid,
        counted=found.counted,
        conditional=found.waiting,
        reserved=row["reserved"] - found.paid,
        threshold=row["threshold"],
        cap=row["cap"],
        missing=found.missing_for(row["threshold"]),
        left=max(row["cap"] - row["reserved"], 0),
        rungs=rungs,
        rung=next((at for at, each in reversed(list(enumerate(rungs))) if not each.missing), -1),
        fixed_minor=fixed_minor,
        price_minor=found.unit_price_minor + fixed_minor,
        entry_price_minor=rungs[0].unit_price_minor,
        next_units=following.missing if following else 0,
        next_price_minor=following.unit_price_minor + fixed_minor if following else 0,
        next_saves_minor=found.unit_price_minor - following.unit_price_minor if following else 0,
        settled=settled,
        over=row["state"] in OVER,
        order_number=order.number if order and inside else "",
        order_state=order.state_label if order and inside else "",
        issued_at=order.issued_at if order and inside else None,
        short=short,
        votes=votes,
        voting=voting,
    )


async def belongs(actor: Actor | None, campaign: dict[str, Any]) -> bool:
    """Is this reader a member, the organizer or an admin?"""
    if actor is None:
        return False
    if actor.is_admin or actor.id == campaign["organizer_id"]:
        return True
    return await place_of(actor, campaign["id"]) is not None


async def _drawn(topic: str) -> bytes | None:
    """The fragment for a topic ``campaign:locale:who``, as it stands in the page."""
    campaign_id, locale, who = topic.split(":")
    with use_locale(locale):
        try:
            view = await _view(campaign_id, inside=who == "inside")
        except NotFound:
            return None
        return render(PARTIAL, progress=view).encode()


async def _topic(request: Request) -> str:
    actor = current_actor(request)
    campaign = await campaigns.campaign_for(actor, request.path_params["slug"])
    who = "inside" if await belongs(actor, campaign) else "public"
    return f"{campaign['id']}:{current_locale()}:{who}"


#: At most four times a second, and only when something changed.
HUB = Hub(_drawn, interval=0.25)
stream = Stream(HUB, _topic)
