"""The example of ``docs/money.md``: one member's option is not made, and the price of the others settles."""

from __future__ import annotations

from datetime import timedelta

from c2b.catalog import operations as catalog
from c2b.kit import clock, db
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work
from tests.money import manual
from tests.money.telling import ANSWERS, Story, pass_deadline, plain

EXAMPLE = "A member leaves at the close"


async def test_who_cannot_be_served_gets_everything_back_and_the_rest_settle(database, provider):
    w = await small.build()
    await catalog.publish_schema(w.product_id, plain(small.document()))
    story = Story(
        await small.open_campaign(w, closes="at_deadline", deadline=clock.now() + timedelta(days=2))
    )
    for who, plate, quantity in ((w.bo, "fr4", 2), (w.cy, "fr4", 3), (await world.person("Eve"), "brass", 1)):
        await join_and_pay(who, story.campaign_id, {**ANSWERS, "plate": plate}, quantity=quantity)
    await story.look("six units are paid")
    await pass_deadline(2)
    await work()
    await story.look("locked with five, all refunds are made")
    assert manual.tables(EXAMPLE) == [await story.places(), story.told]
    assert manual.moves(EXAMPLE) == await story.moves()
    row = await db.fetch_one("SELECT outcome FROM participation WHERE state = 'refunded'")
    assert row
    assert '"left"' in str(row["outcome"]).replace("'", '"')
    await assert_books(database, provider.store.path)
