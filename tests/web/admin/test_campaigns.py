"""All campaigns, and one with its numbers, money, members, runs and events; cancelled with a reason."""

from __future__ import annotations

from datetime import timedelta

from c2b.campaigns import counting
from c2b.campaigns.models import Campaign
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from tests import world
from tests.web.manufacturer.house import answered, issued, stage, submitted_gate


class TestTheList:
    async def test_says_so_when_it_is_empty(self, w, root):
        assert (await root.get("/admin/campaigns")).says("No campaigns yet.")

    async def test_can_be_narrowed_to_a_state_and_read_in_pages(self, w, root):
        for number in range(3):
            await w.open_campaign(title=f"Board number {number}")
        page = await root.get("/admin/campaigns?state=open&limit=2")
        assert page.says("Board number 2", "Board number 1", "0 / 50")
        further = next(link for link in page.links if "cursor=" in link)
        assert "state=open" in further
        assert (await root.get(further)).says("Board number 0")
        assert (await root.get("/admin/campaigns?state=failed")).says("No campaign is in this state.")


class TestACampaign:
    async def test_counts_units_and_money_by_two_books(self, w, root):
        campaign_id = await w.open_campaign()
        await w.pay(await w.join(campaign_id, w.bo, quantity=2))
        await w.join(campaign_id)
        page = await root.get(f"/admin/campaigns/{campaign_id}")
        assert page.says(
            "2 paid" if "2 paid" in page.text else "paid 2", "CN¥1,278.00", "1 payment", "agrees"
        )
        await db.execute("UPDATE account SET balance_minor = 1 WHERE id = ?", f"escrow:{campaign_id}")
        assert (await root.get(f"/admin/campaigns/{campaign_id}")).says("differs from what is held")

    async def test_shows_members_by_first_name_with_what_they_asked_for(self, w, root):
        campaign_id = await w.open_campaign()
        await w.pay(await w.join(campaign_id, w.bo, quantity=2))
        page = await root.get(f"/admin/campaigns/{campaign_id}")
        members = page.html[page.html.index('id="members"') : page.html.index('id="events"')]
        assert "Bo" in members and "Lindqvist" not in members and "@" not in members
        assert page.says("Case color Navy", "Switches Tactile B", "Joined")

    async def test_pages_through_its_members(self, w, root):
        campaign_id = await w.open_campaign()
        for name in ("Dee", "Eli", "Fay"):
            await w.join(campaign_id, await world.person(name))
        page = await root.get(f"/admin/campaigns/{campaign_id}?limit=2")
        assert page.says("Fay", "Eli")
        further = next(link for link in page.links if "cursor=" in link)
        assert (await root.get(further)).says("Dee")

    async def test_says_in_words_who_was_left_out_why(self, w, root):
        campaign_id = await w.open_campaign(threshold=50, closes="at_deadline")
        await w.fill(campaign_id, 60)
        await w.pay(await w.join(campaign_id, w.bo, quantity=2, switch="silent_c"))
        clock.shift(timedelta(days=21))
        await counting.keep_deadlines()
        await drain()
        await root.log_in(w.root)
        page = await root.get(f"/admin/campaigns/{campaign_id}")
        sentence = "Switches: “Silent linear C” was chosen for 2 units, the factory makes it from 50 on."
        assert page.says(sentence, "Refund under way")
        assert page.text.count(sentence) == 2  # beside the member, and among the events
        assert (await root.get("/admin/events?name=participation.left_out")).says(sentence)

    async def test_leads_to_its_order_timeline_runs_and_events(self, w, root):
        order = await answered(w)
        page = await root.get(f"/admin/campaigns/{order.campaign_id}")
        assert page.says(order.number, "Ordering and acknowledgment", "Closing a group", "In production")
        expected = {
            f"/admin/orders/{order.id}",
            f"/admin/campaigns/{order.campaign_id}/timeline",
            f"/admin/runs/ordering:{order.campaign_id}",
            f"/admin/runs/closing:{order.campaign_id}:1",
            f"/admin/events?campaign={order.campaign_id}",
        }
        assert expected <= set(page.links)

    async def test_that_does_not_exist_is_404(self, w, root):
        await root.get("/admin/campaigns/nonsense", 404)


class TestCanceling:
    async def test_refunds_everybody_and_twice_is_once(self, w, root):
        order = await issued(w)
        form = (await root.get(f"/admin/campaigns/{order.campaign_id}")).form("/cancellation")
        for _ in range(2):
            page = await root.send(form, reason="The organizer moved abroad.")
            assert page.says("is canceled", "The organizer moved abroad.")
        await drain()
        assert (await Campaign.get(id=order.campaign_id)).state == "canceled"
        assert len(await db.fetch("SELECT 1 FROM event WHERE name = 'campaign.canceled'")) == 1
        assert (await root.get(f"/admin/orders/{order.id}")).says("Canceled")

    async def test_needs_a_reason(self, w, root):
        campaign_id = await w.open_campaign()
        form = (await root.get(f"/admin/campaigns/{campaign_id}")).form("/cancellation")
        page = await root.send(form, 422, reason="")
        assert 'id="error-reason"' in page.html
        assert (await Campaign.get(id=campaign_id)).state == "open"

    async def test_is_not_offered_when_the_campaign_is_over(self, w, root):
        campaign_id = await w.open_campaign()
        form = (await root.get(f"/admin/campaigns/{campaign_id}")).form("/cancellation")
        await db.execute("UPDATE campaign SET state = 'completed' WHERE id = ?", campaign_id)
        page = await root.get(f"/admin/campaigns/{campaign_id}")
        assert not [each for each in page.forms if each.action.endswith("/cancellation")]
        assert (await root.send(form, 409, reason="Late.")).says("not in a state that allows this")


class TestTheTimeline:
    async def test_lets_an_admin_leave_a_stage_out_and_the_manufacturer_not(self, w, root, mill):
        order = await answered(w)
        review = (await stage(order, "REVIEW")).id
        page = await root.get(f"/admin/campaigns/{order.campaign_id}/timeline")
        skip = page.form(f"{review}/skip")
        assert (await root.send(skip, 422, reason="")).says("Say it in a few words")
        assert (await root.send(skip, reason="Same tool as last year.")).says("is left out")
        assert (await stage(order, "REVIEW")).state == "skipped"
        theirs = await mill.get(f"/manufacturer/timelines/{order.campaign_id}")
        assert theirs.says("Same tool as last year.")

    async def test_lets_an_admin_pass_what_was_submitted(self, w, root, mill):
        order, gate = await submitted_gate(w)
        theirs = await mill.get(f"/manufacturer/timelines/{order.campaign_id}")
        assert theirs.says("It is reported as done. An admin looks at the evidence.")
        page = await root.get(f"/admin/campaigns/{order.campaign_id}/timeline")
        page = await root.send(page.form(f"{gate.id}/rejection"), reason="Photos are missing.")
        assert page.says("did not pass", "Photos are missing.")
        page = await root.send(page.form(f"{gate.id}/resumption"))
        page = await root.send(page.form(f"{gate.id}/completion"))
        form = page.form(f"{gate.id}/approval")
        for _ in range(2):
            assert (await root.send(form)).says("has passed")
        assert (await stage(order, gate.code)).state == "approved"
