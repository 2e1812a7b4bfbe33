"""What Alipay needs from the environment, and what is missing, in words for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

API = "https://openapi.alipay.com/gateway.do"

_NEEDED = {
    "C2B_ALIPAY_APP_ID": "the app_id of the application",
    "C2B_ALIPAY_SELLER_ID": "the account that receives the money (2088…)",
    "C2B_ALIPAY_KEY_FILE": "the path of the application's private key",
    "C2B_ALIPAY_PUBLIC_KEY_FILE": "the path of Alipay's public key (not the application's own)",
}
_DAYS = ("C2B_ALIPAY_REFUND_DAYS", "C2B_ALIPAY_HOLD_DAYS")


@dataclass(frozen=True, kw_only=True)
class AlipaySettings:
    """Keys as PEM, or as the bare base64 that Alipay's key tool writes.

    ``refund_days``, ``hold_days`` (0: no hold) and ``qr_product`` are terms of the merchant's contract.
    """

    app_id: str
    seller_id: str
    private_key: str
    alipay_key: str
    refund_days: int = 365
    hold_days: int = 0
    qr_product: str = "QR_CODE_OFFLINE"
    api: str = API


def load(env: Mapping[str, str]) -> AlipaySettings:
    """Read them; whoever asks has seen that ``problems`` is empty."""
    return AlipaySettings(
        app_id=env.get("C2B_ALIPAY_APP_ID", ""),
        seller_id=env.get("C2B_ALIPAY_SELLER_ID", ""),
        private_key=Path(env.get("C2B_ALIPAY_KEY_FILE", "")).read_text(),
        alipay_key=Path(env.get("C2B_ALIPAY_PUBLIC_KEY_FILE", "")).read_text(),
        refund_days=int(env.get("C2B_ALIPAY_REFUND_DAYS") or 365),
        hold_days=int(env.get("C2B_ALIPAY_HOLD_DAYS") or 0),
        qr_product=env.get("C2B_ALIPAY_QR_PRODUCT") or "QR_CODE_OFFLINE",
        api=env.get("C2B_ALIPAY_API") or API,
    )


def problems(env: Mapping[str, str]) -> list[str]:
    """What keeps Alipay from working; empty when all is well. Names variables, shows no secret."""
    found = [f"{name} is not set: {what}." for name, what in _NEEDED.items() if not env.get(name)]
    found += [
        f"{name} must be a whole number of days." for name in _DAYS if not (env.get(name) or "0").isdigit()
    ]
    files = [name for name in _NEEDED if name.endswith("_FILE") and env.get(name)]
    found += [f"{name}: cannot read {env[name]}." for name in files if not Path(env[name]).is_file()]
    return found or _unreadable(env)


def _unreadable(env: Mapping[str, str]) -> list[str]:
    from c2b.payments.gateways.alipay.signing import Signing

    try:
        Signing(load(env))
    except ValueError as error:
        return [f"Alipay's keys cannot be used: {error}."]
    return []
