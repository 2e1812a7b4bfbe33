"""Telling people: one job finds out who and writes their mails, another sends one mail.

A mail is written down, then handed over, then marked: a crash in between makes a second try send the same words under
the same Message-ID. That the server's yes and our commit cannot be one is the one thing nobody can help.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from c2b.durable import Lease, job
from c2b.durable.jobs import PermanentFailure
from c2b.kit import db, faults, mail, storage
from c2b.notifications.happened import Facts, Happened, Recipient
from c2b.notifications.letters import letter
from c2b.notifications.models import Mail
from c2b.notifications.operations import keep_letter, mark_sent, queue_mail
from c2b.notifications.rules import key_of
from c2b.notifications.tellings import TELLINGS, Telling

#: About a day and a half of trying: long enough for a mail server's bad day.
ATTEMPTS = 36


@job("event.tell")
async def tell(lease: Lease, *, event: str, subject_id: str, at: str, **details: Any) -> None:
    """Write the mails about one event, a page of people at a time. Cut off anywhere, it starts again: twice is once."""
    known = {name: details[name] for name in ("campaign_id", "payload", "turn") if name in details}
    happened = Happened(event=event, subject_id=subject_id, at=datetime.fromisoformat(at), **known)
    for telling in TELLINGS.get(event, ()):
        facts = await telling.facts(happened)
        if facts is None:
            continue
        async for people in telling.audience(happened):
            await _tell_page(lease, telling, happened, facts, people)


async def _tell_page(
    lease: Lease, telling: Telling, happened: Happened, facts: Facts, people: Sequence[Recipient]
) -> None:
    personal = await telling.personal(happened, people)
    files = {locale: await telling.files(happened, locale) for locale in {each.locale for each in people}}

    async def write() -> None:
        await lease.hold()
        for each in people:
            await queue_mail(
                key=key_of(telling.template, happened.subject_id, each.key, happened.turn),
                template=telling.template,
                context={**facts, **personal.get(each.key, {}), "name": each.name},
                recipient_id=each.user_id,
                to_address=each.address,
                locale=each.locale,
                campaign_id=happened.campaign_id,
                attachments=files[each.locale],
            )

    await db.atomically(write)
    faults.point("event.told")


@job("mail.send", attempts=ATTEMPTS)
async def send_mail(lease: Lease, *, mail_id: str, **_: Any) -> None:
    """Send one mail, in its recipient's language."""
    row = await Mail.get_or_none(id=mail_id)
    if row is None:
        raise PermanentFailure(f"no mail {mail_id}")
    if row.state == "sent":
        return
    if not row.subject:
        written = letter(row.template, row.context, row.locale)
        async with db.transaction():
            await lease.hold()
            await keep_letter(mail_id, written)
        row.subject, row.text, row.html = written.subject, written.text, written.html
    try:
        await mail.send(_message(row))
    except (mail.Unmailable, mail.Refused) as error:
        raise PermanentFailure(str(error)) from error
    faults.point("mail.accepted")
    async with lease.completing():
        await mark_sent(mail_id)


def _message(row: Mail) -> mail.Message:
    return mail.Message(
        key=row.key,
        to=row.to_address,
        subject=row.subject,
        text=row.text,
        html=row.html,
        locale=row.locale,
        list_id=row.context.get("code", ""),
        attachments=tuple(
            mail.Attachment(file["filename"], file["media_type"], storage.get(file["storage_key"]))
            for file in row.attachments
        ),
    )
