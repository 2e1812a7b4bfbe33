"""Who may act, and what names, addresses and passwords must look like. No database here."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from c2b.kit.canonical import clean_text
from c2b.kit.errors import FieldError
from c2b.kit.i18n import LOCALES, N_

Role = Literal["consumer", "manufacturer", "admin"]
ROLES: tuple[Role, ...] = ("consumer", "manufacturer", "admin")

#: OWASP ASVS 5.0, 7.3.1 and 7.3.2: a session ends when nobody used it, and in any case some day.
SESSION_IDLE, SESSION_ABSOLUTE = timedelta(hours=12), timedelta(days=14)
TOKEN_DAYS = (30, 90, 365)

#: Long beats odd (NIST SP 800-63B, 5.1.1.2): no rules on kinds of characters, and the worst are refused by name.
PASSWORD_MIN, PASSWORD_MAX = 10, 128
_COMMON = frozenset(
    "1234567890 0123456789 12345678910 123456789a a123456789 1q2w3e4r5t qwertyuiop qwerty12345 password12 "
    "password123 password1234 passw0rd123 iloveyou12 iloveyou123 letmein1234 welcome123 welcome1234 "
    "administrator changeme123 woaini1314 woaini520520 woaini5201314 1111111111 0000000000 8888888888 "
    "6666666666 5201314520 1314520520 abcdefghij abc1234567 abcd123456 asdfghjkl1 zxcvbnm123 q1w2e3r4t5".split()
)
_EMAIL = re.compile(
    r"[^@\s\"<>(),;:\\\[\]]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: what every query is scoped by.

    ``session_id`` is set for a browser, ``token_id`` for a program; ``can_write`` is false for a read-only token.
    """

    id: str
    name: str
    role: Role
    manufacturer_id: str | None = None
    locale: str = "en"
    email_verified: bool = False
    session_id: str | None = None
    token_id: str | None = None
    can_write: bool = True

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def makes_for(self, manufacturer_id: str | None) -> bool:
        """Does this person work for that manufacturer?"""
        return self.role == "manufacturer" and self.manufacturer_id == manufacturer_id is not None


def email_key(email: str) -> str:
    """The form in which two spellings of one address are the same: NFKC, folded case, no spaces around."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def public_name(name: str) -> str:
    """What strangers may read of a name: the first word, or of a name without spaces in Chinese the surname: 林**."""
    words = name.split()
    if not words:
        return "—"
    first = words[0]
    chinese = len(words) == 1 and len(first) > 1 and all("\u4e00" <= char <= "\u9fff" for char in first)
    return first[0] + "*" * (len(first) - 1) if chinese else first


def faults_of_email(email: str) -> list[FieldError]:
    """What is wrong with an address, in words for the person who typed it."""
    local = email.strip().rpartition("@")[0]
    good = len(email.strip()) <= 254 and email.isprintable() and _EMAIL.fullmatch(email.strip())
    if good and not (local.startswith(".") or local.endswith(".") or ".." in local):
        return []
    return [FieldError("email", "email", N_("Enter an e-mail address like ana@example.com."))]


def faults_of_name(name: str) -> list[FieldError]:
    """A name is 1 to 80 printable characters."""
    try:
        text = clean_text(name).strip()
    except ValueError:
        text = ""
    if 1 <= len(text) <= 80 and "\n" not in text and "\t" not in text:
        return []
    return [FieldError("name", "name", N_("Enter the name others should see, up to 80 characters."))]


def faults_of_password(
    password: str, *, email: str, name: str = "", path: str = "password"
) -> list[FieldError]:
    """What makes a password too easy to guess."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        params = {"least": PASSWORD_MIN, "most": PASSWORD_MAX}
        return [
            FieldError(path, "length", N_("Use {least} to {most} characters; a few words are fine."), params)
        ]
    plain = password.casefold()
    personal = [
        part for part in (email_key(email), email_key(email).partition("@")[0], name.casefold()) if part
    ]
    if (
        plain in _COMMON
        or len(set(plain)) < 4
        or any(plain == part or plain == part * 2 for part in personal)
    ):
        return [FieldError(path, "common", N_("This password is easy to guess. Please choose another one."))]
    return []


def faults_of_locale(locale: str) -> list[FieldError]:
    if locale in LOCALES:
        return []
    return [FieldError("locale", "locale", N_("This language is not available."))]
