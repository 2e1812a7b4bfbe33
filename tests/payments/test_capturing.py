"""Asking for money, and believing that it came: once, ours, in time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import permutations

import pytest

from c2b.kit import clock, db
from c2b.kit.errors import NotFound
from c2b.participations import operations as participations
from c2b.payments.asking import NothingToPay, start_checkout
from c2b.payments.capturing import ask_again, receive
from c2b.payments.gateways.base import GatewayTimeout, GatewayUnavailable
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.record import record_of
from tests import small
from tests.books import assert_books, work
from tests.payments.paying import asked, event_of, payment_of, ref_of, state_of, verdicts

NOBODY = "0" * 26


async def paid_units(campaign: str) -> tuple[str, int, int]:
    row = await db.fetch_one("SELECT state, reserved, paid FROM campaign WHERE id = ?", campaign)
    assert row
    return row["state"], row["reserved"], row["paid"]


class TestACheckout:
    async def test_is_the_same_page_however_often_it_is_asked_for(self, database, provider):
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)
        pages = {await start_checkout(w.bo, joined.participation_id) for _ in range(3)}
        assert len(pages) == 1
        (at_provider,) = record_of(provider.store.path).payments
        assert at_provider.provider_ref == ref_of(pages.pop())
        assert (at_provider.amount_minor, at_provider.currency) == (joined.total_minor, "CNY")

    async def test_asked_for_twice_at_once_is_one_payment(self, database, provider):
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)
        pages = await asyncio.gather(*(start_checkout(w.bo, joined.participation_id) for _ in range(6)))
        assert len(set(pages)) == 1
        assert len(record_of(provider.store.path).payments) == 1
        assert len(await db.fetch("SELECT id FROM payment")) == 1

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Misbehavior(unavailable_percent=100), GatewayUnavailable),
            (Misbehavior(timeout_percent=100), GatewayTimeout),
        ],
        ids=["away", "silent"],
    )
    async def test_with_a_provider_in_trouble_keeps_the_place_and_works_later(
        self, database, provider, fault, error
    ):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await w.join(campaign, w.bo)
        provider.misbehave(fault)
        with pytest.raises(error):
            await start_checkout(w.bo, joined.participation_id)
        assert await paid_units(campaign) == ("open", 1, 0)
        provider.misbehave(Misbehavior())
        url = await start_checkout(w.bo, joined.participation_id)
        await provider.pay(ref_of(url))
        assert await state_of(joined) == "joined"
        assert len(record_of(provider.store.path).payments) == 1
        await assert_books(database, provider.store.path)

    async def test_is_for_the_member_alone(self, database, provider):
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)
        for somebody in (w.ana, w.cy, w.mill, w.root):
            with pytest.raises(NotFound):
                await start_checkout(somebody, joined.participation_id)
        with pytest.raises(NotFound):
            await start_checkout(w.bo, NOBODY)
        assert record_of(provider.store.path).payments == ()

    async def test_is_refused_when_the_place_is_paid_or_gone(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, ref = await asked(w, campaign, w.bo)
        await provider.pay(ref)
        with pytest.raises(NothingToPay):
            await start_checkout(w.bo, joined.participation_id)
        left = await w.join(campaign, w.cy)
        await participations.withdraw(w.cy, left.participation_id)
        with pytest.raises(NothingToPay):
            await start_checkout(w.cy, left.participation_id)

    async def test_after_a_declined_card_is_a_new_one(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, ref = await asked(w, campaign, w.bo)
        await provider.pay(ref, Behavior.DECLINE)
        assert await state_of(joined) == "pending_payment"
        second = ref_of(await start_checkout(w.bo, joined.participation_id))
        assert second != ref
        await provider.pay(second)
        assert await state_of(joined) == "joined"
        assert await paid_units(campaign) == ("open", 1, 1)
        await assert_books(database, provider.store.path)


class TestANotification:
    @pytest.mark.parametrize(
        ("lie", "verdict"),
        [
            ({"amount_minor": 1}, "wrong amount"),
            ({"amount_minor": 10**9}, "wrong amount"),
            ({"currency": "USD"}, "wrong currency"),
            ({"payment_id": NOBODY}, "unknown payment"),
            ({"provider_ref": "sbx_another"}, "other provider object"),
            ({"kind": "refund.succeeded", "refund_key": "refund:none:full"}, "unknown refund"),
            ({"kind": "payment.disputed"}, "ignored"),
        ],
        ids=[
            "too little",
            "too much",
            "currency",
            "unknown",
            "other object",
            "refund nobody asked for",
            "kind",
        ],
    )
    async def test_that_is_not_about_our_money_is_kept_and_never_booked(
        self, database, provider, lie, verdict
    ):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, _ = await asked(w, campaign, w.bo)
        assert await receive("sandbox", await event_of(joined, **lie)) == verdict
        assert await verdicts() == [verdict]
        assert await paid_units(campaign) == ("open", 1, 0)
        assert (await payment_of(joined))["state"] == "created"
        assert await db.fetch("SELECT id FROM transfer") == []
        await assert_books(database, provider.store.path)

    async def test_of_another_gateway_or_for_somebody_elses_object_is_never_booked(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, _ = await asked(w, campaign, w.bo)
        _, cys = await asked(w, campaign, w.cy)
        assert await receive("other", await event_of(joined)) == "unknown payment"
        assert await receive("sandbox", await event_of(joined, provider_ref=cys)) == "other provider object"
        assert await paid_units(campaign) == ("open", 2, 0)

    @pytest.mark.parametrize("fault", [Misbehavior(amount_off_by=-1), Misbehavior(other_currency="EUR")])
    async def test_truly_signed_with_a_wrong_sum_is_not_booked_and_asking_the_provider_finds_the_truth(
        self, database, provider, fault
    ):
        w = await small.build()
        joined, ref = await asked(w, await small.open_campaign(w), w.bo)
        provider.misbehave(fault)
        await provider.pay(ref)
        assert await state_of(joined) == "pending_payment"
        clock.shift(timedelta(minutes=3))
        assert await ask_again() == 1
        assert await state_of(joined) == "joined"
        await assert_books(database, provider.store.path)

    async def test_may_come_many_times_at_once_and_counts_once(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, _ = await asked(w, campaign, w.bo, quantity=2)
        event = await event_of(joined)
        found = await asyncio.gather(*(receive("sandbox", event) for _ in range(8)))
        assert sorted(found) == ["captured"] + ["known"] * 7
        again = await event_of(joined)  # the provider may say the same under another name
        assert await receive("sandbox", again) == "captured"
        assert await paid_units(campaign) == ("open", 2, 2)
        assert len(await db.fetch("SELECT id FROM transfer")) == 1
        await assert_books(database, None)

    async def test_twice_out_of_order_and_forged_leaves_one_capture(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        for behavior in (Behavior.TWICE, Behavior.OUT_OF_ORDER):
            joined, ref = await asked(w, campaign)
            await provider.pay(ref, behavior)
            clock.shift(timedelta(seconds=10))
            await provider.deliver_due()
            assert await state_of(joined) == "joined"
        assert (await paid_units(campaign))[1:] == (2, 2)
        await assert_books(database, provider.store.path)

    @pytest.mark.parametrize("order", list(permutations(["failed", "captured", "expired"])), ids="-".join)
    async def test_in_any_order_money_that_was_captured_counts(self, database, provider, order):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, _ = await asked(w, campaign, w.bo)
        for kind in order:
            for _ in range(2):
                await receive("sandbox", await event_of(joined, f"payment.{kind}"))
        assert (await payment_of(joined))["state"] == "succeeded"
        assert await paid_units(campaign) == ("open", 1, 1)
        await assert_books(database, None)

    async def test_of_money_that_comes_after_the_reservation_gives_it_back(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, ref = await asked(w, campaign, w.bo)
        await provider.choose(ref, Behavior.LATE)
        clock.shift(timedelta(minutes=32))
        await participations.keep_reservations()
        await provider.deliver_due()
        assert await state_of(joined) == "expired"
        assert await paid_units(campaign) == ("open", 0, 0)
        await work()
        assert await state_of(joined) == "expired"
        await assert_books(database, provider.store.path)
        (back,) = record_of(provider.store.path).refunds
        assert (back.amount_minor, back.reason, back.status) == (joined.total_minor, "late", "succeeded")

    async def test_of_a_second_capture_for_one_place_gives_the_second_back(self, database, provider):
        """Declined, tried again, and then the first attempt is captured after all."""
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, _ = await asked(w, campaign, w.bo)
        first = await event_of(joined)
        await receive("sandbox", await event_of(joined, "payment.failed"))
        await start_checkout(w.bo, joined.participation_id)
        second = await event_of(joined)
        assert second.payment_id != first.payment_id
        await receive("sandbox", first)
        await receive("sandbox", second)
        assert await paid_units(campaign) == ("open", 1, 1)
        (refund,) = await db.fetch("SELECT payment_id, reason, amount_minor FROM refund")
        assert refund == {
            "payment_id": second.payment_id,
            "reason": "late",
            "amount_minor": joined.total_minor,
        }


class TestAskingAgain:
    async def test_finds_captures_and_failures_whose_notification_was_lost(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        paid, paid_ref = await asked(w, campaign, w.bo)
        declined, declined_ref = await asked(w, campaign, w.cy)
        undecided, _ = await asked(w, campaign)
        await provider.choose(paid_ref)
        await provider.choose(declined_ref, Behavior.DECLINE)
        assert await ask_again() == 0, "too young to be asked about"
        clock.shift(timedelta(minutes=3))
        assert await ask_again() == 1
        assert await ask_again() == 0
        assert [await state_of(each) for each in (paid, declined, undecided)] == [
            "joined", "pending_payment", "pending_payment",
        ]  # fmt: skip
        assert (await payment_of(declined))["state"] == "failed"
        await provider.deliver_due()  # and then the notifications arrive all the same
        assert await paid_units(campaign) == ("open", 3, 1)
        await assert_books(database, provider.store.path)

    async def test_goes_on_although_the_provider_is_silent_about_one(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, ref = await asked(w, campaign, w.bo)
        lost, _ = await asked(w, campaign, w.cy)
        await provider.choose(ref)
        with provider.store.write() as record:  # the provider has forgotten Cy's checkout
            record.execute("DELETE FROM payment WHERE payment_id = ?", ((await payment_of(lost))["id"],))
        clock.shift(timedelta(minutes=3))
        assert await ask_again() == 1
        assert await state_of(joined) == "joined"

    async def test_while_the_provider_is_away_changes_nothing(self, database, provider):
        w = await small.build()
        joined, ref = await asked(w, await small.open_campaign(w), w.bo)
        await provider.choose(ref)
        provider.misbehave(Misbehavior(unavailable_percent=100))
        clock.shift(timedelta(minutes=3))
        assert await ask_again() == 0
        assert await state_of(joined) == "pending_payment"
        provider.misbehave(Misbehavior())
        assert await ask_again() == 1
