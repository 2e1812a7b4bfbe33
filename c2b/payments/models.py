"""Payments, refunds and the inbox of what gateways told us."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id


class Payment(Model):
    """One attempt to collect what a participation owes. What the provider was asked with stays the same in a retry.

    ``purpose``: ``full``, ``deposit`` or ``balance``. ``holds``: authorize now, capture at the close, at the latest at
    ``hold_until``. ``refund_until``: after it the provider gives nothing back, and a person has to (``Disbursement``).
    """

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
    purpose = fields.CharField(max_length=8, default="full")
    holds = fields.BooleanField(default=False)
    state = fields.CharField(max_length=10, default="created")
    refunded_minor = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)
    authorized_at = fields.DatetimeField(null=True)
    hold_until = fields.DatetimeField(null=True)
    captured_at = fields.DatetimeField(null=True)
    refund_until = fields.DatetimeField(null=True)

    class Meta:
        table = "payment"
        indexes = (Index(fields=("participation_id", "state")),)


class Refund(Model):
    """Money on its way back. ``key`` makes it happen once, here and at the provider.

    ``by_hand``: the provider cannot any more, so it is paid by bank transfer (``Disbursement``). ``note`` and
    ``asked_by`` where a person decided it.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    payment: Any = fields.ForeignKeyField("models.Payment", on_delete=fields.RESTRICT)
    payment_id: str
    campaign_id = fields.CharField(max_length=26, db_index=True)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    reason = fields.CharField(max_length=20)
    key = fields.CharField(max_length=120, unique=True)
    note = fields.TextField(default="")
    asked_by = fields.CharField(max_length=26, null=True)
    by_hand = fields.BooleanField(default=False)
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


class Disbursement(Model):
    """Money that a person sends by bank transfer: a refund no provider makes, a payout, a commission, a return of what
    came to our account and pays nothing.

    ``kind`` and ``subject_id`` say what for, ``key`` that it happens once. Above a limit (``two_persons``) whoever
    approves is not whoever proposed; the database refuses the same person. ``payee``: name and account as sealed text.
    ``filed_at``: when it was last put into a file for the bank.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    kind = fields.CharField(max_length=12)
    subject_id = fields.CharField(max_length=26, db_index=True)
    campaign_id = fields.CharField(max_length=26, null=True, db_index=True)
    key = fields.CharField(max_length=120, unique=True)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    payee_name = fields.CharField(max_length=160, default="")
    payee_sealed = fields.TextField(default="")
    state = fields.CharField(max_length=10, default="proposed")
    two_persons = fields.BooleanField(default=False)
    note = fields.TextField(default="")
    bank_reference = fields.CharField(max_length=80, null=True)
    proposed_by = fields.CharField(max_length=26, null=True)
    proposed_at = fields.DatetimeField()
    approved_by = fields.CharField(max_length=26, null=True)
    approved_at = fields.DatetimeField(null=True)
    sent_by = fields.CharField(max_length=26, null=True)
    sent_at = fields.DatetimeField(null=True)
    filed_by = fields.CharField(max_length=26, null=True)
    filed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "disbursement"
        indexes = (Index(fields=("state", "id")),)


class BankLine(Model):
    """One line of our bank statement: money that has come to our own account, and what became of it.

    ``reference``: the bank's own number of the line. ``text``: what the payer wrote. ``payer_sealed``: whose account it
    came from, as sealed text. ``state``: ``open`` (nobody has said what it pays), ``assigned`` to a payment,
    ``returning`` or ``returned`` to its sender, or our ``own``: from ``source``, a provider (``settlement_id``: beside
    the payout that its report has told) or ``other``. ``return_minor``: what goes back; of an assigned one what was too
    much.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    reference = fields.CharField(max_length=80, unique=True)
    booked_on = fields.DateField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    payer_name = fields.CharField(max_length=160, default="")
    payer_sealed = fields.TextField(default="")
    text = fields.CharField(max_length=300, default="")
    state = fields.CharField(max_length=9, default="open")
    payment_id = fields.CharField(max_length=26, null=True, db_index=True)
    return_minor = fields.BigIntField(default=0)
    source = fields.CharField(max_length=20, default="")
    settlement_id = fields.CharField(max_length=26, null=True)
    note = fields.TextField(default="")
    entered_by = fields.CharField(max_length=26)
    entered_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=26, null=True)
    decided_at = fields.DatetimeField(null=True)
    returned_at = fields.DatetimeField(null=True)

    class Meta:
        table = "bank_line"
        indexes = (Index(fields=("state", "id")),)


