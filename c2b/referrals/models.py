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

    It never passes to somebody else. ``state``: ``bound``, ``expired`` (time or orders), ``void`` (an admin, fraud).
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

    ``estimated`` (captured) → ``confirmed`` (delivered, no longer returnable) → ``payable`` → ``paid``; or ``reversed``
    (refunded), ``expired``. ``reason`` says why it is where it is. ``base_minor``: item price without tax, shipping,
    one-off costs and options; ``rate_bp``: hundredths of a percent.
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
    """Who is paid a commission: real name, adult, one account. Everything but the name is sealed."""

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


GUARDS = [
    guards.Frozen("invitation", ("campaign_id", "inviter_id", "token_hash")),
    guards.Check("referral_binding", "never_oneself", "{inviter_id} <> {invitee_id}"),
    guards.Check("referral_binding", "referral_binding_state", "{state} IN ('bound','expired','void')"),
    guards.Check("referral_binding", "referral_binding_orders", "{orders_left} >= 0"),
    guards.PartialUnique("referral_binding", "one_inviter_each", ("invitee_id",), "state = 'bound'"),
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
