"""Refunds that no provider makes: a person sends them, once, and the book says through which bank."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from c2b.kit import clock, db
from c2b.ledger.queries import balance, where_it_rests
from c2b.participations import operations as participations
from c2b.payments import disbursing
from c2b.payments.by_hand import NotByHand, ProposedAlready, ReturnedAlready, pay_by_hand, try_again
from c2b.payments.capturing import receive
from c2b.payments.disbursing import AnotherPerson, Payee
from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.references import as_reference
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from c2b.payments.gateways.sandbox.record import record_of
from c2b.payments.refunding import book_refund, request_refund
from c2b.payments.rules import REASONS, provider_key, refund_key
from tests import small, world
from tests.books import assert_books, faults_of_books, work
from tests.payments.paying import event_of, payment_of, state_of
from tests.payments.test_refunding import paid

PAYEE = Payee(name="Bo Zhang", account="6222000012345678", bank="ICBC")


async def refund_of() -> dict:
    (row,) = await db.fetch("SELECT * FROM refund")
    return row


async def asked_late(provider, *, amount: int = 3000) -> dict:
    """A refund that was asked for when the provider's window was over."""
    w = await small.build()
    joined = await paid(w, await small.open_campaign(w), provider, units=3)
    payment = await payment_of(joined)
    clock.shift(provider.capabilities.refund_window + timedelta(seconds=1))
    async with db.transaction():
        assert await request_refund(payment["id"], reason="claim", amount_minor=amount)
    await work("refund.send")
    return payment


class TestPastTheWindow:
    async def test_a_refund_is_sent_by_two_persons_and_booked_through_the_bank_once(self, database, provider):
        payment = await asked_late(provider, amount=10**9)
        refund = await refund_of()
        assert (refund["state"], bool(refund["by_hand"])) == ("requested", True)
        assert not await db.fetch("SELECT id FROM job WHERE kind = 'refund.send'")
        one, two = await world.person("One", "admin"), await world.person("Two", "admin")
        transfer = await pay_by_hand(one, refund["id"], payee=PAYEE)
        with pytest.raises(ProposedAlready):
            await pay_by_hand(two, refund["id"], payee=PAYEE)
        (row,) = await db.fetch("SELECT two_persons FROM disbursement")
        assert row["two_persons"]
        with pytest.raises(AnotherPerson):
            await disbursing.approve(one, transfer)
        await disbursing.approve(two, transfer)
        await disbursing.mark_sent(one, transfer, bank_reference="ICBC-1")
        assert (await refund_of())["state"] == "succeeded"
        (moved,) = await db.fetch("SELECT credit_id, amount_minor FROM transfer WHERE cause = 'refund'")
        assert (moved["credit_id"], moved["amount_minor"]) == ("world:bank:CNY", payment["amount_minor"])
        assert record_of(provider.store.path).refunds == ()
        await assert_books(database, provider.store.path, settled=False)

    async def test_called_off_it_is_proposed_again(self, database, provider):
        await asked_late(provider)
        refund, one = await refund_of(), await world.person("One", "admin")
        first = await pay_by_hand(one, refund["id"], payee=PAYEE)
        await disbursing.refuse(one, first, reason="Wrong account.")
        assert await pay_by_hand(one, refund["id"], payee=PAYEE) != first

    async def test_what_the_provider_made_after_all_is_not_sent(self, database, provider):
        await asked_late(provider)
        refund, one, two = (
            await refund_of(),
            await world.person("One", "admin"),
            await world.person("Two", "admin"),
        )
        transfer = await pay_by_hand(one, refund["id"], payee=PAYEE)
        await disbursing.approve(two, transfer)
        assert await db.atomically(lambda: book_refund(refund["key"]))
        with pytest.raises(ReturnedAlready):
            await disbursing.mark_sent(one, transfer, bank_reference="ICBC-1")
        (row,) = await db.fetch("SELECT state FROM disbursement")
        assert row["state"] == "approved"


