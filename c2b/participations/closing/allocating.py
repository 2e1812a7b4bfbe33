"""Working out a proposal: collected in one breath, computed outside of any transaction, large ones in a child process.

The event loop stays free meanwhile, so pages are served and the worker's lease is kept alive.
"""

from __future__ import annotations

import json
from typing import Any

from c2b.campaigns.changes import hold
from c2b.catalog.queries import pinned_schema, product
from c2b.durable.jobs import PermanentFailure
from c2b.kit import db
from c2b.kit.aside import AsideFailed, aside
from c2b.participations.closing.collecting import collect, digest_of
from c2b.participations.closing.computing import WrongAllocation, compute

Json = dict[str, Any]
#: Members, and with alternatives their specifications, up to which it takes less time than starting a process would.
SMALL = 150


class AllocationFailed(PermanentFailure):
    """No proposal that may be used came out. Nothing was changed; an admin must look."""


async def allocate(campaign_id: str) -> Json | None:
    """The proposal for a closed campaign as it stands now, with the digest of what it was computed from.

    ``None`` when it is not closed any more. Raises ``AllocationFailed``.
    """

    async def read() -> Json | None:
        campaign = await hold(campaign_id)
        return await task_of(campaign) if campaign["state"] == "closed" else None

    task = await db.atomically(read)
    if task is None:
        return None
    return {"digest": digest_of(task["inputs"]), "result": await proposal_for(task)}


async def task_of(campaign: Json) -> Json:
    """All that a proposal is computed from: `computing.compute`."""
    schema = await pinned_schema(campaign["schema_id"])
    quoted = (await product(campaign["product_id"]))["quotation"]["tiers"]
    return {"schema": schema.document, "inputs": await collect(campaign), "quoted": quoted}


async def proposal_for(task: Json) -> Json:
    """The checked proposal for a task, wherever it is computed. Raises ``AllocationFailed``."""
    try:
        if size_of(task["inputs"]) <= SMALL:
            found: Json = json.loads(json.dumps(compute(task)))  # as it comes from a child
        else:
            found = await aside("c2b.participations.closing.computing:compute", task)
    except (WrongAllocation, AsideFailed) as error:
        raise AllocationFailed(f"allocation of {task['inputs']['campaign']['id']}: {error}") from error
    return found


def size_of(inputs: Json) -> int:
    """How much there is to allocate, roughly: members and their alternatives."""
    return sum(
        1 + sum(len(each.get("any_of", "1")) for each in member["preferences"].get("alternatives", ()))
        for member in inputs["members"]
    )
