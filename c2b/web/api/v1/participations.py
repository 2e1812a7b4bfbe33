"""A member's acts: join, see one's own, change the requirement, leave."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import join_offer
from c2b.fulfillment import delays
from c2b.kit.errors import NotFound
from c2b.kit.http.idempotency import Answer
from c2b.participations import operations, queries
from c2b.participations.closing.objecting import accept
from c2b.participations.closing.proposals import mine_of
from c2b.participations.explanations.explained import outcome_of
from c2b.participations.joining import Joined
from c2b.participations.room import position_of
from c2b.participations.rules import MAX_QUANTITY
from c2b.participations.votes import casting
from c2b.referrals.operations import valid_for
from c2b.web.api.bodies import Optional, fields_of, mapping, one_of, text, whole
from c2b.web.api.limits import JOINS, count
from c2b.web.api.listing import newest_first
from c2b.web.api.once import call_from, given_again, kept_as
from c2b.web.api.routing import V1, resource
from c2b.web.api.v1.foreseen import own_preview
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer

_AS_STORED = (
    "id", "campaign_id", "quantity", "state", "attention", "answers", "preferences", "digest", "schema_version",
    "quote", "total_minor", "due_minor", "captured_minor", "settled_minor", "currency", "joined_at",
    "reserved_until", "paid_at", "left_at", "outcome", "preview", "nudges",
)  # fmt: skip


@require_api("consumer")
async def join(request: Request) -> Response:
    """POST /campaigns/{campaign}/participations: reserve a place; pay next."""
    return await _join(request, waits=False)


@require_api("consumer")
async def wait(request: Request) -> Response:
    """POST /campaigns/{campaign}/waitlist: the same; without a free place one on the waitlist, and nothing to pay."""
    return await _join(request, waits=True)


async def _join(request: Request, *, waits: bool) -> Response:
    """The answer is stored by the batch that writes the place, not by a transaction of this request's own."""
    await count(JOINS, request)
    actor, campaign = actor_of(request), request.path_params["campaign"]
    call = call_from(request, await request.body())
    fields = await fields_of(
        request,
        answers=mapping,
        quantity=Optional(whole(least=1, most=MAX_QUANTITY), 1),
        preferences=Optional(mapping),
        invitation_id=Optional(text(most=26)),
    )
    if fields["invitation_id"]:
        campaign = (await join_offer(campaign)).campaign_id
        fields["invitation_id"] = await valid_for(fields["invitation_id"], campaign_id=campaign, actor=actor)
    answer = await operations.join(actor, campaign, **fields, waits=waits, call=call, respond=_reserved)
    return given_again(answer if isinstance(answer, Answer) else _reserved(answer))


@require_api("consumer")
async def mine(request: Request) -> Response:
    """GET /me/participations: newest first."""
    actor = actor_of(request)

    async def explained(**window: Any) -> list[dict[str, Any]]:
        rows = await queries.mine(actor, **window)
        return [await _told(row) for row in rows]

    return await newest_first(request, explained, shape)


