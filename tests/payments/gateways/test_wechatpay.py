"""WeChat Pay through its counterpart: real signatures, real encryption, and every way to be lied to."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from c2b.kit import clock
from c2b.payments.gateways.base import (
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
    Started,
    WebhookAnswer,
    WebhookRejected,
)
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from c2b.payments.gateways.wechatpay.settings import load, problems
from tests.payments.gateways.cast import BASE, NOON, PRICE, order
from tests.payments.gateways.counterparts.listening import PATIENCE
from tests.payments.gateways.counterparts.wechatpay import (
    API_V3_KEY,
    APPID,
    KEY_ID,
    MCHID,
    WechatPay,
    key,
    private_pem,
    public_pem,
)

PAYMENT = "01KBDZJ9W8H3M5N7P9QRSTVWXY"
REFUND = f"refund:{PAYMENT}:full"


@pytest.fixture
def provider() -> Iterator[WechatPay]:
    clock.set(NOON)
    made = WechatPay()
    yield made
    made.close()


@pytest.fixture
def gateway(provider: WechatPay) -> WechatPayGateway:
    async def asked(payment_id: str) -> list[str]:
        return [f"refund:{payment_id}:{kind}" for kind in ("full", "price_difference", "full#1")]

    return WechatPayGateway(provider.settings(), base_url=BASE, asked=asked, seconds=5)


def start(gateway: WechatPayGateway, **changes: Any) -> Any:
    return gateway.start(**order(PAYMENT, payment_id=PAYMENT, **changes))


def give_back(gateway: WechatPayGateway, amount_minor: int = PRICE, key: str = REFUND, **changes: Any) -> Any:
    asked = {"provider_ref": PAYMENT, "currency": "CNY", "reason": "campaign_failed", "metadata": {}}
    return gateway.refund(amount_minor=amount_minor, key=key, **{**asked, **changes})


@pytest.fixture
async def paid(gateway: WechatPayGateway, provider: WechatPay) -> Started:
    started: Started = await start(gateway)
    provider.pay(PAYMENT)
    return started


async def refused(call: Any) -> str:
    with pytest.raises(GatewayRefused) as error:
        await call
    return error.value.reason


def rejected(gateway: WechatPayGateway, headers: Any, body: bytes) -> str:
    with pytest.raises(WebhookRejected) as error:
        gateway.parse_webhook(headers, body, clock.now())
    return error.value.reason


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

    async def test_never_more_than_was_paid(self, gateway, provider, paid) -> None:
        await give_back(gateway, 6000, f"refund:{PAYMENT}:price_difference")
        assert await refused(give_back(gateway)) == "over_refund"
        await give_back(gateway, PRICE - 6000)
        assert sum(refund["amount"]["refund"] for refund in provider.refunds.values()) == PRICE

    async def test_a_used_key_with_another_amount_is_refused(self, gateway, provider, paid) -> None:
        await give_back(gateway, 100)
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


def provider_says(status: int, code: str) -> Any:
    from tests.payments.gateways.counterparts.wechatpay import Refusal

    raise Refusal(status, code)


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


class TestTheRecordOfADay:
    async def test_has_every_payment_and_refund_of_the_utc_day_to_the_cent(self, gateway, provider) -> None:
        for hours, name in ((0, "EARLY"), (5, "BOBOBO"), (11, "CYCYCY"), (12, "LATER")):
            clock.set(NOON + timedelta(hours=hours))
            await gateway.start(**order(name, payment_id=name + "1", expires_at=NOON + timedelta(days=2)))
            provider.pay(name + "1")
        clock.set(NOON + timedelta(hours=5))
        provider.refund_status = "SUCCESS"
        key = "refund:BOBOBO1:price_difference"
        await gateway.refund(
            provider_ref="BOBOBO1", amount_minor=6001, currency="CNY", key=key, reason="x", metadata={}
        )
        provider.write_bills()
        clock.set(NOON + timedelta(days=2))
        record = await gateway.day(date(2026, 11, 23))
        assert [payment.payment_id for payment in record.payments] == ["EARLY1", "BOBOBO1", "CYCYCY1"]
        assert {payment.amount_minor for payment in record.payments} == {PRICE}
        [(payment, refund)] = record.refunds
        assert (payment, refund.key, refund.amount_minor) == ("BOBOBO1", key, 6001)
        assert refund.status == "succeeded"
        assert [p.payment_id for p in (await gateway.day(date(2026, 11, 22))).payments] == []

    async def test_that_nothing_happened_on_is_empty(self, gateway) -> None:
        clock.set(NOON + timedelta(days=2))
        assert (await gateway.day(date(2026, 11, 23))).payments == ()

    async def test_is_not_there_before_ten_in_beijing(self, gateway) -> None:
        clock.set(NOON + timedelta(days=1, hours=13, minutes=59))  # 25 November, 9:59 in Beijing
        with pytest.raises(GatewayUnavailable):
            await gateway.day(date(2026, 11, 23))
        clock.shift(timedelta(minutes=1))
        await gateway.day(date(2026, 11, 23))

    @pytest.mark.parametrize("how", ["hash", "short", "column", "amount", "elsewhere", "not packed"])
    async def test_that_is_not_whole_is_not_believed(self, gateway, provider, paid, how) -> None:
        provider.write_bills()
        bill = ("2026-11-23", "SUCCESS")
        text = provider.bills[bill].decode()
        if how == "hash":
            provider.wrong_hash = True
        elif how == "short":
            provider.bills[bill] = text.replace("\r\n`1,", "\r\n`2,").encode()
        elif how == "column":
            provider.bills[bill] = text.replace("订单金额,申请", "总额,申请").encode()
        elif how == "amount":
            provider.bills[bill] = text.replace("459.00", "4.59e2").encode()
        elif how == "elsewhere":
            provider.base = "http://127.0.0.2:1"
        else:
            pack = provider._route
            provider._route = lambda *a: b"plain" if a[1].startswith("/billdownload") else pack(*a)
        clock.set(NOON + timedelta(days=2))
        with pytest.raises(GatewayUnavailable):
            await gateway.day(date(2026, 11, 23))


class TestTheEnvironment:
    def env(self, tmp_path: Any) -> dict[str, str]:
        (tmp_path / "own.pem").write_text(private_pem("merchant"))
        (tmp_path / "theirs.pem").write_text(public_pem("platform"))
        return {
            "C2B_WECHATPAY_MCHID": MCHID,
            "C2B_WECHATPAY_APPID": APPID,
            "C2B_WECHATPAY_SERIAL": "5157",
            "C2B_WECHATPAY_KEY_FILE": str(tmp_path / "own.pem"),
            "C2B_WECHATPAY_APIV3_KEY": API_V3_KEY,
            "C2B_WECHATPAY_PLATFORM_KEYS": f"{KEY_ID}={tmp_path / 'theirs.pem'}",
        }

    def test_is_complete(self, tmp_path) -> None:
        env = self.env(tmp_path)
        assert problems(env) == []
        assert WechatPayGateway(load(env), base_url=BASE).capabilities.methods == ("qr",)

    def test_names_what_is_missing(self, tmp_path) -> None:
        assert len(problems({})) == 6
        for name in self.env(tmp_path):
            env = self.env(tmp_path)
            del env[name]
            assert [name in line for line in problems(env)] == [True]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("C2B_WECHATPAY_APIV3_KEY", "short"),
            ("C2B_WECHATPAY_KEY_FILE", "/nowhere"),
            ("C2B_WECHATPAY_PLATFORM_KEYS", "ID=/nowhere"),
            ("C2B_WECHATPAY_PLATFORM_KEYS", "ID"),
            ("C2B_WECHATPAY_REFUND_DAYS", "a year"),
            ("C2B_WECHATPAY_HOLD_DAYS", "-1"),
        ],
    )
    def test_says_what_is_wrong(self, tmp_path, name, value) -> None:
        [line] = problems(self.env(tmp_path) | {name: value})
        assert name in line

    def test_says_that_a_key_is_no_key_without_showing_it(self, tmp_path) -> None:
        env = self.env(tmp_path)
        (tmp_path / "own.pem").write_text("secret rubbish")
        [line] = problems(env)
        assert "keys cannot be used" in line
        assert "secret rubbish" not in line

    def test_sets_the_terms_of_the_contract(self, provider) -> None:
        terms = WechatPayGateway(provider.settings(hold_days=180, refund_days=90), base_url=BASE).capabilities
        assert (terms.hold_window, terms.refund_window) == (timedelta(days=180), timedelta(days=90))
