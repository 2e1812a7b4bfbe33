"""Joining a campaign: say what you want, see what it costs, reserve a place, pay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from c2b.accounts.rules import Actor
from c2b.campaigns import queries as campaigns
from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.campaigns.rules import JOINABLE
from c2b.kit.errors import AppError, Conflict, Invalid, NotFound
from c2b.kit.http.context import network_of
from c2b.kit.http.rates import Limit, hit
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.participations import operations as participations
from c2b.participations.joining import AlreadyMember, CampaignNotOpen, Joined
from c2b.participations.queries import place_of
from c2b.payments.asking import NothingToPay
from c2b.payments.choosing import NoSuchWay, ways_on_pages
from c2b.payments.operations import start_checkout
from c2b.referrals.operations import valid_for
from c2b.web.auth import LogInFirst, client_ip, current_actor, public
from c2b.web.consumer.alternatives import acted
from c2b.web.consumer.invitation import invitation_of, inviter_of
from c2b.web.consumer.kept import drop, keep, kept
from c2b.web.consumer.payer import inside
from c2b.web.consumer.requirement import Sent, read_requirement, requirement_form
from c2b.web.consumer.wishes import Wishes, composed, wishes_of_dict
from c2b.web.flash import flash
from c2b.web.pages import fragment, page

log = structlog.get_logger(__name__)

DRAFT = "requirement"
#: How long a half-made requirement waits in the browser for its owner to log in.
DRAFT_LIFETIME = timedelta(hours=24)
JOINS = Limit("campaign.join", times=10, seconds=300)
#: Prices are asked for at every click; counted roughly, per process.
QUOTES = Limit("campaign.quote", times=300, seconds=60, shared=False)


@public
async def show(request: Request) -> Response:
    """GET /campaigns/{slug}/join: the form, with what the visitor had chosen before they logged in."""
    slug, offer = await _offer(request)
    actor = current_actor(request)
    if actor is not None and (place := await place_of(actor, offer.campaign_id)):
        return see_other(f"/participations/{place['id']}")
    draft = kept(request, DRAFT)
    sent = _restored(draft) if draft else Sent(answers={}, quantity=1)
    return await _page(request, slug, offer, sent, restored=bool(draft))


@public
async def quote(request: Request) -> Response:
    """POST /campaigns/{slug}/quote: price and possibilities for what is chosen; the whole page without htmx.

    Also what the buttons about alternatives do: they give the form back as it is after them.
    """
    await hit(QUOTES, network_of(client_ip(request)))
    slug, offer = await _offer(request)
    sent, faults = acted(offer, await read_requirement(request, offer))
    if request.headers.get("hx-request") == "true":
        asked = await requirement_form(slug, offer, sent)
        return fragment("partials/campaign_requirement.html", requirement=asked)
    return await _page(request, slug, offer, sent, error=Invalid(fields=faults) if faults else None)


@public
async def join(request: Request) -> Response:
    """POST /campaigns/{slug}/join: reserve a place and go on to the provider's page."""
    return await _join(request, waits=False)


@public
async def wait(request: Request) -> Response:
    """POST /campaigns/{slug}/waitlist: the same form; without a free place one on the waitlist, and nothing to pay."""
    return await _join(request, waits=True)


async def _join(request: Request, *, waits: bool) -> Response:
    slug, offer = await _offer(request)
    sent = await read_requirement(request, offer)
    if sent.apart:  # the form shows an alternative: keep it first
        sent, faults = acted(offer, replace(sent, action="keep"))
        return await _page(request, slug, offer, sent, error=Invalid(fields=faults) if faults else None)
    actor = current_actor(request)
    if actor is None:
        return _log_in_first(slug, sent)
    if actor.role != "consumer":
        raise NotFound
    await hit(JOINS, actor.id)
    if sent.faults:
        return await _page(request, slug, offer, sent, error=Invalid())
    try:
        participation_id, state = await _reserve(request, actor, offer, sent, waits=waits)
    except (Invalid, Conflict) as error:
        return await _page(request, slug, offer, sent, error=error)
    if state == "waitlisted":
        response: Response = see_other(f"/participations/{participation_id}")
        flash(response, N_("You are on the waitlist. We write to you when a place opens for you."))
    else:
        response = see_other(f"/participations/{participation_id}/payment")
        ways = await ways_on_pages(participation_id, inside=inside(request))
        if len(ways) < 2 and not any(way.method == "jsapi" for way in ways):
            response = await to_checkout(actor, participation_id)
    drop(response, DRAFT, path=f"/campaigns/{slug}")
    return response


