"""The events table. Written once, never changed."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from c2b.kit.guards import AppendOnly, Check
from c2b.kit.ids import new_id

#: Who may read an event: ``members`` of the campaign, its ``organizer``, the ``manufacturer``, ``admin`` only, or the
#: ``owner`` (the actor's own account). Who reads which: ``events.queries.READ``.
AUDIENCES = ("members", "organizer", "manufacturer", "admin", "owner")


class Event(Model):
    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    name = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=30)
    subject_id = fields.CharField(max_length=80)
    campaign_id = fields.CharField(max_length=26, null=True)
    actor_id = fields.CharField(max_length=26, null=True)
    audience = fields.CharField(max_length=12)
    payload: dict = fields.JSONField(default=dict)
    occurred_at = fields.DatetimeField()

    class Meta:
        table = "event"
        indexes = (
            Index(fields=("campaign_id", "id")),
            Index(fields=("subject", "subject_id", "id")),
            Index(fields=("name", "id")),
        )


GUARDS = [
    AppendOnly("event"),
    Check("event", "event_audience", "{audience} IN ('members','organizer','manufacturer','admin','owner')"),
]