class Reconciliation(Model):
    """One day's record of one provider compared with ours, row by row. ``differences`` were found, ``state`` is
    ``running`` or ``done``."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    gateway = fields.CharField(max_length=20)
    day = fields.DateField()
    state = fields.CharField(max_length=8, default="running")
    payments = fields.IntField(default=0)
    refunds = fields.IntField(default=0)
    settlements = fields.IntField(default=0)
    differences = fields.IntField(default=0)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reconciliation"
        unique_together = (("gateway", "day"),)


class ReconciliationCase(Model):
    """A difference that an admin closes with a note. The same difference is one case, however often it is found."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    gateway = fields.CharField(max_length=20)
    kind = fields.CharField(max_length=24)
    subject = fields.CharField(max_length=160)
    payment_id = fields.CharField(max_length=26, null=True, db_index=True)
    ours: Any = fields.JSONField(null=True)
    theirs: Any = fields.JSONField(null=True)
    state = fields.CharField(max_length=6, default="open")
    note = fields.TextField(default="")
    found_on = fields.DateField()
    opened_at = fields.DatetimeField()
    closed_by = fields.CharField(max_length=26, null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reconciliation_case"


#: An amount never changes, but that of a hold: when it is captured it becomes what was charged, never more.
_CHANGED = (
    "OLD.amount_minor <> NEW.amount_minor AND NOT "
    "(OLD.state = 'authorized' AND NEW.state = 'succeeded' AND NEW.amount_minor < OLD.amount_minor)"
)
_SQLITE = (
    'DROP TRIGGER IF EXISTS "payment_amount_frozen"',
    f"""CREATE TRIGGER "payment_amount_frozen" BEFORE UPDATE ON "payment" WHEN {_CHANGED}
    BEGIN SELECT RAISE(ABORT, 'payment_amount_frozen'); END""",
)
_POSTGRES = (
    f"""CREATE OR REPLACE FUNCTION "payment_amount_frozen"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF {_CHANGED} THEN RAISE EXCEPTION 'payment_amount_frozen' USING ERRCODE = 'check_violation'; END IF;
      RETURN NEW; END $$""",
    'DROP TRIGGER IF EXISTS "payment_amount_frozen" ON "payment"',
    'CREATE TRIGGER "payment_amount_frozen" BEFORE UPDATE ON "payment" FOR EACH ROW '
    'EXECUTE FUNCTION "payment_amount_frozen"()',
)

GUARDS = [
    guards.Check("payment", "payment_amount", "{amount_minor} > 0"),
    guards.Check(
        "payment", "payment_refunded", "0 <= {refunded_minor} AND {refunded_minor} <= {amount_minor}"
    ),
    guards.Check(
        "payment",
        "payment_state",
        "{state} IN ('created','authorized','succeeded','failed','closed','voided')",
    ),
    guards.Check("payment", "payment_purpose", "{purpose} IN ('full','deposit','balance')"),
    guards.Check("payment", "payment_held", "{state} <> 'authorized' OR {holds}"),
    guards.Index("payment", "payment_held_until", ("hold_until",), "state = 'authorized'"),
    guards.Index("payment", "payment_refundable_until", ("refund_until",), "state = 'succeeded'"),
    guards.PartialUnique(
        "payment", "one_provider_object", ("gateway", "provider_ref"), "provider_ref IS NOT NULL"
    ),
    guards.PartialUnique("payment", "one_payment_at_work", ("participation_id",), "state = 'created'"),
    guards.Frozen("payment", ("participation_id", "currency", "gateway", "provider_ref", "captured_at")),
    guards.Statements("payment_amount_frozen", _SQLITE, _POSTGRES),
    guards.Check("refund", "refund_amount", "{amount_minor} > 0"),
    guards.Check(
        "refund",
        "refund_reason",
        "{reason} IN ('campaign_failed','withdrawal','option_minimum','left_out','late','overdue','delay',"
        "'price_difference','claim')",
    ),
    guards.Check("refund", "refund_state", "{state} IN ('requested','processing','succeeded','failed')"),
    guards.PartialUnique(
        "refund",
        "one_full_refund",
        ("payment_id",),
        "reason IN ('campaign_failed','withdrawal','option_minimum','left_out','late','overdue','delay')",
    ),
    guards.Frozen("refund", ("payment_id", "amount_minor", "currency", "reason", "key", "provider_ref")),
    guards.AppendOnly("gateway_event"),
    guards.Check("disbursement", "disbursement_amount", "{amount_minor} > 0"),
    guards.Check("disbursement", "disbursement_kind", "{kind} IN ('refund','payout','commission','return')"),
    guards.Check("disbursement", "disbursement_state", "{state} IN ('proposed','approved','sent','refused')"),
    guards.Check(
        "disbursement",
        "two_persons",
        "NOT {two_persons} OR {approved_by} IS NULL OR {proposed_by} IS NULL OR {approved_by} <> {proposed_by}",
    ),
    guards.Check(
        "disbursement",
        "disbursement_approved",
        "{state} NOT IN ('approved','sent') OR ({approved_by} IS NOT NULL AND {approved_at} IS NOT NULL)",
    ),
    guards.Check("disbursement", "disbursement_sent", "{state} <> 'sent' OR {bank_reference} IS NOT NULL"),
    guards.Frozen(
        "disbursement",
        ("kind", "subject_id", "key", "amount_minor", "currency", "two_persons", "approved_by", "sent_by"),
    ),
    guards.Check("bank_line", "bank_line_amount", "{amount_minor} > 0"),
    guards.Check(
        "bank_line", "bank_line_state", "{state} IN ('open','assigned','returning','returned','own')"
    ),
    guards.Check("bank_line", "bank_line_own", "{state} <> 'own' OR {source} <> ''"),
    guards.PartialUnique(
        "bank_line", "one_line_beside_a_payout", ("settlement_id",), "settlement_id IS NOT NULL"
    ),
    guards.Check("bank_line", "bank_line_assigned", "{state} <> 'assigned' OR {payment_id} IS NOT NULL"),
    guards.Check("bank_line", "bank_line_return", "0 <= {return_minor} AND {return_minor} <= {amount_minor}"),
    guards.Frozen("bank_line", ("reference", "amount_minor", "currency", "booked_on", "entered_by")),
    guards.Check("reconciliation", "reconciliation_state", "{state} IN ('running','done')"),
    guards.Check("reconciliation_case", "reconciliation_case_state", "{state} IN ('open','closed')"),
    guards.Check("reconciliation_case", "closed_with_a_note", "{state} = 'open' OR {note} <> ''"),
    guards.PartialUnique(
        "reconciliation_case", "one_open_case", ("gateway", "kind", "subject"), "state = 'open'"
    ),
]
