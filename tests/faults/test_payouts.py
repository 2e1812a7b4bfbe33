"""Cut off at each dangerous line of a release or a payout: nothing is left behind, and done again it happens once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from c2b.kit.errors import Conflict
from c2b.ledger.queries import balance
from c2b.payments import disbursing
from tests.faults.test_collecting import Killed, kill_once
from tests.payouts.paid import assert_sums, ordered
from tests.payouts.test_money_back import propose, transfer_of
from tests.purchasing.locked import _quick_documents, files
from tests.world import person

__all__ = ["_quick_documents", "files"]
pytestmark = pytest.mark.usefixtures("database", "files", "_quick_documents")


async def thrice(act: Callable[[], Awaitable[object]], *, nothing: Callable[[], Awaitable[int]]) -> None:
    """Die on the way, which leaves nothing behind; do it again; and once more, which is refused."""
    with pytest.raises(Killed):
        await act()
    assert await nothing() == 0
    await act()
    with pytest.raises(Conflict):
        await act()


@pytest.mark.parametrize("point", ["payout:release held", "payout:released", "payout:release booked"])
async def test_a_release_is_booked_once(point, monkeypatch):
    paid = await ordered()
    held, amount = await balance(paid.escrow), (await paid.part("goods-1"))["amount_minor"]
    died = kill_once(monkeypatch, point)
    await thrice(lambda: paid.release("goods-1"), nothing=lambda: balance(paid.payable))
    assert died == [point]
    assert (await balance(paid.escrow), await balance(paid.payable)) == (held - amount, amount)
    await assert_sums(paid.campaign_id)


async def test_a_payout_that_is_sent_twice_is_booked_once(monkeypatch):
    paid = await ordered()
    await paid.release("goods-1")
    amount = (await paid.part("goods-1"))["amount_minor"]
    row, other = await transfer_of(await propose(paid)), await person("Rut", "admin")
    await disbursing.approve(other, str(row["id"]))
    died = kill_once(monkeypatch, "payout:sent")
    await thrice(
        lambda: disbursing.mark_sent(other, str(row["id"]), bank_reference="B-1"),
        nothing=lambda: balance("world:bank:CNY"),
    )
    assert died == ["payout:sent"]
    assert (await balance(paid.payable), await balance("world:bank:CNY")) == (0, amount)
    await assert_sums(paid.campaign_id)
