"""How often a program may ask for what costs us, or what others could guess."""

from __future__ import annotations

from starlette.requests import Request

from c2b.kit.http.context import network_of
from c2b.kit.http.rates import Limit, hit
from c2b.web.auth import client_ip, current_actor

#: Joining is the hottest write: it is counted in memory, per person.
JOINS = Limit("api.join", times=60, seconds=60, shared=False)
#: Guessing links is hopeless at 256 bits; trying is noticed all the same.
OPENINGS = Limit("invitation.open", times=20, seconds=3600)
#: A quote validates and searches the rules: a form asks for one per click.
QUOTES = Limit("campaign.quote", times=300, seconds=60, shared=False, fails_open=True)


async def count(limit: Limit, request: Request) -> None:
    """Count one try of this person, or of this network where nobody is known. Raises RateLimited."""
    actor = current_actor(request)
    await hit(limit, actor.id if actor else network_of(client_ip(request)))
