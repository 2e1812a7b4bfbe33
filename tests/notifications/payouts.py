"""A manufacturer is paid: what its mails tell of."""

from __future__ import annotations

from c2b.durable.sweep import drain
from c2b.kit import db
from c2b.payouts import operations as payouts
from tests.notifications.stories import Cast
from tests.referrals import earning
from tests.world import person


async def maker_is_paid(made: Cast) -> None:
    """Blocked for a while, then released and sent by the bank."""
    root = made.world.root
    block = await payouts.open_block(root, made.campaign_id, kind="dispute", reason="Scratches.")
    await payouts.close_block(root, block, note="Replaced.")
    for row in await db.fetch(
        "SELECT id FROM payment_release WHERE campaign_id = ? AND state = 'releasable'", made.campaign_id
    ):
        await payouts.release(root, row["id"])
    payout = await payouts.pay_out(root, made.world.manufacturer_id, currency="CNY")
    await earning.send(await person("Rut", "admin"), payout)
    await drain()
