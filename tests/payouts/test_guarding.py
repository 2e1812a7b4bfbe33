"""Blocks that nobody has to think of: open claims, and members who still choose after a delay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from c2b.accounts.rules import Actor
from c2b.fulfillment import delays
from c2b.fulfillment.operations import refresh_forecasts
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, NotFound
from c2b.payments import claiming
from c2b.payments.refunding import book_failed_refund, book_refund
from c2b.payouts.operations import close_block, keep_guards, open_block
from tests.payouts.paid import Paid, assert_sums, ordered
from tests.world import person

pytestmark = pytest.mark.usefixtures("database", "files", "_quick_documents")


async def blocks(paid: Paid) -> list[tuple[str, bool]]:
    rows = await db.fetch(
        "SELECT kind, closed_at FROM payout_block WHERE campaign_id = ? ORDER BY id", paid.campaign_id
    )
    return [(row["kind"], row["closed_at"] is None) for row in rows]


async def places(paid: Paid) -> list[dict[str, Any]]:
    return await db.fetch(
        "SELECT id, user_id, captured_minor FROM participation WHERE campaign_id = ? ORDER BY id",
        paid.campaign_id,
    )


def who(place: dict[str, Any]) -> Actor:
    return Actor(id=place["user_id"], role="consumer", name="A member", locale="en")


async def refund_keys(reason: str) -> list[str]:
    return [row["key"] for row in await db.fetch("SELECT key FROM refund WHERE reason = ?", reason)]


async def claimed(paid: Paid) -> str:
    """A claim of one member that is not paid back yet: the refund's key."""
    (place, *_) = await places(paid)
    await claiming.claim(paid.root, place["id"], amount_minor=500, note="A scratch.", number=1)
    (key,) = await refund_keys("claim")
    return key


async def late(paid: Paid, days: int) -> None:
    """Nothing happens until the likely day is ``days`` after the promised one or a little more."""
    for _ in range(400):
        if await delays.notice_of(paid.campaign_id):
            return
        clock.shift(timedelta(days=days or 1))
        await refresh_forecasts()
    raise AssertionError("it is never late")


class TestAnOpenClaim:
    async def test_blocks_payouts_until_it_is_paid_back(self):
        paid = await ordered()
        key = await claimed(paid)
        assert await blocks(paid) == [("dispute", True)]
        assert (await paid.states())["goods-1"] == "frozen"
        with pytest.raises(Conflict):
            await paid.release("goods-1")
        await db.atomically(lambda: book_refund(key))
        assert await blocks(paid) == [("dispute", False)]
        await paid.release("goods-1")
        await assert_sums(paid.campaign_id)

    async def test_blocks_again_when_its_refund_comes_back(self):
        paid = await ordered()
        key = await claimed(paid)
        await db.atomically(lambda: book_refund(key))
        await db.atomically(lambda: book_failed_refund(key))
        assert await blocks(paid) == [("dispute", False), ("dispute", True)]

    async def test_does_not_close_what_an_admin_has_opened(self):
        paid = await ordered()
        key = await claimed(paid)
        await open_block(paid.root, paid.campaign_id, kind="dispute", reason="Scratches.")
        await db.atomically(lambda: book_refund(key))
        assert sorted(await blocks(paid)) == [("dispute", False), ("dispute", True)]
        assert (await paid.states())["goods-1"] == "frozen"

    async def test_that_an_admin_let_pass_stays_passed(self):
        paid = await ordered()
        await claimed(paid)
        row = await db.fetch_one("SELECT id FROM payout_block")
        assert row
        await close_block(paid.root, row["id"], note="It is small.")
        await paid.release("goods-1")


class TestADelay:
    async def test_blocks_payouts_until_everybody_has_answered(self):
        paid = await ordered()
        await late(paid, 1)
        assert await blocks(paid) == [("delay_choice", True)]
        first, *rest = await places(paid)
        for place in rest:
            await delays.wait(who(place), place["id"])
            await delays.wait(who(place), place["id"])
        assert await blocks(paid) == [("delay_choice", True)]
        with pytest.raises(Conflict):
            await paid.release("goods-1")
        await delays.leave(who(first), first["id"])
        await delays.leave(who(first), first["id"])
        assert await blocks(paid) == [("delay_choice", True)]  # the money is still on its way
        for key in await refund_keys("delay"):
            await db.atomically(lambda key=key: book_refund(key))
        assert await blocks(paid) == [("delay_choice", False)]
        await paid.release("goods-1")
        await assert_sums(paid.campaign_id)

    async def test_gives_who_leaves_everything_back(self):
        paid = await ordered()
        await late(paid, 1)
        (place, *_) = await places(paid)
        await delays.leave(who(place), place["id"])
        row = await db.fetch_one("SELECT SUM(amount_minor) AS minor FROM refund WHERE reason = 'delay'")
        assert row
        assert int(row["minor"]) == place["captured_minor"] > 0
        with pytest.raises(Conflict):
            await delays.wait(who(place), place["id"])

    async def test_that_is_short_and_the_first_is_consented_to_by_silence(self):
        paid = await ordered()
        await late(paid, 1)
        assert (await delays.notice_of(paid.campaign_id)).express is False
        clock.shift(timedelta(days=13))
        await keep_guards()
        assert await blocks(paid) == [("delay_choice", True)]
        clock.shift(timedelta(days=1))
        await keep_guards()
        assert await blocks(paid) == [("delay_choice", False)]
        (place, *_) = await places(paid)
        with pytest.raises(Conflict):
            await delays.leave(who(place), place["id"])

    async def test_that_is_long_is_never_consented_to_by_silence(self):
        paid = await ordered()
        await late(paid, 100)
        assert (await delays.notice_of(paid.campaign_id)).express is True
        clock.shift(timedelta(days=100))
        await keep_guards()
        assert await blocks(paid) == [("delay_choice", True)]

    async def test_that_grows_is_told_and_asked_again_and_silence_no_longer_counts(self):
        paid = await ordered()
        await late(paid, 1)
        for place in await places(paid):
            await delays.wait(who(place), place["id"])
        assert await blocks(paid) == [("delay_choice", False)]
        first = await delays.notice_of(paid.campaign_id)
        for _ in range(40):
            clock.shift(timedelta(days=1))
            await refresh_forecasts()
        rows = await db.fetch("SELECT id FROM event WHERE name = 'timeline.delayed'")
        assert len(rows) in (3, 4)  # not every day, but whenever two weeks were added
        latest = await delays.notice_of(paid.campaign_id)
        assert (latest.forecast - first.forecast).days >= 14
        assert latest.express
        assert (await blocks(paid))[-1] == ("delay_choice", True)

    async def test_is_answered_by_its_own_members_only(self):
        paid = await ordered()
        (place, *_) = await places(paid)
        with pytest.raises(Conflict):
            await delays.wait(who(place), place["id"])
        await late(paid, 1)
        stranger = await person("Cy", "consumer")
        for act in (delays.wait, delays.leave):
            with pytest.raises(NotFound):
                await act(stranger, place["id"])
