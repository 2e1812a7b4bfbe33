"""Releasing a part to the manufacturer: an admin's word, on two facts, and one transfer."""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.kit import clock, db, faults
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.ledger.operations import ensure, escrow, payable, transfer
from c2b.ledger.queries import balance
from c2b.payouts.blocking import open_blocks
from c2b.payouts.telling import tell

#: States of a campaign in which its manufacturer is paid.
RUNNING = ("locked", "ordered", "in_production", "shipping", "completed")


class NotReleasable(Conflict):
    code = "not_releasable"
    message = N_(
        "This part cannot be released now: its milestone has not been approved, or it was decided already."
    )


class PayoutsBlocked(Conflict):
    code = "payouts_blocked"
    message = N_("Payouts of this order are blocked. Close the block first.")


class EscrowShort(Conflict):
    code = "escrow_short"
    message = N_("Less is held for this campaign than this part needs. Look at its refunds first.")


async def release(actor: Actor, release_id: str) -> None:
    """An admin approves a part whose milestone is approved: the escrow pays the manufacturer's account. Once.

    Raises ``NotFound``, ``PayoutsBlocked``, ``NotReleasable`` (also for the second of two admins), ``EscrowShort``.
    """
    if not actor.is_admin:
        raise NotFound
    row = await _row(release_id)

    async def write() -> None:
        campaign = await hold(row["campaign_id"])
        faults.point("payout:release held")
        if await open_blocks(row["campaign_id"]):
            raise PayoutsBlocked
        if campaign["state"] not in RUNNING:
            raise NotReleasable
        await _release(await _row(release_id), actor)

    await db.atomically(write)


async def _release(row: dict[str, Any], actor: Actor) -> None:
    amount, campaign_id, now = row["amount_minor"] - row["reduced_minor"], row["campaign_id"], clock.now()
    rows = await db.execute(
        "UPDATE payment_release SET state = 'released', released_minor = amount_minor - reduced_minor, "
        "approved_by = ?, approved_at = ?, released_at = ? WHERE id = ? AND state = 'releasable' "
        "AND reached_at IS NOT NULL",
        actor.id, now, now, row["id"],
    )  # fmt: skip
    if rows != 1:
        raise NotReleasable
    faults.point("payout:released")
    if await balance(escrow(campaign_id)) < amount:
        raise EscrowShort
    await transfer(
        debit=escrow(campaign_id),
        credit=await ensure(payable(row["manufacturer_id"], row["currency"]), row["currency"]),
        amount_minor=amount, currency=row["currency"], key=f"release:{row['id']}", cause="release", cause_id=row["id"],
    )  # fmt: skip
    faults.point("payout:release booked")
    await tell(
        "payment_release.released", row["id"], manufacturer_id=row["manufacturer_id"], campaign_id=campaign_id,
        actor_id=actor.id, amount_minor=amount, currency=row["currency"], milestone=row["milestone"],
    )  # fmt: skip


async def _row(release_id: str) -> dict[str, Any]:
    row = await db.fetch_one(
        "SELECT r.*, s.manufacturer_id, s.currency FROM payment_release r JOIN payment_schedule s "
        "ON s.id = r.schedule_id WHERE r.id = ?",
        release_id,
    )
    if row is None:
        raise NotFound
    return row
