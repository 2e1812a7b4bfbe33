"""How long a place waits for a transfer, and who asks about one: nobody gains time by choosing again."""

from __future__ import annotations

from datetime import timedelta

from c2b.kit import clock, db
from c2b.payments.asking import check_out
from c2b.payments.capturing import ask_again
from c2b.payments.gateways import gateway
from tests import small
from tests.payments.paying import payment_of
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


async def test_open_transfers_do_not_crowd_out_payments_that_a_provider_knows_of(
    database, provider, monkeypatch
):
    w = await small.build()
    campaign = await open_campaign(w)
    joined = await w.join(campaign, quantity=1)
    await check_out(w.members[-1], joined.participation_id, gateway_name="sandbox")
    quick = await payment_of(joined)
    clock.shift(timedelta(seconds=1))
    await asked_by_transfer(w, campaign, quantity=1)
    asked = []
    for name in ("sandbox", "bank"):
        own = gateway(name)
        read = type(own).read

        async def noted(self, ref, read=read):
            asked.append(ref)
            return await read(self, ref)

        monkeypatch.setattr(type(own), "read", noted)
    clock.shift(timedelta(minutes=5))
    await ask_again(limit=1)
    assert asked == [quick["provider_ref"]]
    assert await db.fetch_one("SELECT id FROM payment WHERE gateway = 'bank' AND state = 'created'")
