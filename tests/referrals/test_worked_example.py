"""The example of ``docs/money.md``: a commission on two levels, paid out in part, and the order refunded afterwards."""

from __future__ import annotations

from c2b.kit import db
from c2b.ledger.queries import balance, faults
from c2b.referrals import operations as referrals
from tests.money import manual
from tests.referrals import earning

EXAMPLE = "A commission on two levels, and the order refunded after a payout"
CAUSES = ("commission", "commission_paid", "commission_back")


async def test_two_levels_and_a_refund_move_what_the_manual_says(database):
    w = await earning.build()
    campaign = await earning.open_campaign(w)
    await w.pay(await w.join(campaign, w.ana))
    await earning.invite(w, campaign, w.ana, w.bo)
    place = await earning.invite(w, campaign, w.bo, w.cy)
    await referrals.allow_second_level(w.root, "cn", reference="Legal 2026-17", confirmed=True)
    await earning.lock(w, campaign)
    await earning.deliver(campaign)
    accounts = {
        f"escrow:{campaign}": "escrow", f"commission:{w.bo.id}:CNY": "commission:Bo",
        f"commission:{w.ana.id}:CNY": "commission:Ana", "world:bank:CNY": "world:bank",
    }  # fmt: skip
    start = await balance(f"escrow:{campaign}")
    told = []

    async def look(what: str) -> None:
        found = [await balance(account) for account in accounts]
        told.append([what, found[0] - start, *found[1:]])

    await look("delivered, can still be returned")
    await earning.pass_days(9)
    await look("no longer returnable: confirmed")
    await earning.identify(w.bo)
    await earning.pay_out(w.root, await referrals.withdraw(w.bo, currency="CNY"))
    await look("Bo is paid out")
    await earning.refund(place, reason="claim")
    await look("Cy's order is refunded in full")
    assert await faults() == []
    written = manual.section(EXAMPLE)
    for row in told:
        assert "| " + " | ".join(str(each) for each in row) + " |" in written, row
    found = [
        f"{accounts[row['debit_id']]} → {accounts[row['credit_id']]} {row['amount_minor']}"
        for row in await db.fetch("SELECT * FROM transfer ORDER BY id")
        if row["cause"] in CAUSES
    ]
    assert sorted(found) == manual.moves(EXAMPLE)
