"""The approval queue: the facts, the decision, and everything else that waits for an admin."""

from __future__ import annotations

from datetime import timedelta

from c2b.campaigns import operations as campaigns
from c2b.campaigns.models import Campaign
from c2b.campaigns.rules import PriceTier
from c2b.campaigns.votes import OpenVote
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.web.admin import approvals
from tests.web.manufacturer.house import answered, issued, submitted_gate
from tests.world import BATCH


async def submitted(w, **changes) -> Campaign:
    """Ana's campaign, waiting for Root."""
    draft = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer(**changes))
    await campaigns.submit(w.ana, draft.id)
    return await Campaign.get(id=draft.id)


class TestTheQueue:
    async def test_says_so_when_nothing_waits(self, w, root):
        page = await root.get("/admin")
        assert page.says("No campaign waits for approval.")
        assert "gave up" not in page.text

    async def test_is_where_a_log_in_leads(self, w, root):
        assert (await root.get("/log-in")).path == "/admin"

    async def test_shows_the_offer_beside_the_quotation(self, w, root):
        await submitted(w)
        page = await root.get("/admin")
        assert page.says(
            "Navy seventy-five", "Ana Ferreira", "A quiet board for the whole club.", "Gasket mount"
        )
        assert page.says("The manufacturer makes it from 50 units on.", "Capacity 2,000 units.")
        # 459 to the members, 310 to the manufacturer, quoted between 399 and 529
        assert page.says("50 CN¥459.00 CN¥399.00 – CN¥529.00 CN¥310.00 CN¥149.00")
        assert page.says("Left at the threshold CN¥7,450.00")

    async def test_shows_what_is_left_open_until_when_and_how_a_tie_is_decided(self, w, root):
        fixed = {name: code for name, code in BATCH.items() if name != "mounting"}
        vote = OpenVote("mounting", ("tray", "gasket"), clock.now() + timedelta(hours=5), "cheapest")
        await submitted(w, batch_answers=fixed, votes=(vote,))
        page = await root.get("/admin")
        assert page.says(
            "Left open to the members Mounting Tray mount, Gasket mount +CN¥15.00", "The vote closes",
            "A tie goes to the choice that costs less.",
        )  # fmt: skip
        clock.shift(timedelta(hours=6))
        page = await root.get("/admin")
        assert page.says("The offer breaks the rules of today", "Let the vote close in the future.")

    async def test_is_read_in_pages(self, w, root):
        for number in range(3):
            await submitted(w, title=f"Board number {number}")
        page = await root.get("/admin?limit=2")
        assert page.says("Board number 2", "Board number 1")
        further = next(link for link in page.links if "cursor=" in link)
        assert (await root.get(further)).says("Board number 0")


class TestTheDecision:
    async def test_opens_the_campaign_and_twice_is_once(self, w, root):
        campaign = await submitted(w)
        form = (await root.get("/admin")).form(f"{campaign.id}/approval")
        assert (await root.send(form)).says("“Navy seventy-five” is open.")
        assert (await Campaign.get(id=campaign.id)).state == "open"
        assert (await root.send(form)).says("was decided already")
        rows = await db.fetch("SELECT 1 FROM campaign_transition WHERE to_state = 'open'")
        assert len(rows) == 1

    async def test_sends_back_with_a_reason_the_organizer_reads(self, w, root):
        campaign = await submitted(w)
        form = (await root.get("/admin")).form(f"{campaign.id}/return")
        assert (await root.send(form, reason="Please name the color.")).says("is back with its organizer")
        row = await Campaign.get(id=campaign.id)
        assert (row.state, row.review_note) == ("draft", "Please name the color.")

    async def test_without_a_reason_comes_back_with_the_error_beside_the_field(self, w, root):
        campaign = await submitted(w)
        form = (await root.get("/admin")).form(f"{campaign.id}/return")
        page = await root.send(form, 422, reason="  ")
        assert page.says("Please say why, so that the organizer knows what to change.")
        assert f'id="error-reason-{campaign.id}"' in page.html
        assert (await Campaign.get(id=campaign.id)).state == "under_review"

    async def test_is_not_offered_for_what_the_rules_no_longer_allow(self, w, root):
        campaign = await submitted(w)
        form = (await root.get("/admin")).form(f"{campaign.id}/approval")
        clock.shift(timedelta(days=20))
        await root.log_in(w.root)
        page = await root.get("/admin")
        assert page.says(
            "It cannot open like this.", "Choose a deadline between one hour and 90 days from now."
        )
        assert page.form(f"{campaign.id}/approval").buttons == []
        form.fields = page.form(f"{campaign.id}/approval").fields
        assert (await root.send(form, 422)).says("Some answers need another look.")
        assert (await Campaign.get(id=campaign.id)).state == "under_review"

    async def test_on_a_campaign_that_does_not_exist_is_404(self, w, root):
        campaign = await submitted(w)
        form = (await root.get("/admin")).form(f"{campaign.id}/approval")
        form.action = "/admin/campaigns/nonsense/approval"
        await root.send(form, 404)


