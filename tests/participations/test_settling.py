"""What a member pays in the end: the tier that was reached, never more than was promised."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from c2b.campaigns.counting import keep_deadlines
from c2b.catalog.rules import Quote, Surcharge
from c2b.kit import clock, db
from c2b.participations.rules import settled_total
from c2b.payments.queries import money_of_campaign
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work


def promise(base: int, quantity: int, surcharge: int = 0) -> Quote:
    unit = base + surcharge
    return Quote(
        schema_version="1", schema_digest="d", answers_digest="a", currency="CNY", quantity=quantity, base_minor=base,
        surcharges=(Surcharge("plate", "brass", "variant", surcharge),) if surcharge else (),
        unit_price_minor=unit, total_minor=unit * quantity,
    )  # fmt: skip


class TestTheSettledTotal:
    def test_follows_the_tier_for_every_unit_and_leaves_surcharges_alone(self):
        quote = promise(45900, 3, surcharge=6000)
        assert settled_total(quote, reached_unit_price_minor=45900) == 3 * 51900
        assert settled_total(quote, reached_unit_price_minor=42900) == 3 * 48900
        assert settled_total(promise(45900, 2, surcharge=-8000), reached_unit_price_minor=42900) == 2 * 34900

    @given(
        base=st.integers(1, 10**9), quantity=st.integers(1, 20), surcharge=st.integers(0, 10**6),
        reached=st.integers(0, 2 * 10**9),
    )  # fmt: skip
    def test_is_never_above_the_promise_and_exact_below_it(self, base, quantity, surcharge, reached):
        quote = promise(base, quantity, surcharge)
        settled = settled_total(quote, reached_unit_price_minor=reached)
        assert settled <= quote.total_minor
        assert settled == (min(base, reached) + surcharge) * quantity


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
