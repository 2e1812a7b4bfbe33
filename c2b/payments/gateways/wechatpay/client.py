"""Signed calls to the API v3, and what WeChat Pay's errors mean for us.

Error codes: pay.weixin.qq.com/doc/v3/merchant/4012070955 and the list below each API's document.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from c2b.kit import clock
from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.payments.gateways.base import GatewayRefused, GatewayUnavailable, WebhookRejected
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings
from c2b.payments.gateways.wechatpay.signing import MAX_BODY_BYTES, Signing
from c2b.payments.gateways.wire import Answer, exchange, lost

log = logging.getLogger(__name__)

#: WeChat Pay's codes in our words. What stands in none of these lists is refused under its own code in small letters.
REASONS = {
    "PARAM_ERROR": "malformed",
    "INVALID_REQUEST": "invalid_request",
    "OUT_TRADE_NO_USED": "key_reused",
    "ORDER_NOT_EXIST": "unknown_payment",
    "ORDERNOTEXIST": "unknown_payment",
    "RESOURCE_NOT_EXISTS": "unknown_payment",
    "ORDER_PAID": "already_paid",
    "ORDERPAID": "already_paid",
    "ORDER_CLOSED": "checkout_closed",
    "ORDERCLOSED": "checkout_closed",
    "NOT_ENOUGH": "insufficient_funds",
    "USER_ACCOUNT_ABNORMAL": "payer_account",
    "ACCOUNT_ERROR": "payer_account",
    "OPENID_MISMATCH": "payer",
    "NO_AUTH": "not_allowed",
    "RULE_LIMIT": "not_allowed",
    "TRADE_ERROR": "not_allowed",
    "MCH_NOT_EXISTS": "configuration",
    "APPID_MCHID_NOT_MATCH": "configuration",
}
#: It says that it did nothing and that asking again can help: too fast, or our key or clock is wrong.
NOTHING_DONE = frozenset({"FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "SIGN_ERROR"})


class WechatPayRefused(GatewayRefused):
    """A refusal with WeChat Pay's own ``code``."""

    def __init__(self, told: str) -> None:
        self.told = told
        super().__init__(REASONS.get(told, told.lower()))


class Client:
    """Calls of one merchant."""

    def __init__(self, settings: WechatPaySettings, signing: Signing, *, seconds: float = 15) -> None:
        self._settings, self._signing, self._seconds = settings, signing, seconds

    async def ask(self, path: str) -> dict[str, Any]:
        """GET: a question that changes nothing."""
        return self._believed(await self._send("GET", path, "", acts=False), acts=False)

    async def act(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST: something that may have been done when the answer is lost."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return self._believed(await self._send("POST", path, text, acts=True), acts=True)

    async def download(self, url: str) -> bytes:
        """A bill's file: the request is signed, the answer is not (4013071239), so its hash must be checked."""
        parts = urlsplit(url)
        allowed = urlsplit(self._settings.api)
        if parts.scheme != allowed.scheme or parts.hostname not in _hosts(allowed.hostname or ""):
            raise GatewayUnavailable  # our signature goes to WeChat Pay only
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {
            "Authorization": self._signing.authorization("GET", path, ""),
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        answer = await exchange("GET", url, headers=headers, acts=False, seconds=self._seconds * 4)
        if answer.status != 200:
            raise GatewayUnavailable
        return answer.body

    async def _send(self, method: str, path: str, body: str, *, acts: bool) -> Answer:
        headers = {
            "Authorization": self._signing.authorization(method, path, body),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "c2b",
            "Wechatpay-Serial": self._signing.newest,
        }
        url = self._settings.api + path
        return await exchange(
            method, url, headers=headers, content=body.encode(), acts=acts, seconds=self._seconds
        )

    def _believed(self, answer: Answer, *, acts: bool) -> dict[str, Any]:
        if answer.status not in (200, 202, 204):
            raise self._error(answer, acts=acts)
        try:
            self._signing.verify(answer.headers, answer.body, clock.now())
            told = strict_loads(answer.body, max_bytes=MAX_BODY_BYTES, max_depth=8) if answer.body else {}
        except (WebhookRejected, MalformedJson) as error:
            log.error("an answer of WeChat Pay cannot be believed: %s", getattr(error, "reason", error.code))
            raise lost(acts) from error
        if not isinstance(told, dict):
            raise lost(acts)
        return told

    def _error(self, answer: Answer, *, acts: bool) -> Exception:
        """Not signed reliably, so nothing but "no" is taken from it."""
        code = _code(answer.body)
        if code in NOTHING_DONE or answer.status == 429:
            log.error("WeChat Pay did nothing: %s", code or answer.status)
            return GatewayUnavailable()
        if code in REASONS or (code and 400 <= answer.status < 500):
            return WechatPayRefused(code)
        return lost(acts)  # SYSTEM_ERROR, BANK_ERROR, a proxy's page: "ask again with the same number"


def _code(body: bytes) -> str:
    try:
        told = strict_loads(body, max_bytes=MAX_BODY_BYTES, max_depth=8)
    except MalformedJson:
        return ""
    code = told.get("code") if isinstance(told, dict) else None
    return code[:64] if isinstance(code, str) else ""


def _hosts(host: str) -> set[str]:
    return {host, "api.wechatpay.cn", "api2.wechatpay.cn", "api2.mch.weixin.qq.com"}
