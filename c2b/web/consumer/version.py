"""Moving a campaign to a newer version of its product's schema: what it means in words, for how many, then the act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.campaigns.queries import campaign_for
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.participations.reconfirming.moving import MAX_ANSWER_HOURS, Outlook, move, outlook
from c2b.web.auth import actor_of, require
from c2b.web.consumer.my_campaigns import own_campaign
from c2b.web.consumer.versions import version_state
from c2b.web.flash import flash
from c2b.web.pages import form_of, page

TEMPLATE = "pages/consumer/version.html"
HOURS = 72
_KINDS = {
    "same": (N_("Nothing changes"), N_("For answers given nothing changes."), "good"),
    "widening": (N_("Widening"), N_("Every answer stays valid, at the same price or less."), "good"),
    "narrowing": (
        N_("Narrowing"),
        N_("Some answers may not fit any more, cost more, or need more units."),
        "wait",
    ),
    "breaking": (N_("Breaking"), N_("Every answer has to be given again."), "bad"),
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of change for people: ``label`` in a badge of ``tone``, ``sentence`` for what it means."""

    label: str
    sentence: str
    tone: str


@require("consumer")
async def show(request: Request) -> Response:
    """GET /my/campaigns/{id}/version?version=: for the organizer."""
    actor, row = await own_campaign(request)
    return await _page(request, actor, row, f"/my/campaigns/{row['id']}")


@require("consumer")
async def create(request: Request) -> Response:
    """POST /my/campaigns/{id}/version."""
    actor, row = await own_campaign(request)
    return await _move(request, actor, row, f"/my/campaigns/{row['id']}")


@require("admin")
async def show_admin(request: Request) -> Response:
    """GET /admin/campaigns/{id}/version?version=: the same for admins."""
    actor = actor_of(request)
    row = await campaign_for(actor, request.path_params["id"])
    return await _page(request, actor, row, f"/admin/campaigns/{row['id']}")


@require("admin")
async def create_admin(request: Request) -> Response:
    """POST /admin/campaigns/{id}/version."""
    actor = actor_of(request)
    row = await campaign_for(actor, request.path_params["id"])
    return await _move(request, actor, row, f"/admin/campaigns/{row['id']}")


async def _move(request: Request, actor: Actor, row: dict[str, Any], back: str) -> Response:
    form = await form_of(request)
    hours = _whole(form.get("answer_hours"))
    try:
        done = await move(actor, row["id"], version=_whole(form.get("version")), answer_hours=hours)
    except (Invalid, Conflict) as error:
        return await _page(request, actor, row, back, error=error, hours=str(form.get("answer_hours", "")))
    response = see_other(back)
    if done.asked:
        flash(response, N_("The campaign is moved. Members who are asked again: {count}."), count=done.asked)
    else:
        flash(response, N_("The campaign is moved. Nobody needs to do anything."))
    return response


async def _page(
    request: Request,
    actor: Actor,
    row: dict[str, Any],
    back: str,
    *,
    error: AppError | None = None,
    hours: str = "",
) -> Response:
    state = await version_state(row)
    numbers = [number for number, _ in state.newer]
    wanted = _whole(request.query_params.get("version"))
    version = wanted if wanted in numbers else max(numbers, default=0)
    seen = await outlook(actor, row["id"], version=version) if version and state.may_move else None
    wrong = {each.path: each.text() for each in error.fields} if error else {}
    return page(
        request,
        TEMPLATE,
        status=error.status if error else 200,
        title=row["title"],
        back=back,
        state=state,
        seen=seen,
        chosen=version,
        kinds={code: _kind(code) for code in _KINDS},
        faults=_faults(seen),
        hours=hours or HOURS,
        most=MAX_ANSWER_HOURS,
        deadline=row["deadline"],
        hours_error=wrong.get("answer_hours", ""),
        notice=error.text() if error and "answer_hours" not in wrong else "",
    )


def _faults(seen: Outlook | None) -> list[str]:
    return [each.text() for each in seen.faults] if seen else []


def _kind(code: str) -> Kind:
    label, sentence, tone = _KINDS[code]
    return Kind(label=gettext(label), sentence=gettext(sentence), tone=tone)


def _whole(value: object) -> int:
    """A whole number that was typed; 0 for anything else, which every check refuses."""
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
