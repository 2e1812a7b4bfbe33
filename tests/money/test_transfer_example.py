"""The example of ``docs/money.md``: bank transfers in parts, too large, too late, and from a stranger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from c2b.catalog import operations as catalog
from c2b.config import settings
from c2b.kit import clock, db
from c2b.payments import disbursing
from c2b.payments.asking import check_out
from c2b.payments.statement.deciding import assign, send_back
from tests import small, world
from tests.books import assert_books, work
from tests.money import manual
from tests.money.telling import ANSWERS, Story, pass_deadline, plain
from tests.payments.paying import payment_of
from tests.payments.statement.story import came

EXAMPLE = "Bank transfers that do not fit"


@pytest.fixture(autouse=True)
def _with_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C2B_GATEWAYS", "bank")
    settings.cache_clear()


async def all_are_sent(w: world.World) -> None:
    """One admin approves every transfer, another sends it."""
    cashier = await world.person("Rut", "admin")
    for row in await db.fetch("SELECT id FROM disbursement WHERE state = 'proposed' ORDER BY id"):
        await disbursing.approve(cashier, row["id"])
        await disbursing.mark_sent(w.root, row["id"], bank_reference=f"OUT-{row['id']}")


async def test_every_cent_pays_or_goes_back_where_it_came_from(database):
    w = await small.build()
    await catalog.publish_schema(w.product_id, plain(small.document()))
    campaign = await small.open_campaign(w, closes="at_deadline", deadline=clock.now() + timedelta(days=5))
    story = Story(campaign)
    story.accounts = {
        f"escrow:{campaign}": "escrow", "suspense:bank:CNY": "suspense", "world:bank:CNY": "world:bank",
    }  # fmt: skip
    payments = []
    for who, quantity in ((w.bo, 2), (w.cy, 3), (await world.person("Eve"), 1)):
        joined = await w.join(campaign, who, quantity=quantity, **{**ANSWERS, "plate": "fr4"})
        await check_out(who, joined.participation_id)
        payments.append((await payment_of(joined))["id"])
    bo, cy, eve = payments
    assert not await assign(w.root, await came(w.root, 90800), bo)
    await story.look("Bo's first transfer has come")
    assert await assign(w.root, await came(w.root, 1000), bo)
    assert await assign(w.root, await came(w.root, 140000), cy)
    await story.look("Bo's second and Cy's have come")
    await send_back(w.root, await came(w.root, 5000), note="Nobody of ours.")
    await story.look("a stranger's has come")
    await pass_deadline(5)
    await work()
    assert await assign(w.root, await came(w.root, 45900), eve)
    await work()
    await story.look("locked with five; Eve's has come")
    await all_are_sent(w)
    await work()
    await story.look("all transfers back are sent")
    assert manual.tables(EXAMPLE) == [await story.places(), story.told]
    assert manual.moves(EXAMPLE) == await story.moves()
    await assert_books(database, None)
