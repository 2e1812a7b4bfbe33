"""The one source of time. Everything asks here, so that tests and the demo can move it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_fixed: datetime | None = None
_offset = timedelta()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return (_fixed or datetime.now(UTC)) + _offset


def today() -> date:
    """The present day in UTC."""
    return now().date()


def set(instant: datetime) -> None:
    """Stop the clock at ``instant`` (aware). ``shift`` still moves it."""
    global _fixed, _offset
    _fixed, _offset = instant.astimezone(UTC), timedelta()


def shift(by: timedelta) -> None:
    """Move the clock by ``by``, whether it runs or stands."""
    global _offset
    _offset += by


def reset() -> None:
    """Back to the machine's own time."""
    global _fixed, _offset
    _fixed, _offset = None, timedelta()
