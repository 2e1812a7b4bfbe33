"""Alipay behind our own interface.

Our numbers are the provider's: ``out_trade_no`` is our payment's id and ``out_request_no`` our refund's key in letters,
digits and underscores; a refund asked again under its number is one refund. Money is CNY, yuan as text on the wire.
Sources (opendocs.alipay.com): page pay open/028r8t, QR pay open/02ekfg, query open/028woa, close open/028wob,
refund open/028sm9, refund query open/028sma.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from c2b.config import Settings
from c2b.kit import clock
from c2b.payments.gateways.alipay import bills, notices
from c2b.payments.gateways.alipay.client import AlipayRefused, Client
from c2b.payments.gateways.alipay.settings import AlipaySettings, load, problems
from c2b.payments.gateways.alipay.signing import Signing
from c2b.payments.gateways.asked import Asked, asked_keys
from c2b.payments.gateways.base import (
    MAX_AMOUNT_MINOR,
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
    Started,
    WebhookAnswer,
)
from c2b.payments.gateways.beijing import instant, written
from c2b.payments.gateways.references import as_key, as_reference
from c2b.payments.gateways.yuan import fen, yuan

#: "1m~15d": how long an order can be paid (``time_expire``).
LONGEST = timedelta(days=15)


def capabilities_of(settings: AlipaySettings) -> Capabilities:
    """Alipay's terms.

    Refunds for 12 months after the payment unless the contract says otherwise, ``C2B_ALIPAY_REFUND_DAYS``; money that
    must be split later (直付通) is frozen for 30 days unless agreed longer, ``C2B_ALIPAY_HOLD_DAYS``; without splitting
    there is no limit (domain handbook 4.5). A refund's number stays used as long as its trade can be refunded.
    """
    return Capabilities(
        currencies=frozenset({"CNY"}),
        refund_window=timedelta(days=settings.refund_days),
        key_lifetime=timedelta(days=settings.refund_days),
        notifies_for=notices.NOTIFIES_FOR,
        partial_refunds=True,
        max_key_length=64,
        hold_window=timedelta(days=settings.hold_days) if settings.hold_days else None,
        reports=True,
        methods=("page", "qr"),
    )


class AlipayGateway:
    """One application at Alipay. ``asked`` tells which refunds we have ever asked for (``gateways.asked``)."""

    name = "alipay"

    def __init__(self, settings: AlipaySettings, *, asked: Asked = asked_keys, seconds: float = 15) -> None:
        self.settings = settings
        self.capabilities = capabilities_of(settings)
        self._asked = asked
        self._signing = Signing(settings)
        self._client = Client(settings, self._signing, seconds=seconds)

    @classmethod
    def from_settings(cls, settings: Settings) -> AlipayGateway:
        """The application of this installation. Raises ``NotConfigured``."""
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
        """See ``Gateway.start``. A page needs no call: Alipay learns of the order when the member arrives there."""
        if holds:
            raise GatewayRefused("holds")
        _check(amount_minor, currency)
        if method not in ("", *self.capabilities.methods):
            raise GatewayRefused("method")
        reference = as_reference(payment_id, most=64, what="payment_id")
        order = {
            "out_trade_no": reference,
            "total_amount": yuan(amount_minor),
            "subject": _title(description),
            "time_expire": written(min(expires_at, clock.now() + LONGEST)),
        }
        if method != "qr":
            order["product_code"] = "FAST_INSTANT_TRADE_PAY"
            page = self._client.address(
                "alipay.trade.page.pay", order, notify_url=notify_url, return_url=return_url
            )
            return Started(provider_ref=reference, redirect_url=page)
        order["product_code"] = self.settings.qr_product
        told = await self._client.call("alipay.trade.precreate", order, acts=True, notify_url=notify_url)
        if told.get("out_trade_no") != reference or not told.get("qr_code"):
            raise GatewayTimeout
        return Started(provider_ref=reference, redirect_url="", qr_text=str(told["qr_code"]))

    async def read(self, provider_ref: str) -> ProviderPayment:
        """See ``Gateway.read``. Until the member has come to Alipay, it does not know the payment and says so."""
        told = await self._trade(provider_ref)
        try:
            refunded = await self._refunded(provider_ref) if told["trade_status"] in _PAID | _CLOSED else 0
            status = _status(told, refunded)
            return ProviderPayment(
                provider_ref=provider_ref,
                payment_id=as_key(provider_ref),
                status=status,
                amount_minor=fen(told["total_amount"]),
                currency=told.get("trans_currency") or "CNY",
                captured_at=instant(told["send_pay_date"]) if status == "captured" else None,
                refunded_minor=refunded,
            )
        except (KeyError, ValueError) as error:
            raise GatewayUnavailable from error

    async def close(self, provider_ref: str) -> None:
        """Let nobody pay this order any more; closing twice is no error.

        Raises ``GatewayRefused``: ``already_paid``, or ``unknown_payment`` while nobody has come to pay it yet.
        """
        try:
            await self._client.call("alipay.trade.close", {"out_trade_no": provider_ref}, acts=True)
        except AlipayRefused as error:
            if error.reason == "checkout_closed":
                return
            if error.reason != "trade_status":
                raise
            if (await self.read(provider_ref)).status != "expired":
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
        """See ``Gateway.refund``. ``fund_change`` Y: the money has moved now; N: ask whether it had before."""
        _check(amount_minor, currency)
        number = as_reference(key, most=64)
        asked = {
            "out_trade_no": provider_ref,
            "refund_amount": yuan(amount_minor),
            "out_request_no": number,
            "refund_reason": reason[:128],
        }
        try:
            told = await self._client.call("alipay.trade.refund", asked, acts=True)
        except AlipayRefused as error:
            if error.reason == "trade_status":
                raise GatewayRefused("not_captured") from error
            raise
        if told.get("out_trade_no") != provider_ref:
            raise GatewayTimeout
        if told.get("fund_change") == "Y":
            return ProviderRefund(refund_ref=number, key=key, amount_minor=amount_minor, status="succeeded")
        known = await self._known(number, provider_ref)
        if known and known.amount_minor != amount_minor:
            raise GatewayRefused("key_reused")
        return known or ProviderRefund(
            refund_ref=number, key=key, amount_minor=amount_minor, status="pending"
        )

    async def refunds(self, provider_ref: str) -> list[ProviderRefund]:
        """See ``Gateway.refunds``: Alipay answers by the number of a refund, so each we ever asked for is asked about,
        in the order we asked."""
        made = await self._made(provider_ref)
        if not made:
            await self._trade(provider_ref)  # nothing of an unknown payment is another answer than nothing
        return made

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> GatewayEvent:
        """See ``Gateway.parse_webhook``."""
        return notices.event_from(body, self._signing, self.settings, now)

    def webhook_answer(self, accepted: bool) -> WebhookAnswer:
        """The seven letters ``success`` and nothing else; anything else has it told again (open/270/105902)."""
        if accepted:
            return WebhookAnswer(body=b"success", media_type="text/plain")
        return WebhookAnswer(status=400, body=b"failure", media_type="text/plain")

    async def day(self, day: date) -> DayRecord:
        """See ``Reports.day``: the bills of the two Beijing days that the UTC day touches."""
        return await bills.day(self._client, day, self.settings, now=clock.now())

    # ------------------------------------------------------------------ below the line

    async def _trade(self, provider_ref: str) -> dict[str, Any]:
        told = await self._client.call("alipay.trade.query", {"out_trade_no": provider_ref}, acts=False)
        if told.get("out_trade_no") != provider_ref:
            raise GatewayUnavailable
        return told

    async def _known(self, number: str, provider_ref: str) -> ProviderRefund | None:
        """Only ``REFUND_SUCCESS`` is a refund; anything else "has not been carried out" and may be asked again."""
        asked = {"out_trade_no": provider_ref, "out_request_no": number}
        try:
            told = await self._client.call("alipay.trade.fastpay.refund.query", asked, acts=False)
        except GatewayRefused as error:
            if error.reason in ("unknown_payment", "refund_not_exist"):
                return None
            raise
        if told.get("refund_status") != "REFUND_SUCCESS":
            return None
        if told.get("out_request_no") != number or told.get("out_trade_no") != provider_ref:
            raise GatewayUnavailable
        try:
            amount = fen(told["refund_amount"])
        except (KeyError, ValueError) as error:
            raise GatewayUnavailable from error
        return ProviderRefund(refund_ref=number, key=as_key(number), amount_minor=amount, status="succeeded")

    async def _made(self, provider_ref: str) -> list[ProviderRefund]:
        keys = await self._asked(as_key(provider_ref))
        found = [await self._known(as_reference(key, most=64), provider_ref) for key in keys]
        return [refund for refund in found if refund]

    async def _refunded(self, provider_ref: str) -> int:
        return sum(refund.amount_minor for refund in await self._made(provider_ref))


_PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
_CLOSED = frozenset({"TRADE_CLOSED"})


def _status(told: Mapping[str, Any], refunded_minor: int) -> PaymentStatus:
    """``TRADE_CLOSED`` is both: never paid in time, or paid and given back in full (open/203/105286)."""
    state = told["trade_status"]
    if state in _PAID or (state in _CLOSED and (refunded_minor or told.get("send_pay_date"))):
        return "captured"
    return "expired" if state in _CLOSED else "created"


def _check(amount_minor: object, currency: str) -> None:
    if type(amount_minor) is not int or not 0 < amount_minor <= MAX_AMOUNT_MINOR:
        raise GatewayRefused("amount")
    if currency != "CNY":
        raise GatewayRefused("currency")


def _title(description: str) -> str:
    """ "不可使用特殊字符，如 /，=，& 等": they become spaces; at most 256 characters."""
    return description.translate({ord(char): " " for char in "/=&"})[:256]
