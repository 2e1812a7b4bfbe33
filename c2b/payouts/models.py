"""The payment schedule of a purchase order, its releases, and what blocks them."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id

Json = dict[str, Any]


class PaymentSchedule(Model):
    """What the manufacturer is owed for one campaign, frozen when the purchase order was acknowledged.

    ``goods_minor``: the order without one-off costs; ``nre_minor``: one-off costs; ``fee_minor``: the platform's fee.
    ``terms``: shares and milestones as they were quoted (``rules.py``).
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign_id = fields.CharField(max_length=26, unique=True)
    manufacturer_id = fields.CharField(max_length=26, db_index=True)
    currency = fields.CharField(max_length=3)
    goods_minor = fields.BigIntField()
    nre_minor = fields.BigIntField()
    fee_minor = fields.BigIntField()
    terms: Json = fields.JSONField()
    state = fields.CharField(max_length=8, default="running")
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_schedule"


class Release(Model):
    """One part of a schedule. ``held`` → ``releasable`` (its milestone is approved) → ``released`` (booked to the
    manufacturer); ``frozen`` while something blocks it; ``returned`` when it goes back to members.

    ``reduced_minor``: what a short delivery took off it. ``payout_id``: the bank transfer that it is a part of.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    schedule: Any = fields.ForeignKeyField("models.PaymentSchedule", on_delete=fields.RESTRICT)
    schedule_id: str
    campaign_id = fields.CharField(max_length=26, db_index=True)
    code = fields.CharField(max_length=24)
    amount_minor = fields.BigIntField()
    reduced_minor = fields.BigIntField(default=0)
    released_minor = fields.BigIntField(default=0)
    state = fields.CharField(max_length=10, default="held")
    milestone = fields.CharField(max_length=20)
    due_on = fields.DateField(null=True)
    reached_at = fields.DatetimeField(null=True)
    approved_by = fields.CharField(max_length=26, null=True)
    approved_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    payout_id = fields.CharField(max_length=26, null=True, db_index=True)

    class Meta:
        table = "payment_release"
        unique_together = (("schedule_id", "code"),)


class PayoutBlock(Model):
    """Why nothing is released meanwhile: a dispute, a delay choice that members still have, a failed inspection."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign_id = fields.CharField(max_length=26, db_index=True)
    kind = fields.CharField(max_length=20)
    subject = fields.CharField(max_length=80, default="")
    reason = fields.TextField(default="")
    opened_by = fields.CharField(max_length=26, null=True)
    opened_at = fields.DatetimeField()
    closed_by = fields.CharField(max_length=26, null=True)
    closed_at = fields.DatetimeField(null=True)
    note = fields.TextField(default="")

    class Meta:
        table = "payout_block"


#: The second of the two facts that a release needs; whoever releases or blocks holds the campaign's row before.
_BLOCKED = (
    "NEW.state = 'released' AND OLD.state <> 'released' AND EXISTS (SELECT 1 FROM payout_block b "
    "WHERE b.campaign_id = NEW.campaign_id AND b.closed_at IS NULL)"
)
_SQLITE = (
    'DROP TRIGGER IF EXISTS "release_not_blocked"',
    f"""CREATE TRIGGER "release_not_blocked" BEFORE UPDATE ON "payment_release" WHEN {_BLOCKED}
    BEGIN SELECT RAISE(ABORT, 'release_not_blocked'); END""",
)
_POSTGRES = (
    f"""CREATE OR REPLACE FUNCTION "release_not_blocked"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF {_BLOCKED} THEN RAISE EXCEPTION 'release_not_blocked' USING ERRCODE = 'check_violation'; END IF;
      RETURN NEW; END $$""",
    'DROP TRIGGER IF EXISTS "release_not_blocked" ON "payment_release"',
    'CREATE TRIGGER "release_not_blocked" BEFORE UPDATE ON "payment_release" FOR EACH ROW '
    'EXECUTE FUNCTION "release_not_blocked"()',
)

GUARDS = [
    guards.Statements("release_not_blocked", _SQLITE, _POSTGRES),
    guards.Check(
        "payment_schedule",
        "payment_schedule_amounts",
        "{goods_minor} >= 0 AND {nre_minor} >= 0 AND {fee_minor} >= 0",
    ),
    guards.Check("payment_schedule", "payment_schedule_state", "{state} IN ('running','closed','canceled')"),
    guards.Frozen(
        "payment_schedule",
        ("campaign_id", "manufacturer_id", "currency", "goods_minor", "nre_minor", "fee_minor", "terms"),
    ),
    guards.Check("payment_release", "payment_release_amount", "{amount_minor} > 0"),
    guards.Check(
        "payment_release",
        "payment_release_released",
        "0 <= {released_minor} AND 0 <= {reduced_minor} AND {released_minor} + {reduced_minor} <= {amount_minor} "
        "AND ({released_minor} = 0 OR {state} IN ('released','returned'))",
    ),
    guards.Check(
        "payment_release",
        "payment_release_state",
        "{state} IN ('held','releasable','frozen','released','returned')",
    ),
    guards.Check(
        "payment_release",
        "released_with_milestone",
        "{state} <> 'released' OR ({reached_at} IS NOT NULL AND {released_at} IS NOT NULL)",
    ),
    guards.Frozen("payment_release", ("schedule_id", "code", "amount_minor", "milestone", "released_at")),
    guards.Check(
        "payout_block",
        "payout_block_kind",
        "{kind} IN ('dispute','delay_choice','inspection_failed','provider','manual')",
    ),
    guards.PartialUnique(
        "payout_block", "one_block_of_a_kind", ("campaign_id", "kind", "subject"), "closed_at IS NULL"
    ),
    guards.Frozen("payout_block", ("campaign_id", "kind", "subject", "closed_at")),
]
