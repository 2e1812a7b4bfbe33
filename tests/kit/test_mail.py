"""One mail: what goes over the wire, to whom, and what can never be smuggled into its headers."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from c2b import config
from c2b.kit import clock, mail
from c2b.kit.mail import Attachment, Message, Refused, Unmailable

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HELLO = Message(
    key="participation_joined:01k:01b",
    to="bo@example.com",
    subject="你的键盘订单已付款",
    text="你好，Bo：\n\n已收到 ¥1,299.00。\n",
    html="<p>你好，Bo：</p>",
    locale="zh_CN",
    list_id="CMP-2026-0042",
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Change what the environment says for one test."""

    def change(**variables: str) -> None:
        for name, value in {"C2B_DATA_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        config.settings.cache_clear()

    change(C2B_MAIL_URL="", C2B_MAIL_FROM="C2B <orders@c2b.example>")
    clock.set(NOON)
    yield change
    monkeypatch.undo()
    config.settings.cache_clear()


@dataclass
class Mailbox:
    """An SMTP server's side: what arrived, and what it answers to the recipient."""

    answer: str = "250 OK"
    arrived: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.arrived.append(envelope)
        return "250 taken"


class PlainController(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, enable_SMTPUTF8=True)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Mailbox()
    controller = PlainController(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings(C2B_MAIL_URL=f"smtp://127.0.0.1:{port}/")
    yield box
    controller.stop()


def read(data: bytes) -> Any:
    return email.message_from_bytes(data, policy=default)


def words(message: Any, kind: str = "plain") -> str:
    """The text of a mail as people see it, whatever the wire ends lines with."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


class TestAMail:
    def test_says_in_chinese_what_it_was_given(self, settings):
        composed = read(mail.compose(HELLO).as_bytes())
        assert composed["Subject"] == "你的键盘订单已付款"
        assert words(composed) == HELLO.text
        assert words(composed, "html") == HELLO.html + "\n"
        assert composed["Content-Language"] == "zh-CN"
        assert composed["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
        assert mail.compose(HELLO).as_bytes().isascii()

    def test_has_the_same_id_whenever_it_is_sent(self, settings):
        first = mail.compose(HELLO)["Message-ID"]
        clock.set(datetime(2027, 1, 1, tzinfo=UTC))
        assert mail.compose(HELLO)["Message-ID"] == first == mail.message_id(HELLO.key)
        assert mail.message_id("another") != first
        assert first.endswith("@c2b.example>")

    def test_can_be_sorted_by_what_it_is_about(self, settings):
        assert mail.compose(HELLO)["List-Id"] == "<cmp-2026-0042.c2b.example>"

    def test_carries_its_files_whole(self, settings):
        file = Attachment("PO-2026-000123-采购订单.pdf", "application/pdf", bytes(range(256)) * 50)
        composed = read(
            mail.compose(Message("k", "mill@example.com", "PO", "text", attachments=(file,))).as_bytes()
        )
        (part,) = composed.iter_attachments()
        assert (part.get_filename(), part.get_content_type()) == (file.filename, "application/pdf")
        assert part.get_content() == file.data

    def test_with_very_long_lines_keeps_them(self, settings):
        text = "很长的一行" * 500 + "\n" + "word " * 500 + "\n.\n..\nFrom me\n"
        composed = mail.compose(Message("k", "bo@example.com", "s", text))
        assert max(len(line) for line in composed.as_bytes().split(b"\r\n")) < 100
        assert words(read(composed.as_bytes())) == text


INJECTIONS = [
    "\r\nBcc: cy@example.com",
    "\nBcc: cy@example.com",
    "\rBcc: cy@example.com",
    "\r\n\r\n<p>another body</p>",
    "\n",
    "\r",
    "\r\n ",
    "\x00",
    "\x0b",
    "\x0c",
    "\x1b[2J",
    "\x85",
    "\u2028",
    "\u2029",
]


class TestAHeader:
    @pytest.mark.parametrize("smuggled", INJECTIONS)
    @pytest.mark.parametrize("place", ["subject", "to", "list_id", "locale"])
    def test_cannot_be_smuggled_in(self, settings, place, smuggled):
        value = {"subject": "Hello", "to": "bo@example.com", "list_id": "CMP", "locale": "en"}[
            place
        ] + smuggled
        message = Message(
            **{"key": "k", "to": "bo@example.com", "subject": "Hello", "text": "x", place: value}
        )
        if place == "list_id":  # reduced to letters, digits and hyphens
            composed = mail.compose(message)
            assert composed["Bcc"] is None
            assert len(str(composed["List-Id"]).split()) == 1
        else:
            with pytest.raises(Unmailable):
                mail.compose(message)

    @pytest.mark.parametrize("smuggled", INJECTIONS)
    def test_cannot_be_smuggled_in_with_a_file_name(self, settings, smuggled):
        file = Attachment(f"order{smuggled}.pdf", "application/pdf", b"x")
        with pytest.raises(Unmailable):
            mail.compose(Message("k", "bo@example.com", "s", "x", attachments=(file,)))

    @pytest.mark.parametrize("smuggled", ["\r\nBcc: cy@example.com", "\n", "\u2028"])
    def test_cannot_be_smuggled_in_by_the_operator(self, settings, smuggled):
        settings(C2B_MAIL_FROM=f"C2B <orders@c2b.example>{smuggled}")
        with pytest.raises(Unmailable):
            mail.compose(HELLO)


class TestARecipient:
    @pytest.mark.parametrize(
        "address",
        [
            "",
            "bo",
            "@example.com",
            "bo@",
            "bo@@example.com",
            "bo@example.com, cy@example.com",
            "bo@example.com;cy@example.com",
            "Bo <bo@example.com>",
            "<bo@example.com>",
            "bo @example.com",
            '"bo"@example.com',
            "bo@example.com\u202e",
            "bo@[127.0.0.1]",
            "b" * 65 + "@example.com",
            "bo@" + "e" * 252,
        ],
    )
    def test_is_one_address_or_refused(self, settings, address):
        with pytest.raises(Unmailable):
            mail.recipient(address)

    @pytest.mark.parametrize("address", ["bo@example.com", "bo+c2b@mail.example.co.uk", "小波@例子.测试"])
    def test_is_written_as_it_is(self, settings, address):
        assert mail.recipient(address).addr_spec == address


class TestTheOutbox:
    async def test_holds_one_file_for_a_mail_sent_twice(self, settings, tmp_path):
        await mail.send(HELLO)
        await mail.send(HELLO)
        (file,) = (tmp_path / "outbox").iterdir()
        assert file == mail.outbox_path(HELLO.key)
        assert read(file.read_bytes())["Subject"] == HELLO.subject

    async def test_keeps_strange_keys_in_its_folder(self, settings, tmp_path):
        for key in ("../../etc/passwd", "/etc/passwd", "a\x00b", "é", "x" * 160):
            assert mail.outbox_path(key).parent == tmp_path / "outbox"
            await mail.send(Message(key, "bo@example.com", "s", "x"))
        assert len(list((tmp_path / "outbox").iterdir())) == 5


class TestAServer:
    async def test_gets_the_mail_for_its_recipient_alone(self, mailbox, tmp_path):
        await mail.send(HELLO)
        (envelope,) = mailbox.arrived
        assert (envelope.mail_from, envelope.rcpt_tos) == ("orders@c2b.example", ["bo@example.com"])
        assert read(envelope.content)["Subject"] == HELLO.subject
        assert words(read(envelope.content)) == HELLO.text
        assert not (tmp_path / "outbox").exists()

    async def test_gets_an_address_beyond_ascii(self, mailbox):
        await mail.send(Message("k", "小波@例子.测试", "s", "x"))
        (envelope,) = mailbox.arrived
        assert envelope.rcpt_tos == ["小波@例子.测试"]
        assert "To: 小波@例子.测试\r\n".encode() in envelope.content

    async def test_that_knows_no_such_mailbox_ends_the_matter(self, mailbox):
        mailbox.answer = "550 5.1.1 no such user"
        with pytest.raises(Refused, match="550"):
            await mail.send(HELLO)

    async def test_that_is_busy_is_asked_again_later(self, mailbox):
        mailbox.answer = "450 4.2.0 greylisted"
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await mail.send(HELLO)

    async def test_that_is_not_there_is_asked_again_later(self, settings):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings(C2B_MAIL_URL=f"smtp://127.0.0.1:{port}/")
        with pytest.raises(aiosmtplib.SMTPConnectError):
            await mail.send(HELLO)

    async def test_without_tls_gets_no_password(self, mailbox, settings):
        url = config.settings().mail_url.replace("smtp://", "smtp://bo:secret@")
        settings(C2B_MAIL_URL=url)
        with pytest.raises(aiosmtplib.SMTPException, match="STARTTLS"):
            await mail.send(HELLO)
        assert mailbox.arrived == []


class TestTheAddressOfAServer:
    @pytest.mark.parametrize(
        ("url", "port", "use_tls", "start_tls"),
        [
            ("smtp://mail.example.com", 587, False, None),
            ("smtp://mail.example.com:25/?starttls=0", 25, False, False),
            ("smtp://mail.example.com/?starttls=1", 587, False, True),
            ("smtp://u:p@mail.example.com", 587, False, True),
            ("smtp://u:p@mail.example.com/?starttls=0", 587, False, False),
            ("smtps://u:p@mail.example.com", 465, True, False),
        ],
    )
    def test_says_how_to_connect(self, url, port, use_tls, start_tls):
        found = mail.connection_of(url)
        assert (found["port"], found["use_tls"], found["start_tls"]) == (port, use_tls, start_tls)

    def test_may_hold_odd_characters_in_a_password(self):
        found = mail.connection_of("smtp://ana%40example.com:p%2Fss%3A@mail.example.com")
        assert (found["username"], found["password"]) == ("ana@example.com", "p/ss:")

    @pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp:mail"])
    def test_is_refused_when_it_is_none(self, url):
        with pytest.raises(ValueError, match="C2B_MAIL_URL"):
            mail.connection_of(url)
