"""What people do in the seed world and the demo, through the operations that pages and API use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from c2b.accounts.rules import Actor
from c2b.config import Settings
from c2b.kit import clock
from c2b.participations.joining import Joined
from c2b.participations.operations import join
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import receive
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Behavior


@contextlib.contextmanager
def sandbox_without_server(settings: Settings) -> Iterator[SandboxGateway]:
    """The sandbox provider, its signed notifications handed over directly: there is no web server to post to yet."""

    async def hand_over(_url: str, headers: Mapping[str, str], body: bytes) -> int:
        event = gateway.parse_webhook(headers, body, clock.now())
        await receive(gateway.name, event)
        return 200

    gateway = SandboxGateway(
        settings.sandbox_path, base_url=settings.base_url, secret=settings.sandbox_secret, send=hand_over
    )
    with gateways.replaced_by(gateway):
        yield gateway


async def join_and_pay(
    who: Actor,
    campaign_id: str,
    answers: Mapping[str, Any],
    *,
    quantity: int = 1,
    invitation_id: str | None = None,
    preferences: Mapping[str, Any] | None = None,
    behavior: Behavior | None = Behavior.PAY,
) -> Joined:
    """Join a campaign and pay at the sandbox's checkout (``None``: do not pay)."""
    joined = await join(
        who, campaign_id, answers=dict(answers), quantity=quantity, invitation_id=invitation_id,
        preferences=preferences,
    )  # fmt: skip
    assert isinstance(joined, Joined)
    if behavior:
        address = await start_checkout(who, joined.participation_id)
        await gateways.sandbox().pay(address.rstrip("/").rsplit("/", 1)[-1], behavior)
    return joined
