"""The part of the demo in which many wishes become one batch: the vote, the close, and who got what and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from c2b.campaigns.counting import keep_deadlines
from c2b.catalog.queries import pinned_schema
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.i18n import pick
from c2b.participations.explanations.explained import outcome_of
from c2b.participations.explanations.explaining import cell_words
from c2b.participations.votes.deciding import keep_votes

_KINDS = {
    "first": "get their first choice",
    "alternative": "get one of their alternatives",
    "fee": "get what they want and pay for the small lot",
    "left": "cannot be served and are refunded",
}


class Says(Protocol):
    """Where the story is told."""

    def line(self, text: str) -> None: ...


async def decide_together(campaign_id: str, *, ends: datetime, closes: datetime, stage: Says) -> None:
    """Let the vote and the joining end at their hours, and whoever wants to be asked stay silent."""
    clock.set(ends + timedelta(seconds=5))
    await keep_votes()
    await drain()
    await _say_vote(campaign_id, stage)
    clock.set(max(clock.now(), closes + timedelta(seconds=5)))
    await keep_deadlines()
    await drain()
    clock.shift(timedelta(hours=25))
    await drain()
    await _say_batch(campaign_id, stage)
    await _say_members(campaign_id, stage)


async def _say_vote(campaign_id: str, stage: Says) -> None:
    row = await db.fetch_one(
        "SELECT v.attribute, v.outcome, c.schema_id FROM batch_vote v JOIN campaign c ON c.id = v.campaign_id "
        "WHERE v.campaign_id = ?",
        campaign_id,
    )
    assert row
    attribute = (await pinned_schema(row["schema_id"])).parsed.attribute(row["attribute"])
    option = attribute.option(_json(row["outcome"]))
    stage.line(f"the members decided: {pick(attribute.title)}: {pick(option.label) if option else ''}")


async def _say_batch(campaign_id: str, stage: Says) -> None:
    row = await db.fetch_one(
        "SELECT a.result, c.schema_id FROM allocation a JOIN campaign c ON c.id = a.campaign_id "
        "WHERE a.campaign_id = ? AND a.state = 'locked'",
        campaign_id,
    )
    assert row
    result, schema = _json(row["result"]), (await pinned_schema(row["schema_id"])).parsed
    proof = "proven best" if result["optimal"] else f"no batch could serve more than {result['units_bound']}"
    stage.line(f"{result['units']} units can be made ({proof})")
    for cell in result["cells"]:
        if cell["count"] < cell["minimum"]:
            end = "made: its members pay for the small lot" if cell["made"] else "not made"
            words = cell_words(schema, cell["key"])
            stage.line(f"  {words}: wanted by {cell['wanted']}, minimum {cell['minimum']}: {end}")


async def _say_members(campaign_id: str, stage: Says) -> None:
    """How many got what, and for each kind one member's own sentence."""
    rows = await db.fetch(
        "SELECT t.*, c.schema_id, u.name FROM participation t JOIN campaign c ON c.id = t.campaign_id "
        "JOIN user_account u ON u.id = t.user_id WHERE t.campaign_id = ? AND t.outcome IS NOT NULL ORDER BY t.id",
        campaign_id,
    )
    kinds = Counter(_json(row["outcome"])["kind"] for row in rows)
    for kind, words in _KINDS.items():
        if kinds[kind]:
            stage.line(f"{kinds[kind]:>3} members {words}")
            example = next(_of_kind(rows, kind))
            explained = await outcome_of({**example, "outcome": _json(example["outcome"])})
            stage.line(f"    {example['name']}: {explained.sentence if explained else ''}")


def _of_kind(rows: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    return (row for row in rows if _json(row["outcome"])["kind"] == kind)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
