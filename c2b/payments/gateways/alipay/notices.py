"""Reading Alipay's asynchronous notifications: signed forms, ours, and of the shape the documents give.

Sources: opendocs.alipay.com/open/270/105902 (what to check: signature, out_trade_no, total_amount, seller_id, app_id),
open/203/105286 (trade states), common/02mse7 (the signature leaves out ``sign`` and ``sign_type``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from c2b.payments.gateways.alipay.settings import AlipaySettings
from c2b.payments.gateways.alipay.signing import Signing, content
from c2b.payments.gateways.base import GatewayEvent, WebhookRejected
from c2b.payments.gateways.beijing import instant
from c2b.payments.gateways.references import as_key
from c2b.payments.gateways.yuan import fen

MAX_BODY_BYTES = 64 * 1024
#: A notification is told again after 4 m, 10 m, 10 m, 1 h, 2 h, 6 h and 15 h: within 25 hours (open/270/105902).
NOTIFIES_FOR = timedelta(hours=25)
#: ``notify_time`` may be of the first of these attempts, so only what is older than all of them is refused.
OLDEST = NOTIFIES_FOR + timedelta(hours=1)
NEWEST = timedelta(minutes=5)
_NOT_SIGNED = frozenset({"sign", "sign_type"})

_PAYMENTS = {
    "TRADE_SUCCESS": "payment.captured",
    "TRADE_FINISHED": "payment.captured",  # and can no longer be refunded
    "TRADE_CLOSED": "payment.expired",
    "WAIT_BUYER_PAY": "payment.processing",
}


def event_from(body: bytes, signing: Signing, settings: AlipaySettings, now: datetime) -> GatewayEvent:
    """The event in a genuine notification. Raises ``WebhookRejected``."""
    said = _form(body)
    if said.get("sign_type") != "RSA2" or not said.get("sign"):
        raise WebhookRejected("unsigned")
    if not signing.is_theirs(content(said, without=_NOT_SIGNED), said["sign"]):
        raise WebhookRejected("bad_signature")
    if said.get("app_id") != settings.app_id or said.get("seller_id") != settings.seller_id:
        raise WebhookRejected("other_merchant")
    try:
        _fresh(instant(said["notify_time"]), now)
        return _refund(said) if said.get("refund_fee") and said.get("gmt_refund") else _payment(said)
    except (KeyError, ValueError) as error:
        raise WebhookRejected("malformed") from error


def _payment(said: Mapping[str, str]) -> GatewayEvent:
    kind = _PAYMENTS.get(said["trade_status"], "payment.processing")
    return _event(said, kind, amount_minor=fen(said["total_amount"]), refund_key=None)


def _refund(said: Mapping[str, str]) -> GatewayEvent:
    """``refund_fee`` is the sum of all refunds so far: with the first it is this refund's amount; a later one then says
    more than our row, is not booked from here, and is booked when we ask. ``out_biz_no`` is our number; a refund that
    was made elsewhere has none of ours."""
    try:
        key, kind = as_key(said["out_biz_no"]), "refund.succeeded"
    except (KeyError, ValueError):
        key, kind = None, "refund.elsewhere"
    return _event(said, kind, amount_minor=fen(said["refund_fee"]), refund_key=key)


def _event(said: Mapping[str, str], kind: str, *, amount_minor: int, refund_key: str | None) -> GatewayEvent:
    if amount_minor <= 0:
        raise ValueError("not an amount")
    reference = _short(said["out_trade_no"])
    happened = said.get("gmt_refund") or said.get("gmt_payment") or said["notify_time"]
    return GatewayEvent(
        event_id=f"{_short(said['notify_id'])}:{kind.partition('.')[2]}",
        kind=kind,
        provider_ref=reference,
        payment_id=as_key(reference),
        amount_minor=amount_minor,
        currency=said.get("trans_currency") or "CNY",
        occurred_at=instant(happened.partition(".")[0]),
        refund_key=refund_key,
    )


def _form(body: bytes) -> dict[str, str]:
    if len(body) > MAX_BODY_BYTES:
        raise WebhookRejected("oversized")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=100,
        )
    except ValueError as error:
        raise WebhookRejected("malformed") from error
    said = dict(pairs)
    if len(said) != len(pairs) or said.get("charset", "utf-8").lower() != "utf-8":
        raise WebhookRejected("malformed")
    return said


def _fresh(sent_at: datetime, now: datetime) -> None:
    if sent_at < now - OLDEST:
        raise WebhookRejected("too_old")
    if sent_at > now + NEWEST:
        raise WebhookRejected("too_new")


def _short(value: str) -> str:
    if not 0 < len(value) <= 128 or not value.isprintable():
        raise ValueError("not a short text")
    return value
