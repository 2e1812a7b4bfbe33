"""The clock: rings for what is due and keeps the deadlines. Any number of clocks may run at once.

Nothing here decides anything: every sweep is a query for rows whose time has come and a guarded operation on each.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from c2b import wiring
from c2b.accounts import operations as accounts
from c2b.campaigns.counting import keep_deadlines
from c2b.config import Settings, settings
from c2b.durable.broker import Ringer, make_broker
from c2b.durable.queue import connect_doorbell
from c2b.durable.sweep import sweep
from c2b.fulfillment.jobs import keep_forecasts
from c2b.invoicing.jobs import keep_receipts
from c2b.kit import clock, db
from c2b.kit.http import idempotency, rates
from c2b.participations.operations import keep_reservations
from c2b.participations.reconfirming.asking import keep_reconfirmations
from c2b.participations.votes.deciding import keep_votes
from c2b.participations.waitlist import keep_waitlists
from c2b.payments import gateways
from c2b.payments.collecting import keep_reminders
from c2b.payments.operations import ask_again
from c2b.payments.reconciling import keep_reconciliations
from c2b.payments.statement.deciding import keep_parts
from c2b.payments.watching import keep_windows
from c2b.payouts.operations import keep_guards, keep_releases
from c2b.referrals.operations import keep_commissions

log = logging.getLogger(__name__)


@dataclass
class Sweep:
    """Something to look at every so often. A failure is logged and tried again the next time."""

    name: str
    every: timedelta
    look: Callable[[], Awaitable[object]]
    next_at: datetime | None = field(default=None)

    async def maybe(self, now: datetime) -> None:
        if self.next_at and now < self.next_at:
            return
        self.next_at = now + self.every
        try:
            await self.look()
        except Exception as error:
            log.warning("sweep %s failed", self.name, exc_info=error)


async def _sandbox() -> None:
    await gateways.sandbox().deliver_due()


def sweeps(configured: Settings) -> list[Sweep]:
    """Everything that time alone makes happen."""
    often = timedelta(seconds=configured.sweep_seconds)
    found = [
        Sweep("jobs", often, sweep),
        Sweep("votes", often, keep_votes),
        Sweep("deadlines", often, keep_deadlines),
        Sweep("reservations", often, keep_reservations),
        Sweep("waitlists", often, keep_waitlists),
        Sweep("questions", often, keep_reconfirmations),
        Sweep("payments", timedelta(minutes=1), ask_again),
        Sweep("windows", timedelta(hours=1), keep_windows),
        Sweep("reconciliations", timedelta(minutes=10), keep_reconciliations),
        Sweep("balances", timedelta(minutes=1), keep_reminders),
        Sweep("bank transfers", timedelta(minutes=10), keep_parts),
        Sweep("receipts", timedelta(hours=1), keep_receipts),
        Sweep("commissions", timedelta(minutes=10), keep_commissions),
        Sweep("releases", timedelta(minutes=10), keep_releases),
        Sweep("payout blocks", timedelta(minutes=10), keep_guards),
        Sweep("forecasts", timedelta(minutes=10), keep_forecasts),
        Sweep("answers", timedelta(hours=1), idempotency.prune),
        Sweep("rate counts", timedelta(hours=1), rates.prune),
        Sweep("log-ins", timedelta(hours=6), accounts.prune),
    ]
    if configured.gateway == "sandbox":
        found.append(Sweep("sandbox", often, _sandbox))
    return found


async def keep_time(configured: Settings) -> None:
    """Tick until canceled, on the present database."""
    table = sweeps(configured)
    while True:
        now = clock.now()
        for each in table:
            await each.maybe(now)
        await asyncio.sleep(configured.sweep_seconds)


async def main() -> int:
    """``c2b clock``: the clock of a scaled installation."""
    configured = settings()
    wiring.connect()
    url = db.database_url_of(configured)
    ringer = Ringer(make_broker(configured.broker_url, url))
    connect_doorbell(ringer)
    async with db.Database(url):
        ticking = asyncio.get_running_loop().create_task(keep_time(configured))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ticking.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
    ringer.close()
    return 0
