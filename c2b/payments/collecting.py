"""Collecting at the close: everybody who is served pays what is proposed before anything is ordered.

Carried by `workflows/closing.py`, turn by turn: ask for what is missing of each member's final price (a balance to be
paid until a stated day, or a capture of what is held), wait, and look. Whoever has not paid when their last day is
over leaves with all their money; their place goes to the waitlist, and another turn follows. Each further turn needs
somebody to have left or come, so it ends. Nobody is ever asked for more than their commitment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.plans import FULL, missing_minor, overdue_at, reminder_days
from c2b.durable import enqueue, signal
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.ids import new_id
from c2b.participations.closing.proposing import proposal_of, standing, supersede
from c2b.participations.money import let_go
from c2b.participations.waitlist import offer_places

Json = dict[str, Any]
COLLECTED, CHANGED, WAITING = "collected", "changed", "waiting"
#: What should have happened by its hour is looked at again after this time.
LOOK_AGAIN = timedelta(seconds=30)

_MEMBERS = (
    "SELECT t.id, t.user_id, t.quantity, t.captured_minor, t.due_minor, t.currency, p.id AS payment_id, "
    "p.amount_minor, p.state AS payment_state, p.hold_until, (SELECT MAX(b.due_at) FROM payment b "
    "WHERE b.participation_id = t.id AND b.purpose = 'balance') AS due_at, (SELECT g.gateway FROM payment g "
    "WHERE g.participation_id = t.id AND g.state IN ('succeeded', 'authorized') ORDER BY g.id LIMIT 1) AS gateway "
    "FROM participation t LEFT JOIN payment p ON p.participation_id = t.id AND p.state IN ('created', 'authorized') "
    "WHERE t.campaign_id = ? AND t.state IN ('joined', 'needs_attention') ORDER BY t.id"
)


async def ask(campaign_id: str, *, turn: int) -> Json:
    """Ask everybody who is served for what is missing. ``verdict``: ``collected``, ``changed``, ``waiting`` (then
    ``until``, ISO). Runs inside the caller's transaction."""
    campaign = await hold(campaign_id)
    if campaign["payment_plan"] == FULL or campaign["state"] != "closed":
        return _verdict(COLLECTED)
    proposal = await standing(campaign, turn)
    if proposal is None:
        return await _changed(campaign, turn)
    prices = _prices(proposal)
    for row in await db.fetch(_MEMBERS, campaign_id):
        if row["id"] in prices:
            await _ask_one(campaign, row, prices[row["id"]])
    faults.point("collect:asked")
    return await _waiting(campaign_id, prices)


async def look(campaign_id: str, *, turn: int, woken: bool) -> Json:
    """How the collecting stands at an hour, or when something happened: as ``ask`` tells. Whoever is overdue leaves."""
    campaign = await hold(campaign_id)
    if campaign["state"] != "closed":
        return _verdict(COLLECTED)
    proposal = await standing(campaign, turn)
    if proposal is None:
        return await _changed(campaign, turn)
    prices, now = _prices(proposal), clock.now()
    rows = [row for row in await db.fetch(_MEMBERS, campaign_id) if _owes(row, prices)]
    lost = [row for row in rows if _last_hour(row) <= now]
    if lost:
        await let_go(campaign_id, [{"id": row["id"], "units": row["quantity"]} for row in lost])
        await offer_places(campaign_id)
        faults.point("collect:let go")
    if lost or (rows and woken):
        await supersede(proposal["id"])
        return _verdict(CHANGED)
    return await _waiting(campaign_id, prices)


async def go_on_collecting(campaign_id: str, *, changed: bool) -> None:
    """Tell a closing that waits for money, in the transaction of what happened: somebody left or came (``changed``),
    or has paid, and it may have been the last."""
    campaign = await db.fetch_one(
        "SELECT id, state, round, payment_plan FROM campaign WHERE id = ?", campaign_id
    )
    if campaign is None or campaign["state"] != "closed" or campaign["payment_plan"] == FULL:
        return
    proposal = await proposal_of(campaign)
    if proposal is None:
        return
    if not changed:
        owing = await db.fetch_one(
            "SELECT id FROM participation WHERE campaign_id = ? AND state IN ('joined', 'needs_attention') "
            "AND captured_minor < due_minor LIMIT 1",
            campaign_id,
        )
        if owing:
            return
    await signal(f"closing:{campaign_id}:{campaign['round']}", f"money {proposal['turn']}", True)


