"""The first page: public campaigns, by kind, page after page."""

from __future__ import annotations

from dataclasses import replace

from c2b.campaigns.rules import PriceTier
from c2b.catalog import operations as catalog
from c2b.web.consumer import discover
from tests import world


class TestTheFirstPage:
    async def test_says_what_this_is_and_that_nothing_is_there_yet(self, w, stranger):
        page = await stranger.get("/")
        assert page.says(
            "Made to your wishes, ordered together", "you get every cent back", "No campaigns here yet"
        )

    async def test_shows_how_far_a_campaign_is_and_what_it_costs_with_all_that_is_fixed(self, w, stranger):
        await w.fill(await w.open_campaign(closes="at_deadline"), 12)
        page = await stranger.get("/")
        # 459 in the ladder, and 165 for the aluminum case and its mounting that everybody gets
        assert page.says(
            "Navy seventy-five", "12 of 50 paid", "38 more needed", "CN¥624.00", "down to CN¥594.00"
        )
        assert page.says("days 23 hours left") or page.says("20 days left")

    async def test_promises_no_price_above_the_threshold_at_which_a_group_closes(self, w, stranger):
        await w.open_campaign()
        page = await stranger.get("/")
        assert page.says("CN¥624.00")
        assert "down to" not in page.text

    async def test_speaks_chinese(self, app, w):
        from tests.web.consumer.browser import Browser

        await w.open_campaign()
        page = await Browser(app, locale="zh_CN").get("/")
        assert page.says("按您的心意定制，大家一起下单", "参团中", "¥624.00", "还差 50 台")

    async def test_lists_no_draft_and_nothing_that_is_only_for_those_with_the_link(self, w, stranger):
        from c2b.campaigns import operations

        await w.open_campaign(title="Seen by all")
        await w.open_campaign(title="Seen by link", visibility="by_link")
        await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer(title="Still a draft"))
        page = await stranger.get("/")
        assert page.says("Seen by all")
        assert "Seen by link" not in page.text
        assert "Still a draft" not in page.text

    async def test_keeps_to_one_family_when_asked(self, w, stranger):
        await w.open_campaign()
        assert (await stranger.get("/?family=keyboard")).says("Navy seventy-five")
        phones = await stranger.get("/?family=phone")
        assert "Navy seventy-five" not in phones.text
        assert (await stranger.get("/?family=%27%3B--")).says("Navy seventy-five")

    async def test_goes_on_where_the_page_before_ended(self, w, stranger, monkeypatch):
        monkeypatch.setattr(discover, "CARDS", 2)
        for number in range(3):
            await w.open_campaign(title=f"Board {number}")
        first = await stranger.get("/?family=keyboard")
        assert "Board 2" in first.text and "Board 1" in first.text and "Board 0" not in first.text
        second = await stranger.get(next(link for link in first.links if "cursor=" in link))
        assert "Board 0" in second.text and "Board 1" not in second.text
        assert "/?family=keyboard&" in second.links[-1] or any(
            "family=keyboard&" in each for each in second.links
        )

    async def test_escapes_what_people_write(self, w, stranger):
        await w.open_campaign(title="<script>alert(1)</script>")
        page = await stranger.get("/")
        assert "<script>alert(1)" not in page.html
        assert "&lt;script&gt;alert(1)" in page.html


class TestAProduct:
    async def test_is_listed_with_its_maker_and_minimum(self, w, stranger):
        page = await stranger.get("/products")
        assert page.says("Mill 75", "Keyboards · Mill", "from CN¥369.00", "from 50 units")

    async def test_shows_who_chooses_what_the_quotation_and_the_pace(self, w, stranger):
        page = await stranger.get(f"/products/{w.product_slug}")
        assert page.says(
            "The organizer fixes for the whole batch", "Every member chooses", "Personal to one unit"
        )
        assert page.says(
            "CN¥399.00 – CN¥529.00", "CN¥369.00 – CN¥499.00", "2000 units in one batch", "12 months"
        )
        assert page.says("Likely 86 days from the lock to your door; promised within 125 days.")
        assert f"/products/{w.product_slug}/campaigns/new" in page.links

    async def test_that_is_no_longer_made_is_gone(self, w, stranger):
        from c2b.kit import db

        await db.execute("UPDATE product SET active = ? WHERE id = ?", False, w.product_id)
        await stranger.get(f"/products/{w.product_slug}", 404)
        assert (await stranger.get("/products")).says("No products at the moment")


