"""Who pays inside WeChat: the member's openid at our appid, by WeChat's silent log-in (``snsapi_base``).

Source: developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html. WeChat leads back with a
``code`` that is good once and for five minutes; our secret changes it into the openid. ``state`` is ours, letters and
digits only, at most 128.
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.payments.gateways.base import GatewayRefused, GatewayUnavailable
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings
from c2b.payments.gateways.wechatpay.signing import MAX_BODY_BYTES
from c2b.payments.gateways.wire import exchange

log = logging.getLogger(__name__)

#: Of the code, not of us: expired, used, or never given. The member is led through WeChat once more.
CODE_ERRORS = frozenset({40029, 40163, 42003, 41008})
#: It says that it did nothing: busy, or too many calls.
BUSY = frozenset({-1, 45009, 45011})


def page_of(settings: WechatPaySettings, *, back: str, state: str) -> str:
    """Where the member's browser goes; ``back`` gets ``code`` and ``state``. The order of these words is WeChat's."""
    asked = urlencode(
        {
            "appid": settings.appid,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
    )
    return f"{settings.oauth_page}/connect/oauth2/authorize?{asked}#wechat_redirect"


async def openid(settings: WechatPaySettings, code: str, *, seconds: float) -> str:
    """Whose code it is.

    Raises ``GatewayRefused``: ``payer_code`` (expired, used, or made up), ``configuration``; ``GatewayUnavailable``.
    """
    asked = urlencode(
        {
            "appid": settings.appid,
            "secret": settings.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
    )
    answer = await exchange(
        "GET", f"{settings.oauth_api}/sns/oauth2/access_token?{asked}",
        headers={"Accept": "application/json", "User-Agent": "c2b"}, acts=False, seconds=seconds,
    )  # fmt: skip
    try:
        told = strict_loads(answer.body, max_bytes=MAX_BODY_BYTES, max_depth=4)
    except MalformedJson as error:
        raise GatewayUnavailable from error
    if answer.status != 200 or not isinstance(told, dict):
        raise GatewayUnavailable
    if wrong := told.get("errcode"):
        log.warning("WeChat does not say who pays: %s", wrong if isinstance(wrong, int) else "?")
        if wrong in BUSY:
            raise GatewayUnavailable
        raise GatewayRefused("payer_code" if wrong in CODE_ERRORS else "configuration")
    found = told.get("openid")
    if not isinstance(found, str) or not 1 <= len(found) <= 128:
        raise GatewayUnavailable
    return found


class Payers:
    """The part of the gateway that finds out who pays (``choosing.TellsPayers``)."""

    settings: WechatPaySettings
    seconds: float

    @property
    def tells_payers(self) -> bool:
        """Whether a page inside WeChat can find out who pays."""
        return bool(self.settings.app_secret)

    def payer_page(self, *, back: str, state: str) -> str:
        return page_of(self.settings, back=back, state=state)

    async def payer_of(self, code: str) -> str:
        return await openid(self.settings, code, seconds=self.seconds)
