"""Campaigns, their transitions, and the frozen batch."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id

Json = dict[str, Any]


class Campaign(Model):
    """A time-boxed group order for one product. ``reserved`` and ``paid`` count units.

    ``terms_version`` counts what members choose under (batch answers decided by a vote, another schema version);
    ``wishes_version`` counts what they want: what was computed from an older one is not shown. ``objection_hours``: how
    long members who asked for it may refuse what the allocation gives them.

    ``payment_plan``: ``full`` (all at joining), ``deposit`` (``deposit_percent`` at joining, the balance at the close,
    due ``balance_days`` after it was asked for), ``authorize`` (held at joining, captured at the close).
    ``conditional`` counts the units within ``paid`` whose members take part only from a tier price of their own on, and
    ``conditional_at`` the same by that price (`reach.py`).
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    slug = fields.CharField(max_length=80, unique=True)
    code = fields.CharField(max_length=22, unique=True)
    organizer_id = fields.CharField(max_length=26, db_index=True)
    product: Any = fields.ForeignKeyField("models.Product", on_delete=fields.RESTRICT)
    product_id: str
    schema: Any = fields.ForeignKeyField("models.ProductSchema", on_delete=fields.RESTRICT)
    schema_id: str
    title = fields.CharField(max_length=120)
    story = fields.TextField(default="")
    batch_answers: Json = fields.JSONField(default=dict)
    threshold = fields.IntField()
    cap = fields.IntField()
    tiers: list[Json] = fields.JSONField(default=list)
    currency = fields.CharField(max_length=3)
    closes = fields.CharField(max_length=12)
    visibility = fields.CharField(max_length=8)
    deadline = fields.DatetimeField()
    state = fields.CharField(max_length=14, default="draft")
    reserved = fields.IntField(default=0)
    paid = fields.IntField(default=0)
    round = fields.IntField(default=1)
    review_note = fields.TextField(default="")
    version = fields.IntField(default=1)
    objection_hours = fields.IntField(default=24)
    payment_plan = fields.CharField(max_length=10, default="full")
    deposit_percent = fields.IntField(default=0)
    balance_days = fields.IntField(default=7)
    conditional = fields.IntField(default=0)
    conditional_at: Json = fields.JSONField(default=dict)
    terms_version = fields.IntField(default=1)
    wishes_version = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    opened_at = fields.DatetimeField(null=True)
    threshold_reached_at = fields.DatetimeField(null=True)
    locked_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "campaign"
        indexes = (Index(fields=("state", "deadline")), Index(fields=("product_id",)))


class CampaignTransition(Model):
    """One step of a campaign's life. At most one outcome (locked, failed, or canceled
    before the lock) can ever be written."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    seq = fields.IntField()
    from_state = fields.CharField(max_length=14)
    to_state = fields.CharField(max_length=14)
    actor_id = fields.CharField(max_length=26, null=True)
    reason = fields.TextField(default="")
    at = fields.DatetimeField()

    class Meta:
        table = "campaign_transition"
        unique_together = (("campaign_id", "seq"),)


class BatchVote(Model):
    """A batch attribute that an organizer left open to the members: one vote per paid unit, ranked.

    ``tie_rule``: ``listed`` (the organizer's order of ``choices``), ``cheapest``, ``earliest`` (paid first).
    ``tally`` are the rounds of the count, kept with the outcome.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    attribute = fields.CharField(max_length=64)
    choices: list[Any] = fields.JSONField()
    closes_at = fields.DatetimeField()
    tie_rule = fields.CharField(max_length=8)
    state = fields.CharField(max_length=6, default="open")
    outcome: Any = fields.JSONField(null=True)
    tally: Any = fields.JSONField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "batch_vote"
        unique_together = (("campaign_id", "attribute"),)


class FrozenBatch(Model):
    """What was locked: the canonical JSON of every confirmed requirement, and its SHA-256."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.OneToOneField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    canonical = fields.TextField()
    digest = fields.CharField(max_length=64)
    frozen_at = fields.DatetimeField()

    class Meta:
        table = "frozen_batch"


class Counter(Model):
    """Yearly numbers without gaps: campaign codes and purchase order numbers."""

    name = fields.CharField(max_length=30, primary_key=True)
    value = fields.IntField(default=0)

    class Meta:
        table = "counter"


_STATES = (
    "'draft','under_review','open','threshold_met','closed','locked','ordered','in_production','shipping',"
    "'completed','failed','canceled'"
)

GUARDS = [
    guards.Check(
        "campaign", "campaign_counts", "0 <= {paid} AND {paid} <= {reserved} AND {reserved} <= {cap}"
    ),
    guards.Check("campaign", "campaign_size", "{threshold} >= 2 AND {cap} >= {threshold}"),
    guards.Check("campaign", "campaign_state", f"{{state}} IN ({_STATES})"),
    guards.Check("campaign", "campaign_closes", "{closes} IN ('on_threshold','at_deadline')"),
    guards.Check(
        "campaign", "campaign_objection_hours", "{objection_hours} >= 0 AND {objection_hours} <= 168"
    ),
    guards.Check("campaign", "campaign_payment_plan", "{payment_plan} IN ('full','deposit','authorize')"),
    guards.Check(
        "campaign",
        "campaign_deposit",
        "CASE WHEN {payment_plan} = 'deposit' THEN {deposit_percent} >= 10 AND {deposit_percent} <= 30 "
        "ELSE {deposit_percent} = 0 END",
    ),
    guards.Check("campaign", "campaign_balance_days", "{balance_days} >= 1 AND {balance_days} <= 30"),
    guards.Check("campaign", "campaign_conditional", "0 <= {conditional} AND {conditional} <= {paid}"),
    guards.Check("batch_vote", "batch_vote_state", "{state} IN ('open','closed')"),
    guards.Check("batch_vote", "batch_vote_tie", "{tie_rule} IN ('listed','cheapest','earliest')"),
    guards.Check("batch_vote", "batch_vote_outcome", "{state} = 'open' OR {outcome} IS NOT NULL"),
    guards.Index("batch_vote", "batch_vote_due", ("closes_at",), "state = 'open'"),
    guards.Check("campaign", "campaign_visibility", "{visibility} IN ('public','by_link')"),
    guards.Check("campaign_transition", "campaign_transition_state", f"{{to_state}} IN ({_STATES})"),
    # what a group comes to is decided once; a locked one may still be canceled by an admin, and that once
    guards.PartialUnique(
        "campaign_transition",
        "one_outcome",
        ("campaign_id",),
        "to_state IN ('locked','failed') OR (to_state = 'canceled' AND from_state NOT IN "
        "('locked','ordered','in_production'))",
    ),
    guards.PartialUnique("campaign_transition", "canceled_once", ("campaign_id",), "to_state = 'canceled'"),
    guards.AppendOnly("campaign_transition"),
    guards.AppendOnly("frozen_batch"),
    guards.Frozen(
        "campaign", ("code", "organizer_id", "currency", "opened_at", "locked_at"), deletable=False
    ),
]
