"""Calls to Alipay: what was done, what was not, and what nobody knows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import GatewayTimeout, GatewayUnavailable
from tests.payments.gateways.alipay.calls import PAYMENT, REFUND, give_back, refused, start
from tests.payments.gateways.cast import BASE, NOON, PRICE, order
from tests.payments.gateways.counterparts.alipay import Refusal
from tests.payments.gateways.counterparts.listening import PATIENCE


class TestStarting:
    async def test_a_page_is_an_address_that_we_signed_and_asks_nobody(self, gateway, provider) -> None:
        started = await start(gateway)
        said = provider.arrive(started.redirect_url)
        order = json.loads(said["biz_content"])
        assert (started.provider_ref, started.qr_text) == (PAYMENT, "")
        assert (order["out_trade_no"], order["total_amount"]) == (PAYMENT, "459.00")
        assert order["time_expire"] == "2026-11-23 20:30:00"
        assert said["return_url"] == f"{BASE}/payments/bo-1"
        assert provider.requests == []
        with pytest.raises(Refusal):
            provider.arrive(started.redirect_url.replace("459.00", "1.00"))

    async def test_a_code_is_what_the_qr_shows_and_twice_is_one(self, gateway, provider) -> None:
        first = await start(gateway, method="qr")
        assert first.qr_text.startswith("https://qr.alipay.com/")
        assert (first.redirect_url, await start(gateway, method="qr")) == ("", first)
        assert len(provider.trades) == 1

    async def test_nobody_pays_later_than_alipay_allows(self, gateway, provider) -> None:
        started = await start(gateway, expires_at=NOON + timedelta(days=60))
        assert "2026-12-08" in provider.arrive(started.redirect_url)["biz_content"]

    async def test_a_title_goes_without_the_signs_that_alipay_refuses(self, gateway, provider) -> None:
        started = await start(gateway, description="A/B=C&D " + "键" * 300)
        subject = json.loads(provider.arrive(started.redirect_url)["biz_content"])["subject"]
        assert subject.startswith("A B C D 键")
        assert len(subject) == 256

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"amount_minor": 0}, "amount"),
            ({"amount_minor": 459.0}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"holds": True}, "holds"),
            ({"method": "jsapi"}, "method"),
            ({"payment_id": "x" * 65}, "payment_id"),
        ],
        ids=str,
    )
    async def test_what_makes_no_sense_asks_nobody(self, gateway, provider, change, reason) -> None:
        assert await refused(gateway.start(**order(**{"payment_id": PAYMENT, **change}))) == reason
        assert provider.requests == []

    async def test_the_same_number_for_something_else_is_refused(self, gateway) -> None:
        await start(gateway, method="qr")
        assert await refused(start(gateway, method="qr", amount_minor=1)) == "key_reused"

    async def test_of_what_is_paid_is_refused(self, gateway, provider) -> None:
        await start(gateway, method="qr")
        provider.pay(PAYMENT)
        assert await refused(start(gateway, method="qr")) == "already_paid"

    @pytest.mark.parametrize("fault", ["cut", "after", "away", "rubbish"])
    async def test_a_code_whose_answer_is_lost_may_have_been_made(self, gateway, provider, fault) -> None:
        provider.faults = [fault]
        with pytest.raises(GatewayTimeout):
            await start(gateway, method="qr")
        assert (await start(gateway, method="qr")).qr_text


class TestReading:
    async def test_says_where_it_stands(self, gateway, provider) -> None:
        started = await start(gateway)
        assert await refused(gateway.read(PAYMENT)) == "unknown_payment"
        provider.arrive(started.redirect_url)
        assert (await gateway.read(PAYMENT)).status == "created"
        provider.pay(PAYMENT)
        payment = await gateway.read(PAYMENT)
        assert (payment.status, payment.payment_id, payment.amount_minor) == ("captured", PAYMENT, PRICE)
        assert (payment.captured_at, payment.currency, payment.refunded_minor) == (NOON, "CNY", 0)

    async def test_a_closed_trade_was_never_paid_or_all_given_back(self, gateway, provider, paid) -> None:
        await give_back(gateway)
        payment = await gateway.read(PAYMENT)
        assert provider.trades[PAYMENT]["state"] == "TRADE_CLOSED"
        assert (payment.status, payment.refunded_minor) == ("captured", PRICE)
        provider.trades["NEVERPAID"] = {"asked": {"total_amount": "1.00"}, "state": "TRADE_CLOSED"}
        assert (await gateway.read("NEVERPAID")).status == "expired"

    @pytest.mark.parametrize(
        "change",
        [{"out_trade_no": "another"}, {"total_amount": "459.001"}, {"total_amount": 459.0}, {"trade_status": None}],
        ids=str,
    )  # fmt: skip
    async def test_an_answer_that_says_something_else_is_not_believed(
        self, gateway, provider, paid, change
    ) -> None:
        query = provider._query
        provider._query = lambda asked: query(asked) | change
        if change == {"trade_status": None}:
            assert (await gateway.read(PAYMENT)).status == "created"
        elif change == {"total_amount": 459.0}:  # a number in the text is read as its text, never as a float
            assert (await gateway.read(PAYMENT)).amount_minor == PRICE
        else:
            with pytest.raises(GatewayUnavailable):
                await gateway.read(PAYMENT)

    @pytest.mark.parametrize("how", ["forged", "other key", "unsigned", "other method", "rubbish", "away"])
    async def test_an_answer_that_is_not_theirs_is_not_believed(self, gateway, provider, paid, how) -> None:
        answer = provider.answer
        if how == "forged":
            provider.answer = lambda name, told: answer(name, told).replace(b"459.00", b"1.00")
        elif how == "other key":
            provider.signs_with = "somebody"
        elif how == "unsigned":
            provider.answer = lambda name, told: json.dumps({name: told}).encode()
        elif how == "other method":
            provider.answer = lambda name, told: answer("alipay_trade_pay_response", told)
        else:
            provider.faults = [how]
        with pytest.raises(GatewayUnavailable):
            await gateway.read(PAYMENT)


class TestClosing:
    async def test_lets_nobody_pay_any_more_and_twice_is_once(self, gateway, provider) -> None:
        started = await start(gateway)
        assert await refused(gateway.close(PAYMENT)) == "unknown_payment"
        provider.arrive(started.redirect_url)
        await gateway.close(PAYMENT)
        await gateway.close(PAYMENT)
        assert (await gateway.read(PAYMENT)).status == "expired"

    async def test_what_is_paid_is_refused(self, gateway, paid) -> None:
        assert await refused(gateway.close(PAYMENT)) == "already_paid"


class TestGivingBack:
    async def test_the_same_key_is_one_refund_that_is_known_by_our_key(self, gateway, provider, paid) -> None:
        first = await give_back(gateway, 6000)
        assert (first.status, first.amount_minor, first.key) == ("succeeded", 6000, REFUND)
        assert await give_back(gateway, 6000) == first
        assert await gateway.refunds(PAYMENT) == [first]
        assert len(provider.refunds) == 1

    async def test_never_more_than_was_paid(self, gateway, provider, paid) -> None:
        await give_back(gateway, 6000, f"refund:{PAYMENT}:price_difference")
        assert await refused(give_back(gateway)) == "over_refund"
        await give_back(gateway, PRICE - 6000)
        assert provider.gone(PAYMENT) == PRICE
        assert [refund.amount_minor for refund in await gateway.refunds(PAYMENT)] == [PRICE - 6000, 6000]

    async def test_a_used_key_with_another_amount_is_refused(self, gateway, paid) -> None:
        await give_back(gateway, 100)
        assert await refused(give_back(gateway, 200)) == "key_reused"

    async def test_what_is_not_paid_unknown_or_too_late_is_refused(self, gateway, provider) -> None:
        assert await refused(give_back(gateway)) == "unknown_payment"
        assert await refused(gateway.refunds(PAYMENT)) == "unknown_payment"
        provider.arrive((await start(gateway)).redirect_url)
        assert await refused(give_back(gateway)) == "not_captured"
        provider.pay(PAYMENT)
        clock.shift(timedelta(days=366))
        assert await refused(give_back(gateway)) == "refund_window_over"

    async def test_that_says_nothing_moved_and_is_not_found_is_still_on_its_way(
        self, gateway, provider, paid
    ) -> None:
        provider._refund = lambda asked: {"out_trade_no": PAYMENT, "fund_change": "N"}
        assert (await give_back(gateway)).status == "pending"

    @pytest.mark.parametrize(
        ("sub_code", "code", "reason"),
        [
            ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "40004", "insufficient_funds"),
            ("ACQ.REASON_TRADE_BEEN_FREEZEN", "40004", "frozen"),
            ("ACQ.SOMETHING_NEW", "40004", "something_new"),
            ("ACQ.SYSTEM_ERROR", "40004", GatewayTimeout),
            ("isp.unknow-error", "20000", GatewayTimeout),
            ("isv.invalid-signature", "40002", GatewayUnavailable),
            ("isv.app-call-limited", "40005", GatewayUnavailable),
        ],
    )
    async def test_a_no_is_told_from_not_now_and_from_unknown(
        self, gateway, provider, paid, sub_code, code, reason
    ) -> None:
        def say(asked: Any) -> Any:
            raise Refusal(sub_code, code)

        provider._refund = say
        if isinstance(reason, str):
            assert await refused(give_back(gateway)) == reason
        else:
            with pytest.raises(reason):
                await give_back(gateway)

    @pytest.mark.parametrize("fault", ["silent", "after", "cut", "rubbish"])
    async def test_a_lost_answer_is_unknown_and_asking_again_finds_one_refund(
        self, gateway, provider, paid, fault
    ) -> None:
        provider.faults = [fault]
        gateway._client._seconds = PATIENCE if fault == "silent" else 5
        with pytest.raises(GatewayTimeout):
            await give_back(gateway)
        gateway._client._seconds = 5
        assert [refund.key for refund in await gateway.refunds(PAYMENT)] == [REFUND]
        assert (await give_back(gateway)).status == "succeeded"
        assert len(provider.refunds) == 1

    async def test_a_provider_that_is_not_there_did_nothing(self, gateway, provider, paid) -> None:
        provider.close()
        with pytest.raises(GatewayUnavailable):
            await give_back(gateway)
