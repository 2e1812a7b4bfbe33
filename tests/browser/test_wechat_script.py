"""The script of the page that pays inside WeChat: it opens the pay sheet by itself, and says what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, Page, expect

from c2b.config import ROOT

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
CLIENT = {"appId": "wx1", "package": "prepay_id=1", "paySign": "a+/=="}
PAGE = (
    '<!doctype html><meta http-equiv="Content-Security-Policy" content="script-src \'self\'">'
    f'<button type="button" data-wechat-pay="{escape(json.dumps(CLIENT))}" data-done="/paid" '
    'data-canceled="Nothing was paid." data-failed="It did not open.">Pay</button><p id="wechat-said"></p>'
    '<script src="/wechat.js" defer></script>'
)
#: What WeChat puts into each page of its browser, here with the answers that the test wants, the first first.
BRIDGE = """window.WeixinJSBridge = {asked: [], answers: ANSWERS, invoke(name, client, tell) {
  this.asked.push([name, client]);
  setTimeout(() => tell({err_msg: "get_brand_wcpay_request:" + this.answers.shift()}), 5);
}};"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A browser whose only site is the page, its script and where it leads."""
    context = chromium.new_context()
    found = context.new_page()
    script = (ROOT / "c2b/web/static/wechat.js").read_text()
    found.route("**/pay", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    found.route("**/wechat.js", lambda route: route.fulfill(body=script, content_type="text/javascript"))
    found.route("**/paid", lambda route: route.fulfill(body="Joined", content_type="text/html"))
    yield found
    context.close()


def bridge(*answers: str) -> str:
    return BRIDGE.replace("ANSWERS", json.dumps(answers))


def test_opens_the_sheet_with_what_was_prepared_and_goes_on_when_it_is_paid(page: Page) -> None:
    page.add_init_script(bridge("cancel", "fail", "ok"))
    page.goto("http://c2b.test/pay")
    expect(page.locator("#wechat-said")).to_have_text("Nothing was paid.")
    assert page.evaluate("WeixinJSBridge.asked") == [["getBrandWCPayRequest", CLIENT]]
    page.get_by_role("button").click()
    expect(page.locator("#wechat-said")).to_have_text("It did not open.")
    page.get_by_role("button").click()
    expect(page).to_have_url("http://c2b.test/paid")


def test_waits_until_wechat_is_ready(page: Page) -> None:
    page.goto("http://c2b.test/pay")
    expect(page.locator("#wechat-said")).to_have_text("")
    page.evaluate(bridge("ok"))
    page.evaluate("document.dispatchEvent(new Event('WeixinJSBridgeReady'))")
    expect(page).to_have_url("http://c2b.test/paid")
