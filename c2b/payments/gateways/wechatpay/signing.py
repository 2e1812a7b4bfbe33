"""Who says what: our signature on requests, WeChat Pay's on answers and notifications, and their secret part.

The kept SDK (wechatpayv3) does the cryptography. Its own check of a notification takes any age, raises where a header
is missing and fetches certificates on the way, so headers, age and the choice of the key stand here.
Sources: pay.weixin.qq.com/doc/v3/merchant/4012365336 (requests), 4013053249 (answers), 4012071382 (notifications).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from c2b.payments.gateways.base import WebhookRejected
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings

#: "检查时间戳与当前时间的偏差是否超过5分钟": the document's own number, and in both directions.
TOLERANCE = timedelta(minutes=5)
MAX_BODY_BYTES = 64 * 1024
SCHEME = "WECHATPAY2-SHA256-RSA2048"
_MAX_HEADER = 1000


class Signing:
    """The keys of one merchant. Raises ``ValueError`` when one of them cannot be read."""

    def __init__(self, settings: WechatPaySettings) -> None:
        self._settings = settings
        self._own = _private(settings.private_key)
        self._theirs = {name: _public(pem) for name, pem in settings.platform_keys.items()}

    @property
    def newest(self) -> str:
        """The name of the key that we ask WeChat Pay to answer with: the first configured."""
        return next(iter(self._theirs))

    def authorization(self, method: str, path: str, body: str) -> str:
        """The header of one request; ``path`` with its query, ``body`` exactly as sent."""
        from wechatpayv3.utils import build_authorization

        made: str = build_authorization(
            path,
            method,
            self._settings.mchid,
            self._settings.serial,
            self._own,
            data=body,
            nonce_str=secrets.token_hex(16),
        )
        return made

    def sign(self, *lines: str) -> str:
        """Our signature over lines, as WeixinJSBridge wants it (document 4012365341)."""
        from wechatpayv3.utils import rsa_sign

        made: str = rsa_sign(self._own, "".join(line + "\n" for line in lines))
        return made

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The text of a genuine, fresh answer or notification. Raises ``WebhookRejected`` otherwise.

        WeChat Pay sends wrong signatures on purpose (``WECHATPAY/SIGNTEST/``) to see that they are refused.
        """
        from wechatpayv3.utils import rsa_verify

        if len(body) > MAX_BODY_BYTES:
            raise WebhookRejected("oversized")
        stamp, nonce, signature, serial = _headers(headers)
        _fresh(stamp, now)
        if serial not in self._theirs:
            raise WebhookRejected("unknown_key")
        try:
            text = body.decode()
            genuine = rsa_verify(stamp, nonce, text, signature, self._theirs[serial])
        except ValueError as error:
            raise WebhookRejected("malformed") from error
        if not genuine:
            raise WebhookRejected("bad_signature")
        return text

    def decrypt(self, resource: Mapping[str, Any]) -> bytes:
        """The secret part of a notification (AES-256-GCM, document 4012071382). Raises ``WebhookRejected``."""
        from wechatpayv3.utils import aes_decrypt

        if resource.get("algorithm") != "AEAD_AES_256_GCM":
            raise WebhookRejected("malformed")
        sealed = [resource.get(name) for name in ("nonce", "ciphertext", "associated_data")]
        nonce, ciphertext, associated = [one or "" for one in sealed]
        if not all(isinstance(one, str) for one in (nonce, ciphertext, associated)):
            raise WebhookRejected("malformed")
        try:
            opened = aes_decrypt(nonce, ciphertext, associated, self._settings.api_v3_key)
        except ValueError as error:  # base64, or the length of the nonce
            raise WebhookRejected("malformed") from error
        if opened is None:
            raise WebhookRejected("undecryptable")
        return str(opened).encode()


def _headers(headers: Mapping[str, str]) -> list[str]:
    lower = {name.lower(): value for name, value in headers.items()}
    values = [lower.get(f"wechatpay-{part}", "") for part in ("timestamp", "nonce", "signature", "serial")]
    if not all(values) or any(len(value) > _MAX_HEADER for value in values):
        raise WebhookRejected("unsigned")
    if lower.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise WebhookRejected("unsigned")
    return values


def _fresh(stamp: str, now: datetime) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise WebhookRejected("unsigned")
    sent_at = datetime.fromtimestamp(int(stamp), UTC)
    if sent_at < now - TOLERANCE:
        raise WebhookRejected("too_old")
    if sent_at > now + TOLERANCE:
        raise WebhookRejected("too_new")


def _private(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the merchant's private key is not an RSA key")
    return key


def _public(pem: str) -> RSAPublicKey:
    """From a public key, or from a platform certificate."""
    data = pem.encode()
    key = (
        x509.load_pem_x509_certificate(data).public_key()
        if "CERTIFICATE" in pem
        else load_pem_public_key(data)
    )
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a platform key is not an RSA key")
    return key
