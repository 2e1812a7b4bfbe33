"""Giving money back: exactly once at the provider and in the book, whatever the provider does meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
from datetime import timedelta

import pytest

from c2b.campaigns import operations as campaigns
from c2b.campaigns.counting import keep_deadlines
from c2b.durable.jobs import perform
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.payments import capturing
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import receive
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from c2b.payments.gateways.sandbox.record import record_of
from c2b.payments.models import Payment
from c2b.payments.queries import money_of, money_of_campaign
from c2b.payments.refunding import request_refund
from tests import small
from tests.books import assert_books, work
from tests.payments.paying import asked, event_of, payment_of, state_of

HOUR = timedelta(hours=1)


async def paid(w, campaign, provider, *, units=1, **answers):
    joined, ref = await asked(w, campaign, quantity=units, **answers)
    await provider.pay(ref)
    return joined


async def patiently() -> None:
    """Work, and come back after every wait that a provider's bad day makes us take."""
    for _ in range(14):
        await work()
        clock.shift(HOUR)
    await work()


class TestARefund:
    @pytest.mark.parametrize(
        "fault",
        [
            Misbehavior(),
            Misbehavior(timeout_percent=40, seed=7),
            Misbehavior(unavailable_percent=40, seed=7),
            Misbehavior(timeout_percent=25, unavailable_percent=25, copies=2, newest_first=True, seed=3),
            Misbehavior(refund_delay=timedelta(hours=5)),
        ],
        ids=["a good day", "lost answers", "5xx", "everything", "pending for hours"],
    )
    async def test_is_made_once_whatever_kind_of_day_the_provider_has(self, database, provider, fault):
        w = await small.build()
        campaign = await small.open_campaign(w, threshold=8)
        members = [await paid(w, campaign, provider, units=n) for n in (1, 2, 1)]
        provider.misbehave(fault)
        clock.shift(timedelta(days=3, seconds=1))
        assert await keep_deadlines() == 1
        await patiently()
        assert {await state_of(each) for each in members} == {"refunded"}
        returned = record_of(provider.store.path).refunds
        assert sorted(row.amount_minor for row in returned) == sorted(each.total_minor for each in members)
        await assert_books(database, provider.store.path)
        await provider.deliver_due()  # and the notifications come at last
        await assert_books(database, provider.store.path)
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'refund.succeeded'")) == 3

    async def test_whose_notification_overtakes_the_answer_is_booked_once(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        told = []

        async def overtake() -> None:
            told.append(await provider.deliver_due())
            assert (await money_of(joined.participation_id))["refunds"][0]["state"] == "succeeded"

        provider.misbehave(Misbehavior(before_answer=overtake))
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work()
        assert told == [1]
        assert await state_of(joined) == "refunded"
        await assert_books(database, provider.store.path)

    async def test_told_before_the_answer_that_never_came_is_not_asked_for_again(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        provider.misbehave(Misbehavior(timeout_percent=100))
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work()
        await provider.deliver_due()
        await assert_books(database, provider.store.path)
        provider.misbehave(
            Misbehavior(unavailable_percent=100)
        )  # the job must not need the provider any more
        clock.shift(HOUR)
        await work()
        (job,) = await db.fetch("SELECT state FROM job WHERE kind = 'refund.send'")
        assert job["state"] == "done"

    async def test_forgotten_by_the_providers_keys_is_found_in_its_list(self, database, provider):
        """Keys live a day at a provider. A retry after that must look before it acts."""
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        provider.misbehave(Misbehavior(timeout_percent=100))
        async with db.transaction():  # a part, so that the provider would have enough for a second one
            await request_refund(
                (await payment_of(joined))["id"], reason="price_difference", amount_minor=3000
            )
        await work()
        provider.misbehave(Misbehavior(delay=timedelta(days=9)))
        clock.shift(timedelta(days=2))
        with provider.store.write() as record:
            record.execute("DELETE FROM idempotency")
        await work()
        assert [row.amount_minor for row in record_of(provider.store.path).refunds] == [3000]
        await assert_books(database, provider.store.path, settled=False)

    async def test_carried_out_by_two_workers_and_a_webhook_at_once_is_one(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work("participation.refund")
        (job,) = await db.fetch("SELECT id FROM job WHERE kind = 'refund.send'")
        await asyncio.gather(perform(job["id"]), perform(job["id"]), perform(job["id"]))
        await asyncio.gather(*(provider.deliver_due() for _ in range(3)))
        assert len(record_of(provider.store.path).refunds) == 1
        await assert_books(database, provider.store.path)

    async def test_with_another_sum_than_ours_is_kept_and_not_booked(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work("participation.refund")
        (refund,) = await db.fetch("SELECT key, amount_minor FROM refund")
        lie = await event_of(
            joined, "refund.succeeded", refund_key=refund["key"], amount_minor=refund["amount_minor"] - 1
        )
        assert await receive("sandbox", lie) == "wrong amount"
        assert (await payment_of(joined))["refunded_minor"] == 0
        await work()
        await assert_books(database, provider.store.path)

    async def test_of_a_payment_without_an_object_at_the_provider_ends_before_an_admin(
        self, database, provider
    ):
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)
        payment = await w.ask(joined)
        await db.execute("UPDATE payment SET state = 'succeeded' WHERE id = ?", payment.id)
        async with db.transaction():
            assert await request_refund(payment.id, reason="late", amount_minor=payment.amount_minor)
        await work()
        (job,) = await db.fetch("SELECT state, error FROM job WHERE kind = 'refund.send'")
        assert job["state"] == "dead"
        assert "refuses" in job["error"]
        assert await db.fetch("SELECT id FROM event WHERE name = 'job.died'")


class TestAskingForRefunds:
    async def test_of_every_reason_never_returns_more_than_was_captured(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        payment = await payment_of(joined)
        asked_for = [("price_difference", 3000), ("price_difference", 3000), ("campaign_failed", 10**9),
                     ("late", 10**9), ("withdrawal", 1), ("option_minimum", 1)]  # fmt: skip
        async with db.transaction():
            found = [
                await request_refund(payment["id"], reason=reason, amount_minor=amount)
                for reason, amount in asked_for
            ]
        assert found == [True, False, True, False, False, False]
        rows = await db.fetch("SELECT amount_minor FROM refund ORDER BY id")
        assert [row["amount_minor"] for row in rows] == [3000, payment["amount_minor"] - 3000]
        await work()
        assert (await money_of(joined.participation_id))["payments"][0]["refunded_minor"] == payment[
            "amount_minor"
        ]
        assert await state_of(joined) == "refunded"

    async def test_for_two_reasons_at_once_never_adds_up_to_more(self, database, provider):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        payment = await payment_of(joined)

        async def ask(reason: str) -> bool:
            return await db.atomically(
                lambda: request_refund(payment["id"], reason=reason, amount_minor=payment["amount_minor"] - 1)
            )

        await asyncio.gather(*(ask(reason) for reason in ("price_difference", "late") * 4))
        rows = await db.fetch("SELECT amount_minor FROM refund")
        assert sum(row["amount_minor"] for row in rows) == payment["amount_minor"]
        await work()
        await assert_books(database, provider.store.path, settled=False)  # asked for by nobody's leaving


class TestAPlacePaidTwice:
    async def test_is_refunded_only_when_both_payments_are_back(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, ref = await asked(w, campaign, w.bo)
        await receive("sandbox", await event_of(joined, "payment.failed"))  # it was not, as we shall see
        second = await start_checkout(w.bo, joined.participation_id)
        await provider.pay(ref)
        await provider.pay(second.rsplit("/", 1)[-1])
        await participations.withdraw(w.bo, joined.participation_id)
        async with db.transaction():
            await db.execute(
                "UPDATE job SET due_at = ? WHERE kind = 'participation.refund'", clock.now() + HOUR
            )
        await work()  # the late one goes back first
        assert await state_of(joined) == "withdrawn"
        clock.shift(HOUR)
        await work()
        assert await state_of(joined) == "refunded"
        assert len(record_of(provider.store.path).refunds) == 2
        await assert_books(database, provider.store.path)


class TestTwoClicksOnPay:
    async def test_open_one_payment_also_when_both_see_none(self, database, provider, monkeypatch):
        """The second click arrives after the first has looked for an open payment and before it writes one."""
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)
        outside = contextvars.copy_context()
        real, clicks = Payment.get_or_none, []

        def look(**where):
            async def looked():
                found = await real(**where)
                if not clicks:
                    click = start_checkout(w.bo, joined.participation_id)
                    clicks.append(asyncio.get_running_loop().create_task(click, context=outside))
                    await asyncio.wait(clicks, timeout=0.3)
                return found

            return looked()

        monkeypatch.setattr(capturing.Payment, "get_or_none", look)
        first = await start_checkout(w.bo, joined.participation_id)
        assert [await click for click in clicks] == [first]
        assert len(record_of(provider.store.path).payments) == 1


class TestACanceledCampaign:
    async def test_after_the_lock_returns_everything_also_what_is_left_after_a_price_difference(
        self, database, provider
    ):
        w = await small.build()
        campaign = await small.open_campaign(w, threshold=5, cap=5)
        members = [await paid(w, campaign, provider, units=n) for n in (2, 1, 2)]
        await work()
        sums = await money_of_campaign(campaign)
        assert sums["refunded_minor"] == 5 * 3000
        assert {await state_of(each) for each in members} == {"confirmed"}
        await assert_books(database, provider.store.path)
        await campaigns.cancel(w.root, campaign, reason="The factory burned down.")
        await work()
        sums = await money_of_campaign(campaign)
        assert (sums["held_minor"], sums["refunding"]) == (0, 0)
        assert sums["refunded_minor"] == sums["captured_minor"] == sum(each.total_minor for each in members)
        assert {await state_of(each) for each in members} == {"refunded"}
        await assert_books(database, provider.store.path)

    async def test_while_price_differences_are_on_their_way_returns_each_cent_once(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, threshold=5, cap=5)
        for units in (2, 3):
            await paid(w, campaign, provider, units=units)
        await work("closing")
        assert len(await db.fetch("SELECT id FROM refund WHERE reason = 'price_difference'")) == 2
        await campaigns.cancel(w.root, campaign, reason="The factory burned down.")
        await work("campaign.refund")
        rows = await db.fetch("SELECT id, key FROM job WHERE kind = 'refund.send' ORDER BY id DESC")
        for row in rows:  # the latest first: the full refund before the difference
            await perform(row["id"])
        assert (await money_of_campaign(campaign))["held_minor"] == 0
        await assert_books(database, provider.store.path)

    async def test_refunds_hundreds_of_members_in_several_transactions(self, database):
        w = await small.build()
        campaign = await w.open_campaign(threshold=300, cap=2000)
        first = await w.join(campaign, quantity=1)
        await w.pay(first)
        await copy_members(first.participation_id, 249)
        await campaigns.cancel(w.root, campaign, reason="No parts.")
        (job,) = await db.fetch("SELECT id FROM job WHERE kind = 'campaign.refund'")
        await perform(job["id"])
        rows = await db.fetch("SELECT DISTINCT payment_id FROM refund WHERE reason = 'campaign_failed'")
        assert len(rows) == 250
        assert len(await db.fetch("SELECT id FROM job WHERE kind = 'refund.send'")) == 250


async def copy_members(participation_id: str, times: int) -> None:
    """Copies of one paid place, each with its payment: a crowd without the wait."""
    from c2b.kit.ids import new_id
    from c2b.participations.models import Participation

    place = await Participation.get(id=participation_id)
    payment = await Payment.get(participation_id=participation_id)
    skipped = {"id", "user_id", "participation_id", "provider_ref"}
    for _ in range(times):
        columns = {key: value for key, value in dict(place).items() if key not in skipped}
        place_id = (await Participation.create(user_id=new_id(), **columns)).id
        columns = {key: value for key, value in dict(payment).items() if key not in skipped}
        await Payment.create(
            user_id=new_id(), participation_id=place_id, provider_ref=f"sbx_{place_id}", **columns
        )
