"""Who somebody is, and what they may know about their own account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.lookup import Lookup
from c2b.accounts.models import ApiToken, Session, User
from c2b.accounts.rules import SESSION_IDLE, Actor
from c2b.kit import clock
from c2b.kit.db import dialect, execute, fetch, instant
from c2b.kit.errors import NotFound
from c2b.kit.ids import sha256_hex

#: How stale "last seen" and "last used" may get: a write for every page view would cost more than it tells.
SEEN_SECONDS, USED_SECONDS = 300, 3600

_USER = "u.id AS user_id, u.name, u.role, u.manufacturer_id, u.locale, u.email_verified_at"


@dataclass(frozen=True)
class Profile:
    """One's own account."""

    id: str
    email: str
    email_verified: bool
    name: str
    role: str
    manufacturer_id: str | None
    locale: str
    created_at: datetime


@dataclass(frozen=True)
class Contact:
    """How to reach somebody; for mail only, never shown to others."""

    id: str
    email: str
    name: str
    locale: str


@dataclass(frozen=True)
class SessionView:
    """A browser that is logged in."""

    id: str
    user_agent: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class TokenView:
    """An API token as its owner sees it: never the secret."""

    id: str
    name: str
    hint: str
    can_write: bool
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


async def actor_of_session(token: str) -> Actor | None:
    """Who is logged in with this cookie; ``None`` when nobody is, any more."""
    row = await _sessions.find(sha256_hex(token))
    return _actor(row, by_session=True) if row else None


async def actor_of_token(token: str) -> Actor | None:
    """Whose bearer token this is; ``None`` for unknown, expired and revoked ones."""
    row = await _tokens.find(sha256_hex(token))
    return _actor(row, by_session=False) if row else None


async def profile_of(actor: Actor) -> Profile:
    """One's own account. Raises NotFound."""
    user = await User.get_or_none(id=actor.id)
    if user is None:
        raise NotFound
    return Profile(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        name=user.name,
        role=user.role,
        manufacturer_id=user.manufacturer_id,
        locale=user.locale,
        created_at=user.created_at,
    )


async def contact_of(user_id: str) -> Contact:
    """Where to write to. Raises NotFound."""
    found = await contacts_of([user_id])
    if user_id not in found:
        raise NotFound
    return found[user_id]


async def contacts_of(user_ids: Iterable[str]) -> dict[str, Contact]:
    """Where to write to, by user id; people who are gone are left out."""
    rows = await User.filter(id__in=list(user_ids), disabled_at=None).values("id", "email", "name", "locale")
    return {row["id"]: Contact(**row) for row in rows}


async def names_of(user_ids: Iterable[str]) -> dict[str, str]:
    """Display names by user id."""
    return dict(await User.filter(id__in=list(user_ids)).values_list("id", "name"))


async def admins() -> list[Contact]:
    """Everybody who approves campaigns and looks after runs."""
    rows = (
        await User.filter(role="admin", disabled_at=None)
        .order_by("id")
        .values("id", "email", "name", "locale")
    )
    return [Contact(**row) for row in rows]


async def staff_of(manufacturer_id: str) -> list[Contact]:
    """Everybody who works for a manufacturer."""
    people = User.filter(manufacturer_id=manufacturer_id, role="manufacturer", disabled_at=None).order_by(
        "id"
    )
    return [Contact(**row) for row in await people.values("id", "email", "name", "locale")]


async def sessions_of(actor: Actor) -> list[SessionView]:
    """One's own open sessions, the latest first."""
    open_ones = Session.filter(
        user_id=actor.id, expires_at__gt=clock.now(), seen_at__gt=clock.now() - SESSION_IDLE
    ).order_by("-seen_at")
    return [SessionView(**row) for row in await open_ones.values("id", "user_agent", "created_at", "seen_at")]


async def tokens_of(actor: Actor) -> list[TokenView]:
    """One's own tokens that still work, the newest first."""
    live = ApiToken.filter(user_id=actor.id, revoked_at=None, expires_at__gt=clock.now()).order_by("-id")
    rows = await live.values("id", "name", "hint", "can_write", "created_at", "used_at", "expires_at")
    return [TokenView(**row) for row in rows]


async def _find_sessions(hashes: list[str]) -> list[dict[str, Any]]:
    places, moment = ", ".join("?" for _ in hashes), clock.now()
    rows = await fetch(
        f"SELECT s.token_hash, s.id, s.seen_at, {_USER} FROM login_session s "  # noqa: S608  (no input in it)
        f"JOIN user_account u ON u.id = s.user_id WHERE s.token_hash IN ({places}) "
        "AND s.expires_at > ? AND s.seen_at > ? AND u.disabled_at IS NULL",
        *hashes,
        moment,
        moment - SESSION_IDLE,
    )
    await _note_presence(rows, "login_session", "seen_at", SEEN_SECONDS)
    return rows


async def _find_tokens(hashes: list[str]) -> list[dict[str, Any]]:
    places = ", ".join("?" for _ in hashes)
    rows = await fetch(
        f"SELECT t.token_hash, t.id, t.used_at, t.can_write, {_USER} FROM api_token t "  # noqa: S608
        f"JOIN user_account u ON u.id = t.user_id WHERE t.token_hash IN ({places}) "
        "AND t.expires_at > ? AND t.revoked_at IS NULL AND u.disabled_at IS NULL",
        *hashes,
        clock.now(),
    )
    await _note_presence(rows, "api_token", "used_at", USED_SECONDS)
    return rows


async def _note_presence(rows: list[dict[str, Any]], table: str, column: str, seconds: int) -> None:
    """Write down now and then that they were here: one statement for all who came together.

    A row that another process holds for the same purpose is left to it, so two batches never wait for each other.
    """
    moment = clock.now()
    stale = [row["id"] for row in rows if _seconds_since(row[column], moment) > seconds]
    if not stale:
        return
    ids = ", ".join("?" for _ in stale)
    skipping = " FOR NO KEY UPDATE SKIP LOCKED" if dialect() == "postgres" else ""
    await execute(
        f"UPDATE {table} SET {column} = ? WHERE id IN (SELECT id FROM {table} WHERE id IN ({ids}){skipping})",  # noqa: S608
        moment,
        *stale,
    )


def _seconds_since(value: Any, moment: datetime) -> float:
    latest = instant(value)
    return float("inf") if latest is None else (moment - latest).total_seconds()


_sessions, _tokens = Lookup(_find_sessions), Lookup(_find_tokens)


def _actor(row: dict[str, Any], *, by_session: bool) -> Actor:
    return Actor(
        id=row["user_id"],
        name=row["name"],
        role=row["role"],
        manufacturer_id=row["manufacturer_id"],
        locale=row["locale"],
        email_verified=row["email_verified_at"] is not None,
        session_id=row["id"] if by_session else None,
        token_id=None if by_session else row["id"],
        can_write=by_session or bool(row["can_write"]),
    )
