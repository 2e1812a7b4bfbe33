"""The log of everything that happened, newest first, with its filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.queries import names_of
from c2b.accounts.rules import Actor
from c2b.campaigns.queries import campaign_for
from c2b.catalog.queries import pinned_schema
from c2b.events.queries import EventView, all_events
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import window_of
from c2b.kit.i18n import gettext
from c2b.participations.explanations.outcomes import read_outcome
from c2b.web.admin.happenings import EVENTS, KINDS, entries_of, event_name
from c2b.web.admin.members import decided, left_words
from c2b.web.auth import actor_of, require
from c2b.web.outcomes import reason_words, result_words
from c2b.web.pages import page

#: Events that carry what a member gets.
WITH_OUTCOME = ("participation.left_out", "participation.proposed")
#: Where the page of an event's subject lies.
_PAGES = {"job": "/admin/jobs/{}", "purchase_order": "/admin/orders/{}", "campaign": "/admin/campaigns/{}"}


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event for people. ``path`` leads to what it is about, if that has a page."""

    id: str
    name: str
    words: str
    at: datetime
    actor: str
    campaign_id: str
    campaign: str
    path: str
    subject: str
    subject_id: str
    sentence: str
    entries: list[tuple[str, str]]


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/events?name=&campaign=&subject=&subject_id=&cursor=."""
    query = request.query_params
    name = query.get("name", "")
    name = name if name in KINDS or name in EVENTS else ""
    chosen = {"name": name, **{key: query.get(key, "")[:80] for key in ("campaign", "subject", "subject_id")}}
    window = window_of(query)
    found = await all_events(
        window,
        name=name or None,
        campaign_id=chosen["campaign"] or None,
        subject=chosen["subject"] or None,
        subject_id=chosen["subject_id"] or None,
    )
    actor, campaign = actor_of(request), chosen["campaign"]
    return page(
        request,
        "pages/admin/events.html",
        events=await told(found.items, actor),
        next_cursor=found.next_cursor,
        first=window.after is None,
        chosen=chosen,
        campaign=(await _campaigns([campaign] if campaign else [], actor)).get(campaign),
        kinds=[(code, gettext(label)) for code, label in KINDS.items()],
        names=sorted(((code, event_name(code)) for code in EVENTS), key=lambda pair: pair[1]),
        base="/admin/events?"
        + "".join(f"{urlencode({key: value})}&" for key, value in chosen.items() if value),
    )


async def told(events: Iterable[EventView], reader: Actor) -> list[Told]:
    """Events in the reader's words, with names and campaigns looked up once."""
    events = list(events)
    names = await names_of({each.actor_id for each in events if each.actor_id})
    campaigns = await _campaigns({each.campaign_id for each in events if each.campaign_id}, reader)
    return [await _told(each, names, campaigns.get(each.campaign_id or "")) for each in events]


async def _told(event: EventView, names: dict[str, str], campaign: dict[str, Any] | None) -> Told:
    sentence = await _sentence(event, campaign)
    return Told(
        id=event.id,
        name=event.name,
        words=event_name(event.name),
        at=event.occurred_at,
        actor=names.get(event.actor_id or "", ""),
        campaign_id=event.campaign_id or "",
        campaign=campaign["code"] if campaign else "",
        path=_path(event),
        subject=event.subject,
        subject_id=event.subject_id,
        sentence=sentence,
        entries=[]
        if sentence
        else entries_of(event.name, event.payload, currency=campaign["currency"] if campaign else ""),
    )


async def _sentence(event: EventView, campaign: dict[str, Any] | None) -> str:
    """Events whose payload says little without the product schema."""
    given = event.payload
    if event.name == "vote.closed" and campaign is not None:
        schema = (await pinned_schema(campaign["schema_id"])).parsed
        return decided(
            schema, attribute=str(given["attribute"]), outcome=given["outcome"], voted=given["voted"]
        )
    if not given.get("outcome") or campaign is None or event.name not in WITH_OUTCOME:
        return ""
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    outcome, currency = read_outcome(event.payload["outcome"]), campaign["currency"]
    if outcome.kind == "left":
        return left_words(schema, outcome, currency)
    parts = [result_words(schema, outcome, currency), reason_words(schema, outcome, currency)]
    return gettext(", ").join(part for part in parts if part)


async def _campaigns(ids: Iterable[str], reader: Actor) -> dict[str, dict[str, Any]]:
    found = {}
    for campaign_id in ids:
        try:
            found[campaign_id] = await campaign_for(reader, campaign_id)
        except NotFound:
            continue
    return found


def _path(event: EventView) -> str:
    if event.subject in ("milestone", "timeline") and event.campaign_id:
        return f"/admin/campaigns/{event.campaign_id}/timeline"
    return _PAGES[event.subject].format(event.subject_id) if event.subject in _PAGES else ""
