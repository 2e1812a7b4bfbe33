"""A member's place, live: when anything about it changes, the open page is told to look again.

What is pushed is only a sign; the page then fetches its own part, drawn for this reader with fresh form tokens.
"""

from __future__ import annotations

from starlette.requests import Request

from c2b.accounts.rules import Actor
from c2b.campaigns import queries as campaigns
from c2b.kit.canonical import digest
from c2b.kit.errors import NotFound
from c2b.kit.http.sse import Hub, Stream
from c2b.participations.closing.proposals import sign_of as proposal_sign
from c2b.participations.foresight.foreseen import sign_of
from c2b.participations.queries import own
from c2b.payments.queries import money_of
from c2b.purchasing.queries import brief_of
from c2b.web.auth import actor_of


async def _sign(topic: str) -> bytes | None:
    """A hash that differs when the place, its money, its campaign or its order stands differently."""
    participation_id, user_id = topic.split(":")
    try:
        row = await own(Actor(id=user_id, name="", role="consumer"), participation_id)
    except NotFound:
        return None
    money = await money_of(participation_id)
    standing = await campaigns.progress(row["campaign_id"])
    order = await brief_of(row["campaign_id"])
    return digest(
        [
            row["state"],
            row["digest"],
            [standing["state"], standing["version"], standing["paid"], standing["counted"]],
            [order.number, order.state] if order else None,
            await sign_of(row["campaign_id"]),
            await proposal_sign(row["campaign_id"]),
            [each["state"] for each in (*money["payments"], *money["refunds"])],
        ]
    ).encode()


async def _topic(request: Request) -> str:
    actor = actor_of(request)
    row = await own(actor, request.path_params["id"])
    return f"{row['id']}:{actor.id}"


#: Only one person looks at a place; once a second is soon enough, and five small reads.
HUB = Hub(_sign, interval=1.0, event="changed")
stream = Stream(HUB, _topic)
