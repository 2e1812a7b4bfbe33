"""One's ranking while a vote is open: a page of its own, so that nothing redraws it while somebody chooses."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.kit import clock
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.participations.queries import own
from c2b.participations.votes.casting import cast
from c2b.web.auth import actor_of, require
from c2b.web.consumer.ballot_form import ballot_fields, is_about_ballots, read_ballots
from c2b.web.flash import flash
from c2b.web.pages import form_of, page

#: A place that votes, or will once it is there and paid.
_VOTING = ("waitlisted", "pending_payment", "joined", "needs_attention")


@require("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{id}/ballot: what one said so far. Nothing to decide: back to the place."""
    row, offer = await _own(request)
    if not may_vote(row, offer):
        return see_other(f"/participations/{row['id']}")
    return _page(request, row, offer, row["preferences"].get("votes", {}))


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/ballot: the ballots of all open votes anew."""
    row, offer = await _own(request)
    votes = read_ballots(await form_of(request), offer)
    try:
        await cast(actor_of(request), row["id"], votes=votes)
    except (Invalid, Conflict) as error:
        if may_vote(row, offer):
            return _page(request, row, offer, votes, error=error)
        response = see_other(f"/participations/{row['id']}")
        flash(response, error.message, kind="danger")
        return response
    response = see_other(f"/participations/{row['id']}")
    flash(response, N_("Your ranking is kept. You may change it until the vote closes."))
    return response


def may_vote(row: dict[str, Any], offer: JoinOffer) -> bool:
    """Can this place still change a ranking?"""
    open_votes = any(vote.closes_at > clock.now() for vote in offer.votes)
    return open_votes and row["state"] in _VOTING and row["campaign_state"] in BEFORE_LOCK


async def _own(request: Request) -> tuple[dict[str, Any], JoinOffer]:
    row = await own(actor_of(request), request.path_params["id"])
    return row, await join_offer(row["campaign_id"], fresh=True)


def _page(
    request: Request,
    row: dict[str, Any],
    offer: JoinOffer,
    votes: dict[str, Any],
    *,
    error: AppError | None = None,
) -> Response:
    errors = error.fields if error else []
    others = [each.text() for each in errors if not is_about_ballots(each)]
    return page(
        request,
        "pages/consumer/ballot.html",
        status=error.status if error else 200,
        here=f"/participations/{row['id']}/ballot",
        title=row["title"],
        participation_id=row["id"],
        quantity=row["quantity"],
        paid=row["state"] not in ("waitlisted", "pending_payment"),
        ballots=ballot_fields(offer, votes, errors=errors),
        notice=" ".join(others) if others else error.text() if error and not errors else "",
    )
