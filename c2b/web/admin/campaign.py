"""One campaign with everything about it: numbers, money, life, members, order, runs and events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.campaigns import operations
from c2b.campaigns.queries import campaign_for, transitions
from c2b.campaigns.reach import reach_of
from c2b.campaigns.rules import may_change
from c2b.durable.queries import RunLine
from c2b.durable.queries import run as run_of
from c2b.events.queries import events_of_campaign
from c2b.kit.errors import AppError, Conflict, Invalid, NotFound
from c2b.kit.http.paging import Window, window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.ledger.queries import where_it_rests
from c2b.payments.collecting import collecting_of
from c2b.payments.queries import money_of_campaign
from c2b.purchasing.queries import orders_of
from c2b.web.admin.events import told
from c2b.web.admin.members import members_view
from c2b.web.admin.review import review_of
from c2b.web.admin.words import RUN_TONES, run_states, waits_for, workflow_names
from c2b.web.allocation import allocation_view
from c2b.web.auth import actor_of, require
from c2b.web.consumer.versions import version_state
from c2b.web.consumer.words import State, campaign_state
from c2b.web.flash import flash
from c2b.web.manufacturer.orders import STATE_TONES, timeline_or_none
from c2b.web.pages import errors_by_field, form_of, page

TEMPLATE = "pages/admin/campaign.html"
#: What a campaign's money became, where that has gone on since: those accounts know no campaigns.
REST_WORDS = {"payable": N_("Released to the manufacturer"), "commission": N_("Earned by inviters")}
#: Events on the campaign's own page; the log has them all.
LATEST = 12


@dataclass(frozen=True, kw_only=True)
class Step:
    """One transition of its life."""

    state: State
    at: datetime
    reason: str


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/campaigns/{id}?cursor=: by id or slug; the cursor pages through the members."""
    return await _page(request)


@require("admin")
async def cancel(request: Request) -> Response:
    """POST /admin/campaigns/{id}/cancellation: everybody is refunded in full, an order is withdrawn."""
    actor = actor_of(request)
    campaign = await campaign_for(actor, request.path_params["id"])
    reason = str((await form_of(request)).get("reason", ""))
    response = see_other(f"/admin/campaigns/{campaign['id']}")
    try:
        await operations.cancel(actor, campaign["id"], reason=reason)
    except Invalid as error:
        return await _page(request, error=error, typed=reason)
    except Conflict as error:
        if campaign["state"] != "canceled":
            return await _page(request, error=error, typed=reason)
    flash(
        response, N_("“{title}” is canceled. Whoever has paid gets everything back."), title=campaign["title"]
    )
    return response


async def _page(request: Request, *, error: AppError | None = None, typed: str = "") -> Response:
    actor = actor_of(request)
    campaign = await campaign_for(actor, request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request,
        TEMPLATE,
        status=error.status if error else 200,
        errors=said,
        notice=error.text() if error and not said else None,
        typed=typed,
        **await view_of(actor, campaign, window_of(request.query_params)),
    )


async def view_of(actor: Actor, campaign: dict[str, Any], window: Window) -> dict[str, Any]:
    """Everything the page shows besides its form's own values."""
    campaign_id = campaign["id"]
    money = await money_of_campaign(campaign_id)
    orders = await orders_of(actor, campaign_id=campaign_id)
    events = await events_of_campaign(campaign_id, "admin", Window(limit=LATEST))
    return {
        "review": await review_of(campaign),
        "slug": campaign["slug"],
        "version": await version_state(campaign),
        "state": campaign_state(campaign["state"]),
        "opened": campaign["opened_at"] is not None,
        "counts": {name: campaign[name] for name in ("paid", "reserved", "threshold", "cap", "round")}
        | {"conditional": reach_of(campaign).waiting},
        "money": money,
        "collecting": await collecting_of(campaign),
        "rests": await where_it_rests(campaign_id),
        "rest_words": {prefix: gettext(words) for prefix, words in REST_WORDS.items()},
        "may_cancel": may_change(campaign["state"], "canceled"),
        "steps": [
            Step(state=campaign_state(each["to_state"]), at=each["at"], reason=each["reason"])
            for each in reversed(await transitions(campaign_id))
        ],
        "order": orders.items[0] if orders.items else None,
        "tones": STATE_TONES,
        "timeline": await timeline_or_none(actor, campaign_id),
        "allocation": await allocation_view(actor, campaign),
        "runs": [(run, waits_for(run)) for run in await runs_of(campaign_id, campaign["round"])],
        "workflows": workflow_names(),
        "labels": run_states(),
        "run_tones": RUN_TONES,
        "events": await told(events.items, actor),
        **await members_view(actor, campaign, window),
    }


async def runs_of(campaign_id: str, rounds: int) -> list[RunLine]:
    """The runs that carried this campaign: one closing for each time it filled up, one ordering."""
    names = [
        f"ordering:{campaign_id}",
        *(f"closing:{campaign_id}:{number}" for number in range(rounds, 0, -1)),
    ]
    found = []
    for name in names:
        try:
            found.append((await run_of(name)).line)
        except NotFound:
            continue
    return found
