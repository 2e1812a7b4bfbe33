"""What stops payouts: opened and closed by admins with a note, and by the inspection itself.

Whoever opens, closes or releases holds the campaign's row first, so a release never slips through beside a block.
"""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.kit import clock, db, faults
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.payouts.models import PaymentSchedule
from c2b.payouts.rules import BLOCKS
from c2b.payouts.telling import tell

MAX_NOTE = 500


class BlockedAlready(Conflict):
    code = "blocked_already"
    message = N_("Payouts of this order are blocked for this reason already.")


class BlockClosed(Conflict):
    code = "block_closed"
    message = N_("This block was closed already.")


async def open_block(actor: Actor, campaign_id: str, *, kind: str, reason: str) -> str:
    """An admin stops the payouts of a campaign; the id of the block.

    Raises ``NotFound``, ``Invalid``, and ``BlockedAlready`` while one of this kind is open.
    """
    if not actor.is_admin:
        raise NotFound
    if kind not in BLOCKS:
        raise Invalid(fields=[FieldError("kind", "choice", N_("Choose what payouts are blocked for."))])
    reason = noted("reason", reason)

    async def write() -> str:
        await hold(campaign_id)
        block_id = await _open(campaign_id, kind, subject="", reason=reason, actor_id=actor.id)
        if block_id is None:
            raise BlockedAlready
        return block_id

    return await db.atomically(write)


async def close_block(actor: Actor, block_id: str, *, note: str) -> None:
    """An admin says why it may go on. Raises ``NotFound``, ``Invalid`` without a note, ``BlockClosed``."""
    if not actor.is_admin:
        raise NotFound
    note = noted("note", note)
    row = await db.fetch_one("SELECT campaign_id FROM payout_block WHERE id = ?", block_id)
    if row is None:
        raise NotFound

    async def write() -> None:
        await hold(row["campaign_id"])
        if not await _close(block_id, note=note, actor_id=actor.id):
            raise BlockClosed

    await db.atomically(write)


async def stop_for_inspection(campaign_id: str, stage: str, *, reason: str) -> None:
    """The inspection did not pass or stands still, in the transaction that says so. Twice is once."""
    await hold(campaign_id)
    await _open(campaign_id, "inspection_failed", subject=stage, reason=reason[:MAX_NOTE], actor_id=None)


async def inspection_passed(campaign_id: str, stage: str) -> None:
    """The inspection has passed, in the transaction that says so: what it blocked goes on."""
    await hold(campaign_id)
    for row in await db.fetch(
        "SELECT id FROM payout_block WHERE campaign_id = ? AND kind = 'inspection_failed' AND subject = ? "
        "AND closed_at IS NULL",
        campaign_id,
        stage,
    ):
        await _close(row["id"], note="", actor_id=None)


async def keep_block(campaign_id: str, kind: str, subject: str, *, waiting: int) -> None:
    """Open, or close, the block that the platform keeps by itself for ``subject``; the campaign is held already.

    ``waiting``: how much of it is not settled. It opens only while its manufacturer may be paid.
    """
    open_ones = await db.fetch(
        "SELECT id FROM payout_block WHERE campaign_id = ? AND kind = ? AND subject = ? AND closed_at IS NULL",
        campaign_id,
        kind,
        subject,
    )
    if waiting and not open_ones:
        await _open(campaign_id, kind, subject=subject, reason="", actor_id=None)
    for row in [] if waiting else open_ones:
        await _close(row["id"], note="", actor_id=None)


async def open_blocks(campaign_id: str) -> int:
    """How many blocks a campaign has now."""
    row = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM payout_block WHERE campaign_id = ? AND closed_at IS NULL", campaign_id
    )
    return int(row["n"]) if row else 0


async def _open(
    campaign_id: str, kind: str, *, subject: str, reason: str, actor_id: str | None
) -> str | None:
    written = await db.fetch_one(
        "INSERT INTO payout_block (id, campaign_id, kind, subject, reason, opened_by, opened_at, note) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT DO NOTHING RETURNING id",
        new_id(), campaign_id, kind, subject, reason, actor_id, clock.now(),
    )  # fmt: skip
    if written is None:
        return None
    faults.point("payout:block written")
    await db.execute(
        "UPDATE payment_release SET state = 'frozen' WHERE campaign_id = ? AND state = 'releasable'",
        campaign_id,
    )
    await _tell("payout_block.opened", written["id"], campaign_id, actor_id, kind=kind, reason=reason)
    return str(written["id"])


async def _close(block_id: str, *, note: str, actor_id: str | None) -> bool:
    rows = await db.fetch(
        "UPDATE payout_block SET closed_at = ?, closed_by = ?, note = ? WHERE id = ? AND closed_at IS NULL "
        "RETURNING campaign_id, kind",
        clock.now(), actor_id, note, block_id,
    )  # fmt: skip
    if not rows:
        return False
    campaign_id = rows[0]["campaign_id"]
    if not await open_blocks(campaign_id):
        await db.execute(
            "UPDATE payment_release SET state = 'releasable' WHERE campaign_id = ? AND state = 'frozen'",
            campaign_id,
        )
    await _tell("payout_block.closed", block_id, campaign_id, actor_id, kind=rows[0]["kind"], note=note)
    return True


async def _tell(name: str, block_id: str, campaign_id: str, actor_id: str | None, **payload: Any) -> None:
    row = await PaymentSchedule.get_or_none(campaign_id=campaign_id)
    maker = row.manufacturer_id if row else await maker_of(campaign_id)
    await tell(name, block_id, manufacturer_id=maker, campaign_id=campaign_id, actor_id=actor_id, **payload)


async def maker_of(campaign_id: str) -> str:
    """Whose product a campaign is for. Raises ``NotFound``."""
    row = await db.fetch_one(
        "SELECT p.manufacturer_id FROM campaign c JOIN product p ON p.id = c.product_id WHERE c.id = ?",
        campaign_id,
    )
    if row is None:
        raise NotFound
    return str(row["manufacturer_id"])


def noted(field: str, text: str) -> str:
    """What somebody typed to explain themselves. Raises ``Invalid`` where there is nothing."""
    clean = one_line(text)
    if not clean:
        raise Invalid(fields=[FieldError(field, "required", N_("Please say why."))])
    return clean[:MAX_NOTE]
