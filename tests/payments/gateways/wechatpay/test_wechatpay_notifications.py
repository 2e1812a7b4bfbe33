"""WeChat Pay's notifications: real signatures, real encryption, and every way to be lied to."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import (
    WebhookAnswer,
)
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests.payments.gateways.cast import BASE, NOON, PRICE
from tests.payments.gateways.counterparts.keys import public_pem
from tests.payments.gateways.counterparts.wechatpay import KEY_ID, MCHID
from tests.payments.gateways.wechatpay.wechat import (
    PAYMENT,
    REFUND,
    give_back,
    rejected,
)


class TestANotification:
    async def test_of_a_payment_is_opened(self, gateway, provider, paid) -> None:
        event = gateway.parse_webhook(*provider.notice_of_payment(PAYMENT), clock.now())
        assert (event.kind, event.payment_id, event.provider_ref) == ("payment.captured", PAYMENT, PAYMENT)
        assert (event.amount_minor, event.currency, event.occurred_at) == (PRICE, "CNY", NOON)

    async def test_twice_has_one_id(self, gateway, provider, paid) -> None:
        notices = [provider.notice_of_payment(PAYMENT) for _ in range(2)]
        assert len({gateway.parse_webhook(*notice, clock.now()).event_id for notice in notices}) == 1

    @pytest.mark.parametrize(
        ("status", "kind"),
        [("SUCCESS", "refund.succeeded"), ("ABNORMAL", "refund.failed"), ("CLOSED", "refund.failed")],
    )
    async def test_of_a_refund_gives_our_key_back(self, gateway, provider, paid, status, kind) -> None:
        await give_back(gateway, 6000, f"{REFUND}#12")
        number = next(iter(provider.refunds))
        provider.settle(number, status)
        event = gateway.parse_webhook(*provider.notice_of_refund(number), clock.now())
        assert (event.kind, event.refund_key, event.amount_minor) == (kind, f"{REFUND}#12", 6000)
        assert (event.payment_id, event.currency) == (PAYMENT, "CNY")

    def test_is_answered_as_wechat_pay_wants_it(self, gateway) -> None:
        assert gateway.webhook_answer(True) == WebhookAnswer(status=204, body=b"")
        assert json.loads(gateway.webhook_answer(False).body)["code"] == "FAIL"
        assert gateway.webhook_answer(False).status == 400

    async def test_with_the_new_key_is_believed_beside_the_old_one(self, gateway, provider, paid) -> None:
        both = provider.settings(
            platform_keys={KEY_ID: public_pem("platform"), "NEW": public_pem("platform 2")}
        )
        _, body = provider.notice_of_payment(PAYMENT)
        provider.signs_with = "platform 2"
        notice = provider.signed_notice(body, serial="NEW")
        assert rejected(gateway, *notice) == "unknown_key"
        assert WechatPayGateway(both, base_url=BASE).parse_webhook(*notice, clock.now()).payment_id == PAYMENT

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"mchid": "1900009999"}, "other_merchant"),
            ({"appid": "wx0000000000000000"}, "other_merchant"),
            ({"amount": {"total": 459.0, "currency": "CNY"}}, "malformed"),
            ({"amount": {"total": "45900", "currency": "CNY"}}, "malformed"),
            ({"amount": {"total": -1, "currency": "CNY"}}, "malformed"),
            ({"amount": {"total": True, "currency": "CNY"}}, "malformed"),
            ({"amount": None}, "malformed"),
            ({"out_trade_no": "not__ours_"}, "malformed"),
            ({"out_trade_no": None}, "malformed"),
            ({"success_time": "2026-11-23 20:00:00"}, "malformed"),
            ({"trade_state": []}, None),
        ],
        ids=str,
    )
    async def test_that_says_something_else_inside_is_not_booked(
        self, gateway, provider, paid, change, reason
    ) -> None:
        notice = provider.notice_of_payment(PAYMENT, **change)
        if reason is None:
            assert gateway.parse_webhook(*notice, clock.now()).kind == "payment.processing"
        else:
            assert rejected(gateway, *notice) == reason

    async def test_with_another_amount_or_currency_says_so(self, gateway, provider, paid) -> None:
        notice = provider.notice_of_payment(PAYMENT, amount={"total": 1, "currency": "USD"})
        event = gateway.parse_webhook(*notice, clock.now())
        assert (event.amount_minor, event.currency) == (1, "USD")  # which is not what our own row says

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("Wechatpay-Signature", "", "unsigned"),
            ("Wechatpay-Signature", "x" * 1001, "unsigned"),
            ("Wechatpay-Signature", "WECHATPAY/SIGNTEST/" + "A" * 325, "bad_signature"),
            ("Wechatpay-Signature", "!!!", "bad_signature"),
            ("Wechatpay-Signature", "é", "bad_signature"),
            ("Wechatpay-Nonce", "another", "bad_signature"),
            ("Wechatpay-Serial", "PUB_KEY_ID_0", "unknown_key"),
            ("Wechatpay-Serial", "", "unsigned"),
            ("Wechatpay-Timestamp", "", "unsigned"),
            ("Wechatpay-Timestamp", "noon", "unsigned"),
            ("Wechatpay-Timestamp", "-1", "unsigned"),
            ("Wechatpay-Timestamp", "٣٤٥", "unsigned"),
            ("Wechatpay-Timestamp", "9" * 11, "too_new"),
            ("Wechatpay-Timestamp", "0", "too_old"),
            ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3", "unsigned"),
        ],
    )
    async def test_with_wrong_headers_is_not_believed(
        self, gateway, provider, paid, name, value, reason
    ) -> None:
        headers, body = provider.notice_of_payment(PAYMENT)
        assert rejected(gateway, {**headers, name: value}, body) == reason

    async def test_without_a_signature_type_is_checked_all_the_same(self, gateway, provider, paid) -> None:
        headers, body = provider.notice_of_payment(PAYMENT)
        del headers["Wechatpay-Signature-Type"]
        assert gateway.parse_webhook(headers, body, clock.now()).payment_id == PAYMENT

    @pytest.mark.parametrize(
        ("minutes", "reason"), [(-6, "too_old"), (-60 * 24 * 300, "too_old"), (6, "too_new")]
    )
    async def test_rightly_signed_long_ago_is_not_believed(
        self, gateway, provider, paid, minutes, reason
    ) -> None:
        _, body = provider.notice_of_payment(PAYMENT)
        notice = provider.signed_notice(body, at=clock.now() + timedelta(minutes=minutes))
        assert rejected(gateway, *notice) == reason

    async def test_forged_or_changed_is_not_believed(self, gateway, provider, paid) -> None:
        headers, body = provider.notice_of_payment(PAYMENT)
        assert rejected(gateway, headers, body.replace(b"EV-", b"EW-")) == "bad_signature"
        provider.signs_with = "somebody"
        assert rejected(gateway, *provider.notice_of_payment(PAYMENT)) == "bad_signature"

    @pytest.mark.parametrize(
        ("part", "value", "reason"),
        [
            ("ciphertext", "AAAA" * 20, "undecryptable"),
            ("ciphertext", "AAA", "malformed"),
            ("ciphertext", "", "undecryptable"),
            ("ciphertext", 7, "malformed"),
            ("associated_data", "refund", "undecryptable"),
            ("nonce", "000000000000", "undecryptable"),
            ("nonce", "short", "malformed"),
            ("nonce", "é" * 12, "undecryptable"),
            ("algorithm", "NONE", "malformed"),
            ("algorithm", None, "malformed"),
        ],
    )
    async def test_with_a_tampered_secret_is_not_believed(
        self, gateway, provider, paid, part, value, reason
    ) -> None:
        _, body = provider.notice_of_payment(PAYMENT)
        notice = json.loads(body)
        notice["resource"][part] = value
        assert rejected(gateway, *provider.signed_notice(json.dumps(notice).encode())) == reason

    @pytest.mark.parametrize(
        "body",
        [b"", b"null", b"[]", b"{}", b"7", b'"x"', b"{", b"\xff\xfe", b'{"resource":[]}', b"[" * 5000, b"\x00",
         b'{"id":1,"id":2}', b'{"resource":{"algorithm":"AEAD_AES_256_GCM"}}', b"x" * 65_537],
    )  # fmt: skip
    async def test_of_rubbish_is_refused_and_never_breaks(self, gateway, provider, body) -> None:
        assert rejected(gateway, *provider.signed_notice(body)) in ("malformed", "oversized", "undecryptable")

    @pytest.mark.parametrize(
        "secret",
        [b"", b"null", b"{}", b"[]", b"\xff", b'{"mchid":"%s"}' % MCHID.encode(), b"{" * 3000, b'{"amount":NaN}'],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "COUPON.USE", "", "x" * 200])
    async def test_of_rubbish_inside_is_refused_and_never_breaks(
        self, gateway, provider, kind, secret
    ) -> None:
        assert rejected(gateway, *provider.notice(kind, "transaction", secret)) == "malformed"
