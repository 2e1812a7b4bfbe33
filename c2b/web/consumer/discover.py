"""The first page: what this is, and which campaigns there are."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns import queries as campaigns
from c2b.kit.http.paging import slice_of, window_of
from c2b.web.auth import public
from c2b.web.consumer.cards import card_of
from c2b.web.consumer.words import FAMILIES, family
from c2b.web.pages import page

#: Cards of one page; a multiple of two and three, so that rows fill.
CARDS = 24


@public
async def show(request: Request) -> Response:
    """GET /?family=&cursor=: public campaigns, newest first; what can be joined stands before what is under way."""
    window = window_of({"limit": str(CARDS), **request.query_params})
    chosen = request.query_params.get("family", "")
    chosen = chosen if chosen in FAMILIES else ""
    rows = await campaigns.discover(
        limit=window.limit + 1,
        before=str(window.after[0]) if window.after else None,
        family=chosen or None,
    )
    found = slice_of([await card_of(row) for row in rows], window, lambda card: (card.id,))
    return page(
        request,
        "pages/consumer/discover.html",
        open_cards=[card for card in found.items if card.joinable],
        other_cards=[card for card in found.items if not card.joinable],
        families=[(code, family(code)) for code in FAMILIES],
        chosen=chosen,
        next_cursor=found.next_cursor,
        first=window.after is None,
    )
