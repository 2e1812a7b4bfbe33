"""Both sides of a payment in these tests: Bo's checkout at the sandbox, and a shop that writes down what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from c2b.kit import clock
from c2b.payments.gateways.base import GatewayEvent, Started, WebhookRejected
from c2b.payments.gateways.sandbox.gateway import SandboxGateway

BASE = "http://shop.example"
SECRET = "the shop and the sandbox know this"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PRICE = 45_900


@dataclass
class Shop:
    """Answers notifications with ``answers`` in turn, then with 200 to what is genuine and 400 to the rest."""

    gateway: SandboxGateway | None = None
    answers: list[int] = field(default_factory=list)
    believed: list[GatewayEvent] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert self.gateway is not None
        self.posts.append((url, dict(headers), body))
        try:
            event = self.gateway.parse_webhook(headers, body, clock.now())
        except WebhookRejected as error:
            self.rejected.append(error.reason)
            return 400
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.believed.append(event)
        return status

    def kinds(self) -> list[str]:
        return [event.kind for event in self.believed]


def order(key: str = "start:bo", **changes: Any) -> dict[str, Any]:
    """The parameters of one ``start``; ``changes`` replace some."""
    return {
        "payment_id": "bo-1",
        "amount_minor": PRICE,
        "currency": "CNY",
        "description": "Tidal 75 keyboard",
        "locale": "en",
        "return_url": f"{BASE}/payments/bo-1",
        "notify_url": f"{BASE}/webhooks/payments/sandbox",
        "key": key,
        "expires_at": NOON + timedelta(minutes=30),
        **changes,
    }


def give_back(started: Started, key: str = "refund:bo", **changes: Any) -> dict[str, Any]:
    """The parameters of one ``refund`` in full; ``changes`` replace some."""
    return {
        "provider_ref": started.provider_ref,
        "amount_minor": PRICE,
        "currency": "CNY",
        "key": key,
        "reason": "campaign_failed",
        "metadata": {"refund": "r-1"},
        **changes,
    }
