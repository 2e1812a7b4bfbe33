"""The outbox: what was written to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from c2b.kit.errors import NotFound
from c2b.notifications.models import Mail
from c2b.notifications.rules import StoredFile


@dataclass(frozen=True)
class MailLine:
    """A mail in a list. ``subject`` is empty until it is written, a moment before it is sent."""

    id: str
    to_address: str
    locale: str
    template: str
    state: str
    subject: str
    campaign_id: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True)
class MailView(MailLine):
    """A whole mail. ``html`` is for a sandboxed frame only."""

    key: str
    recipient_id: str | None
    text: str
    html: str
    attachments: tuple[StoredFile, ...]


_LINE = ("id", "to_address", "locale", "template", "state", "subject", "campaign_id", "created_at", "sent_at")


async def latest_mails(
    *, limit: int = 50, before: str | None = None, recipient_id: str | None = None
) -> list[MailLine]:
    """The newest mails first, of one recipient if one is named; ``before`` is the id of the last one seen.

    For admins and the local outbox only.
    """
    found = Mail.filter(id__lt=before) if before else Mail.all()
    if recipient_id:
        found = found.filter(recipient_id=recipient_id)
    return [MailLine(**row) for row in await found.order_by("-id").limit(limit).values(*_LINE)]


async def mail_of(mail_id: str) -> MailView:
    """One mail as it was sent. Raises NotFound. For admins and the local outbox only."""
    row = await Mail.get_or_none(id=mail_id)
    if row is None:
        raise NotFound
    line = {name: getattr(row, name) for name in _LINE}
    files = tuple(StoredFile(**file) for file in row.attachments)
    return MailView(
        **line, key=row.key, recipient_id=row.recipient_id, text=row.text, html=row.html, attachments=files
    )
