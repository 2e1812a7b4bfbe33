"""The one Jinja environment: pages, mails and documents.

Everything is escaped, whatever a file is called, and a name nobody passed is an error rather than a gap. Templates get
primitives (texts, numbers, instants, frozen dataclasses of these), never a model: a page must not query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from html import unescape
from typing import Any, Literal

from babel import Locale
from babel.dates import format_timedelta
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from c2b.config import ROOT
from c2b.kit import clock, i18n
from c2b.kit.money import format_money

Unit = Literal["day", "hour", "minute"]


def render(template: str, /, **context: Any) -> str:
    """HTML of ``templates/<template>`` in the reader's language. Raises TypeError for a model in the context."""
    for name, value in context.items():
        _refuse_models(name, value)
    return environment().get_template(template).render(context)


def render_text(template: str, /, **context: Any) -> str:
    """Plain text (mails, subjects) from the same environment: rendered escaped, then read back as text."""
    return unescape(render(template, **context))


def share(**functions: Callable[..., Any]) -> None:
    """Make functions known to every template, such as the address of a static file."""
    environment().globals.update(functions)


@cache
def environment() -> Environment:
    """The environment of this process."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=False)  # type: ignore[attr-defined]
    env.globals.update(
        _=translate,
        ngettext=translate_count,
        pick=i18n.pick,
        locale=i18n.current_locale,
        language_names=i18n.LANGUAGE_NAMES,
    )
    spoken: dict[str, Callable[..., str]] = {
        "money": money,
        "date": i18n.format_date,
        "datetime": i18n.format_datetime,
        "number": i18n.format_number,
        "ago": ago,
        "countdown": countdown,
    }
    env.filters.update({name: _at_render_time(function) for name, function in spoken.items()})
    env.filters["iso"] = lambda instant: instant.isoformat()
    return env


def translate(message: str, /, **params: Any) -> Markup:
    """``message`` in the reader's language; message and parameters are escaped, parts already Markup are kept."""
    return escape(i18n.gettext(message)).format(**params)


def translate_count(singular: str, plural: str, n: int, /, **params: Any) -> Markup:
    """The form for the count ``n``, message and parameters escaped."""
    text = i18n.ngettext(singular, plural, n, **{name: f"{{{name}}}" for name in params})
    return escape(text).format(**params)


def money(minor: int, currency: str) -> str:
    """``minor`` units of ``currency`` as the reader writes money."""
    return format_money(minor, currency, i18n.current_locale())


def ago(instant: datetime) -> str:
    """How far an instant lies from now: "3 hours ago", "in 2 days"."""
    return format_timedelta(instant - clock.now(), add_direction=True, locale=_babel())


def countdown(instant: datetime) -> str:
    """What is left until an instant, in the two units that matter: "2 days 5 hours". "0 minutes" once it is past."""
    left = max(instant - clock.now(), timedelta())
    minutes = int(left.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    spans: list[tuple[Unit, int]] = [("hour", hours), ("minute", minutes)]
    if days:
        spans = [("day", days), ("hour", hours)]
    return " ".join(_span(unit, n) for unit, n in spans if n) or _span("minute", 0)


def _span(unit: Unit, n: int) -> str:
    # format_unit has no Chinese for durations ("2 duration-day"); format_timedelta has
    span = timedelta(**{f"{unit}s": n})
    return format_timedelta(span, granularity=unit, threshold=10**9, locale=_babel())


def _babel() -> Locale:
    return i18n.babel_locale(i18n.current_locale())


def _at_render_time(function: Callable[..., str]) -> Callable[..., str]:
    """Jinja computes a filter of a constant once, when it compiles: in the language of whoever came first."""

    @pass_context
    def spoken(_context: Context, *args: Any) -> str:
        return function(*args)

    return spoken


def _refuse_models(name: str, value: Any) -> None:
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    elif isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    if hasattr(type(value), "_meta"):
        raise TypeError(f"{name} holds a {type(value).__name__}: templates get primitives, never a model")
