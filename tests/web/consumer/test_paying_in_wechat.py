"""Inside WeChat: who pays is found out silently, once, for this session and place; then the pay sheet opens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from c2b.config import settings
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.capturing import receive
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests.payments.gateways.counterparts.listening import PATIENCE
from tests.payments.gateways.counterparts.wechat import AGENT, APP_SECRET, WechatLogIn
from tests.payments.gateways.counterparts.wechatpay import WechatPay
from tests.web.consumer.browser import BASE, Browser

AGAIN = "WeChat did not tell us who pays."


@pytest.fixture
def log_in() -> Iterator[WechatLogIn]:
    made = WechatLogIn()
    yield made
    made.close()


@pytest.fixture
def wechat(sandbox, log_in, monkeypatch: pytest.MonkeyPatch) -> Iterator[WechatPay]:
    """WeChat Pay, set up for paying inside WeChat, beside the sandbox."""
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,wechatpay")
    settings.cache_clear()
    provider = WechatPay()
    known = provider.settings(app_secret=APP_SECRET, oauth_page=log_in.base, oauth_api=log_in.base)
    with gateways.replaced_by(WechatPayGateway(known, base_url=BASE, seconds=PATIENCE)):
        yield provider
    provider.close()


@pytest.fixture
async def inside(app, w) -> Browser:
    """Bo's WeChat."""
    browser = await Browser.of(app, w.bo)
    browser.http.headers["user-agent"] = AGENT
    return browser


@pytest.fixture
async def place(w, wechat) -> str:
    joined = await w.join(await w.open_campaign(), w.bo)
    return f"/participations/{joined.participation_id}"


async def sent_to_wechat(browser: Browser, place: str) -> str:
    """Bo chooses WeChat Pay: the address that WeChat is asked to open."""
    form = (await browser.get(f"{place}/payment?choose=1")).form("/payment")
    page = await browser.send(form, follow=False, status=303, way="wechatpay:jsapi")
    return str(page.response.headers["location"])


async def payments() -> list[dict[str, Any]]:
    return await db.fetch("SELECT * FROM payment ORDER BY id")


def sheet(html: str) -> dict[str, str]:
    """What the page hands to WeChat's pay sheet."""
    found = re.search(r'data-wechat-pay="([^"]*)"', html)
    assert found
    told: dict[str, str] = json.loads(unescape(found[1]))
    return told


