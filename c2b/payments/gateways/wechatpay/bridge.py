"""Paying inside WeChat: what the page hands to WeixinJSBridge ("getBrandWCPayRequest")."""

from __future__ import annotations

import secrets

from c2b.kit import clock
from c2b.payments.gateways.wechatpay.signing import Signing


def bridge(signing: Signing, appid: str, prepay_id: str) -> dict[str, str]:
    """Five values and our signature over four of them (pay.weixin.qq.com/doc/v3/merchant/4012791857).

    The order behind ``prepay_id`` can be paid for two hours; asked again, the same order gives another.
    """
    stamp, nonce = str(int(clock.now().timestamp())), secrets.token_hex(16)
    package = f"prepay_id={prepay_id}"
    return {
        "appId": appid,
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signing.sign(appid, stamp, nonce, package),
    }
