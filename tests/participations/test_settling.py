"""What a member pays in the end: the tier that was reached, never more than was promised."""

from __future__ import annotations

from datetime import timedelta

from c2b.campaigns.counting import keep_deadlines
from c2b.kit import clock, db
from c2b.payments.queries import money_of_campaign
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work


class TestSettlingAGroup:
    async def test_gives_everybody_the_difference_to_the_tier_they_reached_together(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        plates = (("fr4", 2), ("brass", 2), ("pc", 1))
        for who, (plate, quantity) in zip((w.bo, w.cy, await world.person("Di")), plates, strict=True):
            await join_and_pay(who, campaign, {**world.ANSWERS, "plate": plate}, quantity=quantity)
        clock.shift(timedelta(days=3, seconds=1))
        await keep_deadlines()
        await work()
        rows = await db.fetch(
            "SELECT quantity, total_minor, settled_minor FROM participation WHERE state = 'confirmed'"
        )
        assert len(rows) == 3
        assert all(row["total_minor"] - row["settled_minor"] == 3000 * row["quantity"] for row in rows)
        money = await money_of_campaign(campaign)
        assert money["held_minor"] == sum(row["settled_minor"] for row in rows)
        assert money["refunded_minor"] == 5 * 3000
        await assert_books(database, provider.store.path)
