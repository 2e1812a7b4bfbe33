"""What WeChat Pay needs from the environment, and what is missing, in words for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

API = "https://api.mch.weixin.qq.com"
OAUTH_PAGE = "https://open.weixin.qq.com"
OAUTH_API = "https://api.weixin.qq.com"

_NEEDED = {
    "C2B_WECHATPAY_MCHID": "the merchant number (mchid)",
    "C2B_WECHATPAY_APPID": "the appid bound to the merchant",
    "C2B_WECHATPAY_SERIAL": "the serial number of the merchant's API certificate",
    "C2B_WECHATPAY_KEY_FILE": "the path of the merchant's private key (apiclient_key.pem)",
    "C2B_WECHATPAY_APIV3_KEY": "the API v3 key of 32 characters",
    "C2B_WECHATPAY_PLATFORM_KEYS": "WeChat Pay's public keys: PUB_KEY_ID_…=/path/pub_key.pem, several by comma",
}


@dataclass(frozen=True, kw_only=True)
class WechatPaySettings:
    """``platform_keys``: what signs answers and notifications, by public key id or certificate serial number, as PEM
    of a public key or certificate; old and new stand side by side while WeChat Pay exchanges them.

    ``app_secret``: of the official account behind the appid, for paying inside WeChat; empty: by QR code only.
    ``refund_days`` and ``hold_days`` are terms of the merchant's contract (``gateway.capabilities_of``); 0: no hold.
    """

    mchid: str
    appid: str
    serial: str
    private_key: str
    api_v3_key: str
    platform_keys: Mapping[str, str]
    refund_days: int = 365
    hold_days: int = 0
    api: str = API
    app_secret: str = ""
    oauth_page: str = OAUTH_PAGE
    oauth_api: str = OAUTH_API


def load(env: Mapping[str, str]) -> WechatPaySettings:
    """Read them; whoever asks has seen that ``problems`` is empty."""
    return WechatPaySettings(
        mchid=env.get("C2B_WECHATPAY_MCHID", ""),
        appid=env.get("C2B_WECHATPAY_APPID", ""),
        serial=env.get("C2B_WECHATPAY_SERIAL", ""),
        private_key=Path(env.get("C2B_WECHATPAY_KEY_FILE", "")).read_text(),
        api_v3_key=env.get("C2B_WECHATPAY_APIV3_KEY", ""),
        platform_keys={name: Path(path).read_text() for name, path in _pairs(env).items()},
        refund_days=int(env.get("C2B_WECHATPAY_REFUND_DAYS") or 365),
        hold_days=int(env.get("C2B_WECHATPAY_HOLD_DAYS") or 0),
        api=(env.get("C2B_WECHATPAY_API") or API).rstrip("/"),
        app_secret=env.get("C2B_WECHATPAY_APP_SECRET", "").strip(),
        oauth_page=(env.get("C2B_WECHATPAY_OAUTH_PAGE") or OAUTH_PAGE).rstrip("/"),
        oauth_api=(env.get("C2B_WECHATPAY_OAUTH_API") or OAUTH_API).rstrip("/"),
    )


def problems(env: Mapping[str, str]) -> list[str]:
    """What keeps WeChat Pay from working; empty when all is well. Names variables, shows no secret."""
    found = [f"{name} is not set: {what}." for name, what in _NEEDED.items() if not env.get(name)]
    if find_spec("wechatpayv3") is None:
        found.append("The package wechatpayv3 is not installed: pip install 'c2b[wechatpay]'.")
    if found:
        return found
    if len(env["C2B_WECHATPAY_APIV3_KEY"].encode()) != 32:
        found.append("C2B_WECHATPAY_APIV3_KEY must have 32 characters.")
    for name in ("C2B_WECHATPAY_REFUND_DAYS", "C2B_WECHATPAY_HOLD_DAYS"):
        if not (env.get(name) or "0").isdigit():
            found.append(f"{name} must be a whole number of days.")
    files = {"C2B_WECHATPAY_KEY_FILE": [env["C2B_WECHATPAY_KEY_FILE"]]}
    files["C2B_WECHATPAY_PLATFORM_KEYS"] = list(_pairs(env).values())
    for name, paths in files.items():
        found += [
            f"{name}: cannot read {path or 'an empty path'}." for path in paths if not Path(path).is_file()
        ]
    return found or _unreadable(env)


def _unreadable(env: Mapping[str, str]) -> list[str]:
    from c2b.payments.gateways.wechatpay.signing import Signing

    try:
        Signing(load(env))
    except ValueError as error:
        return [f"WeChat Pay's keys cannot be used: {error}."]
    return []


def _pairs(env: Mapping[str, str]) -> dict[str, str]:
    """``ID=/path,ID=/path`` as a mapping."""
    words = [word.strip() for word in env.get("C2B_WECHATPAY_PLATFORM_KEYS", "").split(",") if word.strip()]
    return {name.strip(): path.strip() for name, _, path in (word.partition("=") for word in words)}
