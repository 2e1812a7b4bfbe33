"""From the lock to an acknowledged order: once, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from c2b.config import settings
from c2b.durable import jobs
from c2b.durable.operations import retry_job
from c2b.durable.sweep import drain
from c2b.fulfillment.models import Timeline
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import sha256_hex
from c2b.purchasing import composing, operations
from c2b.purchasing.models import Document, OrderedUnit, PurchaseOrder, PurchaseOrderRevision
from tests.purchasing.locked import _quick_documents, _unwired, files, happened, locked_campaign

__all__ = ["_quick_documents", "_unwired", "files"]

pytestmark = pytest.mark.usefixtures("database", "files", "_unwired", "_quick_documents", "_stopped_clock")


@pytest.fixture
def _stopped_clock():
    clock.set(clock.now())


class TestALockedCampaign:
    async def test_becomes_one_numbered_order_in_the_manufacturers_hands(self):
        locked = await locked_campaign()
        order = await locked.issued()
        assert order.number == f"PO-{clock.today().year}-000001"
        assert (order.state, order.revision) == ("issued", 1)
        assert order.validity_until == order.issued_at + timedelta(days=7)
        revision = await locked.revision()
        assert sha256_hex(revision.canonical) == revision.digest
        assert json.loads(revision.canonical)["number"] == order.number
        assert len(await OrderedUnit.filter(purchase_order_id=order.id)) == 50
        assert {each.locale for each in await Document.all()} == {"en", "zh_CN"}
        assert len(await happened("purchase_order.issued")) == len(await happened("purchase_order.sent")) == 1
        assert len(await happened("campaign.ordered")) == 1
        assert (await locked.run())["waiting_for"] == "turn 1"

    async def test_started_twice_becomes_one_order(self):
        locked = await locked_campaign()
        await locked.issued()
        await locked.start()
        await drain()
        assert await PurchaseOrder.all().count() == 1

    async def test_after_another_has_the_next_number(self):
        first, second = await locked_campaign(), await locked_campaign()
        numbers = [(await each.issued()).number for each in (first, second)]
        assert [number[-6:] for number in numbers] == ["000001", "000002"]

    async def test_whose_order_could_not_be_written_leaves_no_gap_in_the_numbers(self, monkeypatch):
        broken, good = await locked_campaign(), await locked_campaign()

        async def no_order(**_):
            raise RuntimeError("the disk is full")

        with monkeypatch.context() as during:
            during.setattr(PurchaseOrder, "create", no_order)
            await broken.start()
            await drain()
        assert (await good.issued()).number[-6:] == "000001"

    async def test_names_nobody_in_its_order(self):
        locked = await locked_campaign()
        await locked.issued()
        text = (await locked.revision()).canonical
        people = [locked.world.ana, locked.world.bo, *locked.world.members]
        assert not [each for each in people if each.id in text or f'"{each.name}"' in text]


class _Killed(BaseException):
    """The power goes."""


class TestAnOrderingThatIsKilled:
    @pytest.mark.parametrize("moment", range(12))
    async def test_after_any_step_ends_as_if_nothing_had_happened(self, monkeypatch, moment):
        locked = await locked_campaign()
        await locked.start()
        written = jobs.faults.point
        seen: list[str] = []

        def die(name: str) -> None:
            if name.startswith("step:"):
                seen.append(name)
                if len(seen) == 1 + moment * 2:
                    raise _Killed(name)

        monkeypatch.setattr("c2b.kit.faults.point", die)
        job = await locked.job()
        with pytest.raises(_Killed):
            await jobs.perform(job["id"])
        clock.shift(jobs.LEASE + timedelta(seconds=1))
        monkeypatch.setattr("c2b.kit.faults.point", written)
        await drain()
        assert (await locked.order()).state == "issued"
        assert await PurchaseOrder.all().count() == await PurchaseOrderRevision.all().count() == 1
        assert await Document.all().count() == 2
        assert await OrderedUnit.all().count() == 50
        assert len(await happened("purchase_order.issued")) == len(await happened("purchase_order.sent")) == 1

    async def test_has_each_step_bear_being_done_twice(self):
        locked = await locked_campaign()
        order = await locked.issued()
        this = {"purchase_order_id": order.id, "revision": 1}
        before = await locked.revision()
        assert await operations.check(campaign_id=locked.campaign_id) == 50
        assert (
            await db.atomically(lambda: operations.allocate_number(campaign_id=locked.campaign_id))
            == order.id
        )
        assert await operations.compose(**this, ship_by="2099-01-01") == before.digest
        documents = [await operations.render(**this, locale=locale) for locale in ("en", "zh_CN")]
        assert await db.atomically(lambda: operations.file(**this, documents=documents)) == 2
        dates = await operations.ensure_issuable(**this)
        await db.atomically(lambda: operations.issue(**this, **dates))
        assert len(await happened("purchase_order.issued")) == 1
        assert await OrderedUnit.all().count() == 50


class TestAnOrderThatDoesNotAddUp:
    async def _dead(self, locked) -> str:
        await locked.start()
        await drain()
        job = await locked.job()
        assert job["state"] == "dead"
        assert len(await happened("job.died")) == 1
        assert await happened("purchase_order.issued") == []
        assert await db.fetch("SELECT id FROM campaign WHERE state = 'locked'") != []
        return job["error"]

    async def test_by_one_unit_of_the_unit_list_is_not_issued(self, monkeypatch):
        locked = await locked_campaign()
        whole = composing.rules.draft

        def one_unit_less(**given):
            draft = whole(**given)
            return composing.replace(
                draft, snapshot=composing.replace(draft.snapshot, units=draft.snapshot.units[1:])
            )

        monkeypatch.setattr(composing.rules, "draft", one_unit_less)
        assert "49 instead of 50 units of the unit list" in await self._dead(locked)
        assert await PurchaseOrderRevision.all().count() == 0

    async def test_by_one_unpaid_place_is_not_issued(self):
        locked = await locked_campaign()
        await db.execute(
            "UPDATE payment SET state = 'failed' WHERE id = (SELECT id FROM payment WHERE amount_minor > 0 LIMIT 1)"
        )
        assert "paid and frozen units differ" in await self._dead(locked)

    async def test_because_the_product_schema_was_changed_is_not_issued(self, monkeypatch):
        locked = await locked_campaign()
        batch = await composing.frozen_batch(locked.campaign_id)
        monkeypatch.setitem(batch.schema.document, "x-title", {"en": "Something else", "zh": "别的"})
        assert "schema does not match its hash" in await self._dead(locked)

    async def test_because_a_stored_revision_was_changed_is_not_issued(self, monkeypatch):
        locked = await locked_campaign()
        wrong = canonical_json({"number": "PO-2026-000666"})
        monkeypatch.setattr(composing, "canonical_json", lambda _: wrong)
        monkeypatch.setattr(composing, "sha256_hex", lambda _: "0" * 64)
        assert "does not match its hash" in await self._dead(locked)

    async def test_goes_on_once_somebody_has_repaired_it(self):
        locked = await locked_campaign()
        await db.execute("UPDATE payment SET state = 'failed'")
        await self._dead(locked)
        await db.execute("UPDATE payment SET state = 'succeeded'")
        await retry_job((await locked.job())["id"], actor_id=locked.world.root.id)
        await drain()
        assert (await locked.order()).state == "issued"


class TestAnOrderNobodyAnswers:
    async def test_is_reminded_of_halfway_and_a_day_before_then_expires_and_is_never_accepted(self):
        locked = await locked_campaign()
        order = await locked.issued()
        seen = []
        for hours in (24 * 3, 24, 24 * 2, 24):
            clock.shift(timedelta(hours=hours))
            await drain()
            seen.append((len(await happened("purchase_order.reminded")), (await locked.order()).state))
        assert seen == [(0, "issued"), (1, "issued"), (2, "issued"), (2, "expired")]
        assert len(await happened("purchase_order.expired")) == 1
        clock.shift(timedelta(days=400))
        await drain()
        assert (await locked.order()).state == "expired"
        assert order.acknowledged_at is None
        assert await Timeline.all().count() == 0

    async def test_for_longer_than_its_time_because_nobody_worked_is_not_reminded_of_too_late(self):
        locked = await locked_campaign()
        await locked.issued()
        clock.shift(timedelta(days=30))
        await drain()
        assert (await locked.order()).state == "expired"
        assert await happened("purchase_order.reminded") == []

    async def test_is_answered_after_an_admin_gave_more_time(self):
        locked = await locked_campaign()
        order = await locked.issued()
        clock.shift(timedelta(days=8))
        await drain()
        until = await operations.extend_validity(locked.world.root, order.id, days=5)
        await drain()
        assert (await locked.order()).state == "issued"
        assert until == clock.now() + timedelta(days=5)
        clock.shift(timedelta(days=3))
        await drain()
        assert len(await happened("purchase_order.reminded")) == 1
        await operations.acknowledge(locked.world.mill, order.id, **await locked.signature())
        await drain()
        assert (await locked.run())["state"] == "done"

    async def test_expires_again_when_the_new_time_runs_out_too(self):
        locked = await locked_campaign()
        order = await locked.issued()
        clock.shift(timedelta(days=8))
        await drain()
        await operations.extend_validity(locked.world.root, order.id, days=5)
        await drain()
        clock.shift(timedelta(days=6))
        await drain()
        assert (await locked.order()).state == "expired"
        assert len(await happened("purchase_order.expired")) == 2


class TestAnAcceptedOrder:
    async def test_lets_the_timeline_begin_on_the_day_of_the_lock(self):
        locked = await locked_campaign()
        locked_on = clock.today()
        order = await locked.issued()
        clock.shift(timedelta(days=2))
        await operations.acknowledge(locked.world.mill, order.id, **await locked.signature())
        await drain()
        timeline = await Timeline.get(campaign_id=locked.campaign_id)
        assert timeline.locked_on == locked_on
        snapshot = json.loads((await locked.revision()).canonical)
        assert snapshot["delivery"]["latest_date"] == timeline.promised_ship_by.isoformat()
        assert (await locked.run())["result"] == '"acknowledged"'
        campaign = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", locked.campaign_id)
        assert campaign == {"state": "in_production"}


class TestARejectedOrder:
    async def test_waits_for_an_admin_who_issues_the_next_revision(self, monkeypatch):
        locked = await locked_campaign()
        order = await locked.issued()
        first = await locked.revision()
        rejection = await locked.signature(decision="rejected", note="The warehouse is closed in May.")
        await operations.acknowledge(locked.world.mill, order.id, **rejection)
        await drain()
        assert (await locked.order()).state == "rejected"
        monkeypatch.setenv("C2B_SECRET_KEY", "another secret since the first revision")
        settings.cache_clear()
        await operations.reissue(locked.world.root, order.id, reason="Ship to the Kunshan warehouse.")
        await drain()
        second = await locked.revision()
        before, after = json.loads(first.canonical), json.loads(second.canonical)
        assert (second.revision, second.reason) == (2, "Ship to the Kunshan warehouse.")
        assert after["units"] == before["units"]
        assert after["clauses"][-1]["body"]["en"] == "Ship to the Kunshan warehouse."
        assert await Document.all().count() == 4
        assert len(await happened("purchase_order.issued")) == 2
        await operations.acknowledge(locked.world.mill, order.id, **await locked.signature())
        await drain()
        assert (await locked.order()).state == "acknowledged"
        assert (await locked.run())["state"] == "done"

    async def test_ends_when_the_campaign_is_canceled(self):
        locked = await locked_campaign()
        order = await locked.issued()
        rejection = await locked.signature(decision="rejected", note="We cannot make this.")
        await operations.acknowledge(locked.world.mill, order.id, **rejection)
        await drain()
        assert await db.atomically(lambda: operations.withdraw(campaign_id=locked.campaign_id))
        assert not await db.atomically(lambda: operations.withdraw(campaign_id=locked.campaign_id))
        await drain()
        assert (await locked.order()).state == "canceled"
        assert (await locked.run())["result"] == '"canceled"'
        assert len(await happened("purchase_order.canceled")) == 1
