"""RSA2: SHA-256 with RSA over parameters in the order of their names, as Alipay signs and wants it.

Source: opendocs.alipay.com/common/057k53 (requests), 02mse7 (answers and notifications). Done with ``cryptography``:
see docs/decisions/alipay-without-its-sdk.md.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from c2b.payments.gateways.alipay.settings import AlipaySettings


class Signing:
    """The keys of one application. Raises ``ValueError`` when one of them cannot be read."""

    def __init__(self, settings: AlipaySettings) -> None:
        self._own = _private(settings.private_key)
        self._theirs = _public(settings.alipay_key)

    def sign(self, parameters: Mapping[str, str]) -> str:
        """Our signature of a request: every parameter that has a value, ``sign`` itself apart."""
        return base64.b64encode(self._own.sign(content(parameters), PKCS1v15(), SHA256())).decode()

    def is_theirs(self, signed: bytes, signature: str) -> bool:
        """Whether Alipay signed these very bytes."""
        try:
            given = base64.b64decode(signature, validate=True)
            self._theirs.verify(given, signed, PKCS1v15(), SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def content(parameters: Mapping[str, str], *, without: frozenset[str] = frozenset({"sign"})) -> bytes:
    """What is signed: ``a=1&b=2``, sorted, values as they are and not URL-encoded."""
    pairs = sorted((name, value) for name, value in parameters.items() if name not in without)
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def _private(text: str) -> RSAPrivateKey:
    pem = "BEGIN" in text
    key = load_pem_private_key(text.encode(), None) if pem else load_der_private_key(_bare(text), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the application's private key is not an RSA key")
    return key


def _public(text: str) -> RSAPublicKey:
    key = load_pem_public_key(text.encode()) if "BEGIN" in text else load_der_public_key(_bare(text))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("Alipay's public key is not an RSA key")
    return key


def _bare(text: str) -> bytes:
    """Base64 of DER without its marks, as the key tool writes it."""
    return base64.b64decode("".join(text.split()), validate=True)
