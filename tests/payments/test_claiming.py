"""Claims and delays: numbered, spread over what was paid, never more than that."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from typing import Any

import pytest

from c2b.kit import clock, db
from c2b.kit.errors import Invalid
from c2b.ledger.queries import balance
from c2b.payments import claiming
from c2b.payments.claiming import NotOfThisPlace
from c2b.payments.gateways.sandbox.record import record_of
from tests import small, world
from tests.books import assert_books, work
from tests.payments.paying import payment_of
from tests.payments.test_refunding import paid


class TestAClaim:
    async def locked(self, provider) -> tuple[world.World, Any]:
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await paid(w, campaign, provider, units=3)
        await work()
        return w, joined

    async def test_is_numbered_and_never_returns_more_than_was_paid(self, database, provider):
        w, joined = await self.locked(provider)
        place = joined.participation_id
        for number, amount in ((1, 1000), (1, 1000), (2, 500)):
            await claiming.claim(w.root, place, amount_minor=amount, note="A scratch.", number=number)
        await work()
        assert await claiming.next_claim(place) == 3
        payment = await payment_of(joined)
        assert payment["refunded_minor"] == payment["amount_minor"] - await balance(
            f"escrow:{joined.campaign_id}"
        )
        with pytest.raises(Invalid):
            await claiming.claim(
                w.root, place, amount_minor=payment["amount_minor"], note="All of it.", number=3
            )
        returned = [row.amount_minor for row in record_of(provider.store.path).refunds]
        assert sorted(returned)[:2] == [500, 1000]
        await assert_books(database, provider.store.path)

    async def test_is_spread_over_what_was_paid_the_latest_first(self, database, provider):
        w, joined = await self.locked(provider)
        first = await payment_of(joined)
        again = await w.ask(replace(joined, total_minor=700))  # a second payment of the same place
        await db.execute(
            "UPDATE payment SET state = 'succeeded', captured_at = ? WHERE id = ?", clock.now(), again.id
        )
        await claiming.claim(w.root, joined.participation_id, amount_minor=1000, note="A scratch.", number=1)
        parts = await db.fetch(
            "SELECT payment_id, amount_minor FROM refund WHERE reason = 'claim' ORDER BY id"
        )
        assert [(row["payment_id"], row["amount_minor"]) for row in parts] == [
            (again.id, 700),
            (first["id"], 300),
        ]
        assert (
            await claiming.claim(w.root, joined.participation_id, amount_minor=1000, note="Again.", number=1)
            == 0
        )

    async def test_two_at_once_are_two_only_if_they_are_numbered_so(self, database, provider):
        w, joined = await self.locked(provider)

        async def one() -> None:
            await claiming.claim(
                w.root, joined.participation_id, amount_minor=1000, note="A scratch.", number=1
            )

        await asyncio.gather(
            *(asyncio.create_task(one(), context=contextvars.copy_context()) for _ in range(4))
        )
        assert len(await db.fetch("SELECT id FROM refund WHERE reason = 'claim'")) == 1

    async def test_and_a_delay_are_not_for_every_place(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        with pytest.raises(NotOfThisPlace):
            await claiming.claim(w.root, joined.participation_id, amount_minor=5, note="x", number=1)
        with pytest.raises(NotOfThisPlace):
            await claiming.cancel_for_delay(w.root, joined.participation_id, note="x")
        with pytest.raises(Invalid):
            await claiming.cancel_for_delay(w.root, joined.participation_id, note=" ")

    async def test_somebody_who_will_not_wait_gets_everything(self, database, provider):
        w, joined = await self.locked(provider)
        await claiming.claim(w.root, joined.participation_id, amount_minor=1000, note="A scratch.", number=1)
        assert await claiming.cancel_for_delay(w.root, joined.participation_id, note="Three months late.")
        assert not await claiming.cancel_for_delay(w.root, joined.participation_id, note="Again.")
        await work()
        payment = await payment_of(joined)
        assert payment["refunded_minor"] == payment["amount_minor"]
        row = await db.fetch_one("SELECT state FROM participation WHERE id = ?", joined.participation_id)
        assert row == {"state": "refunded"}
