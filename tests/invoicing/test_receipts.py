"""Receipts: one for each captured payment and each refund that was made, of frozen content, for its payer only."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pikepdf
import pytest

from c2b import wiring
from c2b.durable import Lease, jobs
from c2b.invoicing.documents import receipt_file, render_receipt
from c2b.invoicing.jobs import keep_receipts
from c2b.invoicing.operations import issue
from c2b.invoicing.queries import receipt, receipts_of
from c2b.invoicing.rules import receipt_content
from c2b.kit import clock, db, storage
from c2b.kit.errors import NotFound
from c2b.participations import operations as participations
from c2b.payments import disbursing
from c2b.payments.by_hand import pay_by_hand
from c2b.payments.capturing import book_capture
from c2b.payments.refunding import book_failed_refund, book_refund
from tests import small, world
from tests.books import MONEY, provider, work
from tests.payments.paying import asked, payment_of
from tests.payments.test_by_hand import PAYEE, asked_late
from tests.purchasing.locked import files
from tests.purchasing.test_documents import text_of

__all__ = ["files", "provider"]


@pytest.fixture(autouse=True)
def _wired() -> None:
    wiring.connect()


async def papers() -> None:
    """All that is due about money, and the receipts that follow."""
    await work("receipt.issue", *MONEY)


async def paid_place(provider, w=None, campaign=None, **joining):
    """A place that is paid at the sandbox, and whoever paid it."""
    w = w or await small.build()
    joined, ref = await asked(w, campaign or await small.open_campaign(w), **joining)
    await provider.pay(ref)
    await papers()
    return w, joined, w.members[-1]


async def left(provider):
    """A member who left, with the money back."""
    w, joined, member = await paid_place(provider)
    await participations.withdraw(member, joined.participation_id)
    await papers()
    return w, joined, member


class TestMoneyWithoutAReceipt:
    async def test_gets_its_paper_once(self, database, provider):
        """Captured and given back before there were receipts, or whose jobs have died."""
        w = await small.build()
        joined, ref = await asked(w, await small.open_campaign(w))
        await provider.pay(ref)
        await work(*MONEY)
        await participations.withdraw(w.members[-1], joined.participation_id)
        await work(*MONEY)
        await db.execute("UPDATE job SET state = 'dead' WHERE kind = 'receipt.issue'")
        assert await keep_receipts() == 0  # its own job may still be under way
        clock.shift(timedelta(hours=2))
        assert [await keep_receipts(), await keep_receipts()] == [2, 0]
        await papers()
        assert sorted(line.kind for line in await receipts_of(joined.participation_id)) == [
            "payment",
            "refund",
        ]
        clock.shift(timedelta(days=1))
        assert await keep_receipts() == 0


class TestAReceipt:
    async def test_is_issued_for_a_payment_and_says_what_was_bought(self, database, provider):
        _, joined, member = await paid_place(provider)
        (line,) = await receipts_of(joined.participation_id)
        payment = await db.fetch_one("SELECT * FROM payment")
        assert line.number == f"RC-{clock.now().year}-000001"
        assert (line.kind, line.subject_id, line.amount_minor) == (
            "payment",
            payment["id"],
            joined.total_minor,
        )
        said = line.content
        assert said["payer"]["name"] == member.name
        assert (said["plan"], said["gateway"], said["reference"]) == (
            "full",
            "sandbox",
            payment["provider_ref"],
        )
        assert said["bought"]["quantity"] == 1
        assert (said["at"], said["zone"]) == (
            db.instant(payment["captured_at"]).isoformat(timespec="seconds"), "UTC",
        )  # fmt: skip

    async def test_is_issued_for_a_refund_and_names_the_receipt_of_the_payment(self, database, provider):
        _, joined, _ = await left(provider)
        first, second = await receipts_of(joined.participation_id)
        assert (first.kind, second.kind) == ("payment", "refund")
        assert second.content["reason"] == "withdrawal"
        assert second.content["payment_number"] == first.number
        assert [first.number[-6:], second.number[-6:]] == ["000001", "000002"]

    async def test_is_not_there_before_money_has_moved(self, database, provider):
        w = await small.build()
        joined, _ = await asked(w, await small.open_campaign(w))
        await papers()
        assert await receipts_of(joined.participation_id) == []
        assert await db.fetch("SELECT 1 FROM receipt") == []
        (payment,) = await db.fetch("SELECT id FROM payment")
        async with db.transaction():
            assert await issue("payment", payment["id"]) is None

    async def test_of_what_a_person_sent_names_the_bank_and_its_reference(self, database, provider):
        payment = await asked_late(provider)
        one = await world.person("One", "admin")
        transfer = await pay_by_hand(one, (await db.fetch("SELECT id FROM refund"))[0]["id"], payee=PAYEE)
        await disbursing.approve(one, transfer)
        await papers()
        assert [line.kind for line in await receipts_of(payment["participation_id"])] == ["payment"]
        await disbursing.mark_sent(one, transfer, bank_reference="ICBC-1")
        await papers()
        _, returned = await receipts_of(payment["participation_id"])
        assert (returned.content["gateway"], returned.content["reference"]) == ("bank", "ICBC-1")
        assert (returned.amount_minor, returned.content["reason"]) == (3000, "claim")

    @pytest.mark.parametrize(
        ("changes", "plan"),
        [("purpose = 'deposit'", "deposit"), ("purpose = 'balance'", "balance"), ("holds = TRUE", "held")],
    )
    async def test_names_the_part_of_the_plan_that_was_paid(self, database, provider, changes, plan):
        w = await small.build()
        joined, ref = await asked(w, await small.open_campaign(w))
        await db.execute(f"UPDATE payment SET {changes}")
        async with db.transaction():
            assert await book_capture((await payment_of(joined))["id"], provider_ref=ref)
        await papers()
        (line,) = await receipts_of(joined.participation_id)
        assert line.content["plan"] == plan

    async def test_of_a_refund_that_came_back_is_not_shown_until_it_is_made_again(self, database, provider):
        _, joined, _ = await left(provider)
        refund = await db.fetch_one("SELECT key FROM refund")
        async with db.transaction():
            assert await book_failed_refund(refund["key"])
        assert [line.kind for line in await receipts_of(joined.participation_id)] == ["payment"]
        async with db.transaction():
            assert await book_refund(refund["key"])
        await papers()
        assert [line.kind for line in await receipts_of(joined.participation_id)] == ["payment", "refund"]

    async def test_is_one_however_often_its_job_runs_and_is_cut_off(self, database, provider, monkeypatch):
        w = await small.build()
        joined, ref = await asked(w, await small.open_campaign(w))
        await provider.pay(ref)
        row = await db.fetch_one("SELECT id FROM job WHERE kind = 'receipt.issue'")
        finish = Lease._finish

        async def die(self: Lease) -> None:
            raise RuntimeError("cut off before the commit")

        monkeypatch.setattr(Lease, "_finish", die)
        await jobs.perform(row["id"])
        assert await db.fetch("SELECT 1 FROM receipt") == []
        monkeypatch.setattr(Lease, "_finish", finish)
        for _ in range(2):
            await db.execute(
                "UPDATE job SET state = 'ready', due_at = ? WHERE id = ?", clock.now(), row["id"]
            )
            assert await jobs.perform(row["id"])
        (line,) = await receipts_of(joined.participation_id)
        assert line.number.endswith("-000001"), "a number was lost with the try that was cut off"

    async def test_keeps_what_it_said_when_the_payer_takes_another_name(self, database, provider):
        _, joined, member = await paid_place(provider)
        await db.execute("UPDATE user_account SET name = 'Somebody Else' WHERE id = ?", member.id)
        (line,) = await receipts_of(joined.participation_id)
        assert line.content["payer"]["name"] == member.name
        with pytest.raises(Exception, match="frozen_receipt"):
            await db.execute(
                "UPDATE receipt SET content = ?", json.dumps({**line.content, "amount_minor": 1})
            )

    async def test_of_somebody_else_does_not_exist(self, database, provider):
        w, joined, member = await paid_place(provider)
        (line,) = await receipts_of(joined.participation_id)
        assert (await receipt(member, line.id)).id == (await receipt(w.root, line.id)).id
        for stranger in (w.cy, w.mill, w.ana, await world.person("Dee")):
            with pytest.raises(NotFound):
                await receipt(stranger, line.id)
            with pytest.raises(NotFound):
                await receipt_file(stranger, line.id, locale="en")


HOSTILE = '<script>alert(1)</script><img src="file:///etc/passwd">&lt;b&gt;'


def content(**changes):
    told = {
        "number": "RC-2026-000007", "kind": "refund", "amount_minor": 123450, "currency": "CNY",
        "at": clock.now().replace(year=2026, month=11, day=25, hour=17, minute=5, second=9, microsecond=0),
        "zone": "Asia/Shanghai", "plan": "deposit", "gateway": "wechatpay", "reference": "50300908092026",
        "seller": {"name": {"en": "Tongxing", "zh": "同行"}, "address": {"en": "Shanghai", "zh": "上海"},
                   "registration_id": "91310115MA1K4C2B0F"},
        "payer": {"name": HOSTILE, "email": "bo@c2b.example"},
        "bought": {"campaign_code": "C-1", "campaign_title": "带得上飞机的移动电源", "product": {"en": "Power bank",
                   "zh": "移动电源"},
                   "quantity": 2, "digest": "ab" * 32},
        "reason": "price_difference", "note": "", "payment_number": "RC-2026-000001",
    }  # fmt: skip
    return receipt_content(**{**told, **changes})


class TestThePaper:
    @pytest.mark.parametrize(
        ("locale", "title", "money", "day"),
        [("en", "Refund receipt", "CN¥1,234.50", "Nov 26, 2026, 01:05"),
         ("zh_CN", "退款收据", "¥1,234.50", "2026年11月26日 01:05")],
    )  # fmt: skip
    async def test_says_it_in_the_readers_language_and_the_payers_zone(self, locale, title, money, day):
        text = text_of(await render_receipt(content(), locale=locale)).replace("\n", " ")
        for said in (title, money, day, "RC-2026-000007", "50300908092026", "RC-2026-000001"):
            assert said in text

    async def test_takes_hostile_names_as_text(self):
        data = await render_receipt(content(note=HOSTILE), locale="en")
        text = "".join(text_of(data).split())
        assert text.count("".join(HOSTILE.split())) == 2
        with pikepdf.open(io.BytesIO(data)) as document:
            assert "/JavaScript" not in str(document.Root) and "/EmbeddedFiles" not in str(document.Root)
            assert not [page for page in document.pages if "/Annots" in page]

    async def test_is_the_same_to_the_byte_every_time(self):
        first, second = [await render_receipt(content(), locale="en") for _ in range(2)]
        assert first == second

    async def test_is_drawn_once_and_kept(self, database, files, provider, monkeypatch):
        _, joined, member = await paid_place(provider)
        (line,) = await receipts_of(joined.participation_id)
        first = await receipt_file(member, line.id, locale="zh_CN")
        assert first.filename == f"{line.number}.pdf"
        monkeypatch.setattr("c2b.invoicing.documents.render_receipt", None)
        assert (await receipt_file(member, line.id, locale="zh_CN")).data == first.data
        (known,) = (await receipt(member, line.id)).files.values()
        assert storage.get(known["key"]) == first.data
