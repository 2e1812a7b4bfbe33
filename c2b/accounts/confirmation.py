"""Confirming an e-mail address by a link sent to it.

The link carries the user and a keyed hash over user and address: nothing to store, nothing to guess, and a link for an
address somebody no longer has stops working.
"""

from __future__ import annotations

import hashlib
import hmac

from c2b.accounts.models import User
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock
from c2b.kit.db import transaction
from c2b.kit.errors import NotFound


def confirmation_path(user_id: str, email: str) -> str:
    """The path of the link to send to ``email``."""
    return f"/email-confirmations/{user_id}.{_mac(user_id, email)}"


async def confirm_email(token: str) -> None:
    """The address is theirs. Twice is once. Raises NotFound for a link we did not make."""
    user_id, _, mac = token.partition(".")
    user = await User.get_or_none(id=user_id, disabled_at=None)
    if user is None or not hmac.compare_digest(mac.encode(), _mac(user.id, user.email).encode()):
        raise NotFound
    async with transaction():
        if await User.filter(id=user.id, email_verified_at=None).update(email_verified_at=clock.now()):
            await record(
                "user.email_confirmed", subject="user", subject_id=user.id, actor_id=user.id, audience="owner"
            )


def _mac(user_id: str, email: str) -> str:
    message = f"confirm-email:{user_id}:{email}".encode()
    return hmac.new(settings().secret_key.encode(), message, hashlib.sha256).hexdigest()
