"""Jobs, runs, steps and signals as rows."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit.guards import AppendOnly, Check, Index
from c2b.kit.ids import new_id


class Job(Model):
    """Something to be done once. ``attempts`` counts claims and is the fencing number; ``failures`` counts errors."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    key = fields.CharField(max_length=160, unique=True)
    kind = fields.CharField(max_length=60)
    args: dict[str, Any] = fields.JSONField(default=dict)
    state = fields.CharField(max_length=8, default="ready")
    due_at = fields.DatetimeField()
    rung_at = fields.DatetimeField(null=True)
    lease_until = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    failures = fields.IntField(default=0)
    wakeups = fields.IntField(default=0)
    error = fields.TextField(default="")
    run_id = fields.CharField(max_length=120, null=True, db_index=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"


class WorkflowRun(Model):
    """A workflow being carried out. Its id is a business key, so starting it twice is starting it once."""

    id = fields.CharField(max_length=120, primary_key=True)
    workflow = fields.CharField(max_length=60)
    args: dict[str, Any] = fields.JSONField(default=dict)
    state = fields.CharField(max_length=8, default="running")
    waiting_for = fields.CharField(max_length=80, default="")
    result: Any = fields.JSONField(null=True)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "run"


class Step(Model):
    """A checkpoint: what a named step of a run returned."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    run_id = fields.CharField(max_length=120)
    name = fields.CharField(max_length=80)
    result: Any = fields.JSONField(null=True)
    finished_at = fields.DatetimeField()

    class Meta:
        table = "step"
        unique_together = (("run_id", "name"),)


class Signal(Model):
    """Something a waiting run was told. The first one of a name counts."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    run_id = fields.CharField(max_length=120)
    name = fields.CharField(max_length=80)
    payload: Any = fields.JSONField(null=True)
    sent_at = fields.DatetimeField()

    class Meta:
        table = "signal"
        unique_together = (("run_id", "name"),)


GUARDS = [
    Check("job", "job_state", "{state} IN ('ready','running','done','dead')"),
    Check("run", "run_state", "{state} IN ('running','waiting','done')"),
    Index("job", "job_due", ("due_at",), "state IN ('ready','running')"),
    Index("job", "job_dead", ("created_at",), "state = 'dead'"),
    AppendOnly("step"),
    AppendOnly("signal"),
]
