"""Signing up, logging in and out, and what people change about their own account.

Nobody learns from log-in whether an address has an account: unknown address and wrong password get the same words
after the same time. Every change writes its event in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from c2b.accounts import attempts, passwords, rules
from c2b.accounts.models import ApiToken, Session, User
from c2b.accounts.rules import SESSION_ABSOLUTE, SESSION_IDLE, Actor, Role
from c2b.events.operations import record
from c2b.kit import clock
from c2b.kit.db import execute, transaction
from c2b.kit.errors import FieldError, Forbidden, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id, new_token, sha256_hex

MAX_USER_AGENT = 200


class WrongCredentials(Invalid):
    code = "wrong_credentials"
    message = N_("This e-mail address and password do not belong together.")


class AddressTaken(Invalid):
    code = "address_taken"
    message = N_("This address already has an account with another password. Please log in instead.")


class WrongPassword(Invalid):
    code = "wrong_password"
    message = N_("This is not your present password.")


@dataclass(frozen=True)
class LogIn:
    """A session that was just opened. ``token`` goes into the cookie and is stored nowhere else."""

    actor: Actor
    token: str


async def sign_up(
    *, name: str, email: str, password: str, locale: str, ip: str = "", user_agent: str = ""
) -> LogIn:
    """Make a consumer's account and log them in. With the password of an existing account it is a log-in.

    Raises Invalid with fields, AddressTaken, RateLimited.
    """
    faults = [
        *rules.faults_of_name(name),
        *rules.faults_of_email(email),
        *rules.faults_of_password(password, email=email, name=name),
        *rules.faults_of_locale(locale),
    ]
    if faults:
        raise Invalid(fields=faults)
    await attempts.sign_up(ip)
    if await User.exists(email_key=rules.email_key(email)):
        try:
            return await log_in(email=email, password=password, ip=ip, user_agent=user_agent)
        except WrongCredentials:
            raise AddressTaken(fields=[FieldError("email", "taken", AddressTaken.message)]) from None
    password_hash = await passwords.hashed(password)
    async with transaction():
        user = await _insert_user(
            name=name, email=email, password_hash=password_hash, role="consumer", locale=locale
        )
        await record("user.signed_up", subject="user", subject_id=user.id, actor_id=user.id, audience="owner")
        return await _open_session(user, user_agent)


async def create_user(
    *,
    name: str,
    email: str,
    password: str,
    role: Role,
    manufacturer_id: str | None = None,
    locale: str = "en",
    email_verified: bool = True,
) -> str:
    """An account of any role, for the seed world and the command line; its id. Raises Invalid, AddressTaken."""
    faults = [*rules.faults_of_name(name), *rules.faults_of_email(email), *rules.faults_of_locale(locale)]
    if faults:
        raise Invalid(fields=faults)
    password_hash = await passwords.hashed(password)
    async with transaction():
        user = await _insert_user(
            name=name,
            email=email,
            password_hash=password_hash,
            role=role,
            locale=locale,
            manufacturer_id=manufacturer_id,
            email_verified=email_verified,
        )
        await record("user.created", subject="user", subject_id=user.id, payload={"role": role})
    return user.id


async def authenticate(*, email: str, password: str, ip: str = "") -> str:
    """The id of the user with this address and password.

    Raises WrongCredentials, RateLimited (10 failures in 5 minutes per address and per network), Busy.
    """
    key = rules.email_key(email)[:254]
    await attempts.log_in(key, ip)
    user = await User.get_or_none(email_key=key, disabled_at=None)
    if not await passwords.matches(password, user.password_hash if user else None) or user is None:
        raise WrongCredentials
    await attempts.log_in_succeeded(key, ip)
    if passwords.outdated(user.password_hash):
        fresh = await passwords.hashed(password)
        await User.filter(id=user.id, password_hash=user.password_hash).update(password_hash=fresh)
    return user.id


async def log_in(
    *, email: str, password: str, ip: str = "", user_agent: str = "", replaces: str | None = None
) -> LogIn:
    """Open a new session; the one of the cookie ``replaces`` ends. Raises what ``authenticate`` raises."""
    user_id = await authenticate(email=email, password=password, ip=ip)
    async with transaction():
        user = await User.get(id=user_id)
        if replaces:
            await Session.filter(token_hash=sha256_hex(replaces)).delete()
        await record("user.logged_in", subject="user", subject_id=user.id, actor_id=user.id, audience="owner")
        return await _open_session(user, user_agent)


async def log_out(token: str) -> None:
    """End the session of a cookie, for good: the same cookie opens nothing any more."""
    session = await Session.get_or_none(token_hash=sha256_hex(token))
    if session is not None:
        await _end(session.id, user_id=session.user_id)


async def end_session(actor: Actor, session_id: str) -> None:
    """End one of one's own sessions, in another browser say. Raises NotFound."""
    if not await _end(session_id, user_id=actor.id):
        raise NotFound


