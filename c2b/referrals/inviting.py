"""Invitations: a personal link per member, and who came through it.

The token is an HMAC of the invitation's id under the server's secret: 256 bits that nobody can guess, which the
member can be shown again at any time although only its SHA-256 is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from c2b.accounts.rules import Actor, public_name
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import NotFound
from c2b.kit.ids import new_id, sha256_hex


@dataclass(frozen=True)
class InvitationLink:
    """A member's own link: ``url`` to share, how often it was opened, how many joined through it."""

    id: str
    campaign_id: str
    url: str
    opened: int
    joined: int


@dataclass(frozen=True)
class Invited:
    """What a link leads to."""

    invitation_id: str
    campaign_id: str
    slug: str
    inviter_id: str
    inviter_name: str


def token_of(invitation_id: str) -> str:
    """The secret in the link of an invitation, 43 characters."""
    mac = hmac.new(settings().secret_key.encode(), f"invitation:{invitation_id}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


async def my_link(actor: Actor, campaign_id: str) -> InvitationLink:
    """The link of a member or the organizer; made when first asked for. Raises ``NotFound`` for others."""
    if not await _may_invite(actor, campaign_id):
        raise NotFound

    async def make() -> str:
        invitation_id = new_id()
        row = await db.fetch_one(
            "INSERT INTO invitation (id, campaign_id, inviter_id, token_hash, opened, created_at) "
            "VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT (campaign_id, inviter_id) DO NOTHING RETURNING id",
            invitation_id,
            campaign_id,
            actor.id,
            sha256_hex(token_of(invitation_id)),
            clock.now(),
        )
        if row:
            await record(
                "invitation.created",
                subject="invitation",
                subject_id=invitation_id,
                campaign_id=campaign_id,
                actor_id=actor.id,
                audience="organizer",
            )
            return invitation_id
        known = await db.fetch_one(
            "SELECT id FROM invitation WHERE campaign_id = ? AND inviter_id = ?", campaign_id, actor.id
        )
        assert known
        return str(known["id"])

    return await _link(await db.atomically(make))


async def open_link(token: str) -> Invited:
    """Somebody followed a link. Counts it. Raises ``NotFound`` for a token that is none."""
    row = await db.fetch_one(
        "SELECT i.id, i.campaign_id, i.inviter_id, c.slug, c.opened_at, u.name FROM invitation i "
        "JOIN campaign c ON c.id = i.campaign_id JOIN user_account u ON u.id = i.inviter_id WHERE i.token_hash = ?",
        sha256_hex(token[:200]),
    )
    if row is None or row["opened_at"] is None:
        raise NotFound
    await db.execute("UPDATE invitation SET opened = opened + 1 WHERE id = ?", row["id"])
    name = public_name(row["name"])
    return Invited(row["id"], row["campaign_id"], row["slug"], row["inviter_id"], name)


async def valid_for(invitation_id: str | None, *, campaign_id: str, actor: Actor) -> str | None:
    """The invitation a join may be credited to: of this campaign, and never one's own."""
    if not invitation_id:
        return None
    row = await db.fetch_one("SELECT campaign_id, inviter_id FROM invitation WHERE id = ?", invitation_id)
    if row is None or row["campaign_id"] != campaign_id or row["inviter_id"] == actor.id:
        return None
    return invitation_id


async def _may_invite(actor: Actor, campaign_id: str) -> bool:
    row = await db.fetch_one(
        "SELECT 1 AS yes FROM campaign c WHERE c.id = ? AND c.opened_at IS NOT NULL AND (c.organizer_id = ? "
        "OR EXISTS (SELECT 1 FROM participation p WHERE p.campaign_id = c.id AND p.user_id = ? "
        "AND p.state NOT IN ('expired', 'withdrawn', 'refunding', 'refunded')))",
        campaign_id,
        actor.id,
        actor.id,
    )
    return row is not None


async def _link(invitation_id: str) -> InvitationLink:
    row = await db.fetch_one(
        "SELECT i.id, i.campaign_id, i.opened, (SELECT COUNT(*) FROM participation p WHERE p.invitation_id = i.id "
        "AND p.paid_at IS NOT NULL) AS joined FROM invitation i WHERE i.id = ?",
        invitation_id,
    )
    assert row
    url = f"{settings().base_url}/i/{token_of(invitation_id)}"
    return InvitationLink(row["id"], row["campaign_id"], url, row["opened"], row["joined"])
