"""What the reader sees is in the reader's language: messages, dates and numbers, English and Simplified Chinese.

English is the language of the source: a message id is the English sentence, with `{named}` placeholders.
Chinese comes from `locales/zh_CN/*.po`, one file per area of the house, merged in memory at first use.
`c2b i18n check` holds the files complete; a message without translation shows in English.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.pofile import read_po

from c2b.config import ROOT

Style = Literal["short", "medium", "long", "full"]

LOCALES = ("en", "zh_CN")
LANGUAGE_NAMES = {"en": "English", "zh_CN": "简体中文"}

_locale: ContextVar[str] = ContextVar("locale", default="en")
_zone: ContextVar[str | None] = ContextVar("zone", default=None)
_USUAL_ZONE = {"en": "UTC", "zh_CN": "Asia/Shanghai"}


def N_(message: str) -> str:  # noqa: N802 — the name the extraction tools know
    """Mark `message` for translation and return it unchanged; translate it later with `gettext`."""
    return message


def gettext(message: str, **params: object) -> str:
    """`message` in the reader's language, its `{named}` placeholders filled from `params`."""
    text = _catalog(_locale.get()).get(message, message)
    return text.format(**params) if params else text


def ngettext(singular: str, plural: str, n: int, **params: object) -> str:
    """The form of the message that fits the count `n`, which also fills `{n}`."""
    fallback = singular if n == 1 else plural
    # Chinese has one form, kept under the singular
    text = _catalog(_locale.get()).get(singular, fallback)
    return text.format(n=n, **params) if "{" in text else text


@cache
def babel_locale(locale: str) -> Locale:
    """CLDR's data for "en" or "zh_CN". Babel looks a name up among a thousand at every call; it need not twice."""
    return Locale.parse(locale)


def current_locale() -> str:
    """The reader's locale: "en" or "zh_CN"."""
    return _locale.get()


@contextmanager
def use_locale(locale: str, *, zone: str | None = None) -> Iterator[None]:
    """Speak `locale` inside the block, and show instants in `zone` (IANA name; without it the locale's usual).

    Raises ValueError for a locale that is not spoken here.
    """
    if locale not in LOCALES:
        raise ValueError(f"unknown locale: {locale!r}")
    locale_token, zone_token = _locale.set(locale), _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(zone_token)
        _locale.reset(locale_token)


def negotiate(accept_language: str) -> str:
    """The locale that suits an `Accept-Language` header best; English where nothing matches (RFC 9110, 12.5.4)."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        ranked.append((-weight, position, tag.strip().lower()))
    for weight, _, tag in sorted(ranked):
        language = tag.split("-")[0]
        if weight < 0 and language in ("en", "zh"):
            return "zh_CN" if language == "zh" else "en"
    return "en"


def pick(label: Mapping[str, str]) -> str:
    """The reader's side of a bilingual label `{"en": …, "zh": …}` as product schemas carry them."""
    return label["zh"] if _locale.get() == "zh_CN" else label["en"]


def format_date(value: date, style: Style = "medium") -> str:
    """A day as the reader writes it: "Nov 23, 2026", "2026年11月23日". An instant is first moved to their zone."""
    if isinstance(value, datetime):
        value = value.astimezone(reader_zone()).date()
    return dates.format_date(value, style, locale=babel_locale(_locale.get()))


def format_datetime(value: datetime, style: Style = "medium") -> str:
    """An instant in the reader's zone, to the minute, with the zone named: "Nov 23, 2026, 16:15 UTC"."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    local = value.astimezone(reader_zone())
    day = dates.format_date(local.date(), style, locale=babel_locale(_locale.get()))
    return f"{day}{', ' if _locale.get() == 'en' else ' '}{local:%H:%M} {_zone_name(local)}"


def format_number(value: int) -> str:
    """A count with the reader's grouping: 12,000."""
    return numbers.format_decimal(value, locale=babel_locale(_locale.get()))


def reader_zone() -> ZoneInfo:
    """The zone in which the reader sees instants, and in which they mean a day and hour they type."""
    return ZoneInfo(_zone.get() or _USUAL_ZONE[_locale.get()])


def _zone_name(local: datetime) -> str:
    if _locale.get() == "zh_CN" and str(local.tzinfo) == "Asia/Shanghai":
        return "北京时间"
    offset = local.utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    if minutes == 0:
        return "UTC"
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


@cache
def _catalog(locale: str) -> Mapping[str, str]:
    return {} if locale == "en" else read_catalog(ROOT / "locales" / locale)


def read_catalog(folder: Path) -> dict[str, str]:
    """Message id → translation from every .po file of `folder`; unsure (fuzzy) and empty entries are left out."""
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=folder.name, abort_invalid=True)
        for message in catalog:
            msgid, text = _first(message.id), _first(message.string)
            if msgid and text and not message.fuzzy:
                texts.setdefault(msgid, text)
    return texts


def _first(forms: str | Sequence[str] | None) -> str:
    """The only form of a plain message, the first of a counted one; Chinese has no other."""
    return forms if isinstance(forms, str) else forms[0] if forms else ""
