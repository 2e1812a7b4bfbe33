"""Short secrets at rest, such as bank accounts: sealed before they are written, opened only to be acted on.

Fernet (AES-128-CBC with HMAC-SHA-256, https://github.com/fernet/spec) under keys derived from the installation's
secret (HKDF, RFC 5869), one for each purpose. Rotation: the new secret in ``C2B_SECRET_KEY``, the old one in
``C2B_SECRET_KEY_BEFORE``; what is sealed anew uses the new one, what was sealed before still opens.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from c2b.config import settings
from c2b.kit.errors import AppError
from c2b.kit.i18n import N_


class SealBroken(AppError):
    status = 500
    code = "seal_broken"
    message = N_("This was sealed with a secret that the installation does not have any more.")


def seal(text: str, *, purpose: str) -> str:
    """``text`` as a sealed token in ASCII. Only the same ``purpose`` opens it."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """What was sealed. Raises ``SealBroken`` for another purpose, an unknown secret or a changed token."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def sealed_anew(sealed: str, *, purpose: str) -> str:
    """The same, sealed with the present secret. Raises ``SealBroken``."""
    try:
        return _box(purpose).rotate(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def _box(purpose: str) -> MultiFernet:
    known = settings()
    secrets = [known.secret_key, known.secret_key_before]
    return MultiFernet([_key(secret, purpose) for secret in secrets if secret])


def _key(secret: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=f"c2b:seal:{purpose}".encode()).derive(secret.encode())
    return Fernet(urlsafe_b64encode(derived))
