"""WeChat's log-in for pages inside it: codes that are good once and for five minutes, changed into an openid."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from c2b.kit import clock
from tests.payments.gateways.counterparts.listening import Counterpart, Reply
from tests.payments.gateways.counterparts.wechatpay import APPID

APP_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI"
)


class WechatLogIn(Counterpart):
    """``codes``: whose each is, when it was given, whether it was used. ``answer`` replaces the next answer."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, dict[str, Any]] = {}
        self.answer: dict[str, Any] | None = None

    def lead_back(self, address: str, openid: str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o") -> str:
        """The member's WeChat opens the page and, silently, leads back: the path and query it opens then."""
        parts = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert address.startswith(f"{self.base}/connect/oauth2/authorize?")
        assert parts.fragment == "wechat_redirect"
        assert list(asked) == ["appid", "redirect_uri", "response_type", "scope", "state"]
        assert (asked["appid"], asked["response_type"], asked["scope"]) == (APPID, "code", "snsapi_base")
        assert asked["state"].isalnum() and len(asked["state"]) <= 128
        code = f"code{len(self.codes):028d}"
        self.codes[code] = {"openid": openid, "given_at": clock.now(), "used": False}
        target = urlsplit(asked["redirect_uri"])
        return f"{target.path}?{urlencode({'code': code, 'state': asked['state']})}"

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        told = self._exchange(asked) if parts.path == "/sns/oauth2/access_token" else {"errcode": 40066}
        return 200, {"Content-Type": "text/plain"}, json.dumps(told).encode()

    def _exchange(self, asked: dict[str, str]) -> dict[str, Any]:
        if self.answer is not None:
            told, self.answer = self.answer, None
            return told
        if (asked["appid"], asked["secret"]) != (APPID, APP_SECRET):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        known = self.codes.get(asked["code"])
        if known is None or asked["grant_type"] != "authorization_code":
            return {"errcode": 40029, "errmsg": "invalid code"}
        given_at: datetime = known["given_at"]
        if known["used"]:
            return {"errcode": 40163, "errmsg": "code been used"}
        if clock.now() > given_at + timedelta(minutes=5):
            return {"errcode": 42003, "errmsg": "code expired"}
        known["used"] = True
        return {"access_token": "A", "expires_in": 7200, "refresh_token": "R", "openid": known["openid"],
                "scope": "snsapi_base"}  # fmt: skip
