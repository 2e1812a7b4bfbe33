"""Receipts with their numbers, and requests for tax invoices with what became of them."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id

Json = dict[str, Any]


class Receipt(Model):
    """The paper for one captured payment or one refund that was made. ``content`` is frozen; files are drawn of it."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    number = fields.CharField(max_length=22, unique=True)
    kind = fields.CharField(max_length=8)
    subject_id = fields.CharField(max_length=26)
    user_id = fields.CharField(max_length=26, db_index=True)
    campaign_id = fields.CharField(max_length=26, db_index=True)
    content: Json = fields.JSONField()
    files: Json = fields.JSONField(default=dict)
    issued_at = fields.DatetimeField()

    class Meta:
        table = "receipt"
        unique_together = (("kind", "subject_id"),)


class InvoiceRequest(Model):
    """A member asks for a tax invoice: ``requested`` → ``issued`` → ``red_reversed`` (all of it, by a red note),
    ``withdrawn``, or ``refused`` with a ``note``. ``red_minor``: what red notes took back after partial refunds."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    participation_id = fields.CharField(max_length=26, db_index=True)
    user_id = fields.CharField(max_length=26, db_index=True)
    campaign_id = fields.CharField(max_length=26, db_index=True)
    title_kind = fields.CharField(max_length=10)
    title = fields.CharField(max_length=160)
    tax_id = fields.CharField(max_length=24, default="")
    email = fields.CharField(max_length=254)
    amount_minor = fields.BigIntField()
    red_minor = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=12, default="requested")
    number = fields.CharField(max_length=40, null=True)
    red_numbers: list[str] = fields.JSONField(default=list)
    note = fields.TextField(default="")
    requested_at = fields.DatetimeField()
    issued_by = fields.CharField(max_length=26, null=True)
    issued_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "invoice_request"


GUARDS = [
    guards.Check("receipt", "receipt_kind", "{kind} IN ('payment','refund')"),
    guards.Frozen("receipt", ("number", "kind", "subject_id", "user_id", "content", "issued_at")),
    guards.Check("invoice_request", "invoice_request_amount", "{amount_minor} > 0"),
    guards.Check(
        "invoice_request", "invoice_request_red", "0 <= {red_minor} AND {red_minor} <= {amount_minor}"
    ),
    guards.Check("invoice_request", "invoice_request_title", "{title_kind} IN ('personal','company')"),
    guards.Check(
        "invoice_request",
        "invoice_request_state",
        "{state} IN ('requested','issued','red_reversed','withdrawn','refused')",
    ),
    guards.Check("invoice_request", "issued_with_number", "{state} <> 'issued' OR {number} IS NOT NULL"),
    guards.Check("invoice_request", "refused_with_a_note", "{state} <> 'refused' OR {note} <> ''"),
    guards.PartialUnique(
        "invoice_request", "one_invoice_each", ("participation_id",), "state IN ('requested','issued')"
    ),
    guards.Frozen("invoice_request", ("participation_id", "user_id", "number")),
]
