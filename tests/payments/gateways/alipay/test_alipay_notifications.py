"""Alipay's notifications: real RSA2 signatures, and every way to be lied to."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from cryptography.hazmat.primitives.hashes import SHA1

from c2b.kit import clock
from c2b.payments.gateways.base import WebhookAnswer
from tests.payments.gateways.alipay.calls import PAYMENT, REFUND, give_back, rejected
from tests.payments.gateways.cast import NOON, PRICE
from tests.payments.gateways.counterparts.alipay import APP_ID, SELLER_ID, local


class TestANotification:
    async def test_of_a_payment_is_read(self, gateway, provider, paid) -> None:
        event = gateway.parse_webhook(*provider.notice_of_payment(PAYMENT), clock.now())
        assert (event.kind, event.payment_id, event.provider_ref) == ("payment.captured", PAYMENT, PAYMENT)
        assert (event.amount_minor, event.currency, event.occurred_at) == (PRICE, "CNY", NOON)

    async def test_told_again_hours_later_has_the_same_id(self, gateway, provider, paid) -> None:
        notice = provider.notice_of_payment(PAYMENT)
        first = gateway.parse_webhook(*notice, clock.now())
        clock.shift(timedelta(hours=25))
        assert gateway.parse_webhook(*notice, clock.now()) == first

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            ("WAIT_BUYER_PAY", "payment.processing"),
            ("TRADE_SUCCESS", "payment.captured"),
            ("TRADE_FINISHED", "payment.captured"),
            ("TRADE_CLOSED", "payment.expired"),
            ("SOMETHING_NEW", "payment.processing"),
        ],
    )
    async def test_says_where_a_trade_stands(self, gateway, provider, paid, status, kind) -> None:
        notice = provider.notice_of_payment(PAYMENT, trade_status=status)
        assert gateway.parse_webhook(*notice, clock.now()).kind == kind

    async def test_of_a_refund_gives_our_key_back_and_the_sum_of_all(self, gateway, provider, paid) -> None:
        await give_back(gateway, 6001, f"{REFUND}#3")
        await give_back(gateway, 99)
        events = [
            gateway.parse_webhook(*provider.notice_of_refund(PAYMENT, number), clock.now())
            for _, number in provider.refunds
        ]
        assert [event.kind for event in events] == ["refund.succeeded"] * 2
        assert [event.refund_key for event in events] == [f"{REFUND}#3", REFUND]
        assert {event.amount_minor for event in events} == {6100}
        assert len({event.event_id for event in events}) == 2

    async def test_of_a_refund_made_by_hand_elsewhere_is_nobodys(self, gateway, provider, paid) -> None:
        for number in (None, "by_hand-7"):
            notice = provider.notice_of_refund(PAYMENT, "x", out_biz_no=number, refund_fee="1.00")
            event = gateway.parse_webhook(*notice, clock.now())
            assert (event.kind, event.refund_key) == ("refund.elsewhere", None)

    def test_is_answered_as_alipay_wants_it(self, gateway) -> None:
        assert gateway.webhook_answer(True) == WebhookAnswer(body=b"success", media_type="text/plain")
        assert gateway.webhook_answer(False).body != b"success"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"app_id": "2021000000000002"}, "other_merchant"),
            ({"app_id": None}, "other_merchant"),
            ({"seller_id": "2088000000000000"}, "other_merchant"),
            ({"seller_id": None}, "other_merchant"),
            ({"total_amount": "459.001"}, "malformed"),
            ({"total_amount": "4.59e2"}, "malformed"),
            ({"total_amount": "-459.00"}, "malformed"),
            ({"total_amount": "0.00"}, "malformed"),
            ({"total_amount": None}, "malformed"),
            ({"out_trade_no": "not__ours_"}, "malformed"),
            ({"out_trade_no": "x" * 129}, "malformed"),
            ({"out_trade_no": None}, "malformed"),
            ({"notify_id": ""}, "malformed"),
            ({"notify_id": "a\nb"}, "malformed"),
            ({"notify_time": "yesterday"}, "malformed"),
            ({"notify_time": None}, "malformed"),
            ({"trade_status": None}, "malformed"),
            ({"charset": "gbk"}, "malformed"),
            ({"notify_time": local(NOON - timedelta(hours=27))}, "too_old"),
            ({"notify_time": local(NOON + timedelta(minutes=6))}, "too_new"),
        ],
        ids=str,
    )
    async def test_that_says_something_else_is_not_booked(
        self, gateway, provider, paid, change, reason
    ) -> None:
        assert rejected(gateway, *provider.notice_of_payment(PAYMENT, **change)) == reason

    async def test_with_another_amount_or_currency_says_so(self, gateway, provider, paid) -> None:
        notice = provider.notice_of_payment(PAYMENT, total_amount="1.00", trans_currency="USD")
        event = gateway.parse_webhook(*notice, clock.now())
        assert (event.amount_minor, event.currency) == (100, "USD")  # which is not what our own row says

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("sign", "", "unsigned"),
            ("sign", None, "unsigned"),
            ("sign", "AAAA", "bad_signature"),
            ("sign", "not base64!", "bad_signature"),
            ("sign_type", "RSA", "unsigned"),
            ("sign_type", "MD5", "unsigned"),
            ("sign_type", None, "unsigned"),
            ("total_amount", "459.01", "bad_signature"),
            ("body", None, "bad_signature"),
            ("extra", "1", "bad_signature"),
        ],
    )
    async def test_changed_on_the_way_is_not_believed(
        self, gateway, provider, paid, name, value, reason
    ) -> None:
        headers, body = provider.notice_of_payment(PAYMENT)
        said = {**dict(parse_qsl(body.decode(), keep_blank_values=True)), name: value}
        sent = urlencode({key: value for key, value in said.items() if value is not None}).encode()
        assert rejected(gateway, headers, sent) == reason

    async def test_signed_by_somebody_else_or_with_sha_1_is_not_believed(
        self, gateway, provider, paid
    ) -> None:
        said = {"app_id": APP_ID, "seller_id": SELLER_ID, "out_trade_no": PAYMENT}
        assert rejected(gateway, *provider.signed_notice(said, SHA1())) == "bad_signature"
        provider.signs_with = "somebody"
        assert rejected(gateway, *provider.notice_of_payment(PAYMENT)) == "bad_signature"

    @pytest.mark.parametrize(
        "body",
        [b"", b"null", b"{}", b"a", b"a=%ff&sign=x", "键=1".encode(), b"a=1&a=2&sign_type=RSA2&sign=x", b"\x00=\x00",
         b"&".join(b"a%d=1" % number for number in range(101)), b"x" * 65_537, b"=&=", b"sign_type=RSA2&sign=AAAA"],
        ids=lambda body: repr(body[:12]),
    )  # fmt: skip
    def test_of_rubbish_is_refused_and_never_breaks(self, gateway, body) -> None:
        assert rejected(gateway, {}, body) in ("malformed", "oversized", "unsigned", "bad_signature")

    @pytest.mark.parametrize(
        "said",
        [{}, {"notify_time": "x"}, {"total_amount": "NaN"}, {"refund_fee": "1", "gmt_refund": "x"}],
        ids=str,
    )
    def test_of_rubbish_rightly_signed_is_refused_and_never_breaks(self, gateway, provider, said) -> None:
        assert rejected(gateway, *provider.signed_notice(said)) == "other_merchant"
        ours = {"app_id": APP_ID, "seller_id": SELLER_ID, **said}
        assert rejected(gateway, *provider.signed_notice(ours)) == "malformed"
