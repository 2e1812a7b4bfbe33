"""Changing a campaign's state: one guarded update, one transition row, one event, in one transaction.

All operations on members and money of a campaign first ``hold`` its row. That puts rivals in one order (no
deadlocks, no overselling) and, with the guarded updates behind it, makes every outcome happen once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from c2b.campaigns.rules import may_change
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id


class CampaignNotReady(Conflict):
    code = "campaign_not_ready"
    message = N_("The campaign is not in a state that allows this.")


async def hold(campaign_id: str) -> dict[str, Any]:
    """The campaign's row, locked until the transaction ends (SQLite locks the whole file at BEGIN)."""
    suffix = " FOR NO KEY UPDATE" if db.dialect() == "postgres" else ""
    row = await db.fetch_one("SELECT * FROM campaign WHERE id = ?" + suffix, campaign_id)
    if row is None:
        raise NotFound
    return row


async def change_state(
    campaign_id: str,
    *,
    from_states: Sequence[str],
    to_state: str,
    event: str,
    actor_id: str | None = None,
    reason: str = "",
    audience: str = "members",
    payload: dict[str, Any] | None = None,
    stamp: str | None = None,
) -> bool:
    """Move a campaign on. ``False`` if it is in none of ``from_states`` (somebody was faster).

    ``stamp`` names a column that gets the present instant (``locked_at``).
    """
    now = clock.now()
    before = await hold(campaign_id)
    if before["state"] not in from_states:
        return False
    assert may_change(before["state"], to_state), (before["state"], to_state)
    stamped = f', "{stamp}" = ?' if stamp else ""
    rows = await db.execute(
        f"UPDATE campaign SET state = ?, version = version + 1{stamped} WHERE id = ? AND state = ?",
        to_state,
        *([now] if stamp else []),
        campaign_id,
        before["state"],
    )
    if rows != 1:
        return False
    await db.execute(
        "INSERT INTO campaign_transition (id, campaign_id, seq, from_state, to_state, actor_id, reason, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        new_id(),
        campaign_id,
        before["version"] + 1,
        before["state"],
        to_state,
        actor_id,
        reason,
        now,
    )
    await record(
        event,
        subject="campaign",
        subject_id=campaign_id,
        campaign_id=campaign_id,
        actor_id=actor_id,
        audience=audience,
        payload={**({"reason": reason} if reason else {}), **(payload or {})},
    )
    return True


async def next_number(name: str) -> int:
    """The next of a series without gaps, in the present transaction: the row stays locked until it commits."""
    row = await db.fetch_one(
        "INSERT INTO counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 "
        "RETURNING value",
        name,
    )
    assert row
    return int(row["value"])
