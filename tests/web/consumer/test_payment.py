"""Paying where there are several ways: choose one, change one's mind, scan a code; and both paid in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from c2b.config import settings
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.capturing import ask_again, receive
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests.books import work
from tests.payments.gateways.counterparts.wechatpay import WechatPay
from tests.web.consumer.browser import BASE


@pytest.fixture
def wechat(sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[WechatPay]:
    """WeChat Pay is enabled beside the sandbox."""
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,wechatpay")
    settings.cache_clear()
    provider = WechatPay()
    with gateways.replaced_by(WechatPayGateway(provider.settings(), base_url=BASE, seconds=5)):
        yield provider
    provider.close()


async def reserved(w) -> str:
    joined = await w.join(await w.open_campaign(), w.bo)
    return f"/participations/{joined.participation_id}"


async def payments() -> list[dict]:
    return await db.fetch("SELECT * FROM payment ORDER BY id")


async def told(provider: WechatPay, number: str) -> str:
    event = gateways.gateway("wechatpay").parse_webhook(*provider.notice_of_payment(number), clock.now())
    return await receive("wechatpay", event)


class TestAChoice:
    async def test_is_not_asked_for_where_there_is_one_way_only(self, w, sandbox, bo):
        place = await reserved(w)
        page = await bo.send((await bo.get(place)).form("/payment"), follow=False, status=303)
        assert "/sandbox/checkout/" in page.response.headers["location"]

    async def test_shows_every_way_and_what_happens_to_the_money(self, w, wechat, bo, cy):
        place = await reserved(w)
        page = await bo.send((await bo.get(place)).form("/payment"))
        assert page.says(
            "How would you like to pay?", "Test payment", "WeChat Pay", "You scan a code with WeChat"
        )
        assert page.says("all of it comes back by itself", "CN¥639.00")
        assert await payments() == []
        await cy.get(f"{place}/payment", 404)

    async def test_of_a_way_there_is_not_leads_back_with_a_sentence(self, w, wechat, bo):
        place = await reserved(w)
        form = (await bo.get(f"{place}/payment")).form("/payment")
        for way in ("stripe:page", "wechatpay:page", "nobody"):
            assert (await bo.send(form, way=way)).says("cannot be paid in that way")
        assert await payments() == []


class TestAPlaceWhoseMoneyIsHeld:
    async def test_is_not_asked_to_pay_again_when_the_group_has_closed(self, w, sandbox, bo):
        campaign = await w.open_campaign(payment_plan="authorize", deadline=clock.now() + timedelta(days=4))
        joined = await w.join(campaign, w.bo)
        place = f"/participations/{joined.participation_id}"
        page = await bo.send((await bo.get(place)).form("/payment"), follow=False, status=303)
        await sandbox.pay(page.response.headers["location"].rpartition("/")[2])
        [row] = await db.fetch("SELECT state, due_minor, captured_minor FROM participation")
        assert (row["state"], row["captured_minor"]) == ("joined", 0)
        await db.execute("UPDATE campaign SET state = 'closed' WHERE id = ?", campaign)
        page = await bo.get(f"{place}/payment", 303, follow=False)
        assert page.response.headers["location"] == place


class TestACode:
    async def test_is_on_our_page_until_it_is_paid(self, w, wechat, bo):
        place = await reserved(w)
        page = await bo.send((await bo.get(f"{place}/payment")).form("/payment"), way="wechatpay:qr")
        assert page.says("WeChat Pay", "CN¥639.00", "We are waiting for the payment")
        assert 'http-equiv="refresh"' in page.response.text and "<svg" in page.response.text
        [payment] = await payments()
        assert payment["checkout_url"] == f"qr:weixin://wxpay/bizpayurl?pr={payment['id'][-9:]}"
        wechat.pay(payment["id"])
        assert await told(wechat, payment["id"]) == "captured"
        assert (await bo.get(f"{place}/payment")).says("Joined")

    async def test_is_the_same_however_often_it_is_asked_for(self, w, wechat, bo):
        place = await reserved(w)
        form = (await bo.get(f"{place}/payment")).form("/payment")
        for _ in range(2):
            await bo.send(form, way="wechatpay:qr")
        assert len(await payments()) == 1


class TestAChangeOfMind:
    @pytest.fixture
    async def changed(self, w, wechat, bo) -> str:
        """Bo opened a code at WeChat Pay and then went on to the sandbox."""
        place = await reserved(w)
        form = (await bo.get(f"{place}/payment")).form("/payment")
        await bo.send(form, way="wechatpay:qr")
        page = await bo.get(f"{place}/payment?choose=1")
        await bo.send(page.form("/payment"), way="sandbox:page", follow=False, status=303)
        return place

    async def test_closes_the_open_payment_here_and_there(self, changed, wechat):
        first, second = await payments()
        assert (first["state"], first["gateway"]) == ("closed", "wechatpay")
        assert (second["state"], second["gateway"]) == ("created", "sandbox")
        assert wechat.orders[first["id"]]["state"] == "CLOSED"
        assert first["amount_minor"] == second["amount_minor"]

    async def test_that_is_paid_twice_gives_the_second_back(self, changed, wechat, sandbox, bo):
        first, second = await payments()
        await sandbox.pay(second["provider_ref"], Behavior.PAY)
        wechat.orders[first["id"]]["state"] = "NOTPAY"  # the code was scanned before it was closed
        wechat.pay(first["id"])
        assert await told(wechat, first["id"]) == "captured"
        await work()
        [refund] = wechat.refunds.values()
        assert refund["amount"]["refund"] == first["amount_minor"]
        [row] = await db.fetch("SELECT payment_id, reason FROM refund")
        assert row == {"payment_id": first["id"], "reason": "late"}
        assert (await bo.get(changed)).says("Joined")

    async def test_that_was_paid_at_the_first_and_never_told_is_found_by_asking(self, changed, wechat):
        first, _ = await payments()
        wechat.orders[first["id"]]["state"] = "NOTPAY"
        wechat.pay(first["id"])
        clock.shift(timedelta(minutes=3))
        assert await ask_again() == 1
        [place] = await db.fetch("SELECT state FROM participation")
        assert place["state"] == "joined"
