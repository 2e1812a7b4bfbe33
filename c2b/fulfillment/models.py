"""Timelines, milestones and their evidence."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id

Json = dict[str, Any]


class Timeline(Model):
    """What was promised for one campaign, and where it stands. ``plan`` is the frozen stage graph with planned dates.

    ``forecast_on`` is the day from which the forecasts looked ahead; writing it is also how a change holds the row.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.OneToOneField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    manufacturer_id = fields.CharField(max_length=26, db_index=True)
    template = fields.CharField(max_length=10)
    plan: Any = fields.JSONField()
    locked_on = fields.DateField()
    promised_ship_by = fields.DateField()
    promised_delivery = fields.DateField()
    forecast_delivery = fields.DateField()
    forecast_on = fields.DateField()
    delivered_on = fields.DateField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "timeline"


class Milestone(Model):
    """One stage with its planned, forecast and actual dates. ``reason``: why it is blocked, not passed or skipped."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    timeline: Any = fields.ForeignKeyField("models.Timeline", on_delete=fields.RESTRICT)
    timeline_id: str
    code = fields.CharField(max_length=20)
    position = fields.IntField()
    actor = fields.CharField(max_length=20)
    state = fields.CharField(max_length=12, default="planned")
    planned_start = fields.DateField()
    planned_end = fields.DateField()
    forecast_start = fields.DateField()
    forecast_end = fields.DateField()
    started_on = fields.DateField(null=True)
    finished_on = fields.DateField(null=True)
    reason = fields.TextField(default="")

    class Meta:
        table = "milestone"
        unique_together = (("timeline_id", "code"),)


class Evidence(Model):
    """What proves a gate: a note, a photo or a document. Never changed, never removed."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    milestone: Any = fields.ForeignKeyField("models.Milestone", on_delete=fields.RESTRICT)
    milestone_id: str
    kind = fields.CharField(max_length=10)
    note = fields.TextField(default="")
    filename = fields.CharField(max_length=160, default="")
    media_type = fields.CharField(max_length=60, default="")
    storage_key = fields.CharField(max_length=200, default="")
    sha256 = fields.CharField(max_length=64, default="")
    size_bytes = fields.IntField(default=0)
    actor_id = fields.CharField(max_length=26)
    at = fields.DatetimeField()

    class Meta:
        table = "evidence"


GUARDS = [
    guards.Check(
        "milestone",
        "milestone_state",
        "{state} IN ('planned','in_progress','blocked','submitted','approved','rejected','skipped')",
    ),
    guards.Check("milestone", "milestone_dates", "{finished_on} IS NULL OR {started_on} IS NOT NULL"),
    guards.Check("evidence", "evidence_kind", "{kind} IN ('note','photo','document')"),
    guards.Index("timeline", "timeline_running", ("forecast_on",), "delivered_on IS NULL"),
    guards.Frozen("timeline", ("campaign_id", "plan", "locked_on", "promised_ship_by", "promised_delivery")),
    guards.AppendOnly("evidence"),
]
