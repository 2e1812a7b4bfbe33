"""Reading a notification whose signature is right: opened, ours, and of the shape the documents give.

Payments: pay.weixin.qq.com/doc/v3/merchant/4012791882; refunds: 4012791886.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.payments.gateways.base import GatewayEvent, WebhookRejected
from c2b.payments.gateways.references import as_key
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings
from c2b.payments.gateways.wechatpay.signing import MAX_BODY_BYTES, Signing

_REFUNDS = {
    "REFUND.SUCCESS": "refund.succeeded",
    "REFUND.ABNORMAL": "refund.failed",
    "REFUND.CLOSED": "refund.failed",
}


def event_from(text: str, signing: Signing, settings: WechatPaySettings) -> GatewayEvent:
    """The event in a verified body. Raises ``WebhookRejected``."""
    try:
        notice = _loads(text.encode())
        secret = _loads(signing.decrypt(_mapping(notice["resource"])))
        _ours(secret, settings)
        if _text(notice["event_type"]).startswith("REFUND."):
            return _refund(notice, secret)
        return _payment(notice, secret)
    except (MalformedJson, KeyError, TypeError, ValueError) as error:
        raise WebhookRejected("malformed") from error


def _payment(notice: dict[str, Any], secret: dict[str, Any]) -> GatewayEvent:
    captured = notice["event_type"] == "TRANSACTION.SUCCESS" and secret["trade_state"] == "SUCCESS"
    amount = _mapping(secret["amount"])
    reference = _text(secret["out_trade_no"])
    return GatewayEvent(
        event_id=_text(notice["id"]),
        kind="payment.captured" if captured else "payment.processing",
        provider_ref=reference,
        payment_id=as_key(reference),
        amount_minor=whole(amount["total"]),
        currency=_text(amount.get("currency", "CNY")),
        occurred_at=instant(secret["success_time"] if captured else notice["create_time"]),
        refund_key=None,
    )


def _refund(notice: dict[str, Any], secret: dict[str, Any]) -> GatewayEvent:
    """It names no currency: an ordinary merchant's money is in CNY."""
    reference = _text(secret["out_trade_no"])
    kind = _REFUNDS.get(notice["event_type"], "refund.processing")
    if (kind == "refund.succeeded") != (secret["refund_status"] == "SUCCESS"):
        raise ValueError("the outside says otherwise than the inside")
    return GatewayEvent(
        event_id=_text(notice["id"]),
        kind=kind,
        provider_ref=reference,
        payment_id=as_key(reference),
        amount_minor=whole(_mapping(secret["amount"])["refund"]),
        currency="CNY",
        occurred_at=instant(secret.get("success_time") or notice["create_time"]),
        refund_key=as_key(_text(secret["out_refund_no"])),
    )


def _ours(secret: dict[str, Any], settings: WechatPaySettings) -> None:
    """A refund's notification carries no appid; whatever is named must be ours."""
    if secret["mchid"] != settings.mchid or secret.get("appid", settings.appid) != settings.appid:
        raise WebhookRejected("other_merchant")


def instant(text: object) -> datetime:
    """``2018-06-08T10:34:56+08:00`` (RFC 3339). Raises ``ValueError`` without a zone."""
    found = datetime.fromisoformat(_text(text))
    if found.tzinfo is None:
        raise ValueError("an instant without its zone")
    return found.astimezone(UTC)


def whole(value: object) -> int:
    """An amount in fen: a positive integer and nothing that looks like one."""
    if type(value) is not int or value <= 0:
        raise ValueError("not an amount")
    return value


def _loads(data: bytes) -> dict[str, Any]:
    return dict(_mapping(strict_loads(data, max_bytes=MAX_BODY_BYTES, max_depth=8)))


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 128:
        raise ValueError("not a short text")
    return value
