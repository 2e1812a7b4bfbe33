"""The whole story in a real browser, on the real product as ``make run`` starts it: three roles, one purchase order.

Pictures of every station are kept under ``var/pictures``, as a desktop and as a phone shows it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import PICTURES, Visitor

QUIET = "quiet-seventy-five-for-shared-rooms"
ORDER = re.compile(r"PO-\d{4}-\d{6}")
pytestmark = [pytest.mark.chromium, pytest.mark.slow]


def choose(page: Page, *labels: str) -> None:
    """Choose options by their visible names, as a person clicks them."""
    for label in labels:
        page.locator("label").filter(has_text=label).first.click()


class TestWishes:
    """Before the story: somebody looks around, and joins nothing."""

    def test_are_said_in_one_short_question_and_more_behind_a_fold_that_stays_open(self, arrive):
        eve: Visitor = arrive()
        page = eve.go(eve.campaign(QUIET) + "/join")
        choose(page, "Fully built", "JIS", "Navy", "POM", "Tactile B", "PBT dye-sub", "US English")
        question = page.get_by_label("If “JIS (Japan)” is not made?")
        question.select_option(label="give me: ANSI (US)")
        page.get_by_text("More wishes").click()
        expect(page.get_by_label("Highest price per unit")).to_be_visible()
        choose(page, "Brass")  # redraws the form
        expect(page.get_by_text("You pay now").locator("..")).to_contain_text("CN¥669.00")
        expect(page.get_by_label("Highest price per unit")).to_be_visible()
        expect(question).to_have_value("ansi")

        page.get_by_role("button", name="Describe an alternative").click()
        expect(page.get_by_text("Price of this alternative")).to_be_visible()
        choose(page, "FR4", "Black")
        page.get_by_role("button", name="Keep this as an alternative").click()
        expect(page.get_by_text("at most CN¥609.00 each")).to_be_visible()
        expect(page.get_by_role("radio", name="Navy")).to_be_checked()
        eve.picture("0-wishes")
        page.get_by_role("button", name="Remove alternative 1").click()
        expect(page.get_by_text("at most CN¥609.00 each")).to_have_count(0)
        eve.leave()


class TestTheStory:
    """In the order of the file: each station stands on the one before."""

    order = "the number of the purchase order, once there is one"

    def test_a_friend_follows_a_link_signs_up_joins_pays_and_sees_the_order_appear(self, arrive):
        ana: Visitor = arrive("ana@c2b.example")
        quiet = ana.campaign(QUIET)
        page = ana.go(quiet)
        page.get_by_role("button", name="Show my link").click()
        expect(page.get_by_text(re.compile(r"/i/[\w-]{43}")).first).to_be_visible()
        link = re.search(r"/i/[\w-]{43}", page.content())
        assert link
        ana.picture("1-campaign-with-my-link")

        watcher: Visitor = arrive()
        watched = watcher.go(quiet)
        expect(watched.get_by_text("1 more paid unit").first).to_be_visible()

        dee: Visitor = arrive()
        page = dee.go(link.group(0))
        expect(page).to_have_url(re.compile(quiet))
        page.get_by_role("link", name="Choose and join").click()
        choose(page, "Fully built", "ANSI", "Navy", "Brass", "Tactile B", "PBT dye-sub", "US English")
        choose(page, "Add: Engraving")
        page.get_by_label("Text").first.fill("第一批 Dee")
        choose(page, "Kai", "Back weight")
        expect(page.get_by_text("CN¥684.00").first).to_be_visible()
        dee.picture("2-join")
        page.get_by_role("button", name="Reserve my place and pay").click()

        expect(page).to_have_url(re.compile("/log-in"))
        page.get_by_role("main").get_by_role("link", name=re.compile("account|Sign up", re.I)).first.click()
        page.get_by_label("Name").fill("Dee Ngo")
        page.get_by_label("E-mail").fill("dee@friends.example")
        page.get_by_label("Password", exact=True).fill("correct horse battery 9")
        page.get_by_role("main").get_by_role("button").last.click()
        expect(page).to_have_url(re.compile(quiet + "/join"))
        expect(page.get_by_text("CN¥684.00").first).to_be_visible()  # nothing chosen was lost
        page.get_by_role("button", name="Reserve my place and pay").click()
        expect(page).to_have_url(re.compile("/sandbox/checkout/"))
        dee.picture("3-checkout")
        page.get_by_role("button", name="Pay CN¥684.00").click()

        expect(page).to_have_url(re.compile("/participations/"))
        expect(page.get_by_text(ORDER).first).to_be_visible(timeout=90_000)
        found = ORDER.search(page.get_by_text(ORDER).first.inner_text())
        assert found
        TestTheStory.order = found.group()
        dee.picture("4-my-participation")
        # a page whose stream was lost on a busy machine comes back by itself, after a quarter of a minute at most
        expect(watched.get_by_text("The purchase order is with the manufacturer").first).to_be_visible(
            timeout=120_000
        )
        watcher.picture("5-campaign-changed-live")
        for person in (ana, watcher, dee):
            person.leave()

    def test_the_manufacturer_reads_downloads_and_acknowledges_the_order(self, arrive):
        mill: Visitor = arrive("mill@c2b.example", language="English")
        page = mill.go("/manufacturer/orders")
        mill.picture("6-orders")
        page.get_by_role("link", name=self.order).first.click()
        expect(page.get_by_role("heading", name=self.order)).to_be_visible()
        mill.picture("7-order")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download", exact=True).first.click()
        saved = Path(waiting.value.path()).read_bytes()
        assert saved.startswith(b"%PDF-")
        (PICTURES / "purchase-order.pdf").write_bytes(saved)
        choose(page, "We make exactly this")
        page.get_by_label("Signed by").fill("Lin Yue")
        page.get_by_label("Role").fill("Order manager")
        page.get_by_role("button", name="Sign and send").click()
        expect(page.get_by_role("heading", name="What was signed")).to_be_visible()
        expect(page.get_by_text("Lin Yue").first).to_be_visible()
        mill.picture("8-order-acknowledged")
        mill.leave()

    def test_members_see_the_timeline_and_the_manufacturer_moves_it(self, arrive):
        mill: Visitor = arrive("mill@c2b.example", language="English")
        dee: Visitor = arrive("dee@friends.example", password="correct horse battery 9")
        page = dee.go("/my/participations")
        page.get_by_role("link", name="Quiet seventy-five").first.click()
        expect(page.get_by_text("Engineering review").first).to_be_attached(timeout=30_000)
        dee.picture("9-timeline-planned")

        mill.go("/manufacturer")
        mill.picture("10-what-waits")
        shop = mill.go("/manufacturer/timelines")
        shop.get_by_role("link", name=self.order).click()
        shop.get_by_role("button", name="Start", exact=True).first.click()
        shop.get_by_label("Note").first.fill("No class A issue: wall 1.6 mm at the corners agreed.")
        shop.get_by_role("button", name="Add evidence").first.click()
        expect(shop.get_by_text("wall 1.6 mm").first).to_be_visible()
        mill.picture("11-stage-with-evidence")
        shop.get_by_role("button", name="Report as done").first.click()
        expect(shop.get_by_role("button", name="Start", exact=True).first).to_be_visible()

        page.reload()
        expect(page.get_by_text("wall 1.6 mm").first).to_be_attached()
        dee.picture("12-timeline-moved")
        for person in (mill, dee):
            person.leave()

    def test_an_admin_approves_what_waits_and_looks_behind_the_scenes(self, arrive):
        root: Visitor = arrive("root@c2b.example")
        page = root.go("/admin")
        expect(page.get_by_text("A matte white phone without a logo").first).to_be_visible()
        root.picture("13-approval-queue")
        page.get_by_role("button", name="Approve and open").click()
        expect(page.get_by_role("heading", name="A matte white phone without a logo")).to_have_count(0)
        for number, path in enumerate(
            ("/admin/campaigns", "/admin/runs", "/admin/jobs", "/admin/events", "/outbox"), 14
        ):
            root.go(path)
            root.picture(f"{number}-{path.rsplit('/', 1)[1]}")
        root.go(root.campaign("a-matte-white-phone-without-a-logo"))
        expect(page.get_by_text("0 of 120").first).to_be_visible()
        root.leave()

    def test_everything_is_there_in_chinese(self, arrive):
        hao: Visitor = arrive("lin.hao@members.c2b.example")
        page = hao.page
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        hao.go("/")
        hao.picture("20-发现")
        page.get_by_role("link", name="带得上飞机").first.click()
        expect(page.get_by_text("量产").first).to_be_attached()
        hao.picture("21-生产中")
        hao.go("/my/campaigns")
        hao.picture("22-我的定制团")
        hao.leave()

    def test_a_failed_group_says_so_and_everybody_has_their_money_back(self, arrive):
        ana: Visitor = arrive("ana@c2b.example")
        page = ana.go("/my/campaigns")
        ana.picture("23-my-campaigns")
        page.get_by_role("link", name="Earphones for small ears").first.click()
        expect(page.get_by_text("Not filled").first).to_be_visible()
        ana.picture("24-failed-and-refunded")
        ana.leave()
