"""Stripe behind our own interface: one Checkout Session per payment, named by its id.

Sources: docs.stripe.com/api/checkout/sessions (expires between 30 minutes and 24 hours after it is made),
/api/payment_intents/capture, /api/refunds, /api/idempotent_requests (keys may be pruned after 24 hours, and also the
answer of a failure is repeated under its key), /webhooks (repeated for up to three days).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from c2b.config import Settings
from c2b.kit import clock
from c2b.payments.gateways.base import (
    Capabilities,
    DayRecord,
    GatewayEvent,
    GatewayRefused,
    PaymentStatus,
    ProviderPayment,
    ProviderRefund,
    RefundStatus,
    Started,
    WebhookAnswer,
)
from c2b.payments.gateways.stripe import notices, reports
from c2b.payments.gateways.stripe.amounts import CURRENCIES, from_stripe, to_stripe
from c2b.payments.gateways.stripe.client import client_of, told
from c2b.payments.gateways.stripe.settings import StripeSettings, load, problems

#: The earliest end of a session that Stripe takes is 30 minutes after it was made. Added to every end we ask for, so
#: that a repeated request says the same as the first; what is paid in between came late, and goes back by itself.
GRACE = timedelta(minutes=30)
#: The latest end, less the grace and some time for the request itself.
LONGEST = timedelta(hours=23)
_EXPANDED = ["payment_intent.latest_charge.balance_transaction"]

INTENTS: dict[str, PaymentStatus] = {
    "succeeded": "captured",
    "requires_capture": "authorized",
    "canceled": "voided",
    "processing": "created",
    "requires_action": "created",
    "requires_confirmation": "created",
    "requires_payment_method": "failed",
}
REFUNDS: dict[str, RefundStatus] = {
    "succeeded": "succeeded",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "failed",
}


class NotConfigured(RuntimeError):
    """The environment lacks what this provider needs; the message says what."""


def capabilities_of(settings: StripeSettings) -> Capabilities:
    """Stripe's terms.

    A card's authorization holds 7 days, up to 30 by agreement (``C2B_STRIPE_HOLD_DAYS``), and money may wait 90 days
    for a payout made by hand (domain handbook 4.5; ``C2B_STRIPE_PAYOUT_DAYS``). Cards can be refunded without a fixed
    end, wallets for 90 to 180 days: we count on 180 (``C2B_STRIPE_REFUND_DAYS``). Keys are kept for at least 24 hours,
    notifications repeated for three days.
    """
    return Capabilities(
        currencies=CURRENCIES,
        refund_window=timedelta(days=settings.refund_days),
        key_lifetime=timedelta(hours=24),
        notifies_for=timedelta(days=3),
        partial_refunds=True,
        max_key_length=255,
        authorization_window=timedelta(days=settings.hold_days),
        hold_window=timedelta(days=settings.payout_days) if settings.payout_days else None,
        reports=True,
        tells_payouts=True,
    )


class StripeGateway:
    """One account at Stripe; ``provider_ref`` is the id of a Checkout Session."""

    name = "stripe"

    def __init__(self, settings: StripeSettings, *, seconds: float = 15) -> None:
        self.settings = settings
        self.capabilities = capabilities_of(settings)
        self._client = client_of(settings, seconds=seconds)

    @classmethod
    def from_settings(cls, _settings: Settings) -> StripeGateway:
        """The account of this installation. Raises ``NotConfigured``."""
        if missing := problems(os.environ):
            raise NotConfigured(" ".join(missing))
        return cls(load(os.environ))

    async def start(
        self,
        *,
        payment_id: str,
        amount_minor: int,
        currency: str,
        description: str,
        locale: str,
        return_url: str,
        notify_url: str,
        key: str,
        expires_at: datetime,
        holds: bool = False,
        method: str = "",
    ) -> Started:
        """See ``Gateway.start``. Where notifications go is set up once at Stripe, so ``notify_url`` is not sent."""
        if method not in ("", *self.capabilities.methods):
            raise GatewayRefused("method")
        price = {
            "currency": currency.lower(),
            "unit_amount": to_stripe(amount_minor, currency),
            "product_data": {"name": description[:250]},
        }
        asked: dict[str, Any] = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": payment_id,
            "metadata": {"payment": payment_id, "holds": "yes" if holds else "no"},
            "payment_intent_data": {
                "capture_method": "manual" if holds else "automatic",
                "metadata": {"payment": payment_id},
            },
            "locale": "zh" if locale.startswith("zh") else "en",
            "success_url": return_url,
            "cancel_url": return_url,
        }
        if holds:
            asked["payment_method_types"] = ["card"]  # what else there is cannot be held
        if expires_at - clock.now() + GRACE < LONGEST:
            asked["expires_at"] = int((expires_at + GRACE).timestamp())
        async with told(acts=True):
            made = await self._client.v1.checkout.sessions.create_async(asked, {"idempotency_key": key})  # type: ignore[arg-type]
            return Started(provider_ref=made["id"], redirect_url=made["url"])

    async def read(self, provider_ref: str) -> ProviderPayment:
        """See ``Gateway.read``."""
        session = await self._session(provider_ref)
        async with told(acts=False):
            found = payment_of(session, session.get("payment_intent"))
            if found.status != "captured":
                return found
            gone = [refund for refund in await self.refunds(provider_ref) if refund.status != "failed"]
            return payment_of(
                session, session["payment_intent"], refunded=sum(each.amount_minor for each in gone)
            )

    async def close(self, provider_ref: str) -> None:
        """Let nobody pay at this checkout any more; closing twice is no error, a paid one is refused."""
        try:
            async with told(acts=True):
                await self._client.v1.checkout.sessions.expire_async(provider_ref)
        except GatewayRefused as error:
            if (
                error.reason == "unknown_payment"
                or (await self._session(provider_ref))["status"] != "expired"
            ):
                raise GatewayRefused("already_paid") from error

    async def refund(
        self,
        *,
        provider_ref: str,
        amount_minor: int,
        currency: str,
        key: str,
        reason: str,
        metadata: Mapping[str, str],
    ) -> ProviderRefund:
        """See ``Gateway.refund``. Stripe knows no reasons like ours: it is in the metadata, with our key."""
        amount = to_stripe(amount_minor, currency)
        session = await self._session(provider_ref)
        if currency.lower() != session["currency"]:
            raise GatewayRefused("currency")
        notes = {**metadata, "key": key, "reason": reason, "session": provider_ref}
        asked: dict[str, Any] = {
            "payment_intent": _intent(session)["id"],
            "amount": amount,
            "metadata": {**notes, "payment": session["client_reference_id"]},
        }
        async with told(acts=True):
            made = await self._client.v1.refunds.create_async(asked, {"idempotency_key": key})  # type: ignore[arg-type]
            return refund_of(made.to_dict())

    async def refunds(self, provider_ref: str) -> list[ProviderRefund]:
        """See ``Gateway.refunds``; those made at Stripe's own pages carry their id as key."""
        session = await self._session(provider_ref)
        intent = session.get("payment_intent")
        if intent is None:
            return []
        async with told(acts=False):
            rows = await reports.every(self._client.v1.refunds, {"payment_intent": intent["id"]})
            return [refund_of(row) for row in reversed(rows)]

    async def capture(
        self, provider_ref: str, *, amount_minor: int, currency: str, key: str
    ) -> ProviderPayment:
        """See ``Holds.capture``: the amount of what comes back is what was captured."""
        session = await self._session(provider_ref)
        asked: dict[str, Any] = {
            "amount_to_capture": to_stripe(amount_minor, currency),
            "metadata": {"session": provider_ref},
            "expand": ["latest_charge.balance_transaction"],
        }
        async with told(acts=True):
            intent = await self._client.v1.payment_intents.capture_async(
                _intent(session)["id"],
                asked,  # type: ignore[arg-type]
                {"idempotency_key": key},
            )
            return payment_of(session, intent.to_dict())

    async def void(self, provider_ref: str, *, key: str) -> ProviderPayment:
        """See ``Holds.void``."""
        session = await self._session(provider_ref)
        try:
            async with told(acts=True):
                intent = await self._client.v1.payment_intents.cancel_async(
                    _intent(session)["id"], {}, {"idempotency_key": key}
                )
                return payment_of(session, intent.to_dict())
        except GatewayRefused:
            now = await self.read(provider_ref)
            if now.status not in ("voided", "expired"):
                raise
            return now

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> GatewayEvent:
        """See ``Gateway.parse_webhook``."""
        return notices.event_from(headers, body, now, self.settings)

    def webhook_answer(self, accepted: bool) -> WebhookAnswer:
        """Any 2xx is "received"; all else has it told again."""
        return WebhookAnswer() if accepted else WebhookAnswer(status=400, body=b'{"received":false}')

    async def day(self, day: date) -> DayRecord:
        """See ``Reports.day``: from the balance's own transactions, with the payouts that arrived that day."""
        async with told(acts=False):
            return await reports.day(self._client, day)

    async def _session(self, provider_ref: str) -> Any:
        if not provider_ref.startswith("cs_"):
            raise GatewayRefused("unknown_payment")
        async with told(acts=False):
            session = await self._client.v1.checkout.sessions.retrieve_async(
                provider_ref, {"expand": _EXPANDED}
            )
            if session["id"] != provider_ref:
                raise ValueError("another session")
            return session.to_dict()


