"""A member's own places: the list, and one place with everything that was asked for, paid and promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.plans import AUTHORIZE, DEPOSIT
from c2b.campaigns.queries import JoinOffer, campaign_for, present_offer
from c2b.campaigns.reach import reach_of
from c2b.campaigns.rules import BEFORE_LOCK, JOINABLE
from c2b.catalog.describing import Described, describe_answers
from c2b.fulfillment.delays import choice_of
from c2b.invoicing.queries import receipts_by_subject
from c2b.invoicing.requests import standing
from c2b.kit.http.paging import slice_of, window_of
from c2b.kit.i18n import N_, current_locale, gettext, ngettext, pick
from c2b.participations import queries as participations
from c2b.participations.closing.proposals import mine_of
from c2b.participations.explanations.explained import Explained, explained
from c2b.participations.explanations.outcomes import read_outcome
from c2b.participations.models import GONE
from c2b.participations.money import OVERDUE
from c2b.participations.operations import LEAVABLE
from c2b.participations.room import position_of
from c2b.participations.waitlist import WAITED
from c2b.payments.collecting import balance_of
from c2b.payments.queries import money_of
from c2b.payments.statement.awaiting import awaited
from c2b.web.auth import actor_of, require
from c2b.web.consumer.ballot import may_vote
from c2b.web.consumer.ballot_form import own_votes
from c2b.web.consumer.foreseen import foreseen_view
from c2b.web.consumer.options import Bar, short_bars
from c2b.web.consumer.progress import ProgressView, progress_view
from c2b.web.consumer.promise import drawn_timeline, promise_of_campaign
from c2b.web.consumer.question import question_view
from c2b.web.consumer.requirement import PriceLine, promised_lines
from c2b.web.consumer.votes import with_conditions
from c2b.web.consumer.wish_form import entry_in_words
from c2b.web.consumer.words import (
    State,
    attention,
    campaign_state,
    participation_state,
    payment_state,
    refund_reason,
    refund_state,
)
from c2b.web.invoices import words
from c2b.web.pages import page


@dataclass(frozen=True, kw_only=True)
class ParticipationCard:
    """A place in the list."""

    id: str
    title: str
    slug: str
    state: State
    campaign_state: State
    quantity: int
    total_minor: int
    currency: str
    joined_at: datetime
    reserved_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class ParticipationView:
    """One place. ``instead`` are the alternatives, each as (attribute, value) pairs that differ from the first choice.

    Money in minor units: ``asked_minor`` has been asked for so far, ``captured_minor`` has come,
    ``total_minor`` is the price promised for the present requirement (never more), ``settled_minor`` is final once
    locked."""

    id: str
    title: str
    slug: str
    product_name: str
    manufacturer_name: str
    state: State
    attention: str
    quantity: int
    currency: str
    base_minor: int
    unit_minor: int
    lines: tuple[PriceLine, ...]
    asked_minor: int
    captured_minor: int
    plan: str
    total_minor: int
    settled_minor: int | None
    own: list[Described]
    shared: list[Described]
    instead: tuple[tuple[tuple[str, str], ...], ...]
    commit_below_minor: int | None
    limit_minor: int | None
    fee_limit_minor: int | None
    ask_first: bool
    digest: str
    outcome: Explained | None
    joined_at: datetime
    reserved_until: datetime | None
    deadline: datetime
    before_lock: bool
    may_pay: bool
    may_leave: bool
    may_change: bool
    holds_place: bool


@dataclass(frozen=True, kw_only=True)
class Move:
    """Money that moved or should: a payment, or a refund with its reason. ``receipt``: its id, where money moved."""

    kind: str
    state: State
    reason: str
    amount_minor: int
    at: datetime
    receipt: str = ""


@require("consumer")
async def index(request: Request) -> Response:
    """GET /my/participations?cursor=."""
    window = window_of(request.query_params)
    rows = await participations.mine(
        actor_of(request), limit=window.limit + 1, before=str(window.after[0]) if window.after else None
    )
    found = slice_of([_card(row) for row in rows], window, lambda card: (card.id,))
    return page(
        request,
        "pages/consumer/participations.html",
        cards=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
    )


@require("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{id}. Raises NotFound for what is not one's own."""
    actor = actor_of(request)
    row = await participations.own(actor, request.path_params["id"])
    campaign = await campaign_for(actor, row["campaign_id"])
    offer = await present_offer(campaign)
    view = participation_view(row, campaign, offer)
    progress = await progress_view(campaign, inside=view.holds_place)
    return page(
        request,
        "pages/consumer/participation.html",
        participation=view,
        foreseen=await foreseen_view(campaign, row["id"]) if view.holds_place else None,
        question=await question_view(row, offer),
        moves=moves_of(await money_of(row["id"]), await receipts_by_subject(row["id"])),
        transfer=await awaited(row["id"]),
        invoice=await standing(actor, row["id"]),
        invoice_words=words(),
        balance=await balance_of(row["id"]),
        delay=await choice_of(row),
        proposal=await mine_of(row),
        short=await _short(row, offer),
        position=await position_of(row) if row["state"] == "waitlisted" else 0,
        progress=progress,
        next_back_minor=next_back(view, progress),
        votes=own_votes(offer, row["preferences"], progress.votes) if view.holds_place else (),
        may_vote=may_vote(row, offer),
        timeline=await drawn_timeline(actor, row["campaign_id"]) if view.holds_place else None,
        promise=promise_of_campaign(campaign, offer.schema.parsed)
        if view.before_lock and view.holds_place
        else None,
    )


