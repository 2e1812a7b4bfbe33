"""Participations: one member's commitment with their requirement and the price promised to them.

The requirement lives in the same row: joining is the hottest write of the product, and the two are always written
and read together.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id

Json = dict[str, Any]
#: States in which a member no longer holds a place; somebody who left may join again.
GONE = ("expired", "withdrawn", "refunding", "refunded")


class Participation(Model):
    """``answers`` are the member's variant and unit answers; ``quote`` is the promise with its inputs."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    user_id = fields.CharField(max_length=26)
    invitation_id = fields.CharField(max_length=26, null=True, db_index=True)
    quantity = fields.IntField()
    answers: Json = fields.JSONField()
    digest = fields.CharField(max_length=64)
    configuration_key = fields.CharField(max_length=64)
    schema_version = fields.IntField()
    quote: Json = fields.JSONField()
    total_minor = fields.BigIntField()
    settled_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=16, default="pending_payment")
    attention = fields.TextField(default="")
    joined_at = fields.DatetimeField()
    reserved_until = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField(null=True)
    left_at = fields.DatetimeField(null=True)

    class Meta:
        table = "participation"
        indexes = (Index(fields=("campaign_id", "state")), Index(fields=("user_id", "id")))


_GONE = ",".join(f"'{state}'" for state in GONE)
_STATES = f"'pending_payment','joined','needs_attention','confirmed','in_fulfillment','delivered','completed',{_GONE}"

GUARDS = [
    guards.Check("participation", "participation_quantity", "{quantity} >= 1 AND {quantity} <= 20"),
    guards.Check("participation", "participation_total", "{total_minor} > 0"),
    guards.Check(
        "participation", "participation_settled", "{settled_minor} > 0 AND {settled_minor} <= {total_minor}"
    ),
    guards.Check("participation", "participation_state", f"{{state}} IN ({_STATES})"),
    guards.PartialUnique(
        "participation", "one_place_each", ("campaign_id", "user_id"), f"state NOT IN ({_GONE})"
    ),
    guards.Index("participation", "participation_unpaid", ("reserved_until",), "state = 'pending_payment'"),
    guards.Frozen(
        "participation", ("campaign_id", "user_id", "quantity", "currency", "total_minor", "settled_minor")
    ),
]
