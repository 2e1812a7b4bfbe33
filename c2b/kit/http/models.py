"""Two small tables: answers kept for retried calls, and counters of attempts."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from c2b.kit.guards import Check
from c2b.kit.ids import new_id


class IdempotencyKey(Model):
    """A call that moves state, by the key its caller gave it: running under a lease, or answered for good."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    actor_id = fields.CharField(max_length=26)
    key = fields.CharField(max_length=255)
    fingerprint = fields.CharField(max_length=64)
    state = fields.CharField(max_length=8, default="running")
    fence = fields.IntField(default=1)
    leased_until = fields.DatetimeField()
    status = fields.IntField(null=True)
    body = fields.TextField(null=True)
    location = fields.CharField(max_length=300, null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_key"
        unique_together = (("actor_id", "key"),)


class RateCount(Model):
    """How often something was tried in one window; ``id`` is a hash of limit, identity and window."""

    id = fields.CharField(max_length=64, primary_key=True)
    hits = fields.IntField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "rate_count"


GUARDS = [
    Check("idempotency_key", "idempotency_key_state", "{state} IN ('running', 'done')"),
    Check("idempotency_key", "idempotency_key_answer", "{state} = 'running' OR {status} IS NOT NULL"),
]
