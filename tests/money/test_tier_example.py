"""The examples of ``docs/money.md``: 216 units at the third tier, all paid at once or with a deposit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.rules import PriceTier
from c2b.catalog import operations as catalog
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.seeds.acting import join_and_pay
from tests import world
from tests.books import assert_books, work
from tests.money import manual
from tests.money.telling import ANSWERS, Story, pass_deadline, plain

FULL = "A third tier, all paid when joining"
DEPOSIT = "The same with a deposit"
FAILED = "A group that fails"
TIERS = (PriceTier(50, 45900), PriceTier(100, 42900), PriceTier(200, 39900))


async def opened(**changes: Any) -> Story:
    """A group of 50 to 250 for a keyboard without surcharges, which closes in two days."""
    w = await world.build()
    await catalog.publish_schema(w.product_id, plain(world.schema_document()))
    return Story(
        await w.open_campaign(
            cap=250, tiers=TIERS, closes="at_deadline", deadline=clock.now() + timedelta(days=2), **changes
        )
    )


async def filled(story: Story, units: int) -> list[tuple[Actor, str]]:
    """So many units joined and paid, twenty at most per member: each member and the place."""
    found = []
    while units:
        who, quantity = await world.person(f"Member{len(found)}"), min(units, 20)
        joined = await join_and_pay(who, story.campaign_id, ANSWERS, quantity=quantity)
        found.append((who, joined.participation_id))
        units -= quantity
    return found


async def state(story: Story) -> str:
    row = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", story.campaign_id)
    assert row
    return row["state"]


async def assert_told(story: Story, heading: str, database: Any, provider: Any) -> None:
    """Both tables and all transfers are those of the manual, and the provider's record says the same."""
    assert manual.tables(heading) == [await story.places(), story.told]
    assert manual.moves(heading) == await story.moves()
    await assert_books(database, provider.store.path)


class TestAThirdTier:
    async def test_gives_everybody_sixty_yuan_a_unit_back(self, database, provider):
        story = await opened()
        await filled(story, 216)
        await story.look("216 units are paid")
        await pass_deadline(2)
        await work()
        await story.look("locked, the differences are back")
        assert await state(story) == "locked"
        await assert_told(story, FULL, database, provider)

    async def test_is_what_the_balance_after_a_deposit_leads_to(self, database, provider):
        story = await opened(payment_plan="deposit", deposit_percent=20)
        members = await filled(story, 216)
        await story.look("216 deposits are paid")
        await pass_deadline(2)
        await work()
        for who, place in members:
            await gateways.sandbox().pay((await start_checkout(who, place)).rsplit("/", 1)[-1])
        await work()
        await story.look("the balances are paid, locked")
        assert await state(story) == "locked"
        await assert_told(story, DEPOSIT, database, provider)


class TestAGroupThatFails:
    async def test_gives_everybody_everything_back(self, database, provider):
        story = await opened()
        await filled(story, 45)
        await story.look("45 units are paid")
        await pass_deadline(2)
        await work()
        await story.look("failed, all refunds are made")
        assert await state(story) == "failed"
        await assert_told(story, FAILED, database, provider)
