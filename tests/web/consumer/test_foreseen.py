"""The block "if it closed now" on the pages of a campaign and of a place: true, or not there."""

from __future__ import annotations

from datetime import timedelta

import pytest_asyncio

from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.db import Database
from c2b.participations import operations
from c2b.participations.foresight.previewing import SETTLE
from tests import small, world
from tests.web.consumer.browser import Browser


@pytest_asyncio.fixture
async def w(database: Database) -> world.World:
    return await small.build()


@pytest_asyncio.fixture
async def campaign_id(w: world.World) -> str:
    """Bo alone has paid for brass, three others for the cheapest plate."""
    campaign_id = await small.open_campaign(w, closes="at_deadline")
    await w.pay(await w.join(campaign_id, w.bo, plate="brass"))
    await w.pay(await w.join(campaign_id, quantity=3))
    return campaign_id


async def settle() -> None:
    clock.shift(timedelta(seconds=SETTLE))
    await drain()


async def address_of(campaign_id: str) -> str:
    [row] = await db.fetch("SELECT slug FROM campaign WHERE id = ?", campaign_id)
    return f"/campaigns/{row['slug']}"


class TestIfItClosedNow:
    async def test_is_not_there_before_it_is_worked_out(self, w, campaign_id, bo):
        page = await bo.get(await address_of(campaign_id))
        assert "If it closed now" not in page.text

    async def test_tells_everybody_what_would_be_made_and_a_member_what_they_would_get(
        self, w, campaign_id, bo, stranger
    ):
        await settle()
        address = await address_of(campaign_id)
        page = await stranger.get(address)
        assert page.says(
            "If it closed now", "3 units would be made, at CN¥", "Would not be made", "Plate: Brass"
        )
        assert page.says("1 paid unit could not be made and would be refunded.")
        assert "Brass needed" not in page.text
        assert (await bo.get(address)).says("Brass needed 2 and reached 1, so you are out")
        assert (await bo.get(f"{address}/foreseen")).says("Brass needed 2 and reached 1, so you are out")
        [own] = await db.fetch("SELECT id FROM participation WHERE user_id = ?", w.bo.id)
        assert (await bo.get(f"/participations/{own['id']}")).says(
            "Brass needed 2 and reached 1, so you are out"
        )

    async def test_says_that_too_little_could_be_made_and_promises_nobody_anything(self, w, bo):
        campaign_id = await small.open_campaign(w, closes="at_deadline")
        await w.pay(await w.join(campaign_id, w.bo, quantity=2))
        await settle()
        page = await bo.get(await address_of(campaign_id))
        assert page.says("It would not go ahead: 2 of the 3 units it takes could be made.")
        assert "You get your first choice" not in page.text

    async def test_vanishes_with_the_next_change(self, w, campaign_id, bo):
        await settle()
        [own] = await db.fetch("SELECT id FROM participation WHERE user_id = ?", w.bo.id)
        await operations.revise(w.bo, own["id"], answers=world.ANSWERS)
        address = await address_of(campaign_id)
        assert "If it closed now" not in (await bo.get(address)).text
        assert "If it closed now" not in (await bo.get(f"{address}/foreseen")).text
        await settle()
        assert (await bo.get(address)).says(
            "If it closed now", "4 units would be made", "You get your first choice"
        )

    async def test_speaks_chinese(self, app, w, campaign_id):
        await settle()
        await db.execute("UPDATE user_account SET locale = 'zh_CN' WHERE id = ?", w.bo.id)
        page = await (await Browser.of(app, w.bo)).get(await address_of(campaign_id))
        assert page.says("如果现在截止", "将生产 3 台", "黄铜需 2 台、实有 1 台，因此您退出本团")


class TestANudge:
    async def test_leads_those_it_is_true_for_to_their_form_with_that_choice_first(self, w, bo, cy):
        """POM needs three. Cy wants it first; Bo and one more named it behind their own first choice."""
        campaign_id = await small.open_campaign(w, closes="at_deadline")
        also_pom = {"alternatives": [{"attribute": "plate", "any_of": ["pom"]}]}
        others = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}]}
        for who, plate, wishes in (
            (w.bo, "fr4", also_pom), (await world.person("Di"), "fr4", also_pom), (w.cy, "pom", others),
        ):  # fmt: skip
            answers = {**world.ANSWERS, "plate": plate}
            await w.pay(await operations.join(who, campaign_id, answers=answers, preferences=wishes))
        await settle()
        address = await address_of(campaign_id)
        sentence = "2 people moving to POM make POM real."
        assert sentence not in (await cy.get(address)).text
        page = await bo.get(address)
        assert page.says(sentence, "It is one of the choices you named.", "Put POM first")
        [link] = [link for link in page.links if "first=" in link]
        form = (await bo.get(link)).form("/requirement")
        assert ("answers.plate", "pom") in form.fields
        done = await bo.send(form)
        assert done.says("Your requirement is changed.")
        [own] = await db.fetch("SELECT answers, preferences FROM participation WHERE user_id = ?", w.bo.id)
        assert '"plate":"pom"' in str(own["answers"]).replace(" ", "").replace("'", '"')
        assert "fr4" in str(own["preferences"])
        await settle()
        assert (await cy.get(address)).says("You get your first choice")
