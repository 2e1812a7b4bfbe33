"""Runs, jobs and the event log: readable, filtered, and a dead job gets another chance."""

from __future__ import annotations

from c2b.events.operations import record
from c2b.kit import clock, db
from tests.web.manufacturer.house import answered, issued


async def job(state: str = "dead", key: str = "refund:1") -> str:
    await db.execute(
        "INSERT INTO job (id, key, kind, args, state, due_at, attempts, failures, wakeups, error, created_at) "
        "VALUES (?, ?, 'refund.send', '{\"refund_id\": \"r-1\"}', ?, ?, 7, 7, 0, ?, ?)",
        f"id-{key[-1]}",
        key,
        state,
        clock.now(),
        "Traceback …\n  deep inside\nGatewayDown: the provider does not answer",
        clock.now(),
    )
    return f"id-{key[-1]}"


class TestRuns:
    async def test_say_so_when_there_are_none(self, w, root):
        assert (await root.get("/admin/runs")).says("No runs here.")

    async def test_say_what_they_wait_for(self, w, root):
        order = await issued(w)
        page = await root.get("/admin/runs?state=waiting&workflow=ordering")
        assert page.says("an answer to the purchase order", f"ordering:{order.campaign_id}")
        assert "Closing a group" not in page.text.replace("All Closing a group Ordering", "")

    async def test_show_each_step_with_what_it_returned(self, w, root):
        order = await issued(w)
        page = await root.get(f"/admin/runs/ordering:{order.campaign_id}")
        assert page.says(
            "check the frozen answers", "50", "allocate number", order.id, "send r1", "It waits for:"
        )
        await root.get("/admin/runs/ordering:nonsense", 404)

    async def test_are_read_in_pages(self, w, root):
        await answered(w)
        page = await root.get("/admin/runs?limit=1")
        further = next(link for link in page.links if "cursor=" in link)
        rest = await root.get(f"{further}&limit=1")
        first = next(link for link in page.links if link.startswith("/admin/runs/"))
        assert first not in rest.links

    async def test_stand_still_when_their_job_gave_up(self, w, root):
        order = await issued(w)
        run = f"ordering:{order.campaign_id}"
        await db.execute(
            "UPDATE job SET state = 'dead', error = 'OrderStopped: one unit too few' WHERE run_id = ?", run
        )
        page = await root.get(f"/admin/runs/{run}")
        assert page.says("Stands still", "Its job gave up", "OrderStopped: one unit too few")
        assert page.form("/retry")


class TestJobs:
    async def test_that_gave_up_come_with_their_error_and_a_retry(self, w, root):
        await job()
        page = await root.get("/admin/jobs?state=dead")
        assert page.says(
            "refund.send", "refund:1", "GatewayDown: the provider does not answer", "Gave up (1)"
        )
        page = await root.send(page.form("/retry"))
        assert page.says("The job is due again.", "Due", "r-1", "deep inside")
        row = await db.fetch_one("SELECT state, failures FROM job")
        assert row == {"state": "ready", "failures": 0}

    async def test_retried_twice_are_retried_once(self, w, root):
        form = (await root.get(f"/admin/jobs/{await job()}")).form("/retry")
        await root.send(form)
        assert (await root.send(form)).says("This job has not given up: there is nothing to retry.")
        assert len(await db.fetch("SELECT 1 FROM event WHERE name = 'job.retried'")) == 1

    async def test_that_do_not_exist_are_404(self, w, root):
        form = (await root.get(f"/admin/jobs/{await job()}")).form("/retry")
        form.action = "/admin/jobs/nonsense/retry"
        await root.send(form, 404)
        await root.get("/admin/jobs/nonsense", 404)

    async def test_say_so_when_none_gave_up(self, w, root):
        await job("done")
        assert (await root.get("/admin/jobs?state=dead")).says("No job has given up.")
        assert (await root.get("/admin/jobs?state=nonsense")).says("refund:1")


class TestTheLog:
    async def test_tells_what_happened_in_words(self, w, root):
        campaign_id = await w.open_campaign()
        await w.pay(await w.join(campaign_id, w.bo))
        page = await root.get("/admin/events")
        assert page.says("Money was captured · Bo Lindqvist", "amount: CN¥639.00", "The campaign opened")
        assert f"/admin/campaigns/{campaign_id}" in page.links

    async def test_is_filtered_by_kind_name_and_campaign(self, w, root):
        first, second = (
            await w.open_campaign(title="First board"),
            await w.open_campaign(title="Second board"),
        )
        await w.pay(await w.join(first, w.bo))
        page = await root.get("/admin/events?name=payment.*")
        assert page.html.count("<time") == 1
        page = await root.get("/admin/events?name=campaign.opened")
        assert page.html.count("<time") == 2
        page = await root.get(f"/admin/events?campaign={second}&name=campaign.opened")
        assert page.html.count("<time") == 1
        assert page.says("Only of campaign", "Second board")
        assert (await root.get("/admin/events?campaign=nonsense")).says("Nothing like this has happened.")
        assert (await root.get("/admin/events?name=nonsense")).says("Money was captured")

    async def test_keeps_its_filter_from_page_to_page(self, w, root):
        for number in range(3):
            await w.open_campaign(title=f"Board number {number}")
        page = await root.get("/admin/events?name=campaign.opened&limit=2")
        further = next(link for link in page.links if "cursor=" in link)
        assert "name=campaign.opened" in further
        assert (await root.get(further)).html.count("<time") == 1

    async def test_refuses_a_cursor_that_is_not_ours(self, w, root):
        await root.get("/admin/events?cursor=nonsense", 400)

    async def test_explains_who_was_left_out(self, w, root):
        campaign_id = await w.open_campaign()
        cell = {"key": "option:keycap:pbt_dye_a", "level": "option", "count": 3, "minimum": 50}
        payload = {"outcome": {"kind": "left", "cause": "minimum", "cell": cell}, "paid": False}
        async with db.transaction():
            await record(
                "participation.left_out", subject="participation", subject_id="p", campaign_id=campaign_id,
                actor_id=w.bo.id, audience="organizer", payload=payload,
            )  # fmt: skip
        page = await root.get("/admin/events?name=participation.left_out")
        assert page.says(
            "Keycaps: “PBT dye-sub, profile A” was chosen for 3 units, the factory makes it from 50 on."
        )

    async def test_speaks_chinese(self, w, root):
        await w.open_campaign()
        await db.execute("UPDATE user_account SET locale = 'zh_CN' WHERE id = ?", w.root.id)
        from tests.web.consumer.browser import Browser

        page = await (await Browser.of(root.http._transport.app, w.root)).get("/admin/events")
        assert page.says("定制团已开放参团")
