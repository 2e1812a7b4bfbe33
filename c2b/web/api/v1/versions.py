"""Newer versions of a product's schema: what moving a campaign would mean, the move, and what members are asked."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for, join_offer
from c2b.kit.errors import FieldError, NotFound
from c2b.participations import queries
from c2b.participations.reconfirming.moving import MAX_ANSWER_HOURS, Outlook, move, outlook
from c2b.participations.reconfirming.offers import offered
from c2b.participations.reconfirming.questions import question_of
from c2b.web.api.bodies import fields_of, whole
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer

_COUNTED = ("from_version", "version", "unaffected", "asked", "asked_units", "released")


@require_api("consumer", "admin")
async def compare(request: Request) -> Response:
    """GET /campaigns/{campaign}/versions/{version}: what moving to it would mean now."""
    wanted = request.path_params["version"]
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= 6):
        raise NotFound
    found = await outlook(actor_of(request), await _id(request), version=int(wanted))
    return json_answer(_shape(found))


@require_api("consumer", "admin")
@idempotent
async def moved(request: Request) -> Response:
    """POST /campaigns/{campaign}/version: move to a newer version, before the group closes."""
    fields = await fields_of(
        request, version=whole(least=1, most=999_999), answer_hours=whole(least=1, most=MAX_ANSWER_HOURS)
    )
    return json_answer(_shape(await move(actor_of(request), await _id(request), **fields)))


@require_api("consumer")
async def question(request: Request) -> Response:
    """GET /participations/{participation}/reconfirmation: what one is asked again, if anything."""
    row = await queries.own(actor_of(request), request.path_params["participation"])
    asked = await question_of(row["id"])
    if asked is None:
        return json_answer({"open": None})
    offer = await join_offer(row["campaign_id"], fresh=True)
    return json_answer(
        {
            "open": {
                "reason": asked.reason,
                "asked_at": asked.asked_at,
                "answer_until": asked.answer_until,
                "faults": [_fault(each) for each in asked.faults],
                "offers": [
                    {"kind": each.kind, "answers": each.answers, "unit_price_minor": each.unit_price_minor}
                    for each in offered(offer, row)
                ],
            }
        }
    )


def _shape(found: Outlook) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in _COUNTED},
        "kind": found.comparison.kind,
        "changes": [
            {"kind": each.kind, "path": each.path, "sentence": each.words}
            for each in found.comparison.changes
        ],
        "faults": [_fault(each) for each in found.faults],
    }


def _fault(fault: FieldError) -> dict[str, str]:
    return {"path": fault.path, "code": fault.code, "message": fault.text()}


async def _id(request: Request) -> str:
    campaign = await campaign_for(actor_of(request), request.path_params["campaign"])
    return str(campaign["id"])


ROUTES: list[Route] = [
    *resource("/campaigns/{campaign:name}/versions/{version:name}", get=compare),
    *resource("/campaigns/{campaign:name}/version", post=moved),
    *resource("/participations/{participation:id}/reconfirmation", get=question),
]
