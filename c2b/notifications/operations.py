"""Queueing a mail: one row and one job, written with the change it tells about.

A mail's key says what it is about and for whom; a second mail with the same key is never written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from c2b.accounts.queries import contact_of
from c2b.durable import enqueue
from c2b.kit import clock, db, mail
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id
from c2b.notifications.letters import FOLDER, Letter
from c2b.notifications.models import Mail
from c2b.notifications.rules import MAX_KEY, StoredFile, stored

_INSERT = (
    "INSERT INTO mail (id, key, recipient_id, to_address, locale, template, context, attachments, campaign_id, state, "
    "subject, text, html, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', '', '', '', ?) "
    "ON CONFLICT (key) DO NOTHING RETURNING id"
)


async def queue_mail(
    *,
    key: str,
    template: str,
    context: Mapping[str, Any],
    recipient_id: str | None = None,
    to_address: str | None = None,
    locale: str | None = None,
    campaign_id: str | None = None,
    attachments: Sequence[StoredFile] = (),
) -> bool:
    """Write a mail and the job that sends it, in the present transaction. ``False``: this key was written before.

    Either ``recipient_id`` (a user: their address, and their own language unless ``locale`` says otherwise) or
    ``to_address`` with ``locale``. ``context`` holds JSON values, instants under names in ``_at``, days in ``_on``.

    Raises ValueError for an unknown template or a key that is too long, NotFound for a user who is gone, and
    ``kit.mail.Unmailable`` for an address that is none.
    """
    if not (FOLDER / template / "words.jinja").is_file():
        raise ValueError(f"no mail is called {template!r}")
    if len(key) > MAX_KEY:
        raise ValueError(f"a mail key has at most {MAX_KEY} characters: {key!r}")
    if recipient_id is not None and (to_address is None or locale is None):
        contact = await contact_of(recipient_id)
        to_address, locale = to_address or contact.email, locale or contact.locale
    if not to_address or not locale:
        raise ValueError("a mail needs a recipient_id, or a to_address and its locale")
    mail.recipient(to_address)
    row = await db.fetch_one(
        _INSERT, new_id(), key, recipient_id, to_address, locale, template,
        canonical_json(stored(context)).decode(), canonical_json([asdict(file) for file in attachments]).decode(),
        campaign_id, clock.now(),
    )  # fmt: skip
    if row is None:
        return False
    await enqueue("mail.send", key=f"mail:{key}", args={"mail_id": row["id"]})
    return True


async def keep_letter(mail_id: str, letter: Letter) -> None:
    """Write down what the mail says, once: a second try sends the same words."""
    await Mail.filter(id=mail_id, subject="").update(
        subject=letter.subject, text=letter.text, html=letter.html
    )


async def mark_sent(mail_id: str) -> None:
    """The server has taken it. Twice is once."""
    await Mail.filter(id=mail_id, state="queued").update(state="sent", sent_at=clock.now())
