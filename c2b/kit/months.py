"""Months of the books: they begin and end in Beijing, wherever the reader is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from c2b.kit import clock
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_

ZONE = "Asia/Shanghai"
BEIJING = ZoneInfo(ZONE)


def month_of(text: str | None) -> date:
    """The first day of the month that is asked for ("2026-11"), this month without one. Raises ``Invalid``."""
    today = clock.now().astimezone(BEIJING).date()
    if not text:
        return today.replace(day=1)
    try:
        found = date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        found = None
    if found is None or not 2020 <= found.year <= today.year + 1:
        raise Invalid(fields=[FieldError("month", "month", N_("Enter a month like 2026-11."))])
    return found


def next_month(month: date, by: int = 1) -> date:
    """The month after (``by`` 1) or before (-1)."""
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


def bounds_of(month: date) -> tuple[datetime, datetime]:
    """The first instant of a month (its first day), and that of the next."""
    after = next_month(month)
    return datetime(month.year, month.month, 1, tzinfo=BEIJING), datetime(
        after.year, after.month, 1, tzinfo=BEIJING
    )
