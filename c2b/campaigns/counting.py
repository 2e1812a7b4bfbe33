"""Places and paid units: the counters that decide everything, changed only while the campaign's row is held.

``conditional`` is what `reach.py` needs to tell which of the paid units count: those of members who take part only from
a tier price on, by that price. ``None``: as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from c2b.campaigns.changes import change_state, hold
from c2b.campaigns.reach import Conditional, reach_of
from c2b.campaigns.rules import BEFORE_LOCK
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json


async def count_capture(campaign_id: str, quantity: int, *, conditional: Conditional | None = None) -> bool:
    """Captured money arrived for ``quantity`` reserved units. ``False`` if the campaign no longer counts any.

    The one update that crosses the threshold is the only one that says so.
    """
    column, values = _conditional(conditional)
    rows = await db.execute(
        f"UPDATE campaign SET paid = paid + ?, wishes_version = wishes_version + 1{column} WHERE id = ? "
        "AND state IN ('open', 'threshold_met', 'closed') AND paid + ? <= reserved",
        quantity,
        *values,
        campaign_id,
        quantity,
    )
    if rows != 1:
        return False
    await _look_at_threshold(await hold(campaign_id))
    return True


def _conditional(units: Conditional | None) -> tuple[str, list[Any]]:
    """Part of an update, and its values."""
    if units is None:
        return "", []
    by_price = {str(price): each for price, each in units.items()}
    return ", conditional = ?, conditional_at = ?", [sum(units.values()), canonical_json(by_price).decode()]


async def _look_at_threshold(row: dict[str, Any]) -> None:
    """Say so when the group has come together, close it where it closes on that, and take back what no longer holds."""
    if row["state"] not in ("open", "threshold_met"):
        return
    if not enough(row):
        await _reopen(row)
        return
    if row["state"] == "open":
        await change_state(
            row["id"],
            from_states=("open",),
            to_state="threshold_met",
            event="campaign.threshold_reached",
            payload=_figures(row),
            stamp="threshold_reached_at",
        )
    if row["closes"] == "on_threshold" and not await vote_is_open(row["id"]):
        await close(row["id"])


def enough(row: Mapping[str, Any]) -> bool:
    """Do so many of the paid units of a campaign (its row) count that it goes ahead?"""
    return reach_of(row).counts_for(row["threshold"])


def _figures(row: Mapping[str, Any]) -> dict[str, int]:
    """``paid`` are the units that count; ``conditional``, where there are any, those that are paid and do not yet."""
    found = reach_of(row)
    waiting = {"conditional": found.waiting} if found.waiting else {}
    return {"paid": found.counted, "threshold": row["threshold"], **waiting}


async def _reopen(row: dict[str, Any]) -> None:
    await change_state(
        row["id"],
        from_states=("threshold_met",),
        to_state="open",
        event="campaign.reopened",
        payload=_figures(row),
    )


async def vote_is_open(campaign_id: str) -> bool:
    """Do members still decide something about the batch? Until they have, the group does not close."""
    return bool(
        await db.fetch_one("SELECT id FROM batch_vote WHERE campaign_id = ? AND state = 'open'", campaign_id)
    )


async def look_again(campaign_id: str, *, conditional: Conditional | None = None) -> None:
    """Something about what members want has changed: a group that waits for enough makeable units tries to close."""
    column, values = _conditional(conditional)
    await db.execute(
        f"UPDATE campaign SET wishes_version = wishes_version + 1{column} WHERE id = ?", *values, campaign_id
    )
    await _look_at_threshold(await hold(campaign_id))


async def close(campaign_id: str) -> bool:
    """No more joins; the closing workflow takes over (started by the event)."""
    row = await hold(campaign_id)
    return await change_state(
        campaign_id,
        from_states=("open", "threshold_met"),
        to_state="closed",
        event="campaign.closed",
        payload={"round": row["round"], "paid": reach_of(row).counted},
    )


async def give_back_places(
    campaign_id: str, *, reserved: int, paid: int, conditional: Conditional | None = None
) -> None:
    """Somebody left, or did not pay in time. A threshold that no longer holds is no longer claimed."""
    column, values = _conditional(conditional)
    await db.execute(
        "UPDATE campaign SET reserved = reserved - ?, paid = paid - ?, wishes_version = wishes_version + ?"
        f"{column} WHERE id = ?",
        reserved,
        paid,
        int(paid > 0),
        *values,
        campaign_id,
    )
    row = await hold(campaign_id)
    if row["state"] == "threshold_met" and not enough(row):
        await _reopen(row)


async def wait_or_fail(campaign_id: str, *, makeable: int) -> str:
    """A closed campaign cannot be locked: too few of its paid units can be made (``makeable``).

    Before the deadline it takes members again (``"waiting"``) and tries anew with the next payment; afterwards it has
    ``"failed"``.
    """
    row = await hold(campaign_id)
    deadline = db.instant(row["deadline"])
    if deadline is None or deadline <= clock.now():
        await fail(campaign_id)
        return "failed"
    await db.execute("UPDATE campaign SET round = round + 1 WHERE id = ?", campaign_id)
    await change_state(
        campaign_id,
        from_states=("closed",),
        to_state="threshold_met" if enough(row) else "open",
        event="campaign.reopened",
        payload={**_figures(row), "makeable": makeable},
    )
    return "waiting"


async def fail(campaign_id: str) -> bool:
    """The group did not fill: everybody is refunded (the event sees to it)."""
    row = await hold(campaign_id)
    return await change_state(
        campaign_id,
        from_states=BEFORE_LOCK,
        to_state="failed",
        event="campaign.failed",
        payload=_figures(row),
        stamp="ended_at",
    )


async def decide_at_deadline(campaign_id: str) -> str | None:
    """At the deadline: ``"closed"`` with enough paid units, else ``"failed"``. ``None`` if it is not due.

    Nor while a vote is open: it closes at the deadline at the latest, and whoever said "only if" may leave with it.
    """
    row = await hold(campaign_id)
    deadline = db.instant(row["deadline"])
    if row["state"] not in ("open", "threshold_met") or deadline is None or deadline > clock.now():
        return None
    if enough(row):
        if await vote_is_open(campaign_id):
            return None
        return "closed" if await close(campaign_id) else None
    return "failed" if await fail(campaign_id) else None


async def keep_deadlines(*, limit: int = 50) -> int:
    """The clock's sweep: decide all campaigns whose deadline has passed. Several clocks may do this at once."""
    rows = await db.fetch(
        "SELECT id FROM campaign WHERE state IN ('open', 'threshold_met') AND deadline <= ? ORDER BY deadline "
        "LIMIT " + str(int(limit)),
        clock.now(),
    )
    decided = 0
    for row in rows:
        decided += await db.atomically(partial(decide_at_deadline, row["id"])) is not None
    return decided
