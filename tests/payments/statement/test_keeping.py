"""Lines that no member sent: payouts of providers, beside their report or without one, and whatever else comes in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from unittest.mock import Mock

import pytest

from c2b.kit import clock, db
from c2b.kit.errors import Conflict, Invalid, NotFound
from c2b.ledger.queries import balance
from c2b.payments import gateways
from c2b.payments.gateways.base import NotConfigured, Settlement
from c2b.payments.settling import book_settlement
from c2b.payments.statement.deciding import LineDecided, assign, send_back
from c2b.payments.statement.keeping import OTHER, SettlementTaken, keep, reopen
from c2b.payments.statement.payouts import payouts_for, providers_for
from c2b.payments.statement.reading import line as view_of
from tests import small, world
from tests.books import assert_books, provider
from tests.payments.paying import asked
from tests.payments.statement.story import came, line_row

__all__ = ["provider"]
SUSPENSE, BANK, SANDBOX, STRIPE = (
    "suspense:bank:CNY",
    "world:bank:CNY",
    "world:sandbox:CNY",
    "world:stripe:CNY",
)


async def paid_out(amount_minor: int, reference: str = "po_1") -> None:
    """A payout as a provider's report tells it, booked by the daily comparison."""
    told = Settlement(
        reference=reference,
        amount_minor=amount_minor,
        fee_minor=0,
        currency="CNY",
        settled_at=clock.now() - timedelta(days=1),
    )
    assert await db.atomically(lambda: book_settlement("stripe", told))


class TestAProvidersPayout:
    async def test_that_its_report_told_is_counted_once(self, database):
        w = await small.build()
        await paid_out(90_000)
        line_id = await came(w.root, 90_000)
        assert (await balance(BANK), await balance(SUSPENSE)) == (-180_000, 90_000)
        (payout,) = (await view_of(line_id)).payouts
        assert (payout.gateway, payout.reference) == ("stripe", "po_1")
        await keep(w.root, line_id, payout_id=payout.id)
        assert (await balance(BANK), await balance(SUSPENSE), await balance(STRIPE)) == (-90_000, 0, 90_000)
        assert (await line_row(line_id))["source"] == "stripe"
        await assert_books(database, None)

    async def test_stands_beside_one_line_only(self, database):
        w = await small.build()
        await paid_out(90_000)
        first, second, other = await came(w.root, 90_000), await came(w.root, 90_000), await came(w.root, 1)
        (payout,) = await payouts_for(await line_row(first))
        assert await payouts_for(await line_row(other)) == ()
        with pytest.raises(SettlementTaken):
            await keep(w.root, other, payout_id=payout.id)
        done = await asyncio.gather(
            *(keep(w.root, each, payout_id=payout.id) for each in (first, second)), return_exceptions=True
        )
        assert sorted(isinstance(each, Conflict) for each in done) == [False, True]
        assert (await balance(BANK), await balance(SUSPENSE)) == (-180_001, 90_001)
        assert await payouts_for(await line_row(first)) == ()  # nor is it offered any more

    async def test_that_no_report_tells_leaves_the_provider_for_our_bank(self, database, provider):
        w = await small.build()
        _, ref = await asked(w, await small.open_campaign(w))
        assert await providers_for("CNY") == ()
        await provider.pay(ref)
        before = await balance(SANDBOX)
        assert before < 0
        assert await providers_for("CNY") == ("sandbox",)
        line_id = await came(w.root, 50_000)
        await keep(w.root, line_id, source="sandbox")
        assert (await balance(SANDBOX), await balance(BANK)) == (before + 50_000, -50_000)
        await assert_books(database, None, settled=False)

    async def test_of_one_that_is_not_set_up_any_more_is_not_offered(self, database, provider, monkeypatch):
        w = await small.build()
        _, ref = await asked(w, await small.open_campaign(w))
        await provider.pay(ref)
        for missing in (NotConfigured("no key"), ModuleNotFoundError("no package")):
            monkeypatch.setattr(gateways, "gateway", Mock(side_effect=missing))
            assert await providers_for("CNY") == ()

    async def test_of_one_that_tells_its_payouts_waits_for_the_report(self, database):
        w = await small.build()
        await paid_out(1)
        line_id = await came(w.root, 50_000)
        for source in ("stripe", "bank", "nobody", ""):
            with pytest.raises(Invalid):
                await keep(w.root, line_id, source=source)
        assert await balance(SUSPENSE) == 50_000


class TestSomethingElse:
    async def test_needs_a_word_and_leaves_our_book(self, database):
        w = await small.build()
        line_id = await came(w.root, 300)
        with pytest.raises(Invalid):
            await keep(w.root, line_id, source=OTHER)
        await keep(w.root, line_id, source=OTHER, note="Interest of November.")
        assert (await balance(BANK), await balance(SUSPENSE)) == (0, 0)
        assert (await line_row(line_id))["note"] == "Interest of November."


class TestAMistake:
    async def test_is_taken_back_as_often_as_it_is_made(self, database):
        w = await small.build()
        await paid_out(300)
        line_id = await came(w.root, 300)
        (payout,) = await payouts_for(await line_row(line_id))
        with pytest.raises(LineDecided):
            await reopen(w.root, line_id, note="Not yet.")
        for _ in range(2):
            await keep(w.root, line_id, source=OTHER, note="Ours.")
            with pytest.raises(Invalid):
                await reopen(w.root, line_id, note=" ")
            await reopen(w.root, line_id, note="It was Bo's.")
            await keep(w.root, line_id, payout_id=payout.id)
            with pytest.raises(LineDecided):
                await send_back(w.root, line_id, note="Too late.")
            await reopen(w.root, line_id, note="It was Bo's.")
        assert (await balance(BANK), await balance(SUSPENSE)) == (-600, 300)
        assert (await line_row(line_id))["state"] == "open"
        await assert_books(database, None)

    async def test_is_made_by_admins_only_and_once(self, database):
        w = await small.build()
        line_id = await came(w.root, 300)
        with pytest.raises(NotFound):
            await keep(w.ana, line_id, source=OTHER, note="Mine.")
        rut = await world.person("Rut", "admin")
        done = await asyncio.gather(
            *(keep(who, line_id, source=OTHER, note="Ours.") for who in (w.root, rut)), return_exceptions=True
        )
        assert sorted(isinstance(each, Conflict) for each in done) == [False, True]
        with pytest.raises(NotFound):
            await reopen(w.ana, line_id, note="Mine.")
        with pytest.raises(NotFound):
            await assign(w.root, line_id, "nobody")