async def to_checkout(
    actor: Actor, participation_id: str, *, gateway_name: str = "", method: str = ""
) -> Response:
    """To the provider's page; if the provider cannot be reached, to the reserved place, which offers to pay."""
    try:
        url = await start_checkout(actor, participation_id, gateway_name=gateway_name, method=method)
        return RedirectResponse(url, status_code=303)
    except (NothingToPay, NoSuchWay) as error:
        message = error.message
    except (
        Exception
    ) as error:  # a provider fails in its own ways; the place is reserved, and that is what counts
        log.warning("checkout_not_started", participation=participation_id, error=repr(error))
        message = N_(
            "The payment page cannot be reached at the moment. Your place is reserved: please pay from here."
        )
    response = see_other(f"/participations/{participation_id}")
    flash(response, message, kind="warning")
    return response


async def _reserve(
    request: Request, actor: Actor, offer: JoinOffer, sent: Sent, *, waits: bool
) -> tuple[str, str]:
    """The id of the place and its state. A form that is sent twice leads to the one place it made."""
    invitation_id = await valid_for(
        invitation_of(request, offer.campaign_id), campaign_id=offer.campaign_id, actor=actor
    )
    try:
        joined = await participations.join(
            actor,
            offer.campaign_id,
            answers=sent.answers,
            quantity=sent.quantity,
            preferences=composed(sent.wishes, offer, sent.answers).preferences,
            invitation_id=invitation_id,
            waits=waits,
        )
    except AlreadyMember:
        place = await place_of(actor, offer.campaign_id)
        if place is None:
            raise
        return str(place["id"]), str(place["state"])
    assert isinstance(joined, Joined)  # an Answer comes only to a caller with a key
    return joined.participation_id, joined.state


async def _offer(request: Request) -> tuple[str, JoinOffer]:
    """The campaign's own slug and its offer. Raises NotFound for what was never opened."""
    offer = await join_offer(request.path_params["slug"], fresh=True)
    campaign = await campaigns.campaign_for(None, offer.campaign_id)
    return campaign["slug"], offer


async def _page(
    request: Request,
    slug: str,
    offer: JoinOffer,
    sent: Sent,
    *,
    error: AppError | None = None,
    restored: bool = False,
) -> Response:
    campaign = await campaigns.campaign_for(None, offer.campaign_id)
    is_open = campaign["state"] in JOINABLE
    notice = error.text() if error and not error.fields and not sent.faults else ""
    if not is_open and not notice:
        notice = gettext(CampaignNotOpen.message)
    asked = await requirement_form(slug, offer, sent, errors=error.fields if error else (), is_open=is_open)
    context: dict[str, Any] = {
        "title": campaign["title"],
        "requirement": asked,
        "inviter": inviter_of(request, offer.campaign_id),
        "restored": restored,
        "notice": notice,
        "logged_in": current_actor(request) is not None,
        "deadline": offer.deadline,
    }
    return page(
        request,
        "pages/consumer/join.html",
        status=error.status if error else 200,
        here=f"/campaigns/{slug}/join",
        **context,
    )


def _restored(draft: dict[str, Any]) -> Sent:
    """What a browser kept for us, also from before we asked for wishes."""
    wishes = wishes_of_dict(draft["wishes"]) if "wishes" in draft else Wishes()
    return Sent(answers=draft["answers"], quantity=draft["quantity"], wishes=wishes)


def _log_in_first(slug: str, sent: Sent) -> Response:
    """To the log-in and back to this form, with everything that was chosen kept in the visitor's browser."""
    path = f"/campaigns/{slug}"
    response = see_other(LogInFirst(path=f"{path}/join").location)
    keep(
        response,
        DRAFT,
        {"answers": sent.answers, "quantity": sent.quantity, "wishes": sent.wishes.to_dict()},
        path=path,
        lifetime=DRAFT_LIFETIME,
    )
    return response
