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
    """``answers`` are the member's variant and unit answers; ``quote`` is the promise with its inputs.

    ``preferences``: alternatives, limits and votes (`preferences.py`). ``total_minor``: the most that any of the
    choices may cost. ``outcome``: what the allocation gave and why, written at the lock. ``due_minor``: what the member
    has been asked to pay so far (all of it, or a deposit first); ``captured_minor``: what of that has come and counts.
    ``commit_below_minor``: the tier price per unit from which on this member takes part, because they said so or
    because of their highest unit price; ``None``: any tier's.
    """

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
    due_minor = fields.BigIntField(default=0)
    captured_minor = fields.BigIntField(default=0)
    commit_below_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=16, default="pending_payment")
    attention = fields.TextField(default="")
    preferences: Json = fields.JSONField(default=dict)
    outcome: Any = fields.JSONField(null=True)
    joined_at = fields.DatetimeField()
    reserved_until = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField(null=True)
    left_at = fields.DatetimeField(null=True)

    class Meta:
        table = "participation"
        indexes = (Index(fields=("campaign_id", "state")), Index(fields=("user_id", "id")))


class Reconfirmation(Model):
    """A member is asked again: the schema or the batch changed under their answers. ``faults``: what no longer fits.

    ``state``: ``open``, ``answered``, ``kept`` (no answer in time, answers still valid), ``left`` (refunded).
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    participation: Any = fields.ForeignKeyField("models.Participation", on_delete=fields.RESTRICT)
    participation_id: str
    campaign_id = fields.CharField(max_length=26, db_index=True)
    reason = fields.CharField(max_length=8)
    terms_version = fields.IntField()
    faults: list[Json] = fields.JSONField(default=list)
    state = fields.CharField(max_length=8, default="open")
    asked_at = fields.DatetimeField()
    answer_until = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reconfirmation"


class Allocation(Model):
    """One proposal of the closing workflow: who gets what. ``input_digest`` names what it was computed from.

    ``state``: ``proposed``, ``locked`` (it became the batch), ``superseded`` (wishes changed, another turn follows).
    ``accepted``: the participations, among those who may object until ``objections_until``, that have agreed.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    round = fields.IntField()
    turn = fields.IntField()
    input_digest = fields.CharField(max_length=64)
    result: Json = fields.JSONField()
    state = fields.CharField(max_length=10, default="proposed")
    created_at = fields.DatetimeField()
    objections_until = fields.DatetimeField(null=True)
    accepted: list[str] = fields.JSONField(default=list)

    class Meta:
        table = "allocation"
        unique_together = (("campaign_id", "round", "turn"),)


class Preview(Model):
    """What would be made if the group closed now, and what would help. True for ``wishes_version`` only."""

    campaign_id = fields.CharField(max_length=26, primary_key=True)
    wishes_version = fields.IntField()
    result: Json = fields.JSONField()
    nudges: list[Json] = fields.JSONField(default=list)
    computed_at = fields.DatetimeField()

    class Meta:
        table = "preview"


_GONE = ",".join(f"'{state}'" for state in GONE)
_STATES = (
    "'waitlisted','pending_payment','joined','needs_attention','confirmed','in_fulfillment','delivered','completed',"
    + _GONE
)

GUARDS = [
    guards.Check("participation", "participation_quantity", "{quantity} >= 1 AND {quantity} <= 20"),
    guards.Check("participation", "participation_total", "{total_minor} > 0"),
    guards.Check(
        "participation", "participation_settled", "{settled_minor} > 0 AND {settled_minor} <= {total_minor}"
    ),
    guards.Check(
        "participation",
        "participation_money",
        "0 <= {captured_minor} AND {captured_minor} <= {due_minor} AND {due_minor} <= {total_minor}",
    ),
    # the last line before anything is ordered: what a place costs in the end has been captured
    guards.Check(
        "participation",
        "participation_covered",
        "{settled_minor} IS NULL OR {settled_minor} <= {captured_minor}",
    ),
    guards.Check("participation", "participation_state", f"{{state}} IN ({_STATES})"),
    guards.PartialUnique(
        "participation", "one_place_each", ("campaign_id", "user_id"), f"state NOT IN ({_GONE})"
    ),
    guards.Index("participation", "participation_waiting", ("campaign_id", "id"), "state = 'waitlisted'"),
    guards.Check("reconfirmation", "reconfirmation_state", "{state} IN ('open','answered','kept','left')"),
    guards.Check("reconfirmation", "reconfirmation_reason", "{reason} IN ('schema','vote')"),
    guards.PartialUnique("reconfirmation", "asked_once", ("participation_id",), "state = 'open'"),
    guards.Index("reconfirmation", "reconfirmation_due", ("answer_until",), "state = 'open'"),
    guards.Check("allocation", "allocation_state", "{state} IN ('proposed','locked','superseded')"),
    guards.PartialUnique("allocation", "one_locked_allocation", ("campaign_id",), "state = 'locked'"),
    guards.Check(
        "participation",
        "participation_commit_below",
        "{commit_below_minor} IS NULL OR {commit_below_minor} > 0",
    ),
    guards.Index(
        "participation",
        "participation_conditional",
        ("campaign_id", "commit_below_minor", "quantity"),
        "commit_below_minor IS NOT NULL",
    ),
    guards.Index("participation", "participation_unpaid", ("reserved_until",), "state = 'pending_payment'"),
    guards.Frozen(
        "participation", ("campaign_id", "user_id", "quantity", "currency", "total_minor", "settled_minor")
    ),
]
