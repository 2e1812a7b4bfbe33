"""Every cent of a campaign is followed from the payer to where it rests, and a missing one is seen."""

from __future__ import annotations

from c2b.kit import db
from c2b.ledger.operations import ensure, escrow, transfer
from c2b.ledger.queries import where_it_rests
from c2b.ledger.rules import fees, payable, suspense, world


async def move(debit: str, credit: str, minor: int, key: str) -> None:
    async def book() -> None:
        await transfer(
            debit=await ensure(debit, "CNY"), credit=await ensure(credit, "CNY"), amount_minor=minor, currency="CNY",
            key=key, cause="payment", cause_id=key,
        )  # fmt: skip

    await db.atomically(book)


async def test_it_adds_up_over_what_came_went_back_was_released_and_earned(database):
    held, outside = escrow("c1"), world("sandbox", "CNY")
    await move(outside, held, 1000, "in")
    await move(held, outside, 150, "back")
    await move(held, payable("m", "CNY"), 600, "released")
    await move(payable("m", "CNY"), held, 20, "short")
    await move(held, fees("CNY"), 50, "fee")
    await move(outside, escrow("c2"), 77, "somebody else's")
    await move(
        payable("m", "CNY"), world("bank", "CNY"), 500, "paid out"
    )  # whoever has it, it came from this campaign
    found = await where_it_rests("c1")
    assert (found.captured_minor, found.returned_minor, found.adds_up) == (1000, 150, True)
    assert {kind.prefix: minor for kind, minor in found.parts if minor} == {
        "escrow": 220, "payable": 580, "fees": 50,
    }  # fmt: skip


async def test_what_came_by_bank_transfer_came_in_like_all_else(database):
    held, waits = escrow("c1"), suspense("bank", "CNY")
    await move(world("bank", "CNY"), waits, 1100, "line")
    await move(waits, held, 1000, "in")
    await move(held, world("bank", "CNY"), 400, "back")
    found = await where_it_rests("c1")
    assert (found.captured_minor, found.returned_minor, found.adds_up) == (1000, 400, True)
    assert {kind.prefix: minor for kind, minor in found.parts if minor} == {"escrow": 600}


async def test_a_cent_that_is_gone_is_seen(database):
    held = escrow("c1")
    await move(world("sandbox", "CNY"), held, 1000, "in")
    await db.execute("UPDATE account SET balance_minor = balance_minor - 1 WHERE id = ?", held)
    assert not (await where_it_rests("c1")).adds_up
