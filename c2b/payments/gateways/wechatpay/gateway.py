"""WeChat Pay, API v3, behind our own interface.

Our numbers are the provider's: ``out_trade_no`` is our payment's id and ``out_refund_no`` our refund's key in its
alphabet, so what is asked twice is one payment and one refund however late ("同一商户订单号/退款单号").
Money is CNY in whole fen. Sources are WeChat Pay's merchant documents (pay.weixin.qq.com/doc/v3/merchant/<number>):
Native 4012791877, JSAPI 4012791856, query 4012791879, close 4012791881, refund 4012791883, refund query 4012791884.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from c2b.config import Settings
from c2b.kit import clock
from c2b.payments.gateways.asked import Asked, asked_keys
from c2b.payments.gateways.base import (
    Capabilities,
    DayRecord,
    GatewayEvent,
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
    NotConfigured,
    PaymentStatus,
    ProviderPayment,
    ProviderRefund,
    RefundStatus,
    Started,
    WebhookAnswer,
)
from c2b.payments.gateways.beijing import BEIJING
from c2b.payments.gateways.references import as_key, as_reference
from c2b.payments.gateways.wechatpay import bills, notices
from c2b.payments.gateways.wechatpay.bridge import bridge
from c2b.payments.gateways.wechatpay.client import Client, WechatPayRefused
from c2b.payments.gateways.wechatpay.oauth import Payers
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings, load, problems
from c2b.payments.gateways.wechatpay.signing import Signing

#: A notification is repeated 15 times within 24 hours and 4 minutes (4012791882).
NOTIFIES_FOR = timedelta(hours=24, minutes=4)

PAYMENTS: dict[str, PaymentStatus] = {
    "SUCCESS": "captured",
    "REFUND": "captured",  # some or all of it went back
    "NOTPAY": "created",
    "USERPAYING": "created",
    "CLOSED": "expired",
    "REVOKED": "failed",
    "PAYERROR": "failed",
}
REFUNDS: dict[str, RefundStatus] = {
    "SUCCESS": "succeeded",
    "PROCESSING": "pending",
    "CLOSED": "failed",
    "ABNORMAL": "failed",  # the payer's account takes nothing: by hand, on the merchant platform or by bank
}


def capabilities_of(settings: WechatPaySettings) -> Capabilities:
    """WeChat Pay's terms.

    Refunds within one year of the payment (4012791883). Money that must be split later is released after 30 days for
    ordinary merchants and 180 days at the e-commerce collection service (domain handbook 4.5): a term of the contract,
    ``C2B_WECHATPAY_HOLD_DAYS``; without splitting there is no limit. A used number stays used as long as the order
    lives, so a key never comes to act anew within the time that refunds are possible.
    """
    return Capabilities(
        currencies=frozenset({"CNY"}),
        refund_window=timedelta(days=settings.refund_days),
        key_lifetime=timedelta(days=settings.refund_days),
        notifies_for=NOTIFIES_FOR,
        partial_refunds=True,
        max_key_length=64,
        hold_window=timedelta(days=settings.hold_days) if settings.hold_days else None,
        reports=True,
        methods=("qr", "jsapi"),
    )


class WechatPayGateway(Payers):
    """One merchant at WeChat Pay. ``asked`` tells which refunds we have ever asked for (``gateways.asked``)."""

    name = "wechatpay"

    def __init__(
        self, settings: WechatPaySettings, *, base_url: str, asked: Asked = asked_keys, seconds: float = 15
    ) -> None:
        self.settings = settings
        self.capabilities = capabilities_of(settings)
        self._notify_url = f"{base_url.rstrip('/')}/webhooks/{self.name}"
        self._asked = asked
        self._signing = Signing(settings)
        self._client = Client(settings, self._signing, seconds=seconds)
        self.seconds = seconds

    @classmethod
    def from_settings(cls, settings: Settings) -> WechatPayGateway:
        """The merchant of this installation. Raises ``NotConfigured``."""
        if missing := problems(os.environ):
            raise NotConfigured(" ".join(missing))
        return cls(load(os.environ), base_url=settings.base_url)

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
        payer: str = "",
    ) -> Started:
        """See ``Gateway.start``: ``qr`` gives ``qr_text``; ``jsapi`` needs ``payer``, the openid of who pays in our
        app, and gives ``client`` for ``WeixinJSBridge`` ("getBrandWCPayRequest")."""
        if holds:
            raise GatewayRefused("holds")
        _check(amount_minor, currency)
        if method not in ("", *self.capabilities.methods) or (method == "jsapi" and not payer):
            raise GatewayRefused("method" if method != "jsapi" else "payer")
        reference = as_reference(payment_id, least=6, most=32, what="payment_id")
        order: dict[str, Any] = {
            "appid": self.settings.appid,
            "mchid": self.settings.mchid,
            "description": _cut(description, 127),
            "out_trade_no": reference,
            "time_expire": expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "notify_url": notify_url,
            "amount": {"total": amount_minor, "currency": currency},
        }
        if method == "jsapi":
            told = await self._client.act("/v3/pay/transactions/jsapi", order | {"payer": {"openid": payer}})
            return Started(
                provider_ref=reference,
                redirect_url="",
                client=bridge(self._signing, self.settings.appid, _given(told, "prepay_id")),
            )
        told = await self._client.act("/v3/pay/transactions/native", order)
        return Started(provider_ref=reference, redirect_url="", qr_text=_given(told, "code_url"))

    async def read(self, provider_ref: str) -> ProviderPayment:
        """See ``Gateway.read``. Raises ``GatewayUnavailable`` where the answer is about something else."""
        told = await self._order(provider_ref)
        try:
            status = PAYMENTS[told["trade_state"]]
            amount = told.get("amount") or {}
            paid = status == "captured"
            return ProviderPayment(
                provider_ref=provider_ref,
                payment_id=as_key(provider_ref),
                status=status,
                amount_minor=notices.whole(amount["total"]) if paid else int(amount.get("total") or 0),
                currency=amount.get("currency") or "CNY",
                captured_at=notices.instant(told["success_time"]) if paid else None,
                refunded_minor=await self._refunded(provider_ref) if told["trade_state"] == "REFUND" else 0,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise GatewayUnavailable from error

    async def close(self, provider_ref: str) -> None:
        """Let nobody pay this order any more; closing twice is no error, a paid one is refused (``already_paid``)."""
        path = f"/v3/pay/transactions/out-trade-no/{quote(provider_ref, safe='')}/close"
        try:
            await self._client.act(path, {"mchid": self.settings.mchid})
        except GatewayRefused as error:
            if error.reason != "checkout_closed":
                raise

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
        """See ``Gateway.refund``. The order is read first: WeChat Pay wants its total beside the refund's amount."""
        _check(amount_minor, currency)
        number = as_reference(key, most=64)
        payment = await self.read(provider_ref)
        if payment.status != "captured":
            raise GatewayRefused("not_captured")
        asked = {
            "out_trade_no": provider_ref,
            "out_refund_no": number,
            "reason": _cut(reason, 80),
            "notify_url": self._notify_url,
            "amount": {"refund": amount_minor, "total": payment.amount_minor, "currency": currency},
        }
        try:
            done = self._refund(await self._client.act("/v3/refund/domestic/refunds", asked), provider_ref)
        except WechatPayRefused as error:
            if error.reason == "invalid_request":
                raise GatewayRefused(await self._why(payment, number, amount_minor)) from error
            raise
        if done is None or done.key != key:
            raise GatewayTimeout
        if done.amount_minor != amount_minor:
            raise GatewayRefused("key_reused")
        return done

    async def refunds(self, provider_ref: str) -> list[ProviderRefund]:
        """See ``Gateway.refunds``: WeChat Pay answers by the number of a refund, so each we ever asked for is asked
        about, in the order we asked."""
        keys = await self._asked(as_key(provider_ref))
        found = [await self._known(as_reference(key, most=64), provider_ref) for key in keys]
        made = [refund for refund in found if refund]
        if not made:
            await self._order(provider_ref)  # nothing of an unknown payment is another answer than nothing
        return made

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> GatewayEvent:
        """See ``Gateway.parse_webhook``."""
        return notices.event_from(self._signing.verify(headers, body, now), self._signing, self.settings)

    def webhook_answer(self, accepted: bool) -> WebhookAnswer:
        """200 or 204 without a word is "received"; 4xx or 5xx with ``FAIL`` has it told again (4012791882)."""
        if accepted:
            return WebhookAnswer(status=204, body=b"")
        return WebhookAnswer(status=400, body=b'{"code":"FAIL","message":"not accepted"}')

    async def day(self, day: date) -> DayRecord:
        """See ``Reports.day``: the trade bills of the two Beijing days that the UTC day touches."""
        return await bills.day(self._client, day, self.settings, now=clock.now())

    # ------------------------------------------------------------------ below the line

    async def _order(self, provider_ref: str) -> dict[str, Any]:
        path = f"/v3/pay/transactions/out-trade-no/{quote(provider_ref, safe='')}?mchid={self.settings.mchid}"
        told = await self._client.ask(path)
        ours = {"out_trade_no": provider_ref, "mchid": self.settings.mchid, "appid": self.settings.appid}
        if any(told.get(name) != value for name, value in ours.items()):
            raise GatewayUnavailable
        return told

    async def _known(self, number: str, provider_ref: str) -> ProviderRefund | None:
        return (await self._told(number, provider_ref))[0]

    async def _told(self, number: str, provider_ref: str) -> tuple[ProviderRefund | None, str]:
        """The refund of that number, if there is one, and its status in WeChat Pay's own word."""
        try:
            told = await self._client.ask(f"/v3/refund/domestic/refunds/{quote(number, safe='')}")
        except GatewayRefused as error:
            if error.reason == "unknown_payment":
                return None, ""
            raise
        if (refund := self._refund(told, provider_ref)) is None or told["out_refund_no"] != number:
            raise GatewayUnavailable
        return refund, told["status"]

    def _refund(self, told: dict[str, Any], provider_ref: str) -> ProviderRefund | None:
        """The refund in an answer; ``None`` when the answer is about something else."""
        try:
            if told["out_trade_no"] != provider_ref:
                return None
            return ProviderRefund(
                refund_ref=str(told["refund_id"]),
                key=as_key(told["out_refund_no"]),
                amount_minor=notices.whole(told["amount"]["refund"]),
                status=REFUNDS[told["status"]],
            )
        except (KeyError, TypeError, ValueError):
            return None

    async def _refunded(self, provider_ref: str) -> int:
        """What has left the order: an abnormal refund lies with WeChat Pay and cannot be asked for a second time."""
        keys = await self._asked(as_key(provider_ref))
        found = [await self._told(as_reference(key, most=64), provider_ref) for key in keys]
        return sum(refund.amount_minor for refund, status in found if refund and status != "CLOSED")

    async def _why(self, payment: ProviderPayment, number: str, amount_minor: int) -> str:
        """INVALID_REQUEST says why in prose only; what can be seen from outside says it in a code."""
        known = await self._known(number, payment.provider_ref)
        if known and known.amount_minor != amount_minor:
            return "key_reused"
        assert payment.captured_at
        if clock.now() > payment.captured_at + self.capabilities.refund_window:
            return "refund_window_over"
        if payment.refunded_minor + amount_minor > payment.amount_minor:
            return "over_refund"
        return "invalid_request"


def _check(amount_minor: object, currency: str) -> None:
    if type(amount_minor) is not int or amount_minor <= 0:
        raise GatewayRefused("amount")
    if currency != "CNY":
        raise GatewayRefused("currency")


def _given(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise GatewayTimeout
    return value


def _cut(text: str, most_bytes: int) -> str:
    """As much of a text as fits into that many bytes, without half a character."""
    return text.encode()[:most_bytes].decode(errors="ignore")
