"""Invitations, whom they bound to whom, and the commissions that follow from it."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id


class Invitation(Model):
    """The link's token is derived from the id with the server's secret; only its SHA-256 is stored."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    inviter_id = fields.CharField(max_length=26)
    token_hash = fields.CharField(max_length=64, unique=True)
    opened = fields.IntField(default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "invitation"
        unique_together = (("campaign_id", "inviter_id"),)


class Binding(Model):
    """The first valid invitation binds the invited to the inviter, until ``expires_at`` or for ``orders_left`` orders.

    Everybody is bound once: it never passes to somebody else, and nobody is bound again after it has expired.
    ``state``: ``bound``, ``expired`` (time or orders), ``void`` (an admin, fraud).
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    inviter_id = fields.CharField(max_length=26, db_index=True)
    invitee_id = fields.CharField(max_length=26, db_index=True)
    invitation_id = fields.CharField(max_length=26)
    campaign_id = fields.CharField(max_length=26)
    state = fields.CharField(max_length=8, default="bound")
    orders_left = fields.IntField()
    bound_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "referral_binding"


class CommissionMarket(Model):
    """What a market allows. Depth 2 needs a written legal approval; a third level cannot be written down anywhere."""

    market = fields.CharField(max_length=12, primary_key=True)
    depth = fields.IntField(default=1)
    approval_reference = fields.CharField(max_length=160, default="")
    approved_by = fields.CharField(max_length=26, null=True)
    approved_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "commission_market"


class Commission(Model):
    """What one inviter earns on one participation. ``level`` 1: invited them; 2: invited whoever invited them.

    Written at the lock, when the price is final. ``estimated`` → ``confirmed`` (delivered, no longer returnable: the
    money has moved to the member's account in the book) → ``payable`` (we know whom to pay) → ``paid``; or ``reversed``
    (refunded), ``expired``. ``reason`` says why it is where it is. ``base_minor``: item price without tax, shipping,
    one-off costs and options; ``rate_bp``: hundredths of a percent. ``reversed_minor``: what refunds took back of it.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    binding: Any = fields.ForeignKeyField("models.Binding", on_delete=fields.RESTRICT)
    binding_id: str
    beneficiary_id = fields.CharField(max_length=26, db_index=True)
    participation_id = fields.CharField(max_length=26, db_index=True)
    campaign_id = fields.CharField(max_length=26, db_index=True)
    level = fields.IntField()
    base_minor = fields.BigIntField()
    rate_bp = fields.IntField()
    amount_minor = fields.BigIntField()
    reversed_minor = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=10, default="estimated")
    reason = fields.CharField(max_length=40, default="")
    withdrawal_id = fields.CharField(max_length=26, null=True, db_index=True)
    estimated_at = fields.DatetimeField()
    confirm_from = fields.DatetimeField(null=True)
    confirmed_at = fields.DatetimeField(null=True)
    payable_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "commission"
        unique_together = (("participation_id", "level"),)


class PayeeIdentity(Model):
    """Who is paid a commission: real name, adult, one account. All but the name is sealed (see ``identities``)."""

    user_id = fields.CharField(max_length=26, primary_key=True)
    legal_name = fields.CharField(max_length=160)
    sealed = fields.TextField()
    given_at = fields.DatetimeField()
    checked_by = fields.CharField(max_length=26, null=True)
    checked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payee_identity"


class CommissionWithdrawal(Model):
    """A member asks for what is payable; an admin reviews it; the payout is a ``Disbursement``."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    user_id = fields.CharField(max_length=26, db_index=True)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=10, default="requested")
    note = fields.TextField(default="")
    requested_at = fields.DatetimeField()
    reviewed_by = fields.CharField(max_length=26, null=True)
    reviewed_at = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField(null=True)

    class Meta:
        table = "commission_withdrawal"


#: Whoever is above the inviter, however far: the invited must not be among them. Bindings are written one at a time,
#: since two that are harmless alone may close a circle together.
_ABOVE = """WITH RECURSIVE above(who) AS (SELECT NEW.inviter_id UNION SELECT b.inviter_id FROM referral_binding b
    JOIN above ON b.invitee_id = above.who WHERE b.state <> 'void') SELECT 1 FROM above WHERE who = NEW.invitee_id"""
_NO_CIRCLE_SQLITE = (
    'DROP TRIGGER IF EXISTS "referral_no_circle"',
    f"""CREATE TRIGGER "referral_no_circle" BEFORE INSERT ON "referral_binding" WHEN EXISTS ({_ABOVE})
    BEGIN SELECT RAISE(ABORT, 'referral_no_circle'); END""",
)
_NO_CIRCLE_POSTGRES = (
    f"""CREATE OR REPLACE FUNCTION "referral_no_circle"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('referral_binding'));
      IF EXISTS ({_ABOVE}) THEN RAISE EXCEPTION 'referral_no_circle' USING ERRCODE = 'check_violation'; END IF;
      RETURN NEW;
    END $$""",
    'DROP TRIGGER IF EXISTS "referral_no_circle" ON "referral_binding"',
    'CREATE TRIGGER "referral_no_circle" BEFORE INSERT ON "referral_binding" FOR EACH ROW '
    'EXECUTE FUNCTION "referral_no_circle"()',
)

#: A commission is where it says: level 1 earns who invited the buyer, level 2 who invited whoever earns level 1, and
#: level 2 is nowhere without a market's legal approval. With ``level IN (1, 2)``, nobody further away can be written.
_IN_CHAIN = """EXISTS (SELECT 1 FROM referral_binding b JOIN participation p ON p.id = NEW.participation_id
    WHERE b.id = NEW.binding_id AND b.inviter_id = NEW.beneficiary_id AND b.inviter_id <> p.user_id AND (
      (NEW.level = 1 AND b.invitee_id = p.user_id) OR (NEW.level = 2
        AND EXISTS (SELECT 1 FROM commission_market WHERE depth = 2)
        AND EXISTS (SELECT 1 FROM commission one WHERE one.participation_id = NEW.participation_id AND one.level = 1
          AND one.beneficiary_id = b.invitee_id))))"""
_CHAIN_SQLITE = (
    'DROP TRIGGER IF EXISTS "commission_chain"',
    f"""CREATE TRIGGER "commission_chain" BEFORE INSERT ON "commission" WHEN NOT {_IN_CHAIN}
    BEGIN SELECT RAISE(ABORT, 'commission_chain'); END""",
)
_CHAIN_POSTGRES = (
    f"""CREATE OR REPLACE FUNCTION "commission_chain"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NOT {_IN_CHAIN} THEN RAISE EXCEPTION 'commission_chain' USING ERRCODE = 'check_violation'; END IF;
      RETURN NEW;
    END $$""",
    'DROP TRIGGER IF EXISTS "commission_chain" ON "commission"',
    'CREATE TRIGGER "commission_chain" BEFORE INSERT ON "commission" FOR EACH ROW '
    'EXECUTE FUNCTION "commission_chain"()',
)

GUARDS = [
    guards.Frozen("invitation", ("campaign_id", "inviter_id", "token_hash")),
    guards.Check("referral_binding", "never_oneself", "{inviter_id} <> {invitee_id}"),
    guards.Check("referral_binding", "referral_binding_state", "{state} IN ('bound','expired','void')"),
    guards.Check("referral_binding", "referral_binding_orders", "{orders_left} >= 0"),
    guards.PartialUnique("referral_binding", "one_inviter_each", ("invitee_id",), "state <> 'void'"),
    guards.Statements("referral_binding", _NO_CIRCLE_SQLITE, _NO_CIRCLE_POSTGRES),
    guards.Frozen("referral_binding", ("inviter_id", "invitee_id", "invitation_id", "bound_at")),
    guards.Check(
        "commission_market",
        "depth_by_approval",
        "{depth} = 1 OR ({depth} = 2 AND {approved_by} IS NOT NULL AND {approval_reference} <> '')",
    ),
    guards.Check("commission", "commission_level", "{level} IN (1, 2)"),
    guards.Check(
        "commission", "commission_amount", "{amount_minor} > 0 AND {base_minor} > 0 AND {rate_bp} > 0"
    ),
    guards.Check(
        "commission", "commission_reversed", "0 <= {reversed_minor} AND {reversed_minor} <= {amount_minor}"
    ),
    guards.Check(
        "commission",
        "commission_state",
        "{state} IN ('estimated','confirmed','payable','paid','reversed','expired')",
    ),
    guards.Check(
        "commission",
        "commission_confirmed",
        "{state} NOT IN ('confirmed','payable','paid') OR {confirmed_at} IS NOT NULL",
    ),
    guards.Check("commission", "commission_paid", "{state} <> 'paid' OR {withdrawal_id} IS NOT NULL"),
    guards.Check(
        "commission",
        "commission_reversed_whole",
        "{state} <> 'reversed' OR {reversed_minor} = {amount_minor}",
    ),
    guards.Index("commission", "commission_due", ("confirm_from",), "state = 'estimated'"),
    guards.Statements("commission", _CHAIN_SQLITE, _CHAIN_POSTGRES),
    guards.Frozen(
        "commission",
        (
            "binding_id",
            "beneficiary_id",
            "participation_id",
            "level",
            "base_minor",
            "rate_bp",
            "amount_minor",
        ),
    ),
    guards.Check("commission_withdrawal", "commission_withdrawal_amount", "{amount_minor} > 0"),
    guards.Check(
        "commission_withdrawal",
        "commission_withdrawal_state",
        "{state} IN ('requested','approved','refused','paid')",
    ),
    guards.PartialUnique(
        "commission_withdrawal",
        "one_withdrawal_at_a_time",
        ("user_id", "currency"),
        "state IN ('requested','approved')",
    ),
    guards.Frozen("commission_withdrawal", ("user_id", "amount_minor", "currency")),
]
