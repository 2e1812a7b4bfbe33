"""What the allocation proposes, on the member's page and on the organizer's; and the member's answer."""

from __future__ import annotations

from c2b.campaigns.models import Campaign
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from tests import world


class TestAMemberWhoAskedToBeAsked:
    async def test_reads_what_they_would_get_and_accepts(self, w, bo):
        campaign, place = await world.proposed(w)
        await bo.log_in(w.bo)
        page = await bo.get(f"/participations/{place}")
        assert page.says("This is what you would get", "You asked to be told first", "Leave and be refunded")
        assert "Brass needed 30 and reached 2, so you get your second choice, FR4" in page.text
        assert "Too few people have chosen this so far" not in page.text
        page = await bo.send(page.form("/acceptance"))
        assert page.says("Thank you", "Accepted")
        await drain()
        assert (await Campaign.get(id=campaign)).state == "ordered"
        assert "This is what you would get" not in (await bo.get(f"/participations/{place}")).text

    async def test_cannot_answer_when_the_time_is_over(self, w, bo):
        _, place = await world.proposed(w)
        await bo.log_in(w.bo)
        form = (await bo.get(f"/participations/{place}")).form("/acceptance")
        await db.execute("UPDATE allocation SET objections_until = ?", clock.now())
        page = await bo.send(form)
        assert page.says("There is nothing to answer any more")

    async def test_leaves_with_everything_by_the_other_button(self, w, bo):
        campaign, place = await world.proposed(w)
        await bo.log_in(w.bo)
        page = await bo.get(f"/participations/{place}")
        leave = next(link for link in page.links if link.endswith("/withdrawal"))
        page = await bo.send((await bo.get(leave)).form("/withdrawal"))
        assert page.says("You have left the campaign")
        await drain()
        assert (await Campaign.get(id=campaign)).paid == 60


class TestTheOrganizersPage:
    async def test_says_who_gets_what_why_and_what_it_costs(self, w, ana):
        campaign, _ = await world.proposed(w)
        await ana.log_in(w.ana)
        page = await ana.get(f"/my/campaigns/{campaign}")
        assert page.says(
            "Who gets what", "Open to objections", "1 member may object", "units made 62", "second choice: FR4",
            "Brass: 2 of 30", "not made", "Proven:", "To the manufacturer, tax included",
        )  # fmt: skip
        assert "Lindqvist" not in page.text

    async def test_says_so_when_somebody_has_left_since(self, w, ana, bo):
        campaign, place = await world.proposed(w)
        await ana.log_in(w.ana)
        await bo.log_in(w.bo)
        await bo.send((await bo.get(f"/participations/{place}/withdrawal")).form("/withdrawal"))
        await drain()
        page = await ana.get(f"/my/campaigns/{campaign}")
        assert page.says("Locked as proposed", "Everybody gets their first choice.")

    async def test_shows_nothing_while_the_group_is_open(self, w, ana):
        campaign = await w.open_campaign()
        assert "Who gets what" not in (await ana.get(f"/my/campaigns/{campaign}")).text
