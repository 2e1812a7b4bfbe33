"""Live progress: what is pushed is what stands in the page, and nobody learns more than they may."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from c2b.campaigns.queries import join_offer
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.web.consumer import progress, standing
from tests.web.consumer.browser import Browser

LIVE = re.compile(r'<div id="progress"[^>]*>\n(.*?)\n      </div>', re.DOTALL)


class Listener:
    """One open stream, read as an application writes it: the client in the tests would wait for its end."""

    def __init__(self, app, browser: Browser, path: str) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        self.scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
            "query_string": b"", "server": ("testserver", 80), "client": ("127.0.0.1", 5000), "http_version": "1.1",
            "headers": [(b"host", b"testserver"), (b"cookie", cookies.encode()), (b"accept-language", b"en")],
        }  # fmt: skip
        self.app, self.got, self.status, self.left, self.framed = app, "", 0, asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Listener:
        self.task = asyncio.create_task(self.app(self.scope, self.receive, self.send))
        self.task.add_done_callback(lambda _: self.framed.set())
        await self.framed.wait()  # until the application has written its first frame, or has ended
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.left.set()
        await asyncio.gather(self.task, return_exceptions=True)

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message) -> None:
        self.status = message.get("status", self.status)
        self.got += message.get("body", b"").decode()
        if "\n\n" in self.got.partition("retry: 2000\n\n")[2]:
            self.framed.set()

    def newest(self) -> str:
        """The data of the last event."""
        event = [part for part in self.got.split("\n\n") if "data: " in part][-1]
        return "\n".join(line.removeprefix("data: ") for line in event.split("\n"))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """The hubs tick when the test says so."""
    for hub in (progress.HUB, standing.HUB):
        monkeypatch.setattr(hub, "interval", 3600)


async def pushed(campaign_id: str, *, inside: bool) -> str:
    offer = await join_offer(campaign_id)
    who = "inside" if inside else "public"
    data = await progress.HUB.source(f"{offer.campaign_id}:en:{who}")
    assert data is not None
    return data.decode()


class TestTheProgressOfACampaign:
    async def test_is_pushed_as_it_stands_in_the_page(self, w, stranger):
        clock.set(clock.now())
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 12)
        page = await stranger.get(f"/campaigns/{campaign_id}")
        found = LIVE.search(page.html)
        assert found
        assert found[1].strip() == (await pushed(campaign_id, inside=False)).strip()

    async def test_arrives_by_itself_when_somebody_pays(self, app, w, campaign, stranger):
        async with Listener(app, stranger, f"{campaign}/progress") as stream:
            assert stream.status == 200
            assert "50 more paid units" in stream.newest()
            offer = await join_offer(campaign.rpartition("/")[2])
            await w.pay(await w.join(offer.campaign_id, quantity=3))
            await progress.HUB.tick()
            assert "47 more paid units" in stream.newest()

    async def test_names_the_purchase_order_to_those_who_belong_to_it_only(self, app, w, stranger, sandbox):
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 49)
        joined = await w.join(campaign_id, w.bo)
        bo = await Browser.of(app, w.bo)
        async with (
            Listener(app, bo, f"/campaigns/{campaign_id}/progress") as inside,
            Listener(app, stranger, f"/campaigns/{campaign_id}/progress") as outside,
        ):
            await w.pay(joined)
            await drain()
            await progress.HUB.tick()
            assert re.search(r"PO-\d{4}-\d{6}", inside.newest())
            assert "The purchase order is with the manufacturer." in outside.newest()
            assert "PO-2" not in outside.newest()
            assert 'data-joinable="no"' in outside.newest()

    async def test_says_when_enough_is_paid_and_too_few_can_be_made(self, w, bo, stranger, sandbox):
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 46)
        joined = await w.join(campaign_id, w.bo, quantity=2)
        await w.pay(joined)
        await w.pay(await w.join(campaign_id, quantity=2, case_color="black"))
        await drain()
        place = await bo.get(f"/participations/{joined.participation_id}")
        assert place.says("It goes ahead by itself as soon as enough can be made.")
        assert "Too few people have chosen this" not in place.text  # somebody else's option
        page = await stranger.get(f"/campaigns/{campaign_id}")
        assert page.says(
            "Enough units are paid, but too few of them can be made yet", "Case color: Black 2 of 30"
        )
        assert "You can still join until the deadline" not in page.text
        assert "Navy 48 of 30" not in page.text.partition("The same for everybody")[0]
        found = LIVE.search(page.html)
        assert found
        assert found[1].strip() == (await pushed(campaign_id, inside=False)).strip()

    @pytest.mark.parametrize("state", ["rejected", "expired"])
    async def test_tells_what_it_means_that_the_order_was_not_accepted(
        self, app, w, ana, bo, stranger, sandbox, state
    ):
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 49)
        joined = await w.join(campaign_id, w.bo)
        await w.pay(joined)
        await drain()
        assert (await ana.get(f"/my/campaigns/{campaign_id}")).says(
            "The purchase order is with the manufacturer."
        )
        await db.execute("UPDATE purchase_order SET state = ? WHERE campaign_id = ?", state, campaign_id)
        for browser, path in (
            (ana, f"/my/campaigns/{campaign_id}"),
            (bo, f"/campaigns/{campaign_id}"),
            (bo, f"/participations/{joined.participation_id}"),
        ):
            page = await browser.get(path)
            assert page.says(
                "The manufacturer has not accepted the purchase order.", "a corrected order may follow"
            )
            assert page.says("The money stays held; if no order comes about, everybody gets all of it back")
            assert "is with the manufacturer" not in page.text
        outside = await stranger.get(f"/campaigns/{campaign_id}")
        assert outside.says("We are settling the purchase order with the manufacturer.")
        assert "not accepted" not in outside.text and "PO-2" not in outside.text

    async def test_is_told_in_the_language_of_the_reader(self, app, w, campaign):
        reader = Browser(app, locale="zh_CN")
        listener = Listener(app, reader, f"{campaign}/progress")
        listener.scope["headers"][-1] = (b"accept-language", b"zh-CN")
        async with listener as stream:
            assert "再有 50 台付款即可成团。" in stream.newest()


class TestAMembersPlace:
    async def test_tells_its_page_to_look_again_when_the_money_arrives(self, app, w, campaign, bo):
        offer = await join_offer(campaign.rpartition("/")[2])
        joined = await w.join(offer.campaign_id, w.bo)
        path = f"/participations/{joined.participation_id}"
        async with Listener(app, bo, f"{path}/standing") as stream:
            before = stream.newest()
            assert before.startswith("event: changed")
            await standing.HUB.tick()
            assert stream.newest() == before
            await w.pay(joined)
            await standing.HUB.tick()
            assert stream.newest() != before

    async def test_is_nobody_elses_to_watch(self, app, w, campaign, cy, stranger):
        offer = await join_offer(campaign.rpartition("/")[2])
        joined = await w.join(offer.campaign_id, w.bo)
        path = f"/participations/{joined.participation_id}/standing"
        await cy.get(path, 404)
        assert (
            (await stranger.get(path, 303, follow=False)).response.headers["location"].startswith("/log-in")
        )


class TestWhatIsCounted:
    @pytest.mark.parametrize(
        ("plan", "counted", "missing", "reserved"),
        [
            ("full", "2 of 50 units paid", "48 more paid units", "3 units are reserved and not paid yet."),
            (
                "deposit",
                "2 of 50 units with their deposit paid",
                "48 more units with their deposit",
                "3 units are reserved, their deposit not paid yet.",
            ),
            (
                "authorize",
                "2 of 50 units with their money held",
                "48 more units with their money held",
                "3 units are reserved, their money not held yet.",
            ),
        ],
    )
    async def test_says_whether_it_is_paid_or_held_or_a_deposit(
        self, w, bo, sandbox, plan, counted, missing, reserved
    ):
        percent = {"deposit_percent": 20} if plan == "deposit" else {}
        campaign_id = await w.open_campaign(
            payment_plan=plan, deadline=clock.now() + timedelta(days=4), **percent
        )
        joined = await w.join(campaign_id, w.bo, quantity=2)
        form = (await bo.get(f"/participations/{joined.participation_id}")).form("/payment")
        page = await bo.send(form, follow=False, status=303)
        await sandbox.pay(page.response.headers["location"].rpartition("/")[2])
        await w.join(campaign_id, w.cy, quantity=3)
        row = await db.fetch_one("SELECT slug, threshold FROM campaign WHERE id = ?", campaign_id)
        assert row
        assert row["threshold"] == 50
        page = await bo.get(f"/campaigns/{row['slug']}")
        assert page.says(counted, missing, reserved)
        assert ("units paid" in page.text) is (plan == "full")
        assert f'aria-label="{counted}"' in page.html
