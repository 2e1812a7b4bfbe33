"""PostgreSQL ends our connections in the middle of everything: what the provider told us is booked once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from c2b import wiring
from c2b.campaigns.queries import forget_offers
from c2b.kit import clock, db
from c2b.kit.db import Database, transactions
from c2b.kit.ids import new_id
from c2b.ledger import queries as ledger
from c2b.participations import joining
from c2b.participations import operations as participations
from c2b.payments.capturing import receive
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.models import Payment
from tests import world
from tests.databases import POSTGRES
from tests.faults.harness import long_mode

pytestmark = [pytest.mark.faults, pytest.mark.slow]

EVENTS = 2000 if long_mode() else 300
TELLERS = 16
#: Connections are ended about every this many events.
EVERY = 40


@pytest_asyncio.fixture
async def database(postgres_url):
    opened = await Database(f"{postgres_url}?minsize=1&maxsize=8").open(for_every_task=True)
    yield opened
    await opened.close()


class TestConnectionsThatEnd:
    async def test_cost_no_event_and_repeat_none(self, database, postgres_url, monkeypatch, capsys):
        wiring.connect()
        payments = await _payments()
        seen: Counter[str] = Counter()
        _count_retries(monkeypatch, seen)
        waiting = iter(payments)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(TELLERS):
                tasks.create_task(_tell_all(waiting, seen, postgres_url.rsplit("/", 1)[1]))
        async with Database(postgres_url):  # a read outside a transaction is not repeated
            campaign = payments[0].campaign_id
            row = await db.fetch_one("SELECT paid FROM campaign WHERE id = ?", campaign)
            assert row == {"paid": EVENTS}
            verdicts = await db.fetch("SELECT verdict, COUNT(*) AS n FROM gateway_event GROUP BY verdict")
            assert {each["verdict"]: each["n"] for each in verdicts} == {"captured": EVENTS}
            assert await ledger.balance(f"escrow:{campaign}") == sum(each.amount_minor for each in payments)
            joined = await db.fetch("SELECT id FROM event WHERE name = 'participation.joined'")
            assert len(joined) == EVENTS
            assert await ledger.faults() == []
        assert seen["ended"] > 0
        assert seen["retried"] + seen["told again"] > 0
        with capsys.disabled():
            print(f"\n{EVENTS} events, connections {dict(seen)}")


async def _payments() -> list[Payment]:
    """A group in which everybody has a place and an open payment."""
    forget_offers()
    w = await world.build()
    campaign = await w.open_campaign(
        cap=2000, closes="at_deadline", deadline=clock.now() + timedelta(days=20)
    )
    offer = await participations.join_offer(campaign)
    priced = participations.requirement(offer, answers=world.ANSWERS, quantity=1)
    joins = [joining.Join(campaign, new_id(), None, 1, offer.schema.version, priced) for _ in range(EVENTS)]
    places: list[Any] = []
    for at in range(0, EVENTS, joining.BATCH):
        places += await db.atomically(partial(joining.write, joins[at : at + joining.BATCH]))
    payments = [
        Payment(
            participation_id=place.participation_id, campaign_id=campaign, user_id=join.user_id, gateway="sandbox",
            amount_minor=place.total_minor, currency=place.currency, provider_ref=f"pay_{new_id()}",
            created_at=clock.now(),
        )
        for place, join in zip(places, joins, strict=True)
    ]  # fmt: skip
    await Payment.bulk_create(payments)
    return payments


async def _tell_all(waiting: Any, seen: Counter[str], name: str) -> None:
    """One of the provider's senders: tells an event again until it is accepted."""
    for payment in waiting:
        event = GatewayEvent(
            event_id=f"evt-{payment.id}", kind="payment.captured", provider_ref=payment.provider_ref,
            payment_id=payment.id, amount_minor=payment.amount_minor, currency=payment.currency,
            occurred_at=clock.now(), refund_key=None,
        )  # fmt: skip
        while True:
            try:
                await receive("sandbox", event)
                break
            except Exception:
                seen["told again"] += 1
                assert seen["told again"] < EVENTS
        seen["accepted"] += 1
        if seen["accepted"] % EVERY == 0:
            seen["ended"] += await _end_connections(name)


async def _end_connections(name: str) -> int:
    """End every connection to that database, from one to another database."""
    import asyncpg

    connection = await asyncpg.connect(POSTGRES)
    try:
        rows = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
    finally:
        await connection.close()
    return len(rows)


def _count_retries(monkeypatch: pytest.MonkeyPatch, seen: Counter[str]) -> None:
    real = transactions.is_passing

    def counted(error: BaseException) -> bool:
        passing = real(error)
        seen["retried"] += passing
        return passing

    monkeypatch.setattr(transactions, "is_passing", counted)
