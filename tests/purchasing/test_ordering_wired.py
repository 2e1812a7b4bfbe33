"""The ordering as the house runs it: started by the lock, documents drawn, mails written, ended by a cancelation."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pikepdf
import pytest
import pytest_asyncio

from c2b import wiring
from c2b.campaigns import operations as campaigns
from c2b.durable.sweep import drain
from c2b.kit import clock, db, storage
from c2b.kit.db import Database
from c2b.kit.errors import Conflict
from c2b.purchasing import operations
from c2b.purchasing.models import Acknowledgment, Document, PurchaseOrder
from tests.purchasing.locked import _quick_documents, _unwired, files, happened, locked_campaign

__all__ = ["_quick_documents", "_unwired", "files"]

pytestmark = pytest.mark.usefixtures("files", "_wired")


@pytest.fixture
def _wired(_unwired: None) -> None:
    """The wiring connected for this test only."""
    wiring.connect()


@pytest_asyncio.fixture
async def crowded(postgres_url: str) -> AsyncIterator[Database]:
    """PostgreSQL with enough connections for rivals to run at the same time."""
    opened = await Database(f"{postgres_url}?minsize=10&maxsize=10").open(for_every_task=True)
    yield opened
    await opened.close()


async def _mails(template: str) -> list[dict]:
    return await db.fetch("SELECT * FROM mail WHERE template = ?", template)


@pytest.mark.usefixtures("database")
class TestAnOrder:
    async def test_is_drawn_in_both_languages_and_mailed_once_with_its_document(self):
        locked = await locked_campaign()
        await drain()
        order = await locked.order()
        assert order.state == "issued"
        for document in await Document.all():
            pdf = pikepdf.open(io.BytesIO(storage.get(document.storage_key)))
            assert len(pdf.pages) == document.pages >= 3
        (mail,) = await _mails("purchase_order_issued")
        assert mail["to_address"] == "orders@mill.example"
        assert mail["state"] == "sent"
        assert "zh_CN" in str(mail["attachments"])

    @pytest.mark.usefixtures("_quick_documents")
    async def test_that_ran_out_is_told_to_admins_once(self):
        locked = await locked_campaign()
        await drain()
        for _ in range(10):
            clock.shift(timedelta(days=1))
            await drain()
        assert (await locked.order()).state == "expired"
        assert len(await _mails("purchase_order_reminder")) == 2
        assert {mail["recipient_id"] for mail in await _mails("purchase_order_expired")} == {
            locked.world.root.id
        }

    @pytest.mark.usefixtures("_quick_documents")
    async def test_of_a_canceled_campaign_is_withdrawn_and_its_run_ends(self):
        locked = await locked_campaign()
        await drain()
        await campaigns.cancel(locked.world.root, locked.campaign_id, reason="The factory has closed.")
        await drain()
        assert (await locked.order()).state == "canceled"
        assert (await locked.run())["state"] == "done"
        assert len(await _mails("purchase_order_canceled")) == 1
        with pytest.raises(Conflict):
            await operations.acknowledge(
                locked.world.mill, (await locked.order()).id, **await locked.signature()
            )


@pytest.mark.usefixtures("_quick_documents")
class TestManyAtOnce:
    async def test_signers_who_disagree_leave_one_answer(self, crowded):
        locked = await locked_campaign()
        await drain()
        order, mill = await locked.order(), locked.world.mill
        yes = await locked.signature()
        no = await locked.signature(decision="rejected", note="Too late.")
        answers = await asyncio.gather(
            *(operations.acknowledge(mill, order.id, **(yes if n % 2 else no)) for n in range(20)),
            return_exceptions=True,
        )
        given = {answer.decision for answer in answers if isinstance(answer, operations.Answer)}
        assert len(given) == 1
        assert {type(each) for each in answers} == {operations.Answer, operations.AlreadyAnswered}
        assert await Acknowledgment.all().count() == 1
        state = (await locked.order()).state
        assert state == operations.DECISIONS[given.pop()]
        told = [*await happened("purchase_order.acknowledged"), *await happened("purchase_order.rejected")]
        assert len(told) == 1

    async def test_orders_get_numbers_without_gap_or_double(self, crowded):
        several = [await locked_campaign() for _ in range(4)]
        await asyncio.gather(
            *(
                db.atomically(
                    lambda campaign_id=each.campaign_id: operations.allocate_number(campaign_id=campaign_id)
                )
                for each in several
                for _ in range(3)
            ),
            return_exceptions=True,  # rivals for one campaign: the unique key lets one through
        )
        numbers = sorted(await PurchaseOrder.all().values_list("number", flat=True))
        assert [number[-6:] for number in numbers] == ["000001", "000002", "000003", "000004"]
