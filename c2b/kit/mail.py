"""Sending one mail: into a folder of this machine, or to an SMTP server.

``C2B_MAIL_URL`` decides. Empty: a file in ``<data>/outbox`` that any mail program opens. Otherwise
``smtp://user:password@host:587/?starttls=1`` (``starttls=1`` insists, ``0`` forbids; without it TLS is used where the
server offers it, and insisted on where there is a password) or ``smtps://…`` for TLS from the first byte.

A mail has a key, and its Message-ID follows from it: where a crash between the server's yes and our commit makes us
send a second time, mailboxes and people can tell that both are the same mail. The file in the outbox is one and the
same then.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from c2b.config import settings
from c2b.kit import clock, storage
from c2b.kit.ids import sha256_hex

TIMEOUT = 30.0
# RFC 5321, 4.5.3.1: 64 + @ + 255, and 256 with brackets for the whole path. One address, not a list, no display name
_ADDRESS = re.compile(r"(?=.{3,254}\Z)[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"]+")
_LINE_BREAKING = ("Cc", "Zl", "Zp")  # Unicode categories: control characters, line and paragraph separators


class Unmailable(ValueError):
    """This mail can never be sent as it is: a broken address, or a line break where a header would split."""


class Refused(Exception):
    """The server will not take this mail for this recipient, now or later."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    filename: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Message:
    """A mail ready to go. ``list_id`` names what it is about ("CMP-2026-0042"), so that people can sort by it."""

    key: str
    to: str
    subject: str
    text: str
    html: str = ""
    locale: str = "en"
    list_id: str = ""
    attachments: tuple[Attachment, ...] = ()


class HeaderPolicy(EmailPolicy):
    """Mail headers that cannot be split. The standard policy lets "subject\\n" and NUL through; this one does not."""

    def header_store_parse(self, name: str, value: Any) -> Any:
        """Check a header on its way in. Raises Unmailable."""
        return super().header_store_parse(name, _one_line(value, name))


def _one_line(value: Any, name: str) -> Any:
    if any(unicodedata.category(char) in _LINE_BREAKING for char in f"{name}{value}"):
        raise Unmailable(f"a control character in {name}")
    return value


_POLICY = HeaderPolicy(linesep=SMTP.linesep, max_line_length=SMTP.max_line_length, cte_type="7bit")


async def send(message: Message) -> None:
    """Hand ``message`` over. When this returns it is in the outbox, or the server has taken it.

    Raises Unmailable and Refused, for which trying again is no use, and whatever a bad day of the network raises.
    """
    composed = compose(message)
    url = settings().mail_url
    if url:
        await _deliver(composed, url, message.to)
    else:
        storage.write_whole(outbox_path(message.key), composed.as_bytes())


def outbox_path(key: str) -> Path:
    """The file of the mail with this key in the local outbox."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", ".", key).strip(".")[:100]
    return settings().data_dir / "outbox" / f"{readable}-{sha256_hex(key)[:12]}.eml"


def message_id(key: str) -> str:
    """The Message-ID of the mail with this key, the same every time."""
    return f"<{sha256_hex(key)[:40]}@{_domain()}>"


def compose(message: Message) -> EmailMessage:
    """The mail as the wire wants it. Raises Unmailable."""
    composed = EmailMessage(policy=_policy_for(message.to))
    composed["From"] = settings().mail_from
    composed["To"] = recipient(message.to)
    composed["Subject"] = message.subject
    composed["Date"] = format_datetime(clock.now())
    composed["Message-ID"] = message_id(message.key)
    composed["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office answers stay at home
    if message.list_id:
        label = re.sub(r"[^a-z0-9-]+", "-", message.list_id.lower()).strip("-")
        composed["List-Id"] = f"<{label}.{_domain()}>"  # RFC 2919
    composed.set_content(message.text)
    if message.html:
        composed.add_alternative(message.html, subtype="html")
    for file in message.attachments:
        kind, _, subkind = file.media_type.partition("/")
        name = _one_line(file.filename, "a file name")
        composed.add_attachment(file.data, maintype=kind, subtype=subkind, filename=name)
    # set at the end: a text that becomes one part of several takes Content- headers along
    composed["Content-Language"] = message.locale.replace("_", "-")
    return composed


def recipient(address: str) -> Address:
    """``address`` as exactly one recipient. Raises Unmailable for anything else."""
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise Unmailable("not one mail address")
    local, _, domain = address.partition("@")
    return Address(username=local, domain=domain)


def _policy_for(address: str) -> HeaderPolicy:
    """An address beyond ASCII needs a server that speaks SMTPUTF8 (RFC 6531); everybody else's mail does not."""
    return _POLICY if address.isascii() else _POLICY.clone(utf8=True)


def _domain() -> str:
    return parseaddr(settings().mail_from)[1].rpartition("@")[2] or "localhost"


async def _deliver(composed: EmailMessage, url: str, to: str) -> None:
    try:
        await aiosmtplib.send(composed, recipients=[to], timeout=TIMEOUT, **connection_of(url))
    except aiosmtplib.SMTPRecipientsRefused as error:
        if all(each.code >= 500 for each in error.recipients):
            raise Refused(f"{error.recipients[0].code} {error.recipients[0].message}") from error
        raise
    except aiosmtplib.SMTPRecipientRefused as error:
        if error.code >= 500:
            raise Refused(f"{error.code} {error.message}") from error
        raise


def connection_of(url: str) -> dict[str, Any]:
    """What ``C2B_MAIL_URL`` says, as arguments of the SMTP client. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("C2B_MAIL_URL must look like smtp://user:password@host:587/?starttls=1")
    implicit = parts.scheme == "smtps"
    asked = parse_qs(parts.query).get("starttls", ["1" if parts.password else ""])[-1]
    return {
        "hostname": parts.hostname,
        "port": parts.port or (465 if implicit else 587),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": implicit,
        "start_tls": False if implicit else {"1": True, "0": False}.get(asked),
    }
