"""Every campaign, by state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import all_campaigns
from c2b.campaigns.rules import TRANSITIONS
from c2b.kit.http.paging import slice_of, window_of
from c2b.kit.i18n import pick
from c2b.web.auth import actor_of, require
from c2b.web.consumer.words import State, campaign_state
from c2b.web.pages import page


@dataclass(frozen=True, kw_only=True)
class CampaignLine:
    """One row of the list. ``paid`` and the rest count units."""

    id: str
    code: str
    title: str
    organizer_name: str
    product_name: str
    state: State
    paid: int
    reserved: int
    threshold: int
    cap: int
    deadline: datetime


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/campaigns?state=&cursor=: newest first."""
    asked = request.query_params.get("state", "")
    state = asked if asked in TRANSITIONS else ""
    window = window_of(request.query_params)
    before = str(window.after[0]) if window.after else None
    rows = await all_campaigns(actor_of(request), state=state or None, limit=window.limit + 1, before=before)
    found = slice_of([line_of(row) for row in rows], window, lambda line: (line.id,))
    return page(
        request,
        "pages/admin/campaigns.html",
        campaigns=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
        state=state,
        states=[(code, campaign_state(code).label) for code in TRANSITIONS],
    )


def line_of(row: dict[str, Any]) -> CampaignLine:
    """A row of ``campaigns.queries`` as a line of the list."""
    names = ("id", "code", "title", "organizer_name", "paid", "reserved", "threshold", "cap", "deadline")
    return CampaignLine(
        **{name: row[name] for name in names},
        product_name=pick(row["product_name"]),
        state=campaign_state(row["state"]),
    )