class TestTheReview:
    async def test_marks_a_price_outside_the_quotation(self, w, root):
        campaign = await submitted(w)
        tiers = [
            {"from_quantity": 50, "unit_price_minor": 60000},
            {"from_quantity": 80, "unit_price_minor": 42900},
        ]
        await Campaign.filter(id=campaign.id).update(tiers=tiers)
        page = await root.get("/admin")
        assert page.says("CN¥600.00 outside the quotation", "The manufacturer quoted CN¥399.00 to CN¥529.00")
        assert page.html.count("outside the quotation") == 1

    async def test_takes_one_off_engineering_from_the_margin(self, w, root):
        # the hall board: 20,000 once; 900 margin a unit would carry it, at 200 units 149 does
        answers = {**w.offer().batch_answers, "pcb_sensing": "hall", "hot_swap": True}
        await submitted(w, batch_answers=answers, threshold=200, cap=400, tiers=(PriceTier(200, 45900),))
        page = await root.get("/admin")
        assert page.says("Margin of 200 units at the threshold CN¥35,800.00")
        assert page.says("One-off engineering (NRE) of the fixed attributes -CN¥20,000.00")
        assert page.says("Left at the threshold CN¥15,800.00")


class TestWhatElseWaits:
    async def test_orders_that_were_rejected_or_not_answered(self, w, root):
        rejected = await answered(w, "rejected", "No caps until March.")
        expired = await issued(w)
        clock.shift(timedelta(days=8))
        await drain()
        await root.log_in(w.root)
        page = await root.get("/admin")
        for order in (rejected, expired):
            assert page.says(order.number)
            assert f"/admin/orders/{order.id}#decision" in page.links

    async def test_stages_that_were_reported_as_done(self, w, root):
        order, gate = await submitted_gate(w)
        page = await root.get("/admin")
        assert page.says("Waiting for approval", "Look at it")
        assert f"/admin/campaigns/{order.campaign_id}/timeline#{gate.code}" in page.links

    async def test_jobs_that_gave_up(self, w, root):
        await db.execute(
            "INSERT INTO job (id, key, kind, args, state, due_at, attempts, failures, wakeups, error, created_at) "
            "VALUES ('j', 'k', 'refund.send', '{}', 'dead', ?, 7, 7, 0, 'Oh no', ?)",
            clock.now(),
            clock.now(),
        )
        page = await root.get("/admin")
        assert page.says("1 job gave up")
        assert "/admin/jobs?state=dead" in page.links

    async def test_a_ledger_that_does_not_add_up_is_shown_in_red(self, w, root, monkeypatch):
        async def wrong() -> list[str]:
            return ["escrow:x: stored 1, recomputed 2"]

        assert "does not add up" not in (await root.get("/admin")).text
        monkeypatch.setattr(approvals, "faults", wrong)
        page = await root.get("/admin")
        assert page.says("The ledger does not add up", "escrow:x: stored 1, recomputed 2")
        assert "notice-danger" in page.html
