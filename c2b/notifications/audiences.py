"""Who is told: people found page by page, so that a campaign of ten thousand is told like one of ten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from c2b.accounts.queries import Contact, admins, contacts_of
from c2b.kit import db
from c2b.kit.i18n import pick, use_locale
from c2b.notifications.happened import Happened, Recipient
from c2b.notifications.reading import label
from c2b.participations.models import GONE

Audience = Callable[[Happened], AsyncIterator[list[Recipient]]]
PAGE = 50

_GONE = ", ".join(f"'{state}'" for state in GONE)
_HERE = f"p.state NOT IN ({_GONE})"
#: The refund that the end of the campaign has begun meanwhile; a member who withdrew has one of another reason.
_BY_THE_END = (
    "EXISTS (SELECT 1 FROM payment y JOIN refund r ON r.payment_id = y.id WHERE y.participation_id = p.id "
    "AND r.reason = 'campaign_failed')"
)
_MEMBERS = (
    "SELECT p.id AS participation_id, u.id AS user_id, u.email, u.name, u.locale FROM participation p "
    "JOIN user_account u ON u.id = p.user_id WHERE p.campaign_id = ? AND p.id > ? AND p.paid_at IS NOT NULL "
    "AND u.disabled_at IS NULL AND "
)


async def organizer(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Whoever opened the campaign."""
    row = await db.fetch_one("SELECT organizer_id FROM campaign WHERE id = ?", happened.campaign)
    yield await people([row["organizer_id"]] if row else [])


async def members(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Everybody who has paid for a place in the campaign and holds it."""
    async for page in _paged(_MEMBERS + _HERE, happened.campaign):
        yield page


async def members_refunded(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Everybody who held a paid place when the campaign ended; their refund may have begun meanwhile."""
    async for page in _paged(_MEMBERS + f"({_HERE} OR {_BY_THE_END})", happened.campaign):
        yield page


async def member(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Whose participation it is."""
    yield await _owner("SELECT id, user_id FROM participation WHERE id = ?", happened.subject_id)


async def buyer(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Who was to pay the payment."""
    yield await _owner(
        "SELECT participation_id AS id, user_id FROM payment WHERE id = ?", happened.subject_id
    )


async def payer(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Whose money the refund is."""
    yield await _owner(
        "SELECT y.participation_id AS id, y.user_id FROM refund r JOIN payment y ON y.id = r.payment_id WHERE r.id = ?",
        happened.subject_id,
    )


async def asker(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Who asked for the tax invoice."""
    yield await _owner(
        "SELECT participation_id AS id, user_id FROM invoice_request WHERE id = ?", happened.subject_id
    )


async def manufacturer(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """The order desk of the manufacturer of a purchase order, in its own language."""
    row = await db.fetch_one(
        "SELECT m.id, m.email, m.name, m.locale FROM purchase_order o JOIN manufacturer m ON m.id = o.manufacturer_id "
        "WHERE o.id = ?",
        happened.subject_id,
    )
    if row:
        with use_locale(row["locale"]):
            name = pick(label(row["name"]))
        yield [Recipient(row["id"], row["email"], name, row["locale"])]


async def administrators(_: Happened) -> AsyncIterator[list[Recipient]]:
    """Everybody who approves campaigns and looks after what got stuck."""
    yield [_recipient(contact) for contact in await admins()]


async def the_user(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """The user whom the event is about."""
    yield await people([happened.subject_id])


async def _paged(sql: str, campaign_id: str) -> AsyncIterator[list[Recipient]]:
    after = ""
    while rows := await db.fetch(f"{sql} ORDER BY p.id LIMIT {PAGE}", campaign_id, after):
        yield [_member(row) for row in rows]
        after = rows[-1]["participation_id"]


def _member(row: dict[str, Any]) -> Recipient:
    user_id = row["user_id"]
    return Recipient(user_id, row["email"], row["name"], row["locale"], user_id, row["participation_id"])


async def _owner(sql: str, subject_id: str) -> list[Recipient]:
    row = await db.fetch_one(sql, subject_id)
    return await people([row["user_id"]], participation_id=row["id"]) if row else []


async def people(user_ids: list[str], *, participation_id: str | None = None) -> list[Recipient]:
    """These users, as they are told."""
    found = await contacts_of(user_ids)
    return [_recipient(contact, participation_id) for contact in found.values()]


def _recipient(contact: Contact, participation_id: str | None = None) -> Recipient:
    return Recipient(contact.id, contact.email, contact.name, contact.locale, contact.id, participation_id)
