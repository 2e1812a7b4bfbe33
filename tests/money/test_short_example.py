"""The examples of ``docs/money.md`` for a partial delivery: within what is left of the order's price, and beyond it."""

from __future__ import annotations

import pytest

from c2b.kit import db
from c2b.payouts import operations as payouts
from tests.money import manual
from tests.money.telling import Story
from tests.payouts.paid import Paid, assert_sums, ordered
from tests.payouts.test_money_back import book_refunds, propose, send

pytestmark = pytest.mark.usefixtures("database", "files", "_quick_documents")
SHORT = "A partial delivery"
BEYOND = "More missing than the last part is worth"


async def two_parts_released() -> tuple[Paid, Story]:
    """Fifty keyboards have passed their inspection, and Mill has 30 % and 60 % of their price to come."""
    paid = await ordered()
    accounts = {
        paid.payable: "payable:Mill", paid.recourse: "recourse:Mill", "fees:platform:CNY": "fees",
        "margin:platform:CNY": "margin", "world:bank:CNY": "world:bank",
    }  # fmt: skip
    story = Story(paid.campaign_id, accounts)
    await paid.reach("OQC")
    await story.look("fifty units are paid")
    await paid.release("goods-1")
    await paid.release("goods-2")
    await story.look("two parts released")
    return paid, story


async def write_down(paid: Paid, units: int) -> None:
    """So many of Bo's ten units never came; what Bo gets back is made."""
    rows = await db.fetch(
        "SELECT u.id FROM ordered_unit u JOIN participation p ON p.id = u.participation_id "
        "WHERE p.quantity = 10 ORDER BY u.id"
    )
    missing = [row["id"] for row in rows[:units]]
    await payouts.short_delivery(paid.root, paid.campaign_id, unit_ids=missing, note="Lost on the way.")
    await book_refunds(paid.campaign_id)


async def parts(paid: Paid) -> list[list[str]]:
    """The parts of the price, as rows of the manual's table."""
    found = [await paid.part(code) for code in ("goods-1", "goods-2", "goods-3")]
    return [
        [part["code"], *[str(part[f"{name}_minor"]) for name in ("amount", "reduced", "released")]]
        for part in found
    ]


async def test_three_missing_units_are_taken_off_the_last_part_and_given_back():
    paid, story = await two_parts_released()
    await write_down(paid, 3)
    await story.look("three units written down, refunded")
    await paid.reach("PACK", "LASTMILE")
    await paid.pass_days(30)
    await paid.release("goods-3")
    await story.look("the last part released")
    await send(await propose(paid))
    await story.look("Mill is paid out")
    await paid.pass_days(2)
    await story.look("the books are closed")
    assert manual.tables(SHORT) == [await story.places(), await parts(paid), story.told]
    assert manual.moves(SHORT) == await story.moves()
    await assert_sums(paid.campaign_id)


async def test_ten_missing_units_are_owed_in_part_and_the_next_payout_is_less_by_it():
    paid, story = await two_parts_released()
    await write_down(paid, 10)
    await story.look("ten units written down, refunded")
    await send(await propose(paid))
    await story.look("Mill is paid out")
    await paid.reach("PACK", "LASTMILE")
    await paid.pass_days(32)
    await story.look("delivered, the books are closed")
    assert manual.tables(BEYOND) == [await story.places(), await parts(paid), story.told]
    assert manual.moves(BEYOND) == await story.moves()
    await assert_sums(paid.campaign_id)