async def _short(row: dict[str, Any], offer: JoinOffer) -> tuple[Bar, ...]:
    """What of the member's own choice too few have paid for, as long as that can change."""
    if row["state"] not in ("joined", "needs_attention") or row["campaign_state"] not in JOINABLE:
        return ()
    answers = {**row["answers"], **offer.batch_answers}
    return short_bars(offer.schema.parsed, await participations.demand_of(offer), of_answers=answers)


def participation_view(row: dict[str, Any], campaign: dict[str, Any], offer: JoinOffer) -> ParticipationView:
    """One's own place in the reader's language; prices are the stored promise, never computed again."""
    schema, locale = offer.schema.parsed, current_locale()
    before_lock, wishes = row["campaign_state"] in BEFORE_LOCK, row["preferences"]
    waited = row["attention"] == WAITED
    names = ("id", "title", "slug", "quantity", "currency", "settled_minor", "digest", "joined_at",
            "reserved_until", "deadline")  # fmt: skip
    return ParticipationView(
        **{name: row[name] for name in names},
        product_name=pick(campaign["product_name"]),
        manufacturer_name=pick(campaign["manufacturer_name"]),
        state=_state_of(row, campaign, waited=waited),
        attention="" if waited or row["attention"] == OVERDUE else attention(row["attention"]),
        base_minor=row["quote"]["base_minor"],
        unit_minor=row["quote"]["unit_price_minor"],
        asked_minor=row["due_minor"],
        captured_minor=row["captured_minor"],
        plan=campaign["payment_plan"],
        total_minor=row["quote"]["total_minor"],
        lines=promised_lines(schema, row["quote"]),
        own=describe_answers(schema, row["answers"], locale, scopes=("variant", "unit")),
        instead=tuple(
            entry_in_words(schema, row["answers"], entry) for entry in wishes.get("alternatives", ())
        ),
        commit_below_minor=wishes.get("commit_below_minor"),
        limit_minor=wishes.get("limit_minor"),
        fee_limit_minor=wishes.get("fee_limit_minor"),
        ask_first=wishes.get("ask_first", False),
        shared=with_conditions(
            describe_answers(schema, offer.batch_answers, locale, scopes=("batch",)), offer.batches
        ),
        outcome=explained(schema, read_outcome(row["outcome"]), row["currency"]) if row["outcome"] else None,
        before_lock=before_lock,
        may_pay=row["state"] == "pending_payment" and before_lock,
        may_leave=row["state"] in LEAVABLE and before_lock,
        may_change=(row["state"] == "joined" and row["campaign_state"] in JOINABLE)
        or (row["state"] == "needs_attention" and before_lock),
        holds_place=row["state"] not in GONE,
    )


def _state_of(row: dict[str, Any], campaign: dict[str, Any], *, waited: bool) -> State:
    """The state in words, honest about money that is only held and about a place that does not count yet."""
    state = participation_state(row["state"], waited=waited)
    if row["state"] == "joined" and (missing := missing_to_count(row, campaign)):
        return replace(
            state,
            tone="wait",
            sentence=ngettext(
                "Your place is kept and counts once {n} more paid unit brings your price. If the group does not get "
                "there, all of your money comes back.",
                "Your place is kept and counts once {n} more paid units bring your price. If the group does not get "
                "there, all of your money comes back.",
                missing,
            ),
        )
    if row["state"] == "joined" and campaign["payment_plan"] == AUTHORIZE and not row["captured_minor"]:
        return replace(state, sentence=gettext(_HELD))
    if (
        row["state"] == "joined"
        and campaign["payment_plan"] == DEPOSIT
        and row["captured_minor"] < row["total_minor"]
    ):
        return replace(state, sentence=gettext(_DEPOSITED))
    return state


def missing_to_count(row: dict[str, Any], campaign: dict[str, Any]) -> int:
    """So many more units bring the price from which on this place takes part; 0 where it counts."""
    below = row["commit_below_minor"]
    if below is None or campaign["state"] not in BEFORE_LOCK:
        return 0
    return reach_of(campaign).missing_at(below)


def next_back(view: ParticipationView, progress: ProgressView) -> int:
    """What comes back to a member when the next tier is reached, in minor units; 0 where none is left or lower than
    what they pay for."""
    if not (view.before_lock and view.holds_place and progress.next_units):
        return 0
    return max(view.base_minor - (progress.next_price_minor - progress.fixed_minor), 0) * view.quantity


_HELD = N_(
    "Your payment is held, not charged, and your place counts. At the close exactly the final price is charged."
)
_DEPOSITED = N_("Your deposit has arrived and your place counts. The balance follows at the close.")


def moves_of(money: dict[str, Any], receipts: Mapping[str, str]) -> list[Move]:
    """Payments and refunds in the order of time. ``receipts``: payment or refund → its receipt."""
    moves = [
        Move(
            kind="payment",
            state=payment_state(each["state"]),
            reason="",
            amount_minor=each["amount_minor"],
            at=each["captured_at"] or each["created_at"],
            receipt=receipts.get(each["id"], ""),
        )
        for each in money["payments"]
    ]
    moves += [
        Move(
            kind="refund",
            state=refund_state(
                "by_hand" if each["by_hand"] and each["state"] != "succeeded" else each["state"]
            ),
            reason=": ".join(part for part in (refund_reason(each["reason"]), each["note"]) if part),
            amount_minor=each["amount_minor"],
            at=each["finished_at"] or each["requested_at"],
            receipt=receipts.get(each["id"], ""),
        )
        for each in money["refunds"]
    ]
    return sorted(moves, key=lambda move: move.at)


def _card(row: dict[str, Any]) -> ParticipationCard:
    names = ("id", "title", "slug", "quantity", "total_minor", "currency", "joined_at", "reserved_until")
    return ParticipationCard(
        **{name: row[name] for name in names},
        state=participation_state(row["state"]),
        campaign_state=campaign_state(row["campaign_state"]),
    )
