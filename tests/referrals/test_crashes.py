"""Any line may be the last: cut off at every dangerous place, done again, and everything is there once."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.kit import clock, db, faults
from c2b.ledger.queries import faults as wrong
from c2b.payments import disbursing
from c2b.referrals import operations as referrals
from tests.referrals import earning
from tests.referrals.earning import FIRST, SETTLED


class PowerCut(BaseException):
    """Nothing catches it, as nothing catches a power cut; the transaction is rolled back as the database would."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``cut(name)``: the next time that this place is reached is the last line."""

    def at(name: str) -> None:
        def point(reached: str) -> None:
            if reached == name:
                monkeypatch.undo()
                raise PowerCut

        monkeypatch.setattr(faults, "point", point)

    return at


async def again() -> None:
    """Another worker takes over when the lease is over."""
    await db.execute("UPDATE job SET lease_until = ? WHERE state = 'running'", clock.now())
    await earning.pass_days(1)


@pytest.mark.parametrize("place", ["commission:booked", "commission:confirmed"])
async def test_a_confirmation_cut_off_is_made_once(database, cut, place):
    w = await earning.build()
    campaign = await earning.open_campaign(w)
    row = await earning.invite(w, campaign, w.ana, w.bo)
    await earning.lock(w, campaign)
    await earning.deliver(campaign)
    cut(place)
    with pytest.raises(PowerCut):
        await earning.pass_days(9)
    await again()
    assert await earning.state_of(row) == ("confirmed", "who_are_you", FIRST)
    assert await earning.on_account(w.ana) == FIRST
    assert len(await db.fetch("SELECT id FROM event WHERE name = 'commission.confirmed'")) == 1
    assert await wrong() == []


async def test_a_reversal_cut_off_is_made_once(database, cut):
    w = await earning.build()
    _, row = await earning.earned(w)
    cut("job:commission.reverse:before commit")
    with pytest.raises(PowerCut):
        await earning.refund(row, minor=SETTLED // 3)
    await again()
    assert (await earning.state_of(row))[2] == FIRST * 2 // 3 == await earning.on_account(w.bo)
    assert len(await db.fetch("SELECT id FROM event WHERE name = 'commission.reversed'")) == 1


async def test_a_transfer_cut_off_while_it_is_marked_as_sent_is_sent_and_booked_together(database, cut):
    w = await earning.build()
    _, row = await earning.earned(w)
    await earning.identify(w.bo)
    asked = await referrals.withdraw(w.bo, currency="CNY")
    cut("disbursement:sent")
    with pytest.raises(PowerCut):
        await earning.pay_out(w.root, asked)
    assert await earning.state_of(row) == ("payable", "under_review", FIRST)
    assert await earning.on_account(w.bo) == FIRST
    sent = await db.fetch_one("SELECT id, state FROM disbursement WHERE subject_id = ?", asked)
    assert sent
    assert sent["state"] == "approved"
    await disbursing.mark_sent(w.root, sent["id"], bank_reference="B-1")
    assert await earning.state_of(row) == ("paid", "paid_out", FIRST)
    assert await wrong() == []
