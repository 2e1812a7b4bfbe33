"""Days and instants of providers that keep their books by Beijing time, against our days in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from c2b.payments.gateways.base import GatewayUnavailable

BEIJING = ZoneInfo("Asia/Shanghai")
READY_HOUR = 10


def local_days(day: date, *, now: datetime) -> tuple[date, date]:
    """The two Beijing days that a UTC day touches.

    Raises ``GatewayUnavailable`` while the record of the later one is not ready: 10 o'clock of the day after it.
    """
    later = day + timedelta(days=1)
    midnight = datetime.combine(later + timedelta(days=1), datetime.min.time(), BEIJING)
    if now < midnight + timedelta(hours=READY_HOUR):
        raise GatewayUnavailable
    return day, later


def instant(text: str) -> datetime:
    """``2026-11-23 20:00:00``, as their books say it, in UTC. Raises ``ValueError``."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)


def written(at: datetime) -> str:
    """An instant as their books say it."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
