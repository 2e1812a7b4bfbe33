"""Signed notifications by the Standard Webhooks scheme: HMAC-SHA256 over ``id.timestamp.body``.

The library signs. Its own ``verify`` reads the machine's clock and lets ``ValueError`` out of a malformed header, so
age and comparison stand here: the caller's ``now``, both sides of the tolerance, constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from c2b.payments.gateways.base import WebhookRejected

TOLERANCE = timedelta(seconds=300)
MAX_BODY_BYTES = 256 * 1024
_MAX_HEADER = 1000
_MAX_SIGNATURES = 8


def secrets_from(setting: str) -> tuple[bytes, ...]:
    """The active keys from ``C2B_SANDBOX_SECRET``: one, or "new,old" while a secret is being exchanged.

    Each is stretched to a key of its own purpose, so that the application's secret never signs two kinds of things.
    """
    words = [word.strip() for word in setting.split(",") if word.strip()]
    if not 1 <= len(words) <= 2:
        raise ValueError("give one webhook secret, or two while exchanging them")
    return tuple(hashlib.sha256(f"sandbox webhook\n{word}".encode()).digest() for word in words)


def sign(secret: bytes, *, event_id: str, body: str, now: datetime) -> dict[str, str]:
    """The headers of one delivery."""
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, now.astimezone(UTC), body),
    }


def verify(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The event id of a genuine, fresh delivery. Raises ``WebhookRejected`` otherwise."""
    if len(body) > MAX_BODY_BYTES:
        raise WebhookRejected("oversized")
    event_id, stamp, given = _headers(headers)
    sent_at = _fresh(stamp, now)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WebhookRejected("malformed") from error
    expected = [_digest(Webhook(secret).sign(event_id, sent_at, text)) for secret in secrets]
    # No early way out: the time taken must not tell which of the pairs came close.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not any(matches):
        raise WebhookRejected("bad_signature")
    return event_id


def _headers(headers: Mapping[str, str]) -> tuple[str, str, list[bytes]]:
    lower = {name.lower(): value for name, value in headers.items()}
    values = [lower.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature")]
    if not all(values) or any(len(value) > _MAX_HEADER for value in values):
        raise WebhookRejected("unsigned")
    event_id, stamp, signature = values
    given = [_digest(one) for one in signature.split()[:_MAX_SIGNATURES] if one.startswith("v1,")]
    return event_id, stamp, given


def _fresh(stamp: str, now: datetime) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise WebhookRejected("unsigned")
    sent_at = datetime.fromtimestamp(int(stamp), UTC)
    if sent_at < now - TOLERANCE:
        raise WebhookRejected("too_old")
    if sent_at > now + TOLERANCE:
        raise WebhookRejected("too_new")
    return sent_at


def _digest(versioned: str) -> bytes:
    """The bytes behind ``v1,<base64>``; empty, which equals no digest, when that is not base64."""
    try:
        return base64.b64decode(versioned.removeprefix("v1,"), validate=True)
    except ValueError:
        return b""
