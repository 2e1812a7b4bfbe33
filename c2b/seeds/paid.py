"""Manufacturers in the seed world: one has been paid its first part, one is blocked by a dispute."""

from __future__ import annotations

from c2b.accounts.rules import Actor
from c2b.durable.sweep import drain
from c2b.kit import db
from c2b.payments import disbursing
from c2b.payouts import operations as payouts
from c2b.seeds.people import person


async def first_part(mill: Actor, root: Actor, campaign_id: str) -> None:
    """The part that fell due with the acknowledgment: released by one admin, sent by another."""
    row = await db.fetch_one(
        "SELECT id FROM payment_release WHERE campaign_id = ? AND code = 'goods-1' AND state = 'releasable'",
        campaign_id,
    )
    assert row
    assert mill.manufacturer_id
    await payouts.release(root, row["id"])
    payout = await payouts.pay_out(root, mill.manufacturer_id, currency="CNY")
    sent = await db.fetch_one("SELECT id FROM disbursement WHERE subject_id = ?", payout)
    assert sent
    cashier = await person("rut@c2b.example", "Rut Cashier", role="admin")
    await disbursing.approve(cashier, sent["id"])
    await disbursing.mark_sent(cashier, sent["id"], bank_reference="ICBC-20260928-0117")
    await drain()


async def disputed(root: Actor, campaign_id: str) -> None:
    """Hinges that creak: nothing is released until this is settled."""
    await payouts.open_block(
        root, campaign_id, kind="dispute", reason="Three members report hinges that creak."
    )
    await drain()
