"""The lock: from here on nothing about the batch changes.

In one transaction the proposal is compared with what members want now, counted again in another way than it was found,
every specification is validated again, who is not served leaves with all their money, everything is frozen as canonical
JSON with its SHA-256, and what each member pays in the end is written beside what they get.
"""

from __future__ import annotations

import json
from typing import Any

from c2b.campaigns.changes import change_state, hold
from c2b.campaigns.counting import give_back_places
from c2b.campaigns.models import FrozenBatch
from c2b.campaigns.rules import price_tiers
from c2b.catalog.queries import PinnedSchema, pinned_schema
from c2b.events.operations import Happening, record_all
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import sha256_hex
from c2b.participations.closing.checking import LockRefused, check
from c2b.participations.closing.collecting import captured_of, collect, digest_of
from c2b.participations.closing.proposing import CHANGED, LOCKED, OVER, proposal_of, supersede
from c2b.participations.leaving import leave_out, leaving, make_room
from c2b.participations.rules import Priced, price
from c2b.participations.waitlist import offer_places

__all__ = ["LockRefused", "lock", "release_places"]

Json = dict[str, Any]


async def release_places(campaign_id: str) -> int:
    """Whoever has not paid when the group closes is not part of it; money that still comes goes back by itself.

    What becomes free is offered to the waitlist, and the closing waits for those who are asked.
    """
    campaign = await hold(campaign_id)
    if campaign["state"] != "closed":
        return 0
    rows = await db.fetch(
        "UPDATE participation SET state = 'expired', left_at = ?, reserved_until = NULL "
        "WHERE campaign_id = ? AND state = 'pending_payment' RETURNING quantity",
        clock.now(),
        campaign_id,
    )
    units = sum(row["quantity"] for row in rows)
    if units:
        await give_back_places(campaign_id, reserved=units, paid=0)
    await offer_places(campaign_id)
    return units


async def lock(campaign_id: str, *, turn: int) -> str:
    """Make the proposal of this turn the batch: ``"locked"``; ``"changed"`` when it is not true any more.

    ``"over"`` if it was decided elsewhere (canceled, say). Runs inside the caller's transaction.
    """
    campaign = await hold(campaign_id)
    if campaign["state"] != "closed":
        return LOCKED if campaign["locked_at"] else OVER
    proposal = await proposal_of(campaign, turn=turn)
    if proposal is None:
        raise LockRefused(f"{campaign_id}: nothing was proposed in turn {turn}")
    inputs = await collect(campaign)
    if proposal["input_digest"] != digest_of(inputs) or await _unpaid(campaign_id):
        await supersede(proposal["id"])
        return CHANGED
    schema, result = await pinned_schema(campaign["schema_id"]), proposal["result"]
    check(schema, campaign, inputs, result, await captured_of(campaign_id))
    if await make_room(campaign_id, result):
        await supersede(proposal["id"])
        return CHANGED
    committed = {each["id"]: each["paid_minor"] for each in inputs["members"]}
    staying = [
        _Seat(schema, inputs["campaign"], member, committed[member["id"]])
        for member in result["members"]
        if member["answers"] is not None
    ]
    await leave_out(campaign_id, leaving(result))
    await _confirm(campaign_id, staying)
    await _freeze(campaign, schema, result, staying)
    await db.execute("UPDATE allocation SET state = 'locked' WHERE id = ?", proposal["id"])
    await change_state(
        campaign_id, from_states=("closed",), to_state="locked", event="campaign.locked", stamp="locked_at",
        payload={"paid": result["units"], "unit_price_minor": result["unit_price_minor"], "members": len(staying),
                 "left_out": len(leaving(result))},
    )  # fmt: skip
    return LOCKED


class _Seat:
    """What a served member gets, hashed and priced. The first choice keeps the quote that it was promised."""

    def __init__(self, schema: PinnedSchema, campaign: Json, member: Json, committed_minor: int) -> None:
        self.member, self.id = member, member["id"]
        self.first: bool = member["outcome"]["rank"] == 0
        self.priced = self._promised(schema, campaign, member, committed_minor)

    @staticmethod
    def _promised(schema: PinnedSchema, campaign: Json, member: Json, committed_minor: int) -> Priced:
        """At the dearest tier that does not cost more than the commitment: what was promised at joining."""
        for tier in price_tiers(campaign["tiers"]):
            priced = price(
                schema.parsed, batch_answers=campaign["batch_answers"], answers=member["answers"],
                tier_unit_price_minor=tier.unit_price_minor, quantity=member["units"],
                currency=campaign["currency"], schema_version=schema.version,
            )  # fmt: skip
            if priced.quote.total_minor <= committed_minor:
                return priced
        return priced

    def row(self) -> tuple[Any, ...]:
        own = (
            canonical_json(self.priced.answers).decode(), self.priced.digest, self.priced.configuration_key,
            int(self.priced.quote.schema_version), canonical_json(self.member["outcome"]).decode(),
            self.member["settled_minor"],
        )  # fmt: skip
        quote = () if self.first else (canonical_json(self.priced.quote.to_dict()).decode(),)
        return (*own, *quote, self.id)


_CONFIRM_FIRST = (
    "UPDATE participation SET state = 'confirmed', attention = '', answers = ?, digest = ?, configuration_key = ?, "
    "schema_version = ?, outcome = ?, settled_minor = ? WHERE id = ? AND state IN ('joined', 'needs_attention')"
)
_CONFIRM_OTHER = (
    "UPDATE participation SET state = 'confirmed', attention = '', answers = ?, digest = ?, configuration_key = ?, "
    "schema_version = ?, outcome = ?, settled_minor = ?, quote = ? WHERE id = ? "
    "AND state IN ('joined', 'needs_attention')"
)


async def _confirm(campaign_id: str, staying: list[_Seat]) -> None:
    await db.execute_many(_CONFIRM_FIRST, [seat.row() for seat in staying if seat.first])
    await db.execute_many(_CONFIRM_OTHER, [seat.row() for seat in staying if not seat.first])
    await record_all(
        Happening("participation.confirmed", "participation", seat.id, campaign_id, None, "organizer")
        for seat in staying
    )


async def _freeze(campaign: Json, schema: PinnedSchema, result: Json, staying: list[_Seat]) -> None:
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
                "batch_answers": _json(campaign["batch_answers"]),
                "quantity": result["units"],
                "retail_unit_price_minor": result["unit_price_minor"],
                "locked_at": now.isoformat(),
                "small_lots": [
                    {key: cell[key] for key in ("key", "count", "minimum", "premium_minor", "fee_minor")}
                    for cell in result["cells"]
                    if cell["fee_minor"]
                ],
            },
            "participations": [
                {
                    "id": seat.id,
                    "quantity": seat.member["units"],
                    "answers": seat.priced.answers,
                    "digest": seat.priced.digest,
                    "configuration_key": seat.priced.configuration_key,
                    "schema_version": schema.version,
                }
                for seat in sorted(staying, key=lambda seat: seat.id)
            ],
        }
    )
    await FrozenBatch.create(
        campaign_id=campaign["id"], canonical=canonical.decode(), digest=sha256_hex(canonical), frozen_at=now
    )


async def _unpaid(campaign_id: str) -> bool:
    """Somebody from the waitlist has been offered a place and still has time to pay."""
    row = await db.fetch_one(
        "SELECT id FROM participation WHERE campaign_id = ? AND state = 'pending_payment' LIMIT 1",
        campaign_id,
    )
    return row is not None


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