class TestACampaignPage:
    async def test_tells_everything_a_stranger_needs(self, w, campaign, stranger):
        page = await stranger.get(campaign)
        assert page.says("Organized by Ana", "made by Mill", "A quiet board for the whole club.")
        assert page.says("Form factor", "75%", "CNC aluminum +CN¥150.00")
        assert page.says("50 more paid units and it goes ahead.", "from 50 CN¥624.00")
        assert "CN¥594.00" not in page.text  # from 80 units on, and the group closes at 50
        assert page.says(
            "If too few units are paid by the deadline, everybody gets all of it back, by itself."
        )
        assert page.says("Likely 106 days from the lock to your door; promised within 149 days.")
        assert page.says("UTC", "The group closes the moment the threshold is paid.")
        assert f"{campaign}/join" in page.links

    async def test_promises_the_lower_price_where_the_group_may_grow_on(self, w, stranger):
        page = await stranger.get(f"/campaigns/{await w.open_campaign(closes='at_deadline')}")
        assert page.says("80 more units and everyone saves CN¥30.00: CN¥594.00 each.", "from 80 CN¥594.00")

    async def test_says_the_price_that_the_last_payment_reached_by_chance(self, w, stranger, sandbox):
        from c2b.durable.sweep import drain

        campaign_id = await w.open_campaign(tiers=(PriceTier(50, 45900), PriceTier(60, 42900)))
        await w.fill(campaign_id, 49)
        await w.fill(campaign_id, 11)
        await drain()
        page = await stranger.get(f"/campaigns/{campaign_id}")
        assert page.says("Everybody pays CN¥594.00")
        assert (await stranger.get("/")).says("CN¥594.00")

    async def test_is_not_there_before_it_was_opened_but_for_its_organizer_and_admins(
        self, app, w, ana, cy, stranger
    ):
        from c2b.campaigns import operations
        from tests.web.consumer.browser import Browser

        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        await stranger.get(f"/campaigns/{draft.slug}", 404)
        await cy.get(f"/campaigns/{draft.slug}", 404)
        await stranger.get(f"/campaigns/{draft.slug}/join", 404)
        await stranger.get(f"/campaigns/{draft.slug}/progress", 404)
        assert (await ana.get(f"/campaigns/{draft.slug}")).says("Draft")
        assert (await (await Browser.of(app, w.root)).get(f"/campaigns/{draft.slug}")).says("Draft")

    async def test_keeps_what_the_review_said_between_organizer_and_admin(self, w, stranger):
        from c2b.campaigns import operations

        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        await operations.submit(w.ana, draft.id)
        await operations.send_back(w.root, draft.id, reason="This story will not do.")
        await operations.submit(w.ana, draft.id)
        await operations.approve(w.root, draft.id)
        page = await stranger.get(f"/campaigns/{draft.slug}")
        assert page.says("What happened so far", "Open")
        assert "will not do" not in page.text
        assert "Under review" not in page.text

    async def test_shows_paid_units_against_the_minimum_of_each_option(self, w, stranger):
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 12)
        await w.join(campaign_id, case_color="black")  # not paid: does not count
        page = await stranger.get(f"/campaigns/{campaign_id}")
        assert page.says("Navy 12 of 30", "Black 0 of 30", "1 still needs company")

    async def test_shows_the_minimums_of_options_that_are_made_together_and_what_a_small_lot_would_cost(
        self, w, stranger
    ):
        await catalog.publish_schema(w.product_id, world.schema_document(version=2))
        campaign_id = await w.open_campaign()
        await w.pay(await w.join(campaign_id, quantity=4, plate="brass"))
        page = await stranger.get(f"/campaigns/{campaign_id}")
        assert page.says(
            "Options that are made together", "Brass plate in a navy case 4 of 6, 2 to go",
            "or a small-lot fee: CN¥26.00 for each missing unit, shared; CN¥13.00 per unit at present",
        )  # fmt: skip
        assert page.says("Wrist rest stained to the campaign color 0 of 40, 40 to go")
        assert "Whole configurations" not in page.text

    async def test_asks_for_no_company_where_what_was_chosen_has_no_minimum(self, w, stranger):
        campaign_id = await w.open_campaign()
        address = f"/campaigns/{campaign_id}"
        assert (await stranger.get(address)).says("Plate none of these chosen yet")
        await w.fill(campaign_id, 12)
        page = await stranger.get(address)
        assert page.says("Plate no minimum to reach so far", "Legends no minimum to reach so far")
        assert page.says("Extras none of these chosen yet")

    async def test_can_only_be_invited_to_by_those_who_belong_to_it(self, w, campaign, ana, bo, stranger):
        assert (await ana.get(campaign)).form("/invitation")
        assert not [form for form in (await stranger.get(campaign)).forms if "invitation" in form.action]
        await bo.get(f"{campaign}/invitation", 404)

    async def test_leads_a_member_to_their_place_instead_of_the_form(self, w, campaign, bo):
        from c2b.campaigns.queries import join_offer

        offer = await join_offer(campaign.rpartition("/")[2])
        joined = await w.join(offer.campaign_id, w.bo)
        page = await bo.get(campaign)
        assert f"/participations/{joined.participation_id}" in page.links
        assert f"{campaign}/join" not in page.links
        assert (await bo.get(f"{campaign}/join")).path == f"/participations/{joined.participation_id}"

    async def test_says_the_one_price_once_it_is_locked(self, w, stranger, sandbox):
        from c2b.durable.sweep import drain

        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 50)
        await drain()
        page = await stranger.get(f"/campaigns/{campaign_id}")
        assert page.says("Everybody pays CN¥624.00", "What happened so far")
        assert "more units and everyone saves" not in page.text


async def test_a_ladder_keeps_its_steps_when_it_is_raised():
    from c2b.web.consumer.prices import raised

    tiers = (PriceTier(50, 45900), PriceTier(80, 42900))
    assert raised(tiers, 16500) == (replace(tiers[0], unit_price_minor=62400), PriceTier(80, 59400))
    assert world.BATCH["case_material"] == "alu"  # what the 165 yuan in these tests are for
