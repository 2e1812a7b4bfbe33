"""The parts of a schedule, from the acknowledged order to the manufacturer's account."""

from __future__ import annotations

import asyncio

import pytest

from c2b.campaigns import operations as campaigns
from c2b.fulfillment import operations as fulfillment
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, Invalid, NotFound
from c2b.ledger.queries import balance
from c2b.payouts import operations as payouts
from c2b.payouts.following import follow
from tests.payouts.paid import assert_sums, ordered, work
from tests.world import person

pytestmark = pytest.mark.usefixtures("database", "files", "_quick_documents")


async def blocks(campaign_id: str) -> list[tuple[str, bool]]:
    rows = await db.fetch(
        "SELECT kind, closed_at FROM payout_block WHERE campaign_id = ? ORDER BY id", campaign_id
    )
    return [(row["kind"], row["closed_at"] is not None) for row in rows]


class TestAnAcknowledgedOrder:
    async def test_freezes_its_schedule_once(self):
        paid = await ordered()
        before = await db.fetch("SELECT * FROM payment_release ORDER BY code")
        row = await db.fetch_one("SELECT * FROM payment_schedule")
        revision = await paid.walk.locked.revision()
        assert row
        assert row["goods_minor"] + row["nre_minor"] == revision.total_minor
        assert row["fee_minor"] == 45900 * 50 * 5 // 100
        assert (await paid.states()) == {"goods-1": "releasable", "goods-2": "held", "goods-3": "held"}
        await db.atomically(lambda: follow(paid.campaign_id))
        assert await db.fetch("SELECT * FROM payment_release ORDER BY code") == before
        await assert_sums(paid.campaign_id)


class TestARelease:
    async def test_moves_its_part_from_the_escrow_once(self):
        paid = await ordered()
        held, amount = await balance(paid.escrow), (await paid.part("goods-1"))["amount_minor"]
        await paid.release("goods-1")
        with pytest.raises(Conflict):
            await paid.release("goods-1")
        assert (await balance(paid.escrow), await balance(paid.payable)) == (held - amount, amount)
        await assert_sums(paid.campaign_id)

    async def test_needs_its_milestone(self):
        paid = await ordered()
        with pytest.raises(Conflict):
            await paid.release("goods-2")
        await paid.reach("OQC")
        await paid.release("goods-1")
        await paid.release("goods-2")
        await paid.reach("PACK", "LASTMILE")
        assert (await paid.part("goods-3"))["due_on"] is not None
        with pytest.raises(Conflict):
            await paid.release("goods-3")
        await paid.pass_days(29)
        assert (await paid.states())["goods-3"] == "held"
        await paid.pass_days(1)
        await paid.release("goods-3")
        assert set((await paid.states()).values()) == {"released"}
        await assert_sums(paid.campaign_id)

    async def test_is_for_admins_alone(self):
        paid = await ordered()
        with pytest.raises(NotFound):
            await paid.release("goods-1", paid.mill)

    async def test_by_two_admins_at_once_happens_once(self):
        paid = await ordered()
        other = await person("Rut", "admin")
        outcomes = await asyncio.gather(
            paid.release("goods-1"), paid.release("goods-1", other), return_exceptions=True
        )
        assert sum(isinstance(each, Conflict) for each in outcomes) == 1
        assert await balance(paid.payable) == (await paid.part("goods-1"))["amount_minor"]
        await assert_sums(paid.campaign_id)

    async def test_and_the_end_of_the_campaign_at_once_have_one_outcome(self):
        paid = await ordered()
        await asyncio.gather(
            paid.release("goods-1"), campaigns.cancel(paid.root, paid.campaign_id, reason="Fire."),
            return_exceptions=True,
        )  # fmt: skip
        await work()
        states = await paid.states()
        assert states["goods-1"] in ("released", "returned")
        assert await balance(paid.payable) == (await paid.part("goods-1"))["released_minor"]
        assert {states["goods-2"], states["goods-3"]} == {"returned"}
        with pytest.raises(Conflict):
            await paid.release("goods-2")
        await assert_sums(paid.campaign_id)


class TestABlock:
    async def test_freezes_what_could_be_released_until_it_is_closed(self):
        paid = await ordered()
        with pytest.raises(Invalid):
            await payouts.open_block(paid.root, paid.campaign_id, kind="dispute", reason=" ")
        block = await payouts.open_block(paid.root, paid.campaign_id, kind="dispute", reason="Scratches.")
        assert (await paid.states())["goods-1"] == "frozen"
        with pytest.raises(Conflict):
            await paid.release("goods-1")
        with pytest.raises(Conflict):
            await payouts.open_block(paid.root, paid.campaign_id, kind="dispute", reason="Again.")
        second = await payouts.open_block(paid.root, paid.campaign_id, kind="manual", reason="Wait.")
        await payouts.close_block(paid.root, block, note="Replaced.")
        assert (await paid.states())["goods-1"] == "frozen"
        await payouts.close_block(paid.root, second, note="Looked.")
        with pytest.raises(Conflict):
            await payouts.close_block(paid.root, second, note="Looked.")
        await paid.release("goods-1")

    async def test_is_kept_by_the_database_itself(self):
        paid = await ordered()
        await payouts.open_block(paid.root, paid.campaign_id, kind="manual", reason="Wait.")
        with pytest.raises(Exception, match="release_not_blocked"):
            await db.execute(
                "UPDATE payment_release SET state = 'released', released_at = reached_at WHERE code = 'goods-1'"
            )

    async def test_opened_while_somebody_releases_has_one_outcome(self):
        paid = await ordered()
        await asyncio.gather(
            paid.release("goods-1"),
            payouts.open_block(paid.root, paid.campaign_id, kind="dispute", reason="Scratches."),
            return_exceptions=True,
        )
        state = (await paid.states())["goods-1"]
        assert (state, await balance(paid.payable) > 0) in (("released", True), ("frozen", False))

    async def test_of_an_inspection_opens_and_closes_by_itself(self):
        paid = await ordered()
        stage = await paid.walk.stage("OQC")
        await db.execute(
            "UPDATE milestone SET state = 'approved', started_on = ?, finished_on = ? WHERE position < ?",
            clock.today(), clock.today(), stage.position,
        )  # fmt: skip
        await paid.walk.start("OQC")
        await fulfillment.block_stage(paid.mill, stage.id, reason="Two units failed.")
        assert await blocks(paid.campaign_id) == [("inspection_failed", False)]
        assert (await paid.states())["goods-1"] == "frozen"
        await fulfillment.resume_stage(paid.mill, stage.id)
        assert await blocks(paid.campaign_id) == [("inspection_failed", False)]
        await paid.prove("OQC")
        await paid.walk.submit("OQC")
        await work()
        assert await blocks(paid.campaign_id) == [("inspection_failed", True)]
        assert await paid.states() == {"goods-1": "releasable", "goods-2": "releasable", "goods-3": "held"}

    async def test_is_for_admins_alone(self):
        paid = await ordered()
        with pytest.raises(NotFound):
            await payouts.open_block(paid.mill, paid.campaign_id, kind="manual", reason="x")
