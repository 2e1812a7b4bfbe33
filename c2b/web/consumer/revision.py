"""Changing what was asked for, until the group is locked. The price may fall, not rise."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.context import network_of
from c2b.kit.http.rates import hit
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.participations.operations import revise
from c2b.participations.queries import own
from c2b.participations.wishes.promoting import promoted
from c2b.web.auth import actor_of, client_ip, require
from c2b.web.consumer.alternatives import acted
from c2b.web.consumer.join import QUOTES
from c2b.web.consumer.question import question_view
from c2b.web.consumer.requirement import Sent, read_requirement, requirement_form
from c2b.web.consumer.wishes import composed, wishes_of_preferences
from c2b.web.flash import flash
from c2b.web.pages import fragment, page


@require("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{id}/requirement?first=: the form with the present answers, or another of their choices
    first."""
    row, offer = await _own(request)
    if not _changeable(row):
        return see_other(f"/participations/{row['id']}")
    row = _reordered(row, request.query_params.get("first", ""))
    wishes = wishes_of_preferences(row["preferences"], offer, row["answers"])
    present = Sent(answers=row["answers"], quantity=row["quantity"], wishes=wishes)
    return await _page(request, row, offer, present, first_look=True)


@require("consumer")
async def quote(request: Request) -> Response:
    """POST /participations/{id}/quote: the price of what is chosen now; the whole page without htmx."""
    await hit(QUOTES, network_of(client_ip(request)))
    row, offer = await _own(request)
    sent, faults = acted(offer, await _sent(request, row, offer))
    if request.headers.get("hx-request") == "true":
        asked = await requirement_form(row["slug"], offer, sent, counted=True)
        return fragment(
            "partials/campaign_requirement.html",
            requirement=asked,
            paid_minor=row["total_minor"],
            action=f"/participations/{row['id']}",
        )
    return await _page(request, row, offer, sent, error=Invalid(fields=faults) if faults else None)


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/requirement."""
    row, offer = await _own(request)
    sent = await _sent(request, row, offer)
    if sent.apart:  # the form shows an alternative: keep it first
        sent, faults = acted(offer, replace(sent, action="keep"))
        return await _page(request, row, offer, sent, error=Invalid(fields=faults) if faults else None)
    if sent.faults:
        return await _page(request, row, offer, sent, error=Invalid())
    try:
        unchanged = sent.wishes == wishes_of_preferences(row["preferences"], offer, row["answers"])
        wishes = None if unchanged else composed(sent.wishes, offer, sent.answers).preferences
        await revise(actor_of(request), row["id"], answers=sent.answers, preferences=wishes)
    except (Invalid, Conflict) as error:
        return await _page(request, row, offer, sent, error=error)
    response = see_other(f"/participations/{row['id']}")
    flash(response, N_("Your requirement is changed."))
    return response


async def _own(request: Request) -> tuple[dict[str, Any], JoinOffer]:
    row = await own(actor_of(request), request.path_params["id"])
    return row, await join_offer(row["campaign_id"], fresh=True)


async def _sent(request: Request, row: dict[str, Any], offer: JoinOffer) -> Sent:
    """What was sent; the number of units stays what it was."""
    return replace(await read_requirement(request, offer), quantity=row["quantity"])


def _reordered(row: dict[str, Any], first: str) -> dict[str, Any]:
    """With the choice at this position of `ranking.ranked` first, if there is one."""
    if not (first.isascii() and first.isdigit() and len(first) < 4):
        return row
    with contextlib.suppress(IndexError):  # an old link: the choices have changed since
        answers, preferences = promoted(row["answers"], row["preferences"], int(first))
        return {**row, "answers": answers, "preferences": preferences}
    return row


def _changeable(row: dict[str, Any]) -> bool:
    return row["state"] in ("joined", "needs_attention") and row["campaign_state"] in BEFORE_LOCK


async def _page(
    request: Request,
    row: dict[str, Any],
    offer: JoinOffer,
    sent: Sent,
    *,
    error: AppError | None = None,
    first_look: bool = False,
) -> Response:
    """``first_look``: nothing was sent yet; what no longer fits stands beside its field."""
    question = await question_view(row, offer)
    errors = error.fields if error else question.fields if question and first_look else ()
    asked = await requirement_form(row["slug"], offer, sent, errors=errors, counted=True)
    return page(
        request,
        "pages/consumer/requirement.html",
        status=error.status if error else 200,
        here=f"/participations/{row['id']}/requirement",
        requirement=asked,
        question=question,
        first_look=first_look,
        title=row["title"],
        paid_minor=row["total_minor"],
        action=f"/participations/{row['id']}",
        notice=error.text() if error and not error.fields and not sent.faults else "",
    )