class TestAtTheProvider:
    async def test_a_refund_that_may_have_been_made_is_not_paid_by_hand(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        provider.misbehave(Misbehavior(timeout_percent=100))
        async with db.transaction():
            await request_refund((await payment_of(joined))["id"], reason="claim", amount_minor=3000)
        await work("refund.send")
        with pytest.raises(NotByHand):
            await pay_by_hand(await world.person("One", "admin"), (await refund_of())["id"], payee=PAYEE)

    async def test_a_job_started_afresh_after_the_keys_lifetime_asks_before_it_acts(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        provider.misbehave(Misbehavior(timeout_percent=100))
        async with db.transaction():
            await request_refund((await payment_of(joined))["id"], reason="claim", amount_minor=3000)
        await work("refund.send")
        provider.misbehave(Misbehavior())
        clock.shift(provider.capabilities.key_lifetime + timedelta(hours=1))
        with provider.store.write() as record:
            record.execute("DELETE FROM idempotency")
        await db.execute(
            "UPDATE job SET attempts = 0, failures = 0, state = 'ready' WHERE kind = 'refund.send'"
        )
        await work("refund.send")
        assert [row.amount_minor for row in record_of(provider.store.path).refunds] == [3000]
        assert (await refund_of())["state"] == "succeeded"

    async def test_whose_making_it_does_not_tell_is_not_paid_by_hand(self, database, provider, monkeypatch):
        """The answer was lost, and then our access to the provider's list: nothing is known, so nobody may pay it."""

        async def not_told(_self, _ref):
            raise GatewayRefused("no_access")

        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        provider.misbehave(Misbehavior(timeout_percent=100))
        async with db.transaction():
            await request_refund((await payment_of(joined))["id"], reason="claim", amount_minor=3000)
        await work("refund.send")
        provider.misbehave(Misbehavior())
        with monkeypatch.context() as shut:
            shut.setattr(type(provider), "refunds", not_told)
            clock.shift(timedelta(days=1))
            await work("refund.send")
        refund, one = await refund_of(), await world.person("One", "admin")
        assert (refund["state"], refund["tries"]) == ("processing", 0)
        with pytest.raises(NotByHand):
            await pay_by_hand(one, refund["id"], payee=PAYEE)
        await try_again(one, refund["id"])
        await work("refund.send")
        assert (await refund_of())["state"] == "succeeded"
        assert [row.amount_minor for row in record_of(provider.store.path).refunds] == [3000]


class TestThatComesBack:
    """A provider says that a refund it had made has failed after all."""

    async def test_is_booked_back_once_and_paid_by_hand(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work()
        key = (await refund_of())["key"]
        assert await state_of(joined) == "refunded"
        told = await event_of(joined, "refund.failed", refund_key=key)
        assert [await receive("sandbox", told) for _ in range(2)] == ["refund failed", "known"]
        refund = await refund_of()
        assert (refund["state"], refund["tries"], await state_of(joined)) == ("failed", 1, "refunding")
        assert await balance(f"escrow:{joined.campaign_id}") == joined.total_minor
        rests = await where_it_rests(joined.campaign_id)
        assert (rests.captured_minor, rests.returned_minor, rests.adds_up) == (joined.total_minor, 0, True)
        again = await event_of(joined, "refund.failed", refund_key=key, event_id="the same, later")
        await receive("sandbox", again)
        assert await balance(f"escrow:{joined.campaign_id}") == joined.total_minor
        one, two = await world.person("One", "admin"), await world.person("Two", "admin")
        transfer = await pay_by_hand(one, refund["id"], payee=PAYEE)
        await disbursing.approve(two, transfer)
        await disbursing.mark_sent(one, transfer, bank_reference="ICBC-1")
        assert await balance(f"escrow:{joined.campaign_id}") == 0
        assert (await payment_of(joined))["refunded_minor"] == joined.total_minor
        assert await state_of(joined) == "refunded"
        assert await faults_of_books(None) == []

    async def test_of_another_amount_or_payment_is_not_believed(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work()
        key = (await refund_of())["key"]
        less = await event_of(joined, "refund.failed", refund_key=key, amount_minor=1)
        assert await receive("sandbox", less) == "wrong amount"
        other = await event_of(joined, "refund.failed", refund_key="refund:other:full", event_id="other")
        assert await receive("sandbox", other) == "unknown refund"
        assert (await refund_of())["state"] == "succeeded"


class TestClaims:
    async def test_several_on_one_payment_at_once_never_return_more_than_was_captured(
        self, database, provider
    ):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        payment = await payment_of(joined)
        most = payment["amount_minor"] // 2 + 1

        async def claim(number: int) -> bool:
            return await db.atomically(
                lambda: request_refund(payment["id"], reason="claim", amount_minor=most, number=number)
            )

        found = await asyncio.gather(*(claim(number) for number in (1, 2, 3, 1, 2, 3)))
        assert sum(found) == 2
        await work()
        assert (
            sum(row.amount_minor for row in record_of(provider.store.path).refunds) == payment["amount_minor"]
        )
        await assert_books(database, provider.store.path, settled=False)

    def test_keys_of_every_reason_and_try_fit_the_strictest_provider(self):
        keys = {provider_key(refund_key("x" * 26, reason, 99), 9) for reason in REASONS}
        assert all(as_reference(key, most=64) for key in keys)
