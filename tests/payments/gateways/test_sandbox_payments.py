"""A payment at the sandbox: started once per key, decided once, refunded never beyond what was captured."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import GatewayRefused, GatewayTimeout, GatewayUnavailable
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.payments import CheckoutClosed
from c2b.payments.gateways.sandbox.record import record_of
from tests.payments.gateways.cast import BASE, NOON, PRICE, Shop, give_back, order


async def refused(call: object) -> str:
    with pytest.raises(GatewayRefused) as error:
        await call  # type: ignore[misc]
    return error.value.reason


class TestStarting:
    async def test_the_same_key_fifty_times_at_once_is_one_checkout(self, sandbox: SandboxGateway) -> None:
        started = await asyncio.gather(*(sandbox.start(**order()) for _ in range(50)))
        assert len({one.provider_ref for one in started}) == 1
        assert len(record_of(sandbox.store.path).payments) == 1

    async def test_another_key_is_another_checkout(self, sandbox: SandboxGateway) -> None:
        one, two = await sandbox.start(**order()), await sandbox.start(**order("start:bo:again"))
        assert one.provider_ref != two.provider_ref

    @pytest.mark.parametrize(
        "other",
        [
            {"amount_minor": PRICE + 1},
            {"currency": "USD"},
            {"payment_id": "cy-1"},
            {"return_url": f"{BASE}/elsewhere"},
            {"expires_at": NOON + timedelta(hours=2)},
        ],
        ids=lambda change: next(iter(change)),
    )
    async def test_a_used_key_with_other_parameters_is_refused(
        self, sandbox: SandboxGateway, other: dict[str, object]
    ) -> None:
        await sandbox.start(**order())
        assert await refused(sandbox.start(**order(**other))) == "key_reused"
        assert len(record_of(sandbox.store.path).payments) == 1

    async def test_a_key_serves_one_verb(self, sandbox: SandboxGateway) -> None:
        started = await sandbox.start(**order("one key"))
        await sandbox.choose(started.provider_ref)
        assert await refused(sandbox.refund(**give_back(started, "one key"))) == "key_reused"

    async def test_a_key_is_forgotten_after_a_day_and_then_acts_again(self, sandbox: SandboxGateway) -> None:
        first = await sandbox.start(**order())
        clock.set(NOON + sandbox.capabilities.key_lifetime - timedelta(seconds=1))
        assert await sandbox.start(**order()) == first
        clock.set(NOON + sandbox.capabilities.key_lifetime)
        assert await sandbox.start(**order()) != first

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"amount_minor": 0}, "amount"),
            ({"amount_minor": -1}, "amount"),
            ({"amount_minor": True}, "amount"),
            ({"amount_minor": 459.0}, "malformed"),
            ({"description": "Tidal\u202e 75"}, "malformed"),
            ({"amount_minor": 10**12 + 1}, "amount"),
            ({"currency": "cny"}, "currency"),
            ({"currency": "XXX"}, "currency"),
            ({"key": ""}, "key"),
            ({"key": "k" * 256}, "key"),
            ({"return_url": "http://evil.example/"}, "return_url"),
            ({"return_url": "//evil.example/"}, "return_url"),
            ({"return_url": f"{BASE}.evil.example/"}, "return_url"),
            ({"return_url": f"{BASE}@evil.example/"}, "return_url"),
            ({"return_url": f"{BASE}\\@evil.example/"}, "return_url"),
            ({"return_url": f"{BASE}/\r\nSet-Cookie: a=b"}, "return_url"),
            ({"return_url": "javascript:alert(1)"}, "return_url"),
            ({"notify_url": "file:///etc/passwd"}, "notify_url"),
            ({"notify_url": "http://user:word@shop.example/"}, "notify_url"),
            ({"notify_url": "/webhooks"}, "notify_url"),
        ],
    )
    async def test_what_makes_no_sense_is_refused(
        self, sandbox: SandboxGateway, change: dict[str, object], reason: str
    ) -> None:
        key = str(change.pop("key", "start:bo"))
        assert await refused(sandbox.start(**order(key, **change))) == reason


class TestDeciding:
    async def test_paying_captures_the_amount_now(self, sandbox: SandboxGateway) -> None:
        started = await sandbox.start(**order())
        assert (await sandbox.read(started.provider_ref)).status == "created"
        await sandbox.choose(started.provider_ref)
        payment = await sandbox.read(started.provider_ref)
        assert (payment.status, payment.amount_minor, payment.captured_at) == ("captured", PRICE, NOON)
        assert (payment.payment_id, payment.currency, payment.refunded_minor) == ("bo-1", "CNY", 0)

    @pytest.mark.parametrize("second", list(Behavior))
    @pytest.mark.parametrize("first", [Behavior.PAY, Behavior.DECLINE, Behavior.LATE])
    async def test_a_second_decision_is_refused(
        self, sandbox: SandboxGateway, first: Behavior, second: Behavior
    ) -> None:
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref, first)
        before = record_of(sandbox.store.path)
        with pytest.raises(CheckoutClosed):
            await sandbox.choose(started.provider_ref, second)
        assert record_of(sandbox.store.path) == before

    async def test_twenty_clicks_at_once_capture_once(self, sandbox: SandboxGateway, shop: Shop) -> None:
        started = await sandbox.start(**order())
        clicks = [sandbox.choose(started.provider_ref) for _ in range(20)]
        results = await asyncio.gather(*clicks, return_exceptions=True)
        assert [type(result) for result in results if result is not None] == [CheckoutClosed] * 19
        await sandbox.deliver_due()
        assert shop.kinds() == ["payment.captured"]

    async def test_a_declined_payment_stays_failed(self, sandbox: SandboxGateway, shop: Shop) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref, Behavior.DECLINE)
        clock.shift(timedelta(days=1))
        await sandbox.deliver_due()
        assert (await sandbox.read(started.provider_ref)).status == "failed"
        assert shop.kinds() == ["payment.failed"]

    async def test_a_checkout_nobody_used_expires_and_says_so_once(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        started = await sandbox.start(**order())
        clock.set(NOON + timedelta(minutes=30))
        await sandbox.deliver_due()
        await sandbox.deliver_due()
        assert (await sandbox.read(started.provider_ref)).status == "expired"
        assert shop.kinds() == ["payment.expired"]
        with pytest.raises(CheckoutClosed):
            await sandbox.choose(started.provider_ref)

    async def test_late_money_arrives_after_the_expiry_and_not_before(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref, Behavior.LATE)
        clock.set(NOON + timedelta(minutes=30, seconds=30))
        await sandbox.deliver_due()
        assert (await sandbox.read(started.provider_ref)).status == "created"
        assert shop.kinds() == []
        clock.set(NOON + timedelta(hours=3))
        await sandbox.deliver_due()
        payment = await sandbox.read(started.provider_ref)
        assert (payment.status, payment.captured_at) == ("captured", NOON + timedelta(minutes=31))
        assert shop.kinds() == ["payment.captured"]

    async def test_an_unknown_reference_is_refused(self, sandbox: SandboxGateway) -> None:
        assert await refused(sandbox.read("sbx_nobody")) == "unknown_payment"
        assert await refused(sandbox.refunds("sbx_nobody")) == "unknown_payment"
        assert await refused(sandbox.choose("sbx_nobody")) == "unknown_payment"


class TestRefunding:
    async def test_the_same_key_fifty_times_at_once_is_one_refund(self, sandbox: SandboxGateway) -> None:
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        some = give_back(started, amount_minor=100)
        refunds = await asyncio.gather(*(sandbox.refund(**some) for _ in range(50)))
        assert len({refund.refund_ref for refund in refunds}) == 1
        assert await sandbox.refunds(started.provider_ref) == [refunds[0]]
        assert (await sandbox.read(started.provider_ref)).refunded_minor == 100

    async def test_many_keys_at_once_never_give_back_more_than_was_captured(
        self, sandbox: SandboxGateway
    ) -> None:
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        tries = [sandbox.refund(**give_back(started, f"r{n}", amount_minor=PRICE // 4)) for n in range(20)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        reasons = [result.reason for result in results if isinstance(result, GatewayRefused)]
        assert reasons == ["over_refund"] * 16
        assert (await sandbox.read(started.provider_ref)).refunded_minor == PRICE // 4 * 4

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"amount_minor": PRICE + 1}, "over_refund"),
            ({"amount_minor": 0}, "amount"),
            ({"amount_minor": -PRICE}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"provider_ref": "sbx_nobody"}, "unknown_payment"),
        ],
    )
    async def test_what_the_payment_does_not_cover_is_refused(
        self, sandbox: SandboxGateway, change: dict[str, object], reason: str
    ) -> None:
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        assert await refused(sandbox.refund(**give_back(started, **change))) == reason
        assert record_of(sandbox.store.path).refunds == ()

    @pytest.mark.parametrize("behavior", [None, Behavior.DECLINE, Behavior.LATE])
    async def test_money_that_was_not_captured_is_not_given_back(
        self, sandbox: SandboxGateway, behavior: Behavior | None
    ) -> None:
        started = await sandbox.start(**order())
        if behavior:
            await sandbox.choose(started.provider_ref, behavior)
        assert await refused(sandbox.refund(**give_back(started))) == "not_captured"

    async def test_the_window_closes_after_a_year(self, sandbox: SandboxGateway) -> None:
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        clock.set(NOON + sandbox.capabilities.refund_window + timedelta(seconds=1))
        assert await refused(sandbox.refund(**give_back(started))) == "refund_window_over"
        clock.set(NOON + sandbox.capabilities.refund_window)
        assert (await sandbox.refund(**give_back(started))).status == "succeeded"

    async def test_a_refused_refund_uses_no_key(self, sandbox: SandboxGateway) -> None:
        started = await sandbox.start(**order())
        assert await refused(sandbox.refund(**give_back(started))) == "not_captured"
        await sandbox.choose(started.provider_ref)
        assert (await sandbox.refund(**give_back(started))).amount_minor == PRICE

    async def test_a_key_that_was_forgotten_refunds_again_so_asking_first_is_needed(
        self, sandbox: SandboxGateway
    ) -> None:
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        half = give_back(started, amount_minor=PRICE // 2)
        await sandbox.refund(**half)
        clock.shift(sandbox.capabilities.key_lifetime)
        known = await sandbox.refunds(started.provider_ref)
        assert [(refund.key, refund.metadata) for refund in known] == [("refund:bo", {"refund": "r-1"})]
        await sandbox.refund(**half)
        assert [refund.key for refund in await sandbox.refunds(started.provider_ref)] == ["refund:bo"] * 2

    async def test_a_slow_refund_is_pending_first_and_its_key_answers_as_it_did(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        sandbox.misbehave(Misbehavior(refund_delay=timedelta(days=2)))
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        asked = await sandbox.refund(**give_back(started))
        assert asked.status == "pending"
        clock.shift(timedelta(hours=23))
        assert await sandbox.refund(**give_back(started)) == asked
        clock.shift(timedelta(days=2))
        await sandbox.deliver_due()
        assert [refund.status for refund in await sandbox.refunds(started.provider_ref)] == ["succeeded"]
        assert shop.kinds() == ["payment.captured", "refund.succeeded"]


class TestAProviderThatFails:
    async def test_unavailable_means_nothing_was_done(self, sandbox: SandboxGateway) -> None:
        sandbox.misbehave(Misbehavior(unavailable_percent=100))
        with pytest.raises(GatewayUnavailable):
            await sandbox.start(**order())
        assert record_of(_opened(sandbox)).payments == ()

    async def test_a_lost_answer_means_it_was_done_and_the_key_finds_it(
        self, sandbox: SandboxGateway
    ) -> None:
        sandbox.misbehave(Misbehavior(timeout_percent=100))
        with pytest.raises(GatewayTimeout):
            await sandbox.start(**order())
        (payment,) = record_of(sandbox.store.path).payments
        sandbox.misbehave(Misbehavior())
        assert (await sandbox.start(**order())).provider_ref == payment.provider_ref

    async def test_the_same_seed_fails_at_the_same_calls(self, sandbox: SandboxGateway) -> None:
        async def failures(seed: int) -> list[int]:
            sandbox.misbehave(Misbehavior(unavailable_percent=20, timeout_percent=10, seed=seed))
            tries = [sandbox.start(**order(f"{seed}-{n}")) for n in range(100)]
            results = [(await asyncio.gather(one, return_exceptions=True))[0] for one in tries]
            return [n for n, result in enumerate(results) if isinstance(result, Exception)]

        first = await failures(7)
        assert 10 < len(first) < 50
        assert await failures(7) == first
        assert await failures(8) != first

    async def test_a_notification_can_overtake_the_answer_to_its_call(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        heard: list[str] = []

        async def overtake() -> None:
            await sandbox.deliver_due()
            heard.extend(shop.kinds())

        sandbox.misbehave(Misbehavior(before_answer=overtake))
        await sandbox.refund(**give_back(started))
        assert heard == ["payment.captured", "refund.succeeded"]


def _opened(sandbox: SandboxGateway):  # type: ignore[no-untyped-def]
    with sandbox.store.read():
        return sandbox.store.path
