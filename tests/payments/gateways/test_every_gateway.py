"""What is promised of every provider (``gateways.base``), each with a counterpart that does the real cryptography."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import (
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
    Reports,
    WebhookRejected,
)
from tests.payments.gateways.cast import PRICE
from tests.payments.gateways.rigs import PAYMENT, Rig
from tests.payments.gateways.rigs import rig as rig_of

#: Older than any provider repeats what it could not deliver.
LONG = timedelta(days=40)


@pytest.fixture(params=["sandbox", "stripe", "wechatpay", "alipay"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with rig_of(request.param, tmp_path) as found:
        yield found


async def refused(call: Any) -> str:
    with pytest.raises(GatewayRefused) as error:
        await call
    return error.value.reason


class TestAPayment:
    async def test_started_twice_is_one_and_is_read_by_our_id(self, rig: Rig) -> None:
        started, again = await rig.start(), await rig.start()
        assert started.provider_ref == again.provider_ref
        assert started.redirect_url or started.qr_text or started.client
        payment = await rig.gateway.read(started.provider_ref)
        assert (payment.status, payment.captured_at) == ("created", None)
        await rig.pay(started)
        payment = await rig.gateway.read(started.provider_ref)
        assert (payment.status, payment.payment_id, payment.amount_minor) == ("captured", PAYMENT, PRICE)
        assert (payment.currency, payment.captured_at, payment.refunded_minor) == ("CNY", clock.now(), 0)

    async def test_nobody_knows_is_refused(self, rig: Rig) -> None:
        started = await rig.start()
        nobodys = started.provider_ref[:-1] + ("0" if started.provider_ref[-1] != "0" else "1")
        assert await refused(rig.gateway.read(nobodys)) == "unknown_payment"
        assert await refused(rig.gateway.refunds(nobodys)) == "unknown_payment"

    async def test_in_money_that_makes_no_sense_is_refused(self, rig: Rig) -> None:
        for change in ({"amount_minor": 0}, {"amount_minor": -1}, {"currency": "XXX"}):
            assert await refused(rig.start(**change)) in ("amount", "currency")

    async def test_of_a_provider_that_is_away_moves_nothing(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        rig.go_away()
        for call in (rig.gateway.read(started.provider_ref), rig.give_back(started, PRICE)):
            with pytest.raises(GatewayUnavailable):
                await call


class TestARefund:
    async def test_is_one_per_key_known_by_our_key_and_never_more_than_was_paid(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        first = await rig.give_back(started, 6001, "price_difference")
        again = await rig.give_back(started, 6001, "price_difference")
        assert (first.refund_ref, first.amount_minor) == (again.refund_ref, 6001)
        assert await refused(rig.give_back(started, PRICE)) == "over_refund"
        await rig.give_back(started, PRICE - 6001, "claim")
        known = await rig.gateway.refunds(started.provider_ref)
        assert {(one.key.rpartition(":")[2], one.amount_minor) for one in known} == {
            ("price_difference", 6001),
            ("claim", PRICE - 6001),
        }
        assert (await rig.gateway.read(started.provider_ref)).refunded_minor == PRICE

    async def test_of_a_used_key_with_another_amount_is_refused(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        await rig.give_back(started, 100)
        assert await refused(rig.give_back(started, 200)) == "key_reused"

    async def test_of_what_was_not_paid_is_refused(self, rig: Rig) -> None:
        assert await refused(rig.give_back(await rig.start(), PRICE)) == "not_captured"

    async def test_whose_answer_is_lost_is_found_by_asking_and_not_made_again(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        rig.lose_the_next_answer()
        with pytest.raises(GatewayTimeout):
            await rig.give_back(started, PRICE)
        rig.recover()
        [known] = await rig.gateway.refunds(started.provider_ref)
        assert (known.key, known.amount_minor) == (f"refund:{PAYMENT}:full", PRICE)
        assert (await rig.give_back(started, PRICE)).refund_ref == known.refund_ref
        assert len(await rig.gateway.refunds(started.provider_ref)) == 1


class TestANotification:
    async def test_says_which_payment_and_how_much(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        notice = await rig.notice_of_payment(started)
        event = rig.gateway.parse_webhook(*notice, clock.now())
        assert (event.kind, event.payment_id) == ("payment.captured", PAYMENT)
        assert (event.provider_ref, event.amount_minor, event.currency) == (
            started.provider_ref,
            PRICE,
            "CNY",
        )
        assert event.occurred_at.utcoffset() == timedelta()
        assert rig.gateway.parse_webhook(*notice, clock.now()).event_id == event.event_id

    async def test_of_a_refund_carries_our_key(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        await rig.notice_of_payment(started)
        await rig.give_back(started, 6001)
        event = rig.gateway.parse_webhook(*await rig.notice_of_refund(started), clock.now())
        assert (event.kind, event.refund_key) == ("refund.succeeded", f"refund:{PAYMENT}:full")
        assert (event.amount_minor, event.payment_id) == (6001, PAYMENT)

    async def test_changed_unsigned_or_from_long_ago_is_not_believed(self, rig: Rig) -> None:
        started = await rig.start()
        await rig.pay(started)
        headers, body = await rig.notice_of_payment(started)
        middle = len(body) // 2
        for changed in (body[:middle] + b"0" + body[middle + 1 :], body[:-1], body + b"0", b"", b"{}"):
            if changed != body:
                with pytest.raises(WebhookRejected):
                    rig.gateway.parse_webhook(headers, changed, clock.now())
        for moment in (clock.now() + LONG, clock.now() - LONG):
            with pytest.raises(WebhookRejected):
                rig.gateway.parse_webhook(headers, body, moment)

    def test_is_answered_differently_when_it_is_not_believed(self, rig: Rig) -> None:
        yes, no = rig.gateway.webhook_answer(True), rig.gateway.webhook_answer(False)
        assert yes.status // 100 == 2
        assert no.status // 100 != 2


class TestTheTerms:
    def test_are_plausible_and_name_what_the_gateway_can(self, rig: Rig) -> None:
        terms = rig.gateway.capabilities
        assert terms.refund_window >= timedelta(days=90)
        assert terms.key_lifetime >= timedelta(hours=24)
        assert terms.notifies_for >= timedelta(hours=24)
        assert terms.max_key_length >= 64
        assert terms.methods
        assert terms.reports == isinstance(rig.gateway, Reports)
