"""Reading a notification whose signature is right: strict about its shape all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.payments.gateways.base import GatewayEvent, WebhookRejected
from c2b.payments.gateways.sandbox.signing import MAX_BODY_BYTES


def event_from(event_id: str, body: bytes) -> GatewayEvent:
    """The event in a verified body. Raises ``WebhookRejected("malformed")``."""
    try:
        notice = strict_loads(body, max_bytes=MAX_BODY_BYTES, max_depth=8)
        event = _event(notice)
    except (MalformedJson, KeyError, TypeError, ValueError) as error:
        raise WebhookRejected("malformed") from error
    if event.event_id != event_id:  # two ids would give one event two lives in an inbox
        raise WebhookRejected("malformed")
    return event


def _event(notice: dict[str, Any]) -> GatewayEvent:
    data = notice["data"]
    return GatewayEvent(
        event_id=_text(notice["id"]),
        kind=_text(notice["type"]),
        provider_ref=_text(data["provider_ref"]),
        payment_id=_text(data["payment_id"]),
        amount_minor=_whole(data["amount_minor"]),
        currency=_text(data["currency"]),
        occurred_at=datetime.fromisoformat(notice["occurred_at"]).astimezone(UTC),
        refund_key=None if data["refund_key"] is None else _text(data["refund_key"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise ValueError("not a short text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError("not an integer")
    return value