class TestInsideWechat:
    async def test_the_page_opens_the_pay_sheet_and_the_place_is_paid(self, place, inside, wechat, log_in):
        ways = await inside.get(f"{place}/payment")
        assert ways.says("You pay right here in WeChat.")
        assert "You scan a code with WeChat" not in ways.text
        page = await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))
        assert page.path == f"{place}/payment"
        told = sheet(page.html)
        assert sorted(told) == ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]
        assert "wechat" in page.html and not re.search(r"<script(?![^>]*\bsrc=)", page.html)
        [payment] = await payments()
        assert wechat.orders[payment["id"]]["asked"]["payer"] == {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
        wechat.pay(payment["id"])
        event = gateways.gateway("wechatpay").parse_webhook(
            *wechat.notice_of_payment(payment["id"]), clock.now()
        )
        assert await receive("wechatpay", event) == "captured"
        assert (await inside.get(f"{place}/payment")).says("Joined")

    async def test_what_is_stale_is_prepared_anew_for_the_same_payment(
        self, w, place, inside, wechat, log_in
    ):
        await db.execute("UPDATE participation SET reserved_until = ?", clock.now() + timedelta(hours=6))
        first = sheet((await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))).html)
        assert sheet((await inside.get(f"{place}/payment")).html) == first
        clock.shift(timedelta(minutes=101))
        again = await inside.get(f"{place}/payment", 303, follow=False)
        page = await inside.get(log_in.lead_back(again.response.headers["location"]))
        assert int(sheet(page.html)["timeStamp"]) - int(first["timeStamp"]) >= 101 * 60
        assert len(await payments()) == 1
        assert len(wechat.orders) == 1

    async def test_nobody_else_can_bring_the_answer_back(self, app, w, place, inside, wechat, log_in):
        back = log_in.lead_back(await sent_to_wechat(inside, place))
        other = await Browser.of(app, w.bo)  # another session of the same person
        other.http.headers["user-agent"] = AGENT
        assert (await other.get(back)).says(AGAIN)
        cy = await Browser.of(app, w.cy)
        cy.http.headers["user-agent"] = AGENT
        await cy.get(back, 404)
        assert log_in.requests == []
        assert await payments() == []

    @pytest.mark.parametrize("wrong", ["", "0" * 88, "é" * 88, "x"])
    async def test_a_state_that_is_not_ours_asks_nobody(self, place, inside, wechat, log_in, wrong):
        path = f"{place}/payment/payer"
        page = await inside.http.get(path, params={"code": "c" * 32, "state": wrong}, follow_redirects=True)
        assert AGAIN in page.text
        assert log_in.requests == []

    async def test_a_state_of_eleven_minutes_ago_asks_nobody(self, place, inside, wechat, log_in):
        address = await sent_to_wechat(inside, place)
        clock.shift(timedelta(minutes=11))
        await db.execute("UPDATE participation SET reserved_until = ?", clock.now() + timedelta(hours=1))
        assert (await inside.get(log_in.lead_back(address))).says(AGAIN)
        assert log_in.requests == []

    async def test_the_answer_brought_back_twice_counts_once(self, place, inside, wechat, log_in):
        back = log_in.lead_back(await sent_to_wechat(inside, place))
        await inside.get(back)
        again = await inside.get(back)
        assert again.path == f"{place}/payment"
        assert len(log_in.requests) == 1
        assert len(await payments()) == 1

    async def test_a_code_that_has_run_out_or_was_used_leads_back_to_the_ways(
        self, place, inside, wechat, log_in
    ):
        for spoil in ({"given_at": clock.now() - timedelta(minutes=6)}, {"used": True}):
            back = log_in.lead_back(await sent_to_wechat(inside, place))
            log_in.codes[f"code{len(log_in.codes) - 1:028d}"].update(spoil)
            assert (await inside.get(back)).says(AGAIN, "How would you like to pay?")
        assert await payments() == []

    @pytest.mark.parametrize("fault", ["away", "silent", "cut", "rubbish", "after"])
    async def test_a_log_in_that_breaks_off_moves_nothing_and_can_be_tried_again(
        self, place, inside, wechat, log_in, fault
    ):
        log_in.faults = [fault]
        page = await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))
        assert page.says("WeChat cannot be reached at the moment.")
        assert await payments() == []
        page = await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))
        assert sheet(page.html)

    @pytest.mark.parametrize(
        "answer", [{"openid": 7}, {"openid": ""}, {}, {"errcode": 40125}, {"errcode": -1}]
    )
    async def test_an_answer_without_a_name_is_not_believed(self, place, inside, wechat, log_in, answer):
        log_in.answer = answer
        page = await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))
        assert page.says("How would you like to pay?")
        assert await payments() == []

    async def test_another_payer_of_the_same_payment_is_led_to_another_way(
        self, place, inside, wechat, log_in
    ):
        await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))
        page = await inside.get(log_in.lead_back(await sent_to_wechat(inside, place), openid="somebody else"))
        assert page.says(AGAIN, "How would you like to pay?")
        assert len(await payments()) == 1


class TestOutsideOfWechat:
    async def test_it_is_the_code_as_ever_also_after_a_start_inside(self, place, inside, bo, wechat, log_in):
        await inside.get(log_in.lead_back(await sent_to_wechat(inside, place)))
        page = await bo.get(f"{place}/payment")
        assert page.says("You scan a code with WeChat on your phone.")
        page = await bo.send(page.form("/payment"), way="wechatpay:qr")
        assert page.says("We are waiting for the payment")
        first, second = await payments()
        assert (first["state"], second["state"]) == ("closed", "created")
        assert wechat.orders[first["id"]]["state"] == "CLOSED"

    async def test_the_way_back_is_no_way_in(self, place, bo, inside, wechat, log_in):
        back = log_in.lead_back(await sent_to_wechat(inside, place))
        assert (await bo.get(back)).says(AGAIN)
        assert log_in.requests == []


class TestWithoutAnAppSecret:
    async def test_it_is_the_code_inside_wechat_too(self, w, sandbox, inside, monkeypatch):
        monkeypatch.setenv("C2B_GATEWAYS", "sandbox,wechatpay")
        settings.cache_clear()
        provider = WechatPay()
        with gateways.replaced_by(WechatPayGateway(provider.settings(), base_url=BASE, seconds=PATIENCE)):
            joined = await w.join(await w.open_campaign(), w.bo)
            page = await inside.get(f"/participations/{joined.participation_id}/payment")
            assert page.says("You scan a code with WeChat on your phone.")
        provider.close()