def _intent(session: Any) -> Any:
    """What was paid, or held, at a session; before that there is nothing."""
    if session.get("payment_intent") is None:
        raise GatewayRefused("not_captured")
    return session["payment_intent"]


def payment_of(session: Any, intent: Any, *, refunded: int = 0) -> ProviderPayment:
    """A session and its intent as one payment; captured for less than was held, it is that much.

    ``refunded``: minor units. Raises ``KeyError`` or ``ValueError`` for what Stripe never says.
    """
    status = _status(session, intent)
    captured = status == "captured"
    amount = intent["amount_received"] if captured else session["amount_total"]
    minor, currency = from_stripe(amount, session["currency"])
    return ProviderPayment(
        provider_ref=session["id"],
        payment_id=session["client_reference_id"] or "",
        status=status,
        amount_minor=minor,
        currency=currency,
        captured_at=_captured_at(intent["latest_charge"]) if captured else None,
        refunded_minor=refunded,
    )


def _status(session: Any, intent: Any) -> PaymentStatus:
    if session["status"] == "open":
        return "created"  # a declined card leaves it open: the member may try another
    if session["status"] == "expired":
        return "expired"
    return INTENTS[intent["status"]] if intent else "created"


def _captured_at(charge: Any) -> datetime:
    """The hour of the money's arrival: a held charge is older than its capture."""
    moved = charge["balance_transaction"]
    made = moved["created"] if isinstance(moved, Mapping) else charge["created"]
    return datetime.fromtimestamp(made, UTC)


def refund_of(row: Any) -> ProviderRefund:
    """Raises ``KeyError`` or ``ValueError`` for what Stripe never says."""
    minor, _ = from_stripe(row["amount"], row["currency"])
    notes = dict(row["metadata"] or {})
    return ProviderRefund(
        refund_ref=row["id"],
        key=str(notes.get("key") or f"stripe:{row['id']}"),
        amount_minor=minor,
        status=REFUNDS[row["status"]],
        metadata={name: str(value) for name, value in notes.items()},
    )
