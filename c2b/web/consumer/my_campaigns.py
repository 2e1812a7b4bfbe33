"""The organizer's own campaigns: drafts, what the review said, who joined with what, and how the money stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.campaigns import operations, queries
from c2b.campaigns.rules import JOINABLE
from c2b.catalog import queries as catalog
from c2b.catalog.describing import Described, describe_answers
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import ProductSchema
from c2b.kit.errors import Conflict, Invalid, NotFound
from c2b.kit.http.paging import slice_of, window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, current_locale
from c2b.participations.queries import members_of
from c2b.payments.collecting import collecting_of
from c2b.payments.queries import money_of_campaign
from c2b.web.allocation import allocation_view
from c2b.web.auth import actor_of, require
from c2b.web.consumer.campaign import campaign_view, minimum_bars, steps_of
from c2b.web.consumer.cards import card_of
from c2b.web.consumer.offer_form import read_offer, sent_from
from c2b.web.consumer.opening import batch_fragment, form_page, saved
from c2b.web.consumer.progress import progress_view
from c2b.web.consumer.promise import drawn_timeline
from c2b.web.consumer.versions import version_state
from c2b.web.consumer.words import State, campaign_state, participation_state
from c2b.web.flash import flash
from c2b.web.pages import form_of, page

#: The organizer may end a campaign as long as the group has not closed.
CANCELABLE = ("draft", "under_review", "open", "threshold_met")


@dataclass(frozen=True, kw_only=True)
class Member:
    """Who asked for what: a first name and a configuration, never an address."""

    id: str
    name: str
    quantity: int
    state: State
    total_minor: int
    currency: str
    joined_at: datetime
    invited: bool
    described: list[Described]


@require("consumer")
async def index(request: Request) -> Response:
    """GET /my/campaigns?cursor=."""
    window = window_of(request.query_params)
    rows = await queries.organized_by(
        actor_of(request), limit=window.limit + 1, before=str(window.after[0]) if window.after else None
    )
    found = slice_of([await card_of(row) for row in rows], window, lambda card: (card.id,))
    return page(
        request,
        "pages/consumer/my_campaigns.html",
        cards=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
    )


@require("consumer")
async def show(request: Request) -> Response:
    """GET /my/campaigns/{id}: a draft is its form, everything later its standing. Raises NotFound for another's."""
    actor, row = await own_campaign(request)
    product, schema = await _made_of(row)
    if row["state"] == "draft":
        return await _draft_page(request, row, product, schema)
    return await _standing_page(request, actor, row, schema.parsed)


@require("consumer")
async def revise(request: Request) -> Response:
    """POST /my/campaigns/{id}: change a draft; with ``action=submit`` ask for approval."""
    actor, row = await own_campaign(request)
    product, schema = await _made_of(row)
    form = await form_of(request)
    sent = read_offer(form, schema, row["currency"])
    try:
        await operations.revise(actor, row["id"], offer=sent.offer())
    except (Invalid, Conflict) as error:
        return await form_page(
            request, product, schema, sent, error=error, paths=_paths(row), review_note=row["review_note"]
        )
    return await saved(request, row["id"], submit=form.get("action") == "submit")


@require("consumer")
async def preview(request: Request) -> Response:
    """POST /my/campaigns/{id}/preview: which choices go together, against the schema that the draft is pinned to."""
    _, row = await own_campaign(request)
    product, schema = await _made_of(row)
    sent = read_offer(await form_of(request), schema, row["currency"])
    if request.headers.get("hx-request") == "true":
        return batch_fragment(sent, product, schema, _paths(row))
    return await form_page(request, product, schema, sent, paths=_paths(row), review_note=row["review_note"])


@require("consumer")
async def submit(request: Request) -> Response:
    """POST /my/campaigns/{id}/submission. A draft that is out of date comes back as its form, with what to change."""
    actor, row = await own_campaign(request)
    response = see_other(f"/my/campaigns/{row['id']}")
    try:
        await operations.submit(actor, row["id"])
    except Invalid as error:
        product, schema = await _made_of(row)
        return await form_page(
            request,
            product,
            schema,
            sent_from(row, await queries.open_votes(row["id"])),
            error=error,
            paths=_paths(row),
            review_note=row["review_note"],
        )
    flash(response, N_("Submitted. You get a mail as soon as we have looked at it."))
    return response


@require("consumer")
async def cancel(request: Request) -> Response:
    """POST /my/campaigns/{id}/cancellation: the reason goes to everybody who joined."""
    actor, row = await own_campaign(request)
    response = see_other(f"/my/campaigns/{row['id']}")
    reason = str((await form_of(request)).get("reason", ""))
    try:
        await operations.cancel(actor, row["id"], reason=reason)
    except (Invalid, Conflict) as error:
        flash(response, error.message, kind="danger")
        return response
    flash(response, N_("The campaign is canceled. Whoever has paid gets all of it back, by itself."))
    return response


async def own_campaign(request: Request) -> tuple[Actor, dict[str, Any]]:
    """The reader's own campaign of the address. Raises NotFound for anybody else's."""
    actor = actor_of(request)
    row = await queries.campaign_for(actor, request.path_params["id"])
    if row["organizer_id"] != actor.id:
        raise NotFound
    return actor, row


async def _draft_page(
    request: Request, row: dict[str, Any], product: dict[str, Any], schema: PinnedSchema
) -> Response:
    sent = sent_from(row, await queries.open_votes(row["id"]))
    return await form_page(request, product, schema, sent, paths=_paths(row), review_note=row["review_note"])


async def _standing_page(
    request: Request, actor: Actor, row: dict[str, Any], schema: ProductSchema
) -> Response:
    window = window_of(request.query_params)
    rows = await members_of(
        actor, row, limit=window.limit + 1, before=str(window.after[0]) if window.after else None
    )
    members = slice_of([_member(each, schema) for each in rows], window, lambda member: (member.id,))
    return page(
        request,
        "pages/consumer/my_campaign.html",
        campaign=campaign_view(row, schema),
        state=campaign_state(row["state"]),
        progress=await progress_view(row, inside=True),
        members=members.items,
        next_cursor=members.next_cursor,
        first=window.after is None,
        groups=await minimum_bars(row),
        money=await money_of_campaign(row["id"]),
        collecting=await collecting_of(row),
        version=await version_state(row),
        timeline=await drawn_timeline(actor, row["id"]),
        allocation=await allocation_view(actor, row),
        steps=await steps_of(row["id"], review=True),
        may_cancel=row["state"] in CANCELABLE,
        opened=row["opened_at"] is not None,
        may_invite=row["state"] in JOINABLE,
    )


def _member(row: dict[str, Any], schema: ProductSchema) -> Member:
    names = ("id", "name", "quantity", "total_minor", "currency", "joined_at")
    return Member(
        **{name: row[name] for name in names},
        state=participation_state(row["state"]),
        invited=row["invitation_id"] is not None,
        described=describe_answers(schema, row["answers"], current_locale(), scopes=("variant",)),
    )


def _paths(row: dict[str, Any]) -> dict[str, str]:
    return {"save": f"/my/campaigns/{row['id']}", "preview": f"/my/campaigns/{row['id']}/preview"}


async def _made_of(row: dict[str, Any]) -> tuple[dict[str, Any], PinnedSchema]:
    return await catalog.product(row["product_id"]), await catalog.pinned_schema(row["schema_id"])
