"""The organizer's page of options living and dying: drawn from payments, changes, leaving and the lock."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest_asyncio

from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.db import Database
from c2b.participations import operations
from c2b.participations.explanations.outcomes import Change, Outcome
from tests import small, world
from tests.web.consumer.browser import Browser


@pytest_asyncio.fixture
async def w(database: Database) -> world.World:
    """The cast, and a keyboard whose brass plates are made from two units on."""
    return await small.build()


@pytest_asyncio.fixture
async def campaign(w: world.World) -> str:
    """Bo has paid for two units with brass plates and Cy for one; Di has not paid yet."""
    campaign = await small.open_campaign(w, closes="at_deadline")
    for who, quantity in ((w.bo, 2), (w.cy, 1)):
        await w.pay(await w.join(campaign, who, quantity=quantity, plate="brass"))
        clock.shift(timedelta(hours=20))
    await w.join(campaign, plate="pom")
    return campaign


class TestThePage:
    async def test_shows_what_is_below_its_minimum_and_what_is_not(self, w, campaign, ana):
        page = await ana.get(f"/my/campaigns/{campaign}/options")
        assert page.says("How options live and die", "Plate", "Brass", "Minimum reached.")
        assert page.html.count('role="img"') == 1
        assert "<desc" in page.html and "style=" not in page.html
        assert re.search(r"<title[^>]*>Plate, Brass: 3 of 2</title>", page.html)

    async def test_follows_changes_and_leaving(self, w, campaign, ana):
        [bo] = await db.fetch("SELECT id FROM participation WHERE user_id = ?", w.bo.id)
        clock.shift(timedelta(hours=1))
        await operations.revise(w.bo, bo["id"], answers={**world.ANSWERS, "plate": "fr4"})
        page = await ana.get(f"/my/campaigns/{campaign}/options")
        assert re.search(r"<title[^>]*>Plate, Brass: 1 of 2</title>", page.html)
        assert page.says("1 more unit is needed.")
        [cy] = await db.fetch("SELECT id FROM participation WHERE user_id = ?", w.cy.id)
        await operations.withdraw(w.cy, cy["id"])
        page = await ana.get(f"/my/campaigns/{campaign}/options")
        assert re.search(r"<title[^>]*>Plate, Brass: 0 of 2</title>", page.html)
        assert "At most 3 units at any time." in page.html

    async def test_says_from_the_lock_on_what_is_made(self, w, campaign, ana):
        change = Change(attribute="plate", before="brass", after="fr4")
        kept = canonical_json(Outcome(kind="alternative", rank=1, changes=(change,)).to_json()).decode()
        now = clock.now() + timedelta(hours=1)
        await db.execute("UPDATE campaign SET locked_at = ?, state = 'locked' WHERE id = ?", now, campaign)
        for row in await db.fetch("SELECT id, answers FROM participation WHERE paid_at IS NOT NULL"):
            given = canonical_json({**world.ANSWERS, "plate": "fr4"}).decode()
            await db.execute(
                "UPDATE participation SET answers = ?, outcome = ? WHERE id = ?", given, kept, row["id"]
            )
        page = await ana.get(f"/my/campaigns/{campaign}/options")
        assert page.says("Not made.", "locked: from here on what is made")
        assert "At most 3 units at any time." in page.html

    async def test_is_whole_before_anybody_has_paid(self, w, ana):
        page = await ana.get(f"/my/campaigns/{await w.open_campaign()}/options")
        assert page.says("Nothing to see yet")

    async def test_is_for_the_organizer_and_admins_alone(self, app, w, campaign, bo, stranger):
        await bo.get(f"/my/campaigns/{campaign}/options", 404)
        await stranger.get(f"/my/campaigns/{campaign}/options", 303, follow=False)

    async def test_speaks_chinese(self, app, w, campaign):
        await db.execute("UPDATE user_account SET locale = 'zh_CN' WHERE id = ?", w.ana.id)
        ana = await Browser.of(app, w.ana)
        page = await ana.get(f"/my/campaigns/{campaign}/options")
        assert page.says("选项的起落", "黄铜")
