"""Payouts by bank transfer, refunds after a release, short deliveries and closed books: where every cent is."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from c2b.campaigns import operations as campaigns
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, Invalid
from c2b.ledger.queries import balance
from c2b.payments import disbursing
from c2b.payments.disbursements import disbursement
from c2b.payments.refunding import book_refund, request_refund
from c2b.payouts import operations as payouts
from c2b.payouts.closing import waits
from c2b.payouts.queries import unsettled
from tests import books
from tests.payouts.paid import Paid, assert_sums, ordered, work
from tests.world import person

pytestmark = pytest.mark.usefixtures("database", "files", "_quick_documents")
MONEY = ("campaign.refund", "participation.refund")


async def propose(paid: Paid) -> str:
    return await payouts.pay_out(paid.root, paid.walk.locked.world.manufacturer_id, currency="CNY")


async def transfer_of(payout: str) -> dict[str, object]:
    row = await db.fetch_one(
        "SELECT * FROM disbursement WHERE subject_id = ? ORDER BY id DESC LIMIT 1", payout
    )
    assert row
    return row


async def send(payout: str) -> None:
    other, row = await person("Rut", "admin"), await transfer_of(payout)
    await disbursing.approve(other, str(row["id"]))
    await disbursing.mark_sent(other, str(row["id"]), bank_reference="B-1")


async def book_refunds(campaign_id: str) -> None:
    """The provider makes every refund that was asked for."""
    await books.work(*MONEY)
    for row in await db.fetch(
        "SELECT key FROM refund WHERE campaign_id = ? AND state <> 'succeeded' ORDER BY id", campaign_id
    ):
        await db.atomically(lambda key=row["key"]: book_refund(key))


async def rest(paid: Paid) -> dict[str, int]:
    names = {"escrow": paid.escrow, "payable": paid.payable, "recourse": paid.recourse, "margin": "margin:platform:CNY",
             "fees": "fees:platform:CNY", "bank": "world:bank:CNY", "sandbox": "world:sandbox:CNY"}  # fmt: skip
    return {name: await balance(account) for name, account in names.items()}


class TestAPayout:
    async def test_pays_what_was_released_once(self):
        paid = await ordered()
        with pytest.raises(Conflict):
            await propose(paid)
        await paid.release("goods-1")
        amount = (await paid.part("goods-1"))["amount_minor"]
        payout = await propose(paid)
        with pytest.raises(Conflict):
            await propose(paid)
        await send(payout)
        found = await rest(paid)
        assert (found["payable"], found["bank"]) == (0, amount)
        with pytest.raises(Conflict):
            await disbursing.mark_sent(
                paid.root, str((await transfer_of(payout))["id"]), bank_reference="B-2"
            )
        await assert_sums(paid.campaign_id)

    async def test_that_is_called_off_is_proposed_again(self):
        paid = await ordered()
        await paid.release("goods-1")
        first = await propose(paid)
        await disbursing.refuse(paid.root, str((await transfer_of(first))["id"]), reason="Wrong account.")
        again = await propose(paid)
        assert again != first
        assert (await transfer_of(again))["amount_minor"] == (await paid.part("goods-1"))["amount_minor"]

    async def test_names_whom_it_is_for_also_while_no_bank_account_is_known(self):
        paid = await ordered()
        party = json.dumps({"legal_name": "磨坊电子有限公司"}, ensure_ascii=False)
        await db.execute(
            "UPDATE manufacturer SET party = ? WHERE id = ?", party, paid.walk.locked.world.manufacturer_id
        )
        await paid.release("goods-1")
        row = await transfer_of(await propose(paid))
        assert (row["payee_name"], row["payee_sealed"]) == ("磨坊电子有限公司", "")
        view = await disbursement(paid.root, str(row["id"]))
        assert (view.line.payee_name, view.account_end, view.bank) == ("磨坊电子有限公司", "", "")


class TestACampaignThatIsCanceledAfterARelease:
    async def test_gives_everything_back_and_the_manufacturer_owes_what_it_was_paid(self):
        paid = await ordered()
        await paid.release("goods-1")
        amount = (await paid.part("goods-1"))["amount_minor"]
        await send(await propose(paid))
        await campaigns.cancel(paid.root, paid.campaign_id, reason="The factory has burned down.")
        await work()
        await book_refunds(paid.campaign_id)
        found = await rest(paid)
        nothing = dict.fromkeys(found, 0)
        assert found == {**nothing, "recourse": -amount, "bank": amount}
        assert set((await paid.states()).values()) == {"released", "returned"}
        assert await unsettled() == []
        await assert_sums(paid.campaign_id)

    async def test_takes_back_first_what_was_not_paid_yet(self):
        paid = await ordered()
        await paid.release("goods-1")
        payout = await propose(paid)
        await campaigns.cancel(paid.root, paid.campaign_id, reason="The factory has burned down.")
        await work()
        await book_refunds(paid.campaign_id)
        assert (await rest(paid))["payable"] == 0
        await send(payout)  # the bank was faster: it is owed back
        amount = (await paid.part("goods-1"))["amount_minor"]
        found = await rest(paid)
        assert (found["payable"], found["recourse"], found["bank"]) == (0, -amount, amount)
        await assert_sums(paid.campaign_id)


class TestAShortDelivery:
    async def test_is_taken_off_what_is_left_and_refunded_to_whose_units_they_are(self):
        paid = await ordered()
        await paid.reach("OQC")
        await paid.release("goods-1")
        await paid.release("goods-2")
        units = await db.fetch(
            "SELECT u.id, u.participation_id, p.settled_minor, p.quantity FROM ordered_unit u JOIN participation p "
            "ON p.id = u.participation_id ORDER BY p.quantity, u.id"
        )
        missing = [row["id"] for row in units[:3]]
        with pytest.raises(Invalid):
            await payouts.short_delivery(paid.root, paid.campaign_id, unit_ids=["NOT-A-UNIT"], note="Lost.")
        before = await rest(paid)
        found = await payouts.short_delivery(
            paid.root, paid.campaign_id, unit_ids=missing, note="Lost on the way."
        )
        with pytest.raises(Conflict):
            await payouts.short_delivery(
                paid.root, paid.campaign_id, unit_ids=missing, note="Lost on the way."
            )
        await book_refunds(paid.campaign_id)
        after = await rest(paid)
        part = await paid.part("goods-3")
        assert (found.units, found.members, found.owed_minor) == (3, 1, 0)
        assert part["reduced_minor"] == found.price_minor == found.taken_minor
        assert (
            before["escrow"] - after["escrow"]
            == found.refunded_minor
            == -(-units[0]["settled_minor"] * 3 // 10)
        )
        await assert_sums(paid.campaign_id)

    async def test_beyond_what_is_left_is_owed_by_the_manufacturer(self):
        paid = await ordered()
        await paid.reach("OQC")
        await paid.release("goods-1")
        await paid.release("goods-2")
        units = await db.fetch("SELECT id FROM ordered_unit ORDER BY id")
        found = await payouts.short_delivery(
            paid.root, paid.campaign_id, unit_ids=[row["id"] for row in units], note="The ship has sunk."
        )
        left = (await paid.part("goods-3"))["amount_minor"]
        assert found.taken_minor <= left
        assert found.owed_minor == found.price_minor - found.taken_minor
        assert await balance(paid.recourse) == -found.owed_minor
        await assert_sums(paid.campaign_id)


class TestTheBooksOfADeliveredCampaign:
    async def test_close_when_nothing_can_come_back_and_hold_nothing_afterwards(self):
        paid = await ordered()
        await paid.reach("OQC", "PACK", "LASTMILE")
        fee = (await rest(paid))["fees"]
        assert fee == 45900 * 50 * 5 // 100
        await paid.release("goods-1")
        await paid.release("goods-2")
        await paid.pass_days(30)
        assert (await paid.states())["goods-3"] == "releasable"
        row = await db.fetch_one("SELECT state FROM payment_schedule")
        assert row
        assert row["state"] == "running"
        block = await payouts.open_block(paid.root, paid.campaign_id, kind="dispute", reason="Scratches.")
        await payouts.close_block(paid.root, block, note="Polished.")
        await paid.release("goods-3")
        await paid.pass_days(2)
        found = await rest(paid)
        captured = -found["sandbox"]
        assert found["escrow"] == 0
        assert found["margin"] == captured - found["payable"] - fee
        row = await db.fetch_one("SELECT state FROM payment_schedule")
        assert row
        assert row["state"] == "closed"
        assert await unsettled() == []
        await self._claim_afterwards(paid)
        await assert_sums(paid.campaign_id)

    async def _claim_afterwards(self, paid: Paid) -> None:
        """A claim after the books were closed is paid by whoever got the money; the escrow stays at nought."""
        payment = await db.fetch_one("SELECT * FROM payment WHERE state = 'succeeded' ORDER BY id LIMIT 1")
        assert payment
        before = await rest(paid)
        await db.atomically(lambda: request_refund(payment["id"], reason="claim", amount_minor=5000))
        await book_refunds(paid.campaign_id)
        after = await rest(paid)
        assert after["escrow"] == 0
        assert before["payable"] - after["payable"] == 5000

    @pytest.mark.parametrize(("market", "days"), [("cn", 7), ("eu", 14)])
    async def test_stay_open_as_long_as_the_law_there_lets_members_return(self, market, days):
        paid = await ordered()
        await db.execute(
            "UPDATE campaign SET batch_answers = ? WHERE id = ?",
            json.dumps({"market": market}), paid.campaign_id,
        )  # fmt: skip
        await paid.reach("OQC", "PACK", "LASTMILE")
        clock.shift(timedelta(days=days))
        assert "return_window" in (await waits(paid.campaign_id))["reasons"]
        clock.shift(timedelta(days=1))
        assert "return_window" not in (await waits(paid.campaign_id))["reasons"]
