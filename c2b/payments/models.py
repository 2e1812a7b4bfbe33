"""Payments, refunds and the inbox of what gateways told us."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id


class Payment(Model):
    """One attempt to collect what a participation owes. What the provider was asked with stays the same in a retry."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    participation: Any = fields.ForeignKeyField("models.Participation", on_delete=fields.RESTRICT)
    participation_id: str
    campaign_id = fields.CharField(max_length=26, db_index=True)
    user_id = fields.CharField(max_length=26)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    gateway = fields.CharField(max_length=20)
    provider_ref = fields.CharField(max_length=120, null=True)
    description = fields.CharField(max_length=200, default="")
    locale = fields.CharField(max_length=8, default="en")
    checkout_url = fields.TextField(default="")
    state = fields.CharField(max_length=10, default="created")
    refunded_minor = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()
    captured_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment"
        indexes = (Index(fields=("participation_id", "state")),)


class Refund(Model):
    """Money on its way back. ``key`` makes it happen once, here and at the provider."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    payment: Any = fields.ForeignKeyField("models.Payment", on_delete=fields.RESTRICT)
    payment_id: str
    campaign_id = fields.CharField(max_length=26, db_index=True)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    reason = fields.CharField(max_length=20)
    key = fields.CharField(max_length=120, unique=True)
    state = fields.CharField(max_length=10, default="requested")
    tries = fields.IntField(default=0)
    provider_ref = fields.CharField(max_length=120, null=True)
    requested_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "refund"


class GatewayEvent(Model):
    """The inbox: each event of a provider is applied once. Kept for ever, never by a time to live."""

    id = fields.CharField(max_length=160, primary_key=True)
    gateway = fields.CharField(max_length=20)
    kind = fields.CharField(max_length=40)
    provider_ref = fields.CharField(max_length=120)
    verdict = fields.CharField(max_length=30)
    received_at = fields.DatetimeField()

    class Meta:
        table = "gateway_event"


GUARDS = [
    guards.Check("payment", "payment_amount", "{amount_minor} > 0"),
    guards.Check(
        "payment", "payment_refunded", "0 <= {refunded_minor} AND {refunded_minor} <= {amount_minor}"
    ),
    guards.Check("payment", "payment_state", "{state} IN ('created','succeeded','failed','closed')"),
    guards.PartialUnique(
        "payment", "one_provider_object", ("gateway", "provider_ref"), "provider_ref IS NOT NULL"
    ),
    guards.PartialUnique("payment", "one_payment_at_work", ("participation_id",), "state = 'created'"),
    guards.Frozen(
        "payment", ("participation_id", "amount_minor", "currency", "gateway", "provider_ref", "captured_at")
    ),
    guards.Check("refund", "refund_amount", "{amount_minor} > 0"),
    guards.Check("refund", "refund_state", "{state} IN ('requested','processing','succeeded','failed')"),
    guards.PartialUnique(
        "refund",
        "one_full_refund",
        ("payment_id",),
        "reason IN ('campaign_failed','withdrawal','option_minimum','left_out','late')",
    ),
    guards.Frozen("refund", ("payment_id", "amount_minor", "currency", "reason", "key", "provider_ref")),
    guards.AppendOnly("gateway_event"),
]
