"""Signed calls to the open platform, and what Alipay's errors mean for us.

Gateway codes: opendocs.alipay.com/common/02km9f; business codes stand below each API's document.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from c2b.kit import clock
from c2b.payments.gateways.alipay.settings import AlipaySettings
from c2b.payments.gateways.alipay.signing import Signing
from c2b.payments.gateways.base import GatewayRefused, GatewayUnavailable
from c2b.payments.gateways.beijing import written
from c2b.payments.gateways.wire import exchange, lost

log = logging.getLogger(__name__)

DONE = "10000"
#: Alipay's codes in our words. What does not stand here is refused under its own code in small letters.
REASONS = {
    "ACQ.TRADE_NOT_EXIST": "unknown_payment",
    "ACQ.TRADE_HAS_SUCCESS": "already_paid",
    "ACQ.TRADE_HAS_CLOSE": "checkout_closed",
    "ACQ.TRADE_HAS_FINISHED": "refund_window_over",
    "ACQ.TRADE_STATUS_ERROR": "trade_status",
    "ACQ.TRADE_NOT_ALLOW_REFUND": "not_allowed",
    "ACQ.REASON_TRADE_BEEN_FREEZEN": "frozen",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "over_refund",
    "ACQ.REFUND_FEE_ERROR": "amount",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "key_reused",
    "ACQ.CONTEXT_INCONSISTENT": "key_reused",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "insufficient_funds",
    "ACQ.BUYER_ERROR": "payer_account",
    "ACQ.BUYER_NOT_EXIST": "payer_account",
    "ACQ.USER_NOT_MATCH_ERR": "payer_account",
    "ACQ.INVALID_PARAMETER": "malformed",
    "ACQ.ACCESS_FORBIDDEN": "not_allowed",
}
#: Neither yes nor no: "ask for the result, or again with the same number".
_UNKNOWN = frozenset({"ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "AOP.ACQ.SYSTEM_ERROR"})
#: Our key, clock, rights or pace: nothing was done, and people must look.
_CONFIGURATION = frozenset({"20001", "40001", "40002", "40003", "40006", "40005"})


class AlipayRefused(GatewayRefused):
    """A refusal with Alipay's own ``sub_code``."""

    def __init__(self, told: str) -> None:
        self.told = told
        super().__init__(REASONS.get(told, told.lower().removeprefix("acq.")))


class Client:
    """Calls of one application."""

    def __init__(self, settings: AlipaySettings, signing: Signing, *, seconds: float = 15) -> None:
        self._settings, self._signing, self._seconds = settings, signing, seconds

    def address(self, method: str, business: Mapping[str, Any], **more: str) -> str:
        """Where a browser goes to have something done: the request as an address, signed."""
        return f"{self._settings.api}?{urlencode(self._parameters(method, business, more))}"

    async def call(
        self, method: str, business: Mapping[str, Any], *, acts: bool, **more: str
    ) -> dict[str, Any]:
        """Have something done (``acts``) or answered."""
        body = urlencode(self._parameters(method, business, more)).encode()
        answer = await exchange(
            "POST",
            f"{self._settings.api}?charset=utf-8",
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"},
            content=body,
            acts=acts,
            seconds=self._seconds,
        )
        told = self._believed(method, answer.body) if answer.status == 200 else None
        if told is None:
            raise lost(acts)
        if told.get("code") != DONE:
            raise _error(told, acts=acts)
        return told

    async def download(self, url: str) -> bytes:
        """A bill's file, from the address in a signed answer, which is good for 30 seconds."""
        if urlsplit(url).scheme != urlsplit(self._settings.api).scheme:
            raise GatewayUnavailable
        answer = await exchange("GET", url, headers={}, acts=False, seconds=self._seconds * 4)
        if answer.status != 200:
            raise GatewayUnavailable
        return answer.body

    def _parameters(
        self, method: str, business: Mapping[str, Any], more: Mapping[str, str]
    ) -> dict[str, str]:
        parameters = {
            "app_id": self._settings.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": written(clock.now()),
            "version": "1.0",
            "biz_content": json.dumps(business, ensure_ascii=False, separators=(",", ":")),
            **more,
        }
        return parameters | {"sign": self._signing.sign(parameters)}

    def _believed(self, method: str, body: bytes) -> dict[str, Any] | None:
        """The answer if Alipay signed it, down to the byte; ``None`` otherwise."""
        try:
            text = body.decode()
            outer = json.loads(text)
            name = f"{method.replace('.', '_')}_response"
            signed = _as_written(text, name)
            if not self._signing.is_theirs(signed.encode(), str(outer["sign"])):
                raise ValueError("the signature is not Alipay's")
            told = json.loads(signed, parse_float=str)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            log.error("an answer of Alipay cannot be believed: %s", str(error)[:80])
            return None
        return told if isinstance(told, dict) else None


def _as_written(text: str, name: str) -> str:
    """The value of one name at the outermost level, exactly as it stands in the text."""
    mark = f'"{name}":'
    start = text.index(mark) + len(mark)
    while text[start] in " \n\r\t":
        start += 1
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


def _error(told: Mapping[str, Any], *, acts: bool) -> Exception:
    code, sub_code = str(told.get("code", "")), str(told.get("sub_code", ""))[:64]
    if code in _CONFIGURATION:
        log.error("Alipay did nothing: %s %s", code, sub_code)
        return GatewayUnavailable()
    if code == "40004" and sub_code.upper() not in _UNKNOWN:
        return AlipayRefused(sub_code)
    return lost(acts)  # 20000: "service unavailable", whether before or after it acted