async def keep_reminders(*, limit: int = 200) -> int:
    """The clock's sweep: remind of balances on their days after they were due. Each day once, however many clocks."""
    now = clock.now()
    rows = await db.fetch(
        "SELECT p.participation_id AS id, MAX(p.due_at) AS due_at FROM payment p JOIN participation t "
        "ON t.id = p.participation_id JOIN campaign c ON c.id = t.campaign_id WHERE p.purpose = 'balance' "
        "AND p.due_at <= ? AND c.state = 'closed' AND t.state IN ('joined', 'needs_attention') "
        "AND t.captured_minor < t.due_minor GROUP BY p.participation_id ORDER BY p.participation_id LIMIT ?",
        now - timedelta(days=1),
        limit,
    )
    sent = 0
    for row in rows:
        due_at = db.instant(row["due_at"])
        assert due_at
        days = reminder_days(due_at, now)[-1]
        sent += await db.atomically(partial(_remind, row["id"], due_at, days))
    return sent


async def _remind(participation_id: str, due_at: datetime, days: int) -> bool:
    """One reminder: the job is written once for a day, and with it the event that is told."""
    return await enqueue(
        "balance.remind",
        key=f"remind:{participation_id}:{due_at:%Y%m%d}:{days}",
        args={"participation_id": participation_id, "days": days, "due_at": due_at.isoformat()},
    )


async def collecting_of(campaign: Json) -> Json | None:
    """How collecting stands, in counts and sums without anybody's name; ``None`` where nothing is asked for."""
    if campaign["state"] != "closed" or campaign["payment_plan"] == FULL:
        return None
    row = await db.fetch_one(
        "SELECT COUNT(*) AS members, "
        "SUM(CASE WHEN captured_minor < due_minor THEN 1 ELSE 0 END) AS missing, "
        "CAST(SUM(CASE WHEN captured_minor < due_minor THEN due_minor - captured_minor ELSE 0 END) AS BIGINT) "
        "AS missing_minor, CAST(SUM(captured_minor) AS BIGINT) AS captured_minor "
        "FROM participation WHERE campaign_id = ? AND state IN ('joined', 'needs_attention')",
        campaign["id"],
    )
    late = await db.fetch_one(
        "SELECT COUNT(DISTINCT t.id) AS n FROM participation t JOIN payment p ON p.participation_id = t.id "
        "WHERE t.campaign_id = ? AND t.state IN ('joined', 'needs_attention') AND t.captured_minor < t.due_minor "
        "AND p.purpose = 'balance' AND p.state = 'created' AND p.due_at < ?",
        campaign["id"],
        clock.now(),
    )
    asked = await db.fetch_one(
        "SELECT id FROM payment WHERE campaign_id = ? AND purpose = 'balance' LIMIT 1", campaign["id"]
    )
    assert row and late
    if asked is None and campaign["payment_plan"] != "authorize":
        return None
    return {
        "members": row["members"],
        "missing": int(row["missing"] or 0),
        "missing_minor": int(row["missing_minor"] or 0),
        "captured_minor": int(row["captured_minor"] or 0),
        "late": late["n"],
    }


async def balance_of(participation_id: str) -> Json | None:
    """What a member still owes for their place at the close: ``asked_minor`` in all, paid, missing, ``due_at`` and
    ``lost_at``; ``None`` where nothing is asked for. The caller has checked whose place it is."""
    row = await db.fetch_one(
        "SELECT t.due_minor, t.captured_minor, MAX(p.due_at) AS due_at FROM participation t "
        "JOIN payment p ON p.participation_id = t.id AND p.purpose = 'balance' JOIN campaign c ON c.id = t.campaign_id "
        "WHERE t.id = ? AND t.state IN ('joined', 'needs_attention') AND c.state = 'closed' "
        "AND t.captured_minor < t.due_minor GROUP BY t.due_minor, t.captured_minor",
        participation_id,
    )
    due_at = db.instant(row["due_at"]) if row else None
    if row is None or due_at is None:
        return None
    return {
        "asked_minor": row["due_minor"],
        "captured_minor": row["captured_minor"],
        "missing_minor": row["due_minor"] - row["captured_minor"],
        "due_at": due_at,
        "lost_at": overdue_at(due_at),
    }


