"""Purchase orders, their immutable revisions, documents, units and acknowledgments."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id


class PurchaseOrder(Model):
    """One per campaign. ``revision`` is the current one; its content is in ``PurchaseOrderRevision``.

    ``turn`` counts what people did about it since (answered, gave more time, asked for another revision, withdrew):
    each turn is a signal to the run that waits for it.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.OneToOneField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    manufacturer_id = fields.CharField(max_length=26, db_index=True)
    number = fields.CharField(max_length=22, unique=True)
    state = fields.CharField(max_length=24, default="draft")
    revision = fields.IntField(default=1)
    revision_reason = fields.TextField(default="")
    turn = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    issued_at = fields.DatetimeField(null=True)
    validity_until = fields.DatetimeField(null=True)
    acknowledged_at = fields.DatetimeField(null=True)

    class Meta:
        table = "purchase_order"


class PurchaseOrderRevision(Model):
    """What was ordered, as canonical JSON text with its SHA-256. Never changes.

    ``reason``: why it replaces the last.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    purchase_order: Any = fields.ForeignKeyField("models.PurchaseOrder", on_delete=fields.RESTRICT)
    purchase_order_id: str
    revision = fields.IntField()
    canonical = fields.TextField()
    digest = fields.CharField(max_length=64)
    reason = fields.TextField(default="")
    total_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    created_at = fields.DatetimeField()

    class Meta:
        table = "purchase_order_revision"
        unique_together = (("purchase_order_id", "revision"),)


class OrderedUnit(Model):
    """Which opaque unit id belongs to which participation: the only bridge from a unit to a person, kept here."""

    id = fields.CharField(max_length=40, primary_key=True)
    purchase_order: Any = fields.ForeignKeyField("models.PurchaseOrder", on_delete=fields.RESTRICT)
    purchase_order_id: str
    line_no = fields.IntField()
    participation: Any = fields.ForeignKeyField("models.Participation", on_delete=fields.RESTRICT)
    participation_id: str

    class Meta:
        table = "ordered_unit"


class Document(Model):
    """A rendered file of one revision in one language."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    revision: Any = fields.ForeignKeyField("models.PurchaseOrderRevision", on_delete=fields.RESTRICT)
    revision_id: str
    locale = fields.CharField(max_length=10)
    storage_key = fields.CharField(max_length=200)
    sha256 = fields.CharField(max_length=64)
    pages = fields.IntField()
    size_bytes = fields.IntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "document"
        unique_together = (("revision_id", "locale"),)


class Acknowledgment(Model):
    """The manufacturer's answer to one revision, with who signed it and the hash they signed."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    purchase_order: Any = fields.ForeignKeyField("models.PurchaseOrder", on_delete=fields.RESTRICT)
    purchase_order_id: str
    revision = fields.IntField()
    decision = fields.CharField(max_length=12)
    signer_name = fields.CharField(max_length=120)
    signer_role = fields.CharField(max_length=120, default="")
    note = fields.TextField(default="")
    revision_digest = fields.CharField(max_length=64)
    actor_id = fields.CharField(max_length=26)
    at = fields.DatetimeField()

    class Meta:
        table = "acknowledgment"
        unique_together = (("purchase_order_id", "revision"),)


_STATES = (
    "'draft','issued','acknowledged','rejected','expired','in_production','ready_for_inspection',"
    "'inspection_passed','inspection_failed','rework','shipped','delivered','accepted','closed','on_hold','canceled'"
)

GUARDS = [
    guards.Check("purchase_order", "purchase_order_state", f"{{state}} IN ({_STATES})"),
    guards.Frozen("purchase_order", ("campaign_id", "manufacturer_id", "number", "issued_at")),
    guards.AppendOnly("purchase_order_revision"),
    guards.AppendOnly("ordered_unit"),
    guards.AppendOnly("document"),
    guards.AppendOnly("acknowledgment"),
    guards.Check("acknowledgment", "acknowledgment_decision", "{decision} IN ('accepted','rejected')"),
]
