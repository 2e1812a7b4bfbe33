"""Invitations: a member's own link with its QR code, and what happens when somebody follows one.

Who invited is remembered in the visitor's own browser until they join. The first valid invitation to a campaign wins.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from c2b.campaigns import queries as campaigns
from c2b.kit.http.context import network_of
from c2b.kit.http.rates import Limit, forgive, hit
from c2b.kit.http.redirects import see_other
from c2b.referrals.operations import InvitationLink, Invited, my_link, open_link
from c2b.web.auth import actor_of, client_ip, current_actor, public, require
from c2b.web.consumer.kept import keep, kept
from c2b.web.pages import fragment, page

COOKIE = "invitations"
LIFETIME = timedelta(days=30)
#: Campaigns of which a browser remembers who invited.
REMEMBERED = 20
#: Guesses per hour and network; good links are not counted: a 256-bit token needs no more.
GUESSES = Limit("invitation.open", times=20, seconds=3600)
#: The link must not travel on as a referrer.
NO_REFERRER = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


@public
async def follow(request: Request) -> Response:
    """GET /i/{token}: on to the campaign, which greets. Raises NotFound for a link that is none, RateLimited."""
    network = network_of(client_ip(request))
    await hit(GUESSES, network)
    invited = await open_link(request.path_params["token"])
    await forgive(GUESSES, network)
    response = RedirectResponse(f"/campaigns/{invited.slug}", status_code=303, headers=NO_REFERRER)
    actor = current_actor(request)
    if actor is None or actor.id != invited.inviter_id:
        _remember(request, response, invited)
    return response


def inviter_of(request: Request, campaign_id: str) -> str:
    """The first name of who invited this visitor to the campaign; empty when nobody did."""
    return str(_known(request).get(campaign_id, ("", ""))[1])


def invitation_of(request: Request, campaign_id: str) -> str | None:
    """The id of the invitation through which this visitor came; ``referrals.valid_for`` judges it at the join."""
    return _known(request).get(campaign_id, (None, ""))[0]


@require("consumer")
async def create(request: Request) -> Response:
    """POST /campaigns/{slug}/invitation: the member's link, made when first asked for."""
    campaign = await campaigns.campaign_for(actor_of(request), request.path_params["slug"])
    link = await my_link(actor_of(request), campaign["id"])
    if request.headers.get("hx-request") == "true":
        return fragment("partials/campaign_invitation.html", link=link, qr=qr_of(link), slug=campaign["slug"])
    return see_other(f"/campaigns/{campaign['slug']}/invitation")


@require("consumer")
async def show(request: Request) -> Response:
    """GET /campaigns/{slug}/invitation: the link as a page of its own. Raises NotFound for who is no member."""
    campaign = await campaigns.campaign_for(actor_of(request), request.path_params["slug"])
    link = await my_link(actor_of(request), campaign["id"])
    return page(
        request,
        "pages/consumer/invitation.html",
        headers=NO_REFERRER,
        link=link,
        qr=qr_of(link),
        slug=campaign["slug"],
        title=campaign["title"],
    )


def qr_of(link: InvitationLink) -> Markup:
    """The link as a QR code."""
    return code_of(link.url, border=2)


def code_of(text: str, *, border: int = 4) -> Markup:
    """A QR code: SVG without style or script (made by segno from the text alone)."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=border, svgclass=None, lineclass=None, dark="#000", light="#fff"
    )
    return Markup(svg)  # noqa: S704  (squares only; nothing a person typed is in it)


def _known(request: Request) -> dict[str, Any]:
    found = kept(request, COOKIE)
    return found if isinstance(found, dict) else {}


def _remember(request: Request, response: Response, invited: Invited) -> None:
    known = _known(request)
    if invited.campaign_id in known:
        return
    newest = [*known.items(), (invited.campaign_id, (invited.invitation_id, invited.inviter_name))]
    keep(response, COOKIE, dict(newest[-REMEMBERED:]), lifetime=LIFETIME)
