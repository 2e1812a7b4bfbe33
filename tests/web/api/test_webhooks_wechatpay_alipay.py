"""WeChat Pay and Alipay from the reserved place to the money that went back, through our real routes.

Their counterparts sign and encrypt with keys of their own. Whatever they or anybody else says: money is booked once or
not at all, and nobody is answered with an error of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from c2b.campaigns.counting import keep_deadlines
from c2b.config import settings
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import ask_again
from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests import small
from tests.books import assert_books, work
from tests.payments.gateways.counterparts.alipay import Alipay, yuan
from tests.payments.gateways.counterparts.wechatpay import WechatPay
from tests.payments.paying import payment_of, state_of, verdicts
from tests.web.api.client import BASE

Notice = tuple[dict[str, str], bytes]


class Rig:
    """One provider and our gateway to it."""

    def __init__(self, app: Any, provider: Any, gateway: Any) -> None:
        self.app, self.provider, self.gateway = app, provider, gateway
        self.name = gateway.name

    async def told(self, headers: dict[str, str], body: bytes) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=True)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as theirs:
            return await theirs.post(f"/webhooks/{self.name}", headers=headers, content=body)

    async def ask(self, w: Any, campaign: str, who: Any = None) -> tuple[Any, str]:
        """A reserved place and the number of its open order."""
        joined = await w.join(campaign, who)
        page = await start_checkout(w.members[-1], joined.participation_id)
        if self.name == "alipay":
            self.provider.arrive(page)
        return joined, (await payment_of(joined))["provider_ref"]

    def refund_notices(self) -> list[Notice]:
        if self.name == "alipay":
            return [self.provider.notice_of_refund(*pair) for pair in self.provider.refunds]
        for number in self.provider.refunds:
            self.provider.settle(number)
        return [self.provider.notice_of_refund(number) for number in self.provider.refunds]

    def given_back(self) -> list[int]:
        if self.name == "alipay":
            return [refund["amount"] for refund in self.provider.refunds.values()]
        return [refund["amount"]["refund"] for refund in self.provider.refunds.values()]


@pytest.fixture(params=["wechatpay", "alipay"])
def rig(app, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("C2B_GATEWAYS", request.param)
    settings.cache_clear()
    provider: Any = WechatPay() if request.param == "wechatpay" else Alipay()
    gateway: Any = (
        WechatPayGateway(provider.settings(), base_url=BASE, seconds=5)
        if request.param == "wechatpay"
        else AlipayGateway(provider.settings(), seconds=5)
    )
    with gateways.replaced_by(gateway):
        yield Rig(app, provider, gateway)
    provider.close()


class TestMoney:
    async def test_is_booked_once_and_goes_back_once(self, database, rig):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined, number = await rig.ask(w, campaign, w.bo)
        rig.provider.pay(number)
        notice = rig.provider.notice_of_payment(number)
        answers = await asyncio.gather(*(rig.told(*notice) for _ in range(5)))
        wanted = {"wechatpay": (204, b""), "alipay": (200, b"success")}[rig.name]
        assert {(answer.status_code, answer.content) for answer in answers} == {wanted}
        assert await state_of(joined) == "joined"
        assert len(await db.fetch("SELECT id FROM transfer")) == 1
        clock.shift(timedelta(days=3, seconds=1))
        assert await keep_deadlines() == 1
        rig.provider.faults = ["", "after"]
        await work()
        clock.shift(timedelta(hours=1))
        await work()
        for notice in rig.refund_notices() * 2:
            assert (await rig.told(*notice)).status_code // 100 == 2
        assert rig.given_back() == [joined.total_minor]
        assert await state_of(joined) == "refunded"
        await assert_books(database, None)

    async def test_whose_notification_is_lost_is_found_by_asking(self, database, rig):
        w = await small.build()
        joined, number = await rig.ask(w, await small.open_campaign(w), w.bo)
        rig.provider.pay(number)
        clock.shift(timedelta(minutes=3))
        assert await ask_again() == 1
        assert (await rig.told(*rig.provider.notice_of_payment(number))).status_code // 100 == 2
        assert await state_of(joined) == "joined"
        assert len(await db.fetch("SELECT id FROM transfer")) == 1

    async def test_that_is_told_before_we_know_the_order_is_booked(self, database, rig, monkeypatch):
        w = await small.build()
        joined = await w.join(await small.open_campaign(w), w.bo)

        def die(place: str) -> None:
            if place == "payment:started":
                raise ConnectionResetError

        with monkeypatch.context() as dying:
            dying.setattr("c2b.payments.capturing.faults.point", die)
            with pytest.raises(ConnectionResetError):
                await start_checkout(w.bo, joined.participation_id)
        payment = await payment_of(joined)
        assert payment["provider_ref"] is None
        if rig.name == "alipay":
            asked = {"total_amount": yuan(payment["amount_minor"])}
            rig.provider.trades[payment["id"]] = {"asked": asked, "state": "WAIT_BUYER_PAY"}
        rig.provider.pay(payment["id"])
        assert (await rig.told(*rig.provider.notice_of_payment(payment["id"]))).status_code // 100 == 2
        assert await state_of(joined) == "joined"
        assert (await payment_of(joined))["provider_ref"] == payment["id"]

    async def test_of_another_sum_currency_or_merchant_is_never_booked(self, database, rig):
        w = await small.build()
        joined, number = await rig.ask(w, await small.open_campaign(w), w.bo)
        rig.provider.pay(number)
        lies: list[tuple[dict[str, Any], str]]
        if rig.name == "wechatpay":
            lies = [
                ({"amount": {"total": joined.total_minor - 1, "currency": "CNY"}}, "wrong amount"),
                ({"amount": {"total": joined.total_minor, "currency": "USD"}}, "wrong currency"),
                ({"out_trade_no": "0" * 26}, "unknown payment"),
                ({"mchid": "1900009999"}, ""),
                ({"appid": "wx0000000000000000"}, ""),
            ]
        else:
            lies = [
                ({"total_amount": "0.01"}, "wrong amount"),
                ({"trans_currency": "USD", "notify_id": "b"}, "wrong currency"),
                ({"out_trade_no": "0" * 26, "notify_id": "c"}, "unknown payment"),
                ({"app_id": "2021000000000009"}, ""),
                ({"seller_id": "2088000000000000"}, ""),
            ]
        for lie, verdict in lies:
            answer = await rig.told(*rig.provider.notice_of_payment(number, **lie))
            assert answer.status_code // 100 == (2 if verdict else 4)
        assert sorted(await verdicts()) == sorted(verdict for _, verdict in lies if verdict)
        assert await db.fetch("SELECT id FROM transfer") == []
        assert await state_of(joined) == "pending_payment"

    async def test_that_only_rubbish_speaks_of_is_never_booked_and_never_an_error_of_ours(
        self, database, rig
    ):
        w = await small.build()
        joined, number = await rig.ask(w, await small.open_campaign(w), w.bo)
        rig.provider.pay(number)
        headers, body = rig.provider.notice_of_payment(number)
        rig.provider.signs_with = "somebody"
        forged = rig.provider.notice_of_payment(number)
        rubbish: list[Notice] = [
            ({}, b""),
            ({}, body if rig.name == "wechatpay" else b"sign_type=RSA2"),
            (headers, b""),
            (headers, body + b" "),
            (headers, body[:-2]),
            (headers, b"\xff" * 100),
            (headers, b"[" * 1000),
            (headers, b"x" * 300_000),
            ({**headers, "Wechatpay-Timestamp": "0"}, body if rig.name == "wechatpay" else b"sign=0"),
            ({"Content-Type": "application/json"}, b"{}"),
            forged,
        ]
        for each in rubbish:
            assert 400 <= (await rig.told(*each)).status_code < 500
        clock.shift(timedelta(days=2))
        assert (await rig.told(headers, body)).status_code == 400
        assert await verdicts() == []
        assert await db.fetch("SELECT id FROM transfer") == []
        assert await state_of(joined) == "pending_payment"


class TestAProviderThatIsNotSetUp:
    @pytest.mark.parametrize("name", ["wechatpay", "alipay"])
    async def test_has_no_address_here(self, database, app, name):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as theirs:
            assert (await theirs.post(f"/webhooks/{name}", content=b"{}")).status_code == 404
