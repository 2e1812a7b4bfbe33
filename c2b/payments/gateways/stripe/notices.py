"""Reading Stripe's notifications: signed, fresh, of our account and mode (docs.stripe.com/webhooks).

A session's own events carry its id. Those about a charge's later life (refunds, captures) carry the id that we put
into their metadata when we asked; others are ``payment.processing``, which books nothing: the sweep asks instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.payments.gateways.base import GatewayEvent, WebhookRejected
from c2b.payments.gateways.stripe.amounts import from_stripe
from c2b.payments.gateways.stripe.settings import StripeSettings

#: Stripe's own libraries allow five minutes after the signature; we also before.
TOLERANCE = timedelta(minutes=5)
MAX_BODY_BYTES = 256 * 1024
MAX_DEPTH = 24
_MOST_HEADER = 4096

_INTENTS = {
    "payment_intent.succeeded": ("payment.captured", "amount_received"),
    "payment_intent.canceled": ("payment.voided", "amount"),
}
_REFUNDS = {"succeeded": "refund.succeeded", "failed": "refund.failed", "canceled": "refund.failed"}


def event_from(
    headers: Mapping[str, str], body: bytes, now: datetime, settings: StripeSettings
) -> GatewayEvent:
    """The event in a notification. Raises ``WebhookRejected``."""
    if len(body) > MAX_BODY_BYTES:
        raise WebhookRejected("oversized")
    _verify(headers, body, now, settings.webhook_secrets)
    try:
        event = strict_loads(body, max_bytes=MAX_BODY_BYTES, max_depth=MAX_DEPTH)
        if not isinstance(event, dict) or event["object"] != "event":
            raise WebhookRejected("malformed")
        _is_ours(event, settings)
        return _read(event)
    except (MalformedJson, KeyError, TypeError, ValueError, OverflowError) as error:
        raise WebhookRejected("malformed") from error


def _verify(headers: Mapping[str, str], body: bytes, now: datetime, secrets: tuple[str, ...]) -> None:
    """The SDK checks the signature; the age is compared with our own clock, in both directions."""
    from stripe import SignatureVerificationError, WebhookSignature

    header = {name.lower(): value for name, value in headers.items()}.get("stripe-signature", "")
    stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    if len(header) > _MOST_HEADER or len(stamps) != 1:
        raise WebhookRejected("unsigned")
    if not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 11):
        raise WebhookRejected("unsigned")
    for secret in secrets:
        try:
            WebhookSignature.verify_header(body, header, secret)
            break
        except SignatureVerificationError:
            continue
        except ValueError as error:  # not UTF-8
            raise WebhookRejected("malformed") from error
    else:
        raise WebhookRejected("bad_signature")
    sent_at = datetime.fromtimestamp(int(stamps[0]), UTC)
    if sent_at < now - TOLERANCE:
        raise WebhookRejected("too_old")
    if sent_at > now + TOLERANCE:
        raise WebhookRejected("too_new")


def _is_ours(event: dict[str, Any], settings: StripeSettings) -> None:
    """A test event proves nothing about real money, and one of another account nothing about ours."""
    if event["livemode"] is not settings.live:
        raise WebhookRejected("other_mode")
    if event.get("account", settings.account) != settings.account:
        raise WebhookRejected("other_account")


def _read(event: dict[str, Any]) -> GatewayEvent:
    kind, about = event["type"], event["data"]["object"]
    if kind.startswith("checkout.session."):
        told, reference, amount = _session(kind, about), about["id"], about["amount_total"]
    elif kind in _INTENTS:
        told, field = _INTENTS[kind]
        reference, amount = about["metadata"].get("session", ""), about[field]
    elif about.get("object") == "refund":
        told = _REFUNDS.get(about["status"], "refund.processing")
        reference, amount = about["metadata"].get("session", ""), about["amount"]
    else:
        told, reference, amount = "payment.processing", "", 0
    metadata = about.get("metadata") or {}
    minor, currency = from_stripe(amount, about.get("currency") or "xxx")
    if not reference:
        told = "payment.processing"
    return GatewayEvent(
        event_id=_text(event["id"]),
        kind=told,
        provider_ref=reference and _text(reference),
        payment_id=_short(metadata.get("payment")),
        amount_minor=minor,
        currency=currency,
        occurred_at=datetime.fromtimestamp(event["created"], UTC),
        refund_key=_short(metadata.get("key")) if told.startswith("refund.") else None,
    )


def _session(kind: str, session: dict[str, Any]) -> str:
    """What became of a checkout. Complete but unpaid: held, or on its way by a slow method."""
    if kind == "checkout.session.expired":
        return "payment.expired"
    if kind == "checkout.session.async_payment_failed":
        return "payment.failed"
    if kind not in ("checkout.session.completed", "checkout.session.async_payment_succeeded"):
        return "payment.processing"
    if session["payment_status"] == "paid":
        return "payment.captured"
    held = (session.get("metadata") or {}).get("holds") == "yes"
    return "payment.authorized" if held and session["status"] == "complete" else "payment.processing"


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 120:
        raise ValueError("not a short text")
    return value


def _short(value: object) -> str:
    """Ours from the metadata; empty for what is not."""
    return value if isinstance(value, str) and len(value) <= 160 else ""
