"""The fees in a provider's daily bill, as a settlement whose money stays with the provider."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time

from c2b.payments.gateways.base import SettledRow, Settlement

Row = dict[str, str]

log = logging.getLogger(__name__)


def fees_of(
    gateway: str, day: date, rows: Iterable[Row], settled: Callable[[Row], SettledRow]
) -> tuple[Settlement, ...]:
    """Each row's fee, by ``settled``; nothing where there is none to tell.

    A bill whose fees cannot be read is still a record of what was paid: its fees are left out, and the log says so.
    """
    try:
        found = tuple(settled(row) for row in rows)
    except (KeyError, ValueError) as error:
        log.warning("the fees in the bill of %s of %s cannot be read: %s", gateway, day, error)
        return ()
    if not found:
        return ()
    fee = sum(row.fee_minor for row in found)
    return (
        Settlement(
            reference=f"bill:{day.isoformat()}",
            amount_minor=sum(row.moved_minor for row in found) - fee,
            fee_minor=fee,
            currency="CNY",
            settled_at=datetime.combine(day, time(), UTC),
            rows=found,
            paid_out=False,
        ),
    )
