"""Personal links: one's own, and where somebody else's leads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for
from c2b.referrals.operations import my_link, open_link
from c2b.web.api.bodies import fields_of, text
from c2b.web.api.limits import OPENINGS, count
from c2b.web.api.routing import V1, resource
from c2b.web.auth import actor_of, public, require_api
from c2b.web.views import idempotent, json_answer


@require_api("consumer")
@idempotent
async def mine(request: Request) -> Response:
    """POST /campaigns/{campaign}/invitation: one's own link, made when first asked for; for members and organizer."""
    actor = actor_of(request)
    campaign = await campaign_for(actor, request.path_params["campaign"])
    return json_answer(await my_link(actor, campaign["id"]))


@public
async def open_one(request: Request) -> Response:
    """POST /invitation-openings: where a link leads. The token stands in the body, so that no log keeps it."""
    await count(OPENINGS, request)
    fields = await fields_of(request, token=text(least=1, most=200))
    found = await open_link(fields["token"])
    return json_answer(
        {
            "invitation_id": found.invitation_id,
            "inviter": {"name": found.inviter_name},
            "campaign": {
                "id": found.campaign_id,
                "slug": found.slug,
                "href": f"{V1}/campaigns/{found.slug}",
            },
        }
    )


ROUTES: list[Route] = [
    *resource("/campaigns/{campaign:name}/invitation", post=mine),
    *resource("/invitation-openings", post=open_one),
]