async def change_password(
    actor: Actor, *, current: str, new: str, ip: str = "", user_agent: str = ""
) -> LogIn:
    """Set another password; every session and token ends, and a new session opens for this browser.

    Raises WrongPassword, Invalid with fields, RateLimited.
    """
    user = await _own(actor)
    faults = rules.faults_of_password(new, email=user.email, name=user.name, path="new")
    if faults:
        raise Invalid(fields=faults)
    await attempts.log_in(user.email_key, ip)
    if not await passwords.matches(current, user.password_hash):
        raise WrongPassword(fields=[FieldError("current", "wrong_password", WrongPassword.message)])
    await attempts.log_in_succeeded(user.email_key, ip)
    password_hash = await passwords.hashed(new)
    async with transaction():
        await User.filter(id=user.id).update(password_hash=password_hash, password_changed_at=clock.now())
        await Session.filter(user_id=user.id).delete()
        await ApiToken.filter(user_id=user.id, revoked_at=None).update(revoked_at=clock.now())
        await record(
            "user.password_changed", subject="user", subject_id=user.id, actor_id=user.id, audience="owner"
        )
        return await _open_session(user, user_agent)


async def rename(actor: Actor, *, name: str) -> None:
    """Change the name others see. Raises Invalid with fields."""
    faults = rules.faults_of_name(name)
    if faults:
        raise Invalid(fields=faults)
    async with transaction():
        await User.filter(id=actor.id).update(name=name.strip())
        await record("user.renamed", subject="user", subject_id=actor.id, actor_id=actor.id, audience="owner")


async def set_locale(actor: Actor, *, locale: str) -> None:
    """Change the language of pages and mails. Raises Invalid with fields."""
    faults = rules.faults_of_locale(locale)
    if faults:
        raise Invalid(fields=faults)
    async with transaction():
        await User.filter(id=actor.id).update(locale=locale)
        await record(
            "user.locale_changed",
            subject="user",
            subject_id=actor.id,
            actor_id=actor.id,
            audience="owner",
            payload={"locale": locale},
        )


async def assign_role(actor: Actor, *, user_id: str, role: Role, manufacturer_id: str | None = None) -> None:
    """Give somebody another role, as an admin. Their sessions end, so that no old right stays in a browser.

    Raises Forbidden, NotFound, Invalid (a manufacturer's person needs the manufacturer, nobody else has one).
    """
    if not actor.is_admin:
        raise Forbidden
    if role not in rules.ROLES or (role == "manufacturer") != (manufacturer_id is not None):
        raise Invalid
    async with transaction():
        if await User.filter(id=user_id).update(role=role, manufacturer_id=manufacturer_id) != 1:
            raise NotFound
        await Session.filter(user_id=user_id).delete()
        await record(
            "user.role_assigned",
            subject="user",
            subject_id=user_id,
            actor_id=actor.id,
            payload={"role": role, "manufacturer_id": manufacturer_id},
        )


async def prune() -> int:
    """Forget sessions that have ended by themselves; how many."""
    moment = clock.now()
    return await execute(
        "DELETE FROM login_session WHERE expires_at < ? OR seen_at < ?", moment, moment - SESSION_IDLE
    )


async def _end(session_id: str, *, user_id: str) -> bool:
    async with transaction():
        if await Session.filter(id=session_id, user_id=user_id).delete() != 1:
            return False
        await record(
            "user.logged_out", subject="user", subject_id=user_id, actor_id=user_id, audience="owner"
        )
    return True


async def _own(actor: Actor) -> User:
    user = await User.get_or_none(id=actor.id, disabled_at=None)
    if user is None:
        raise NotFound
    return user


async def _insert_user(
    *,
    name: str,
    email: str,
    password_hash: str,
    role: Role,
    locale: str,
    manufacturer_id: str | None = None,
    email_verified: bool = False,
) -> User:
    """Raises AddressTaken, also for the second of two who sign up with one address at once."""
    moment, user_id = clock.now(), new_id()
    inserted = await execute(
        "INSERT INTO user_account (id, email, email_key, email_verified_at, name, role, manufacturer_id, locale, "
        "password_hash, password_changed_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (email_key) DO NOTHING",
        user_id, email.strip(), rules.email_key(email), moment if email_verified else None, name.strip(), role,
        manufacturer_id, locale, password_hash, moment, moment,
    )  # fmt: skip
    if inserted != 1:
        raise AddressTaken(fields=[FieldError("email", "taken", AddressTaken.message)])
    return await User.get(id=user_id)


async def _open_session(user: User, user_agent: str) -> LogIn:
    token, moment = new_token(), clock.now()
    session = await Session.create(
        user_id=user.id,
        token_hash=sha256_hex(token),
        user_agent=user_agent[:MAX_USER_AGENT],
        created_at=moment,
        seen_at=moment,
        expires_at=moment + SESSION_ABSOLUTE,
    )
    return LogIn(_actor_of(user, session.id), token)


def _actor_of(user: User, session_id: str) -> Actor:
    return Actor(
        id=user.id,
        name=user.name,
        role=cast(Role, user.role),  # the database holds it to the three: user_role
        manufacturer_id=user.manufacturer_id,
        locale=user.locale,
        email_verified=user.email_verified_at is not None,
        session_id=session_id,
    )