@require_api("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{participation}: one's own."""
    return await _now(request)


@require_api("consumer")
async def revise(request: Request) -> Response:
    """PUT /participations/{participation}/requirement: other answers before the lock; the price may not rise.

    Preferences that are left out stay as they are.
    """
    fields = await fields_of(request, answers=mapping, preferences=Optional(mapping))
    await operations.revise(actor_of(request), request.path_params["participation"], **fields)
    return await _now(request)


@require_api("consumer")
async def cast(request: Request) -> Response:
    """PUT /participations/{participation}/ballot: one's ballots in all open votes anew; until they close."""
    fields = await fields_of(request, votes=mapping)
    await casting.cast(actor_of(request), request.path_params["participation"], **fields)
    return await _now(request)


@require_api("consumer")
@idempotent
async def withdraw(request: Request) -> Response:
    """POST /participations/{participation}/withdrawal: leave before the lock, with every cent back."""
    await operations.withdraw(actor_of(request), request.path_params["participation"])
    return await _now(request)


@require_api("consumer")
async def proposal(request: Request) -> Response:
    """GET /participations/{participation}/proposal: what the allocation would give one, while the group is closed."""
    row = await queries.own(actor_of(request), request.path_params["participation"])
    found = await mine_of(row)
    if found is None:
        raise NotFound
    return json_answer(
        {
            "outcome": found.outcome,
            "settled_minor": found.settled_minor,
            "currency": row["currency"],
            "until": found.until,
            "may_answer": found.may_answer,
            "accepted": found.accepted,
        }
    )


@require_api("consumer")
@idempotent
async def agree(request: Request) -> Response:
    """POST /participations/{participation}/acceptance: agree to what is proposed; leaving is refusing."""
    await accept(actor_of(request), request.path_params["participation"])
    return await _now(request)


@require_api("consumer")
async def delay(request: Request) -> Response:
    """GET /participations/{participation}/delay: what one may choose when it is late. 404 where there is no delay."""
    choice = await delays.choice_of(
        await queries.own(actor_of(request), request.path_params["participation"])
    )
    if choice is None:
        raise NotFound
    return json_answer(_choice(choice))


@require_api("consumer")
async def answer_delay(request: Request) -> Response:
    """PUT /participations/{participation}/delay: wait, or leave with all of the money."""
    fields = await fields_of(request, answer=one_of("wait", "leave"))
    act = delays.leave if fields["answer"] == "leave" else delays.wait
    await act(actor_of(request), request.path_params["participation"])
    return await _now(request)


def _choice(choice: delays.DelayChoice) -> dict[str, Any]:
    notice = choice.notice
    return {
        "promised_delivery": notice.promised,
        "forecast_delivery": notice.forecast,
        "until": notice.until,
        "express": notice.express,
        "waits": choice.waits,
        "open": choice.open,
    }


def shape(row: dict[str, Any]) -> dict[str, Any]:
    """One's own participation. ``answers`` are the member's own; the batch's stand with the campaign.

    ``outcome`` and ``preview`` are each an `Explained`, with its sentence in the reader's language.
    """
    campaign = {
        "id": row["campaign_id"],
        "slug": row["slug"],
        "code": row["campaign_code"],
        "title": row["title"],
        "state": row["campaign_state"],
        "deadline": row["deadline"],
    }
    return {**{name: row[name] for name in _AS_STORED}, "campaign": campaign}


async def _now(request: Request) -> Response:
    row = await queries.own(actor_of(request), request.path_params["participation"])
    position = await position_of(row) if row["state"] == "waitlisted" else None
    return json_answer({**shape(await _told(row)), "waitlist_position": position})


async def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "outcome": await outcome_of(row), **await own_preview(row)}


def _reserved(joined: Joined) -> Answer:
    body = {
        "id": joined.participation_id,
        "campaign_id": joined.campaign_id,
        "quantity": joined.quantity,
        "state": joined.state,
        "total_minor": joined.total_minor,
        "due_minor": joined.due_minor,
        "currency": joined.currency,
        "reserved_until": joined.reserved_until,
    }
    return kept_as(json_answer(body, status=201, location=f"{V1}/participations/{joined.participation_id}"))


ROUTES: list[Route] = [
    *resource("/campaigns/{campaign:name}/participations", post=join),
    *resource("/campaigns/{campaign:name}/waitlist", post=wait),
    *resource("/me/participations", get=mine),
    *resource("/participations/{participation:id}", get=show),
    *resource("/participations/{participation:id}/requirement", put=revise),
    *resource("/participations/{participation:id}/ballot", put=cast),
    *resource("/participations/{participation:id}/withdrawal", post=withdraw),
    *resource("/participations/{participation:id}/proposal", get=proposal),
    *resource("/participations/{participation:id}/acceptance", post=agree),
    *resource("/participations/{participation:id}/delay", get=delay, put=answer_delay),
]
