"""API tokens: made and withdrawn by their owner, stored as a hash, shown once.

The readable beginning lets secret scanners find a token that leaked into a repository, and its owner tell which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from c2b.accounts import rules
from c2b.accounts.models import ApiToken
from c2b.accounts.operations import authenticate
from c2b.accounts.rules import Actor
from c2b.events.operations import record
from c2b.kit import clock
from c2b.kit.canonical import clean_text
from c2b.kit.db import transaction
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id, new_token, sha256_hex

PREFIX = "c2b_"
HINT = 10
MAX_TOKENS = 20


class TooManyTokens(Conflict):
    code = "too_many_tokens"
    message = N_("You have {most} tokens already. Revoke one you no longer need.")


@dataclass(frozen=True)
class NewToken:
    """A token just made. ``secret`` can never be read again."""

    id: str
    secret: str
    name: str
    can_write: bool
    expires_at: datetime


async def create_token(actor: Actor, *, name: str, days: int = 90, can_write: bool = True) -> NewToken:
    """A bearer token with the owner's role. Raises Invalid with fields, TooManyTokens."""
    return await _create(actor.id, name=name, days=days, can_write=can_write)


async def exchange_password(
    *, email: str, password: str, name: str, days: int = 30, can_write: bool = True, ip: str = ""
) -> NewToken:
    """A token for a program whose owner types their password into it. Raises what ``authenticate`` raises."""
    faults = _faults(name, days)
    if faults:
        raise Invalid(fields=faults)
    user_id = await authenticate(email=email, password=password, ip=ip)
    return await _create(user_id, name=name, days=days, can_write=can_write)


async def revoke_token(actor: Actor, token_id: str) -> None:
    """End a token at once. Raises NotFound for one that is not one's own or already revoked."""
    async with transaction():
        revoked = await ApiToken.filter(id=token_id, user_id=actor.id, revoked_at=None).update(
            revoked_at=clock.now()
        )
        if revoked != 1:
            raise NotFound
        await record(
            "api_token.revoked", subject="api_token", subject_id=token_id, actor_id=actor.id, audience="owner"
        )


async def _create(user_id: str, *, name: str, days: int, can_write: bool) -> NewToken:
    faults = _faults(name, days)
    if faults:
        raise Invalid(fields=faults)
    secret, token_id, moment = PREFIX + new_token(), new_id(), clock.now()
    expires_at = moment + timedelta(days=days)
    async with transaction():
        if (
            await ApiToken.filter(user_id=user_id, revoked_at=None, expires_at__gt=moment).count()
            >= MAX_TOKENS
        ):
            raise TooManyTokens(most=MAX_TOKENS)
        await ApiToken.create(
            id=token_id,
            user_id=user_id,
            name=name.strip(),
            token_hash=sha256_hex(secret),
            hint=secret[:HINT],
            can_write=can_write,
            created_at=moment,
            expires_at=expires_at,
        )
        await record(
            "api_token.created",
            subject="api_token",
            subject_id=token_id,
            actor_id=user_id,
            audience="owner",
            payload={"can_write": can_write, "days": days},
        )
    return NewToken(token_id, secret, name.strip(), can_write, expires_at)


def _faults(name: str, days: int) -> list[FieldError]:
    faults = []
    try:
        good = 1 <= len(clean_text(name).strip()) <= 60 and name.isprintable()
    except ValueError:
        good = False
    if not good:
        faults.append(
            FieldError("name", "name", N_("Name the program that will use the token, up to 60 characters."))
        )
    if days not in rules.TOKEN_DAYS:
        faults.append(FieldError("days", "days", N_("Choose how long the token should work.")))
    return faults
