"""If it closed now: worked out by a job after wishes have changed, shown only while they are still the same.

A group that fills quickly changes many times a second. So changes within one stretch of ``SETTLE`` seconds share a job
that is due at its end: at most one waits per campaign, and it computes for whatever is true then.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from c2b.campaigns.changes import hold
from c2b.campaigns.rules import JOINABLE
from c2b.campaigns.votes import settled
from c2b.catalog.queries import pinned_schema
from c2b.durable import Lease, enqueue, job
from c2b.durable.jobs import Postponed
from c2b.kit import clock, db
from c2b.kit.aside import aside
from c2b.kit.canonical import canonical_json
from c2b.participations.closing.allocating import size_of, task_of
from c2b.participations.foresight.foreseeing import foresee
from c2b.participations.votes.polls import polls_of

Json = dict[str, Any]
#: Seconds within which changes wait for each other.
SETTLE = 4
#: Members and alternatives up to which it is over before a child process would have started.
SMALL = 60
KIND = "campaign.preview"


async def ask(campaign_id: str) -> None:
    """Somebody's wishes have changed: look anew soon. Part of the transaction that changed them."""
    stretch = int(clock.now().timestamp()) // SETTLE + 1
    await enqueue(
        KIND,
        key=f"preview:{campaign_id}:{stretch}",
        args={"campaign_id": campaign_id},
        due_at=datetime.fromtimestamp(stretch * SETTLE, UTC),
    )


@job(KIND, attempts=4)
async def preview(lease: Lease, *, campaign_id: str, **_: Any) -> None:
    """Keep the preview of an open campaign true. Twice is once: what is true already is left alone."""
    if await _others_at_work(lease, campaign_id):
        raise Postponed(clock.now() + timedelta(seconds=SETTLE))
    task = await db.atomically(lambda: _collected(campaign_id))
    if task is None:
        return
    if size_of(task["inputs"]) <= SMALL:
        found: Json = foresee(task)
    else:
        found = await aside("c2b.participations.foresight.foreseeing:foresee", task)
    async with lease.completing():
        await _keep(campaign_id, task, found)


async def _others_at_work(lease: Lease, campaign_id: str) -> bool:
    """An earlier job for the same campaign is still computing: its result would only be thrown away by ours."""
    rows = await db.fetch(
        "SELECT id, args FROM job WHERE state = 'running' AND kind = ? AND id < ? AND lease_until > ?",
        KIND,
        lease.job_id,
        clock.now(),
    )
    return any(_json(row["args"])["campaign_id"] == campaign_id for row in rows)


async def _collected(campaign_id: str) -> Json | None:
    """What to compute from and for which wishes; ``None`` where nothing is open, paid for, or new.

    Votes that are still open are taken as they stand; while nobody has voted there is nothing to foresee.
    """
    campaign = await hold(campaign_id)
    if campaign["state"] not in JOINABLE or not campaign["paid"]:
        return None
    kept = await db.fetch_one("SELECT wishes_version FROM preview WHERE campaign_id = ?", campaign_id)
    if kept and kept["wishes_version"] == campaign["wishes_version"]:
        return None
    polls = [poll for poll in await polls_of(campaign_id) if poll.state == "open"]
    assumed = {poll.attribute: poll.leader for poll in polls}
    if None in assumed.values():
        return None
    schema = await pinned_schema(campaign["schema_id"])
    batch = settled(schema.parsed, _json(campaign["batch_answers"]), assumed)
    task = await task_of({**campaign, "batch_answers": batch})
    task["inputs"]["campaign"]["votes"] += [
        {"attribute": poll.attribute, "choices": [code for code, _ in poll.units], "outcome": poll.leader}
        for poll in polls
    ]
    return {**task, "wishes_version": campaign["wishes_version"], "assumed": assumed}


async def _keep(campaign_id: str, task: Json, found: Json) -> None:
    """Unless a newer one is there."""
    terms = {"assumed": task["assumed"], "terms_version": task["inputs"]["campaign"]["terms_version"]}
    await db.execute(
        "INSERT INTO preview (campaign_id, wishes_version, result, nudges, computed_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (campaign_id) DO UPDATE SET wishes_version = excluded.wishes_version, "
        "result = excluded.result, nudges = excluded.nudges, computed_at = excluded.computed_at "
        "WHERE preview.wishes_version < excluded.wishes_version",
        campaign_id,
        task["wishes_version"],
        canonical_json({**found["result"], **terms}).decode(),
        canonical_json(found["nudges"]).decode(),
        clock.now(),
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
