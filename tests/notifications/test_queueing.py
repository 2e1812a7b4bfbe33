"""Queueing a mail: once per key, with the change it tells about, to the right address in the right language."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.accounts.models import User
from c2b.durable.sweep import drain
from c2b.kit import db, mail
from c2b.kit.errors import NotFound
from c2b.notifications.models import Mail
from c2b.notifications.operations import queue_mail
from c2b.notifications.queries import latest_mails, mail_of
from tests.world import person

pytestmark = pytest.mark.usefixtures("connected", "database")
CONTEXT = {"name": "Bo", "url": "https://c2b.example/account"}


async def queue(key: str = "password_changed:bo", **changes: Any) -> bool:
    fields = {
        "template": "password_changed",
        "context": CONTEXT,
        "to_address": "bo@c2b.example",
        "locale": "en",
    }
    async with db.transaction():
        return await queue_mail(key=key, **{**fields, **changes})


class TestAMail:
    async def test_queued_twice_is_one(self):
        assert [await queue(), await queue(to_address="cy@c2b.example")] == [True, False]
        await drain()
        (row,) = await Mail.all()
        assert (row.to_address, row.state) == ("bo@c2b.example", "sent")
        assert len(await db.fetch("SELECT id FROM job WHERE kind = 'mail.send'")) == 1

    async def test_of_a_transaction_that_fails_never_existed(self, data_dir):
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await queue_mail(
                    key="k",
                    template="password_changed",
                    context=CONTEXT,
                    to_address="bo@c2b.example",
                    locale="en",
                )
                raise ZeroDivisionError
        await drain()
        assert await Mail.all().count() == 0
        assert not (data_dir / "outbox").exists()

    @pytest.mark.parametrize(
        ("locale", "subject"), [("en", "Your password was changed"), ("zh_CN", "您的密码已修改")]
    )
    async def test_speaks_the_language_of_its_recipient(self, locale, subject):
        bo = await person("Bo", locale=locale)
        await queue(recipient_id=bo.id, to_address=None, locale=None)
        await drain()
        (row,) = await Mail.all()
        user = await User.get(id=bo.id)
        assert (row.subject, row.locale, row.to_address, row.recipient_id) == (
            subject,
            locale,
            user.email,
            bo.id,
        )

    async def test_to_somebody_who_is_gone_is_refused(self):
        with pytest.raises(NotFound):
            await queue(recipient_id="nobody", to_address=None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"template": "nonsense"},
            {"template": "../pages"},
            {"to_address": None},
            {"locale": None},
            {"key": "k" * 151},
            {"to_address": "bo@c2b.example\r\nBcc: cy@c2b.example"},
            {"to_address": "bo@c2b.example, cy@c2b.example"},
        ],
    )
    async def test_that_could_never_be_sent_is_refused_at_once(self, changes):
        with pytest.raises(ValueError):
            await queue(**changes)
        assert await Mail.all().count() == 0

    async def test_in_a_language_nobody_here_speaks_is_refused_by_the_database(self):
        with pytest.raises(Exception, match="mail_locale"):
            await queue(locale="fr")

    async def test_with_a_line_break_in_its_facts_keeps_its_headers(self, data_dir):
        context = {
            "kind": "a\nBcc: cy@c2b.example",
            "key": "k",
            "failures": 1,
            "error": "e",
            "name": "R",
            "url": "u",
        }
        await queue(template="job_died", context=context)
        await drain()
        (file,) = (data_dir / "outbox").iterdir()
        assert b"\nBcc:" not in file.read_bytes().partition(b"\r\n\r\n")[0]
        assert (await Mail.get()).subject == "A job has given up: a Bcc: cy@c2b.example"

    async def test_with_markup_in_its_facts_shows_it_as_text(self):
        context = {**CONTEXT, "name": "<script>alert(1)</script>"}
        await queue(context=context)
        await drain()
        (row,) = await Mail.all()
        assert "<script>" not in row.html
        assert "&lt;script&gt;" in row.html
        assert "Hello <script>alert(1)</script>," in row.text


class TestTheOutbox:
    async def test_shows_the_newest_first_and_goes_on_where_it_stopped(self):
        for number in range(5):
            await queue(f"k{number}")
        first = await latest_mails(limit=3)
        rest = await latest_mails(limit=3, before=first[-1].id)
        everything = [row.id for row in (*first, *rest)]
        assert everything == sorted(everything, reverse=True)
        assert len(set(everything)) == 5

    async def test_shows_a_whole_mail(self):
        await queue()
        (line,) = await latest_mails()
        assert (line.state, line.subject) == ("queued", "")
        await drain()
        shown = await mail_of(line.id)
        assert (shown.state, shown.key, shown.attachments) == ("sent", "password_changed:bo", ())
        assert shown.text.startswith("Hello Bo,\n\n")
        assert mail.outbox_path(shown.key).is_file()

    async def test_knows_no_others(self):
        with pytest.raises(NotFound):
            await mail_of("nothing")


class TestTheDatabase:
    @pytest.mark.parametrize(
        "change",
        ["state = 'lost'", "state = 'sent'", "key = 'other'", "sent_at = created_at", "locale = 'fr'"],
    )
    async def test_keeps_a_mail_from_saying_what_is_not_so(self, change):
        await queue()
        with pytest.raises(Exception, match="mail"):
            await db.execute(f"UPDATE mail SET {change}")
        assert (await Mail.get()).state == "queued"
