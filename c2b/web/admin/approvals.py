"""Where an admin begins: campaigns to approve or send back, and everything else that waits for a decision."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.campaigns import operations
from c2b.campaigns.queries import all_campaigns, campaign_for
from c2b.durable.queries import dead_count
from c2b.fulfillment.queries import submitted_stages
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.paging import slice_of, window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.ledger.queries import faults
from c2b.purchasing.queries import orders_of
from c2b.web.admin.review import review_of
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.manufacturer.orders import STATE_TONES
from c2b.web.pages import errors_by_field, form_of, page

TEMPLATE = "pages/admin/approvals.html"
#: Each is a page's worth of facts.
REVIEWS = 8


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin?cursor=."""
    return page(request, TEMPLATE, errors={}, notice=None, wrong="", typed="", **await _view(request))


@require("admin")
async def approve(request: Request) -> Response:
    """POST /admin/campaigns/{id}/approval: people can join from now on. The offer is checked once more."""
    actor, campaign = await _campaign(request)
    try:
        await operations.approve(actor, campaign["id"])
    except Conflict:
        return _decided(campaign)
    except Invalid as error:
        return await _refused(request, campaign, error)
    response = see_other("/admin")
    flash(response, N_("“{title}” is open. Its organizer gets a mail."), title=campaign["title"])
    return response


@require("admin")
async def send_back(request: Request) -> Response:
    """POST /admin/campaigns/{id}/return: back to its organizer, who reads the reason."""
    actor, campaign = await _campaign(request)
    reason = str((await form_of(request)).get("reason", ""))
    try:
        await operations.send_back(actor, campaign["id"], reason=reason)
    except Conflict:
        return _decided(campaign)
    except Invalid as error:
        return await _refused(request, campaign, error, typed=reason)
    response = see_other("/admin")
    flash(response, N_("“{title}” is back with its organizer, with your reason."), title=campaign["title"])
    return response


async def _campaign(request: Request) -> tuple[Actor, dict[str, Any]]:
    actor = actor_of(request)
    return actor, await campaign_for(actor, request.path_params["id"])


def _decided(campaign: dict[str, Any]) -> Response:
    """Somebody, perhaps this admin a moment ago, was faster: their decision stands."""
    response = see_other("/admin")
    flash(response, N_("“{title}” was decided already."), kind="info", title=campaign["title"])
    return response


async def _refused(
    request: Request, campaign: dict[str, Any], error: AppError, *, typed: str = ""
) -> Response:
    view = await _view(request)
    said = errors_by_field(error.fields)
    notice = None if "reason" in said else error.text()
    return page(
        request,
        TEMPLATE,
        status=error.status,
        errors=said,
        notice=notice,
        wrong=campaign["id"],
        typed=typed,
        **view,
    )


async def _view(request: Request) -> dict[str, Any]:
    actor = actor_of(request)
    window = window_of({"limit": str(REVIEWS), **request.query_params})
    before = str(window.after[0]) if window.after else None
    rows = await all_campaigns(actor, state="under_review", limit=window.limit + 1, before=before)
    found = slice_of(rows, window, lambda row: (row["id"],))
    waiting = [await orders_of(actor, state=state) for state in ("rejected", "expired")]
    return {
        "reviews": [await review_of(row) for row in found.items],
        "next_cursor": found.next_cursor,
        "first": window.after is None,
        "faults": await faults(),
        "dead": await dead_count(),
        "orders": [order for each in waiting for order in each.items],
        "stages": await submitted_stages(actor),
        "tones": STATE_TONES,
    }
