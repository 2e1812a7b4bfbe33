"""The lock: from here on nothing about the batch changes.

In one transaction the paid units are counted again, members whose option too few people chose are left out and
refunded, every requirement is validated again, everything is frozen as canonical JSON with its SHA-256, and the price
of the tier that was reached is written to every member.
"""

from __future__ import annotations

import json
from typing import Any

from c2b.campaigns.changes import change_state, hold
from c2b.campaigns.counting import give_back_places, wait_or_fail
from c2b.campaigns.models import FrozenBatch
from c2b.campaigns.rules import price_at, price_tiers
from c2b.catalog.queries import PinnedSchema, pinned_schema
from c2b.catalog.rules import Quote, Shortfall
from c2b.catalog.validation import validate
from c2b.durable.jobs import PermanentFailure
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import sha256_hex
from c2b.participations.rules import Wish, makeable, settled_total


class LockRefused(PermanentFailure):
    """What would be frozen is not what was paid or promised. Nothing was changed; an admin must look."""


async def lock(campaign_id: str) -> str:
    """Lock a closed campaign: ``"locked"``; ``"waiting"`` or ``"failed"`` when too few units can be made.

    ``"over"`` if it was decided elsewhere (canceled, say). Runs inside the caller's transaction.
    """
    campaign = await hold(campaign_id)
    if campaign["state"] != "closed":
        return "locked" if campaign["locked_at"] else "over"
    await _release_places(campaign_id)
    members = await _members(campaign_id)
    if sum(row["quantity"] for row in members) != campaign["paid"]:
        raise LockRefused(f"{campaign_id}: members hold another number of units than was paid for")
    schema = await pinned_schema(campaign["schema_id"])
    batch_answers = _json(campaign["batch_answers"])
    _check_answers(schema, members, batch_answers)
    wishes = [Wish(row["id"], row["quantity"], {**row["answers"], **batch_answers}) for row in members]
    staying, short = makeable(schema.parsed, wishes)
    units = sum(wish.quantity for wish in staying)
    if units < campaign["threshold"]:
        return await wait_or_fail(campaign_id, makeable=units)
    await _leave_out([row for row in members if row["id"] in short], short, campaign_id)
    members = [row for row in members if row["id"] not in short]
    reached = price_at(price_tiers(_json(campaign["tiers"])), units)
    await _freeze({**campaign, "paid": units}, schema, members, reached)
    await _confirm(campaign_id, members, reached)
    await change_state(
        campaign_id, from_states=("closed",), to_state="locked", event="campaign.locked", stamp="locked_at",
        payload={"paid": units, "unit_price_minor": reached, "members": len(members), "left_out": len(short)},
    )  # fmt: skip
    return "locked"


def _check_answers(
    schema: PinnedSchema, members: list[dict[str, Any]], batch_answers: dict[str, Any]
) -> None:
    for member in members:
        faults = validate(
            schema.document, answers=member["answers"], fixed=batch_answers, digest=schema.digest
        )
        if faults:
            raise LockRefused(
                f"participation {member['id']} is no longer valid: {faults[0].path} {faults[0].code}"
            )


async def _leave_out(members: list[dict[str, Any]], short: dict[str, Shortfall], campaign_id: str) -> None:
    """Whoever chose an option that too few people chose is refunded in full, and told which one it was."""
    for member in members:
        missing = short[member["id"]]
        await db.execute(
            "UPDATE participation SET state = 'refunding', left_at = ?, attention = ? "
            "WHERE id = ? AND state = 'joined'",
            clock.now(),
            f"option_minimum:{missing.attribute}:{missing.code}:{missing.count}:{missing.moq}",
            member["id"],
        )
        await record(
            "participation.left_out", subject="participation", subject_id=member["id"], campaign_id=campaign_id,
            actor_id=member["user_id"], audience="organizer",
            payload={"attribute": missing.attribute, "option": str(missing.code), "count": missing.count,
                     "minimum": missing.moq, "paid": True},
        )  # fmt: skip
    units = sum(member["quantity"] for member in members)
    await give_back_places(campaign_id, reserved=units, paid=units)


async def _release_places(campaign_id: str) -> None:
    """Whoever has not paid by now is not part of the batch; money that still comes goes back by itself."""
    rows = await db.fetch(
        "UPDATE participation SET state = 'expired', left_at = ?, reserved_until = NULL "
        "WHERE campaign_id = ? AND state = 'pending_payment' RETURNING quantity",
        clock.now(),
        campaign_id,
    )
    if rows:
        await give_back_places(campaign_id, reserved=sum(row["quantity"] for row in rows), paid=0)


async def _members(campaign_id: str) -> list[dict[str, Any]]:
    rows = await db.fetch(
        "SELECT id, user_id, quantity, answers, digest, configuration_key, quote FROM participation "
        "WHERE campaign_id = ? AND state = 'joined' ORDER BY id",
        campaign_id,
    )
    return [{**row, "answers": _json(row["answers"]), "quote": _json(row["quote"])} for row in rows]


async def _freeze(
    campaign: dict[str, Any], schema: PinnedSchema, members: list[dict[str, Any]], reached: int
) -> None:
    batch_answers = _json(campaign["batch_answers"])
    now = clock.now()
    canonical = canonical_json(
        {
            "campaign": {
                **{
                    key: campaign[key]
                    for key in ("id", "code", "title", "product_id", "schema_id", "currency")
                },
                "schema_version": schema.version,
                "schema_digest": schema.digest,
                "batch_answers": batch_answers,
                "quantity": campaign["paid"],
                "retail_unit_price_minor": reached,
                "locked_at": now.isoformat(),
            },
            "participations": [
                {key: member[key] for key in ("id", "quantity", "answers", "digest", "configuration_key")}
                for member in members
            ],
        }
    )
    await FrozenBatch.create(
        campaign_id=campaign["id"], canonical=canonical.decode(), digest=sha256_hex(canonical), frozen_at=now
    )


async def _confirm(campaign_id: str, members: list[dict[str, Any]], reached: int) -> None:
    await db.execute_many(
        "UPDATE participation SET state = 'confirmed', settled_minor = ? WHERE id = ? AND state = 'joined'",
        [
            (settled_total(Quote.from_dict(member["quote"]), reached_unit_price_minor=reached), member["id"])
            for member in members
        ],
    )
    await record_all(
        Happening("participation.confirmed", "participation", member["id"], campaign_id, None, "organizer")
        for member in members
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
