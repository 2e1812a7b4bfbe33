"""A proposal before it becomes the batch: kept, told, and open for a while to those who asked to be asked first.

Who asked for it and gets something else than their first choice, or pays a small-lot fee, may refuse until a stated
hour: they leave with all their money. Who was asked about the same thing before is not asked again.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.counting import wait_or_fail
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id
from c2b.participations.closing.collecting import collect, digest_of
from c2b.participations.leaving import make_room

Json = dict[str, Any]
#: What a turn comes to: see `workflows/closing.py`.
CHANGED, PROPOSED, LOCKED, OVER = "changed", "proposed", "locked", "over"


async def propose(campaign_id: str, *, turn: int, proposal: Json | None) -> Json:
    """Keep and tell a proposal: ``verdict`` and, where somebody may object, ``until`` (ISO).

    ``changed``: what members want is not what it was computed from. ``waiting`` or ``failed``: too few can be served.
    ``locked`` or ``over``: it was decided elsewhere. Runs inside the caller's transaction.
    """
    campaign = await hold(campaign_id)
    if campaign["state"] != "closed":
        return {"verdict": LOCKED if campaign["locked_at"] else OVER, "until": None}
    inputs = await collect(campaign)
    if proposal is None or proposal["digest"] != digest_of(inputs):
        return {"verdict": CHANGED, "until": None}
    result = proposal["result"]
    if result["units"] < campaign["threshold"]:
        await _keep(campaign, turn, proposal, until=None, state="superseded")
        if _is_over(campaign) and await make_room(campaign_id, result):
            return {"verdict": CHANGED, "until": None}
        return {"verdict": await wait_or_fail(campaign_id, makeable=result["units"]), "until": None}
    asked = await _to_ask(campaign, inputs, result)
    until = clock.now() + timedelta(hours=campaign["objection_hours"]) if asked else None
    proposal = {**proposal, "result": {**result, "asked": sorted(asked)}}
    await _keep(campaign, turn, proposal, until=until, state="proposed")
    if until:
        await _tell(campaign, turn, result, asked, until)
    return {"verdict": PROPOSED, "until": until.isoformat() if until else None}


def _is_over(campaign: Json) -> bool:
    """No deadline is ahead: the waitlist is all that can still save the group."""
    deadline = db.instant(campaign["deadline"])
    return deadline is None or deadline <= clock.now()


async def proposal_of(campaign: Json, *, turn: int | None = None) -> Json | None:
    """The proposal of a campaign's present round that stands (of ``turn``, unless the latest), as a row."""
    row = await db.fetch_one(
        "SELECT * FROM allocation WHERE campaign_id = ? AND round = ? AND state = 'proposed' "
        "ORDER BY turn DESC LIMIT 1",
        campaign["id"],
        campaign["round"],
    )
    return read(row) if row and turn in (None, row["turn"]) else None


async def standing(campaign: Json, turn: int) -> Json | None:
    """The proposal of ``turn`` as long as members want what it was computed from. The campaign's row is held."""
    proposal = await proposal_of(campaign, turn=turn)
    if proposal is None or proposal["input_digest"] != digest_of(await collect(campaign)):
        return None
    return proposal


def read(row: Json) -> Json:
    """An allocation's row with JSON parsed and instants as instants."""
    return {
        **row,
        "result": _json(row["result"]),
        "accepted": _json(row["accepted"]),
        "created_at": db.instant(row["created_at"]),
        "objections_until": db.instant(row["objections_until"]),
    }


async def supersede(allocation_id: str) -> None:
    """Wishes have changed: another turn follows."""
    await db.execute("UPDATE allocation SET state = 'superseded' WHERE id = ?", allocation_id)


async def _to_ask(campaign: Json, inputs: Json, result: Json) -> dict[str, Json]:
    """Who may object, by participation: they asked for it, it is not their plain first choice, and it is news."""
    if not campaign["objection_hours"]:
        return {}
    careful = {each["id"] for each in inputs["members"] if each["preferences"].get("ask_first")}
    changed = {
        member["id"]: member
        for member in result["members"]
        if member["id"] in careful and member["outcome"]["kind"] in ("alternative", "fee")
    }
    for earlier in await _earlier(campaign) if changed else ():
        known = {member["id"]: member for member in earlier["result"]["members"]}
        for id in earlier["result"]["asked"]:
            if id in changed and _no_worse(changed[id], than=known[id]):
                del changed[id]
    return changed


def _no_worse(member: Json, *, than: Json) -> bool:
    same: bool = member["answers"] == than["answers"]
    return same and member["settled_minor"] <= than["settled_minor"]


async def _earlier(campaign: Json) -> list[Json]:
    """What was proposed, and open to objections, in earlier turns of this round."""
    rows = await db.fetch(
        "SELECT * FROM allocation WHERE campaign_id = ? AND round = ? AND objections_until IS NOT NULL ORDER BY turn",
        campaign["id"],
        campaign["round"],
    )
    return [read(row) for row in rows]


async def _keep(campaign: Json, turn: int, proposal: Json, *, until: datetime | None, state: str) -> None:
    await db.execute(
        "INSERT INTO allocation (id, campaign_id, round, turn, input_digest, result, state, created_at, "
        "objections_until, accepted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '[]')",
        new_id(),
        campaign["id"],
        campaign["round"],
        turn,
        proposal["digest"],
        canonical_json({"asked": [], **proposal["result"]}).decode(),
        state,
        clock.now(),
        until,
    )


async def _tell(campaign: Json, turn: int, result: Json, asked: dict[str, Json], until: datetime) -> None:
    """The organizer and the admins hear of the whole, whoever may object of their own part."""
    units = sum(member["units"] for member in result["members"])
    await record(
        "campaign.proposed", subject="campaign", subject_id=campaign["id"], campaign_id=campaign["id"],
        audience="organizer",
        payload={"turn": turn, "served": result["units"], "leaving": units - result["units"], "asked": len(asked),
                 "unit_price_minor": result["unit_price_minor"], "until": until.isoformat()},
    )  # fmt: skip
    await record_all(
        Happening(
            "participation.proposed", "participation", id, campaign["id"], None, "organizer",
            {"turn": turn, "until": until.isoformat(), "outcome": member["outcome"],
             "settled_minor": member["settled_minor"]},
        )
        for id, member in sorted(asked.items())
    )  # fmt: skip


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
