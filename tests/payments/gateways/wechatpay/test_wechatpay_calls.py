"""Calls to WeChat Pay: what was done, what was not, and what nobody knows."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from c2b.kit import clock
from c2b.payments.gateways.base import (
    GatewayTimeout,
    GatewayUnavailable,
)
from tests.payments.gateways.cast import NOON, PRICE, order
from tests.payments.gateways.counterparts.keys import key
from tests.payments.gateways.counterparts.listening import PATIENCE
from tests.payments.gateways.counterparts.wechatpay import APPID, WechatPay
from tests.payments.gateways.wechatpay.wechat import (
    PAYMENT,
    REFUND,
    give_back,
    provider_says,
    refused,
    start,
)


class TestStarting:
    async def test_gives_what_the_qr_code_says_and_our_own_number(self, gateway, provider) -> None:
        started = await start(gateway)
        assert started.provider_ref == PAYMENT
        assert (started.redirect_url, started.qr_text[:24]) == ("", "weixin://wxpay/bizpayurl")
        asked = provider.orders[PAYMENT]["asked"]
        assert asked["amount"] == {"total": PRICE, "currency": "CNY"}
        assert asked["time_expire"] == "2026-11-23T20:30:00+08:00"

    async def test_twice_is_one_order(self, gateway, provider) -> None:
        assert await start(gateway) == await start(gateway)
        assert len(provider.orders) == 1

    async def test_inside_wechat_gives_what_its_bridge_needs_signed_by_us(self, gateway) -> None:
        client = (await start(gateway, method="jsapi", payer="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")).client
        lines = [client[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
        assert lines[0] == APPID
        assert lines[3].startswith("prepay_id=wx")
        message = "".join(line + "\n" for line in lines).encode()
        public = key("merchant").public_key()
        public.verify(base64.b64decode(client["paySign"]), message, PKCS1v15(), SHA256())
        with pytest.raises(InvalidSignature):
            public.verify(base64.b64decode(client["paySign"]), message + b"x", PKCS1v15(), SHA256())

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"amount_minor": 0}, "amount"),
            ({"amount_minor": 459.0}, "amount"),
            ({"amount_minor": True}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"holds": True}, "holds"),
            ({"method": "jsapi"}, "payer"),
            ({"method": "card"}, "method"),
            ({"payment_id": "x" * 33}, "payment_id"),
            ({"payment_id": "bo"}, "payment_id"),
        ],
        ids=str,
    )
    async def test_what_makes_no_sense_asks_nobody(self, gateway, provider, change, reason) -> None:
        assert await refused(gateway.start(**order(**{"payment_id": PAYMENT, **change}))) == reason
        assert provider.requests == []

    async def test_the_same_number_for_something_else_is_refused(self, gateway) -> None:
        await start(gateway)
        assert await refused(start(gateway, amount_minor=PRICE + 1)) == "key_reused"

    async def test_what_is_paid_or_closed_is_refused_by_name(self, gateway, provider, paid) -> None:
        assert await refused(start(gateway)) == "already_paid"
        provider.orders[PAYMENT]["state"] = "CLOSED"
        assert await refused(start(gateway)) == "checkout_closed"

    async def test_a_long_title_is_cut_between_characters(self, gateway, provider) -> None:
        await start(gateway, description="键盘" * 40)
        assert provider.orders[PAYMENT]["asked"]["description"] == ("键盘" * 40)[:42]


class TestReading:
    @pytest.mark.parametrize(
        ("state", "status"),
        [
            ("NOTPAY", "created"),
            ("USERPAYING", "created"),
            ("CLOSED", "expired"),
            ("REVOKED", "failed"),
            ("PAYERROR", "failed"),
        ],
    )
    async def test_says_where_it_stands(self, gateway, provider, state, status) -> None:
        await start(gateway)
        provider.orders[PAYMENT]["state"] = state
        payment = await gateway.read(PAYMENT)
        assert (payment.status, payment.captured_at, payment.refunded_minor) == (status, None, 0)

    async def test_says_what_was_paid_when_and_what_went_back(self, gateway, provider, paid) -> None:
        await give_back(gateway, 6000, f"refund:{PAYMENT}:price_difference")
        payment = await gateway.read(PAYMENT)
        assert (payment.status, payment.payment_id, payment.amount_minor) == ("captured", PAYMENT, PRICE)
        assert (payment.captured_at, payment.currency, payment.refunded_minor) == (NOON, "CNY", 6000)

    async def test_of_nobodys_payment_is_refused(self, gateway) -> None:
        assert await refused(gateway.read(PAYMENT)) == "unknown_payment"
        assert await refused(gateway.refunds(PAYMENT)) == "unknown_payment"

    async def test_an_answer_about_another_order_is_not_believed(self, gateway, provider, paid) -> None:
        provider.transaction = lambda number: WechatPay.transaction(provider, PAYMENT) | {"mchid": "other"}
        with pytest.raises(GatewayUnavailable):
            await gateway.read(PAYMENT)

    @pytest.mark.parametrize("how", ["forged", "unknown key", "old", "rubbish"])
    async def test_an_answer_that_is_not_theirs_is_not_believed(self, gateway, provider, paid, how) -> None:
        signed = provider._signed
        if how == "forged":
            provider.signs_with = "somebody"
        elif how == "unknown key":
            provider._signed = lambda body: signed(body, serial="OTHER")
        elif how == "old":
            provider._signed = lambda body: signed(body, at=clock.now() - timedelta(minutes=6))
        else:
            provider.faults = ["rubbish"]
        with pytest.raises(GatewayUnavailable):
            await gateway.read(PAYMENT)


class TestClosing:
    async def test_lets_nobody_pay_any_more_and_twice_is_once(self, gateway) -> None:
        await start(gateway)
        await gateway.close(PAYMENT)
        await gateway.close(PAYMENT)
        assert (await gateway.read(PAYMENT)).status == "expired"

    async def test_what_is_paid_is_refused(self, gateway, paid) -> None:
        assert await refused(gateway.close(PAYMENT)) == "already_paid"


class TestGivingBack:
    async def test_the_same_key_is_one_refund_that_is_known_by_our_key(self, gateway, provider, paid) -> None:
        first = await give_back(gateway)
        assert (first.status, first.amount_minor, first.key) == ("pending", PRICE, REFUND)
        provider.settle(next(iter(provider.refunds)))
        again = await give_back(gateway)
        assert (again.refund_ref, again.status) == (first.refund_ref, "succeeded")
        assert await gateway.refunds(PAYMENT) == [again]
        assert len(provider.refunds) == 1

    @pytest.mark.parametrize(
        ("status", "means"), [("SUCCESS", "succeeded"), ("ABNORMAL", "failed"), ("CLOSED", "failed")]
    )
    async def test_says_what_became_of_it(self, gateway, provider, paid, status, means) -> None:
        provider.refund_status = status
        assert (await give_back(gateway)).status == means

    async def test_an_abnormal_one_is_not_made_again_under_a_new_key_but_a_closed_one_is(
        self, gateway, provider, paid
    ) -> None:
        provider.refund_status = "ABNORMAL"  # the money lies with WeChat Pay: people must handle it there
        assert (await give_back(gateway)).status == "failed"
        assert await refused(give_back(gateway, key=f"{REFUND}#1")) == "over_refund"
        provider.settle(next(iter(provider.refunds)), "CLOSED")
        provider.refund_status = "SUCCESS"
        assert (await give_back(gateway, key=f"{REFUND}#1")).status == "succeeded"

    async def test_never_more_than_was_paid(self, gateway, provider, paid) -> None:
        await give_back(gateway, 6000, f"refund:{PAYMENT}:price_difference")
        assert await refused(give_back(gateway)) == "over_refund"
        await give_back(gateway, PRICE - 6000)
        assert sum(refund["amount"]["refund"] for refund in provider.refunds.values()) == PRICE

    async def test_a_used_key_with_another_amount_is_refused(self, gateway, provider, paid) -> None:
        await give_back(gateway, 100)
        assert await refused(give_back(gateway, 200)) == "key_reused"

    async def test_a_used_key_answered_with_its_first_amount_is_refused(
        self, gateway, provider, paid
    ) -> None:
        await give_back(gateway, 100)
        [known] = provider.refunds.values()
        provider._refund = lambda asked: known
        assert await refused(give_back(gateway, 200)) == "key_reused"

    async def test_what_is_not_paid_unknown_or_too_late_is_refused(self, gateway, provider) -> None:
        assert await refused(give_back(gateway)) == "unknown_payment"
        await start(gateway)
        assert await refused(give_back(gateway)) == "not_captured"
        provider.pay(PAYMENT)
        clock.shift(timedelta(days=366))
        assert await refused(give_back(gateway)) == "refund_window_over"

    @pytest.mark.parametrize(
        ("change", "reason"), [({"amount_minor": 0}, "amount"), ({"currency": "USD"}, "currency")], ids=str
    )
    async def test_what_makes_no_sense_is_refused(self, gateway, paid, change, reason) -> None:
        assert await refused(give_back(gateway, **change)) == reason
        assert await refused(give_back(gateway, key="k" * 65)) == "key"

    @pytest.mark.parametrize(
        ("code", "status", "reason"),
        [
            ("NOT_ENOUGH", 403, "insufficient_funds"),
            ("USER_ACCOUNT_ABNORMAL", 403, "payer_account"),
            ("MCH_NOT_EXISTS", 404, "configuration"),
            ("SOMETHING_NEW", 400, "something_new"),
            ("FREQUENCY_LIMITED", 429, GatewayUnavailable),
            ("SIGN_ERROR", 401, GatewayUnavailable),
            ("SYSTEM_ERROR", 500, GatewayTimeout),
        ],
    )
    async def test_a_no_is_told_from_not_now_and_from_unknown(
        self, gateway, provider, paid, code, status, reason
    ) -> None:
        provider._refund = lambda asked: provider_says(status, code)
        if isinstance(reason, str):
            assert await refused(give_back(gateway)) == reason
        else:
            with pytest.raises(reason):
                await give_back(gateway)

    @pytest.mark.parametrize("fault", ["silent", "after", "cut", "rubbish"])
    async def test_a_lost_answer_is_unknown_and_asking_again_finds_one_refund(
        self, gateway, provider, paid, fault
    ) -> None:
        provider.faults = ["", fault]
        gateway._client._seconds = PATIENCE if fault == "silent" else 5
        with pytest.raises(GatewayTimeout):
            await give_back(gateway)
        gateway._client._seconds = 5
        assert [refund.key for refund in await gateway.refunds(PAYMENT)] == [REFUND]
        await give_back(gateway)
        assert len(provider.refunds) == 1

    async def test_an_answer_signed_by_somebody_else_is_unknown(self, gateway, provider, paid) -> None:
        make = provider._refund

        def forge(asked: Any) -> Any:
            provider.signs_with = "somebody"
            return make(asked)

        provider._refund = forge
        with pytest.raises(GatewayTimeout):
            await give_back(gateway)

    async def test_a_provider_that_is_not_there_did_nothing(self, gateway, provider, paid) -> None:
        provider.close()
        with pytest.raises(GatewayUnavailable):
            await give_back(gateway)
        with pytest.raises(GatewayUnavailable):
            await start(gateway)
