"""How long a place waits for a transfer: nobody gains time by choosing again."""

from __future__ import annotations

from datetime import timedelta

from c2b.kit import clock
from c2b.payments.asking import check_out
from tests import small
from tests.payments.statement.story import asked_by_transfer, open_campaign


async def test_choosing_transfer_again_and_again_gains_no_more_days(database, provider):
    w = await small.build()
    campaign = await open_campaign(w, deadline=clock.now() + timedelta(days=30))
    joined, _, first = await asked_by_transfer(w, campaign)
    member = w.members[-1]
    for _ in range(2):
        clock.shift(timedelta(days=2))
        await check_out(member, joined.participation_id, gateway_name="sandbox")
        again = await check_out(member, joined.participation_id, gateway_name="bank")
    assert abs(again.until - first.until) < timedelta(minutes=1)