async def _ask_one(campaign: Json, row: Json, settled_minor: int) -> None:
    missing = missing_minor(settled_minor, row["captured_minor"])
    wanted = max(settled_minor, row["captured_minor"])
    if row["due_minor"] != wanted:
        await db.execute("UPDATE participation SET due_minor = ? WHERE id = ?", wanted, row["id"])
    if row["payment_state"] == "authorized":
        if missing:
            await enqueue(
                "payment.capture", key=f"capture:{row['payment_id']}", args={"payment_id": row["payment_id"]}
            )
        return
    if row["payment_id"] and row["amount_minor"] == missing:
        return
    if row["payment_id"]:
        await db.execute(
            "UPDATE payment SET state = 'closed' WHERE id = ? AND state = 'created'", row["payment_id"]
        )
    if missing:
        await _request(campaign, row, missing, settled_minor)


async def _request(campaign: Json, row: Json, missing_minor: int, settled_minor: int) -> None:
    """Write a balance and tell its member. Whoever owed one already has no more time than before."""
    now = clock.now()
    owed_already = row["captured_minor"] < row["due_minor"]
    due_at = (db.instant(row["due_at"]) if owed_already else None) or now + timedelta(
        days=campaign["balance_days"]
    )
    await db.execute(
        "INSERT INTO payment (id, participation_id, campaign_id, user_id, amount_minor, currency, gateway, "
        "description, locale, checkout_url, purpose, holds, state, refunded_minor, created_at, due_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'en', '', 'balance', FALSE, 'created', 0, ?, ?)",
        new_id(),
        row["id"],
        campaign["id"],
        row["user_id"],
        missing_minor,
        row["currency"],
        row["gateway"],
        f"{campaign['title']} ({campaign['code']})",
        now,
        due_at,
    )
    await record(
        "participation.balance_requested", subject="participation", subject_id=row["id"],
        campaign_id=campaign["id"], audience="organizer",
        payload={"settled_minor": settled_minor, "balance_minor": missing_minor, "due_at": due_at.isoformat()},
    )  # fmt: skip


async def _waiting(campaign_id: str, prices: dict[str, int]) -> Json:
    rows = [row for row in await db.fetch(_MEMBERS, campaign_id) if _owes(row, prices)]
    if not rows:
        return _verdict(COLLECTED)
    first = max(min(_last_hour(row) for row in rows), clock.now() + LOOK_AGAIN)
    return _verdict(WAITING, first)


def _owes(row: Json, prices: dict[str, int]) -> bool:
    return row["id"] in prices and row["captured_minor"] < prices[row["id"]]


def _last_hour(row: Json) -> datetime:
    """Until when a member who owes something keeps their place."""
    if row["payment_state"] == "authorized":
        held = db.instant(row["hold_until"])
        assert held
        return max(held, clock.now() + LOOK_AGAIN)  # the provider, not the hour, says what became of it
    due_at = db.instant(row["due_at"])
    return overdue_at(due_at) if due_at else clock.now()


async def _changed(campaign: Json, turn: int) -> Json:
    proposal = await proposal_of(campaign, turn=turn)
    if proposal:
        await supersede(proposal["id"])
    return _verdict(CHANGED)


def _prices(proposal: Json) -> dict[str, int]:
    return {
        member["id"]: member["settled_minor"]
        for member in proposal["result"]["members"]
        if member["answers"] is not None
    }


def _verdict(verdict: str, until: datetime | None = None) -> Json:
    return {"verdict": verdict, "until": until.isoformat() if until else None}
