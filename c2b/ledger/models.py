"""Accounts and transfers. A transfer is one balanced move from one account to another, written once.

The database keeps the balances (a trigger on each insert), refuses what would drive a floored account below zero,
and refuses every change of a transfer: a doubled refund fails even if all code above is wrong.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from c2b.kit.guards import AppendOnly, Check, Frozen, Statements
from c2b.kit.ids import new_id


class Account(Model):
    """``id`` reads like ``escrow:<campaign>``, ``world:CNY``. ``floored``: the balance may not fall below zero."""

    id = fields.CharField(max_length=80, primary_key=True)
    currency = fields.CharField(max_length=3)
    floored = fields.BooleanField(default=False)
    balance_minor = fields.BigIntField(default=0)

    class Meta:
        table = "account"


class Transfer(Model):
    """``amount_minor`` > 0 moves from ``debit`` to ``credit`` (debit pays, credit receives)."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    debit_id = fields.CharField(max_length=80, db_index=True)
    credit_id = fields.CharField(max_length=80, db_index=True)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    key = fields.CharField(max_length=160, unique=True)
    reverses_id = fields.CharField(max_length=26, null=True, unique=True)
    cause = fields.CharField(max_length=30)
    cause_id = fields.CharField(max_length=80, db_index=True)
    occurred_at = fields.DatetimeField()

    class Meta:
        table = "transfer"


_SQLITE = (
    'DROP TRIGGER IF EXISTS "transfer_accounts"',
    """CREATE TRIGGER "transfer_accounts" BEFORE INSERT ON "transfer" WHEN
    (SELECT count(*) FROM account WHERE id IN (NEW.debit_id, NEW.credit_id) AND currency = NEW.currency) <> 2
    BEGIN SELECT RAISE(ABORT, 'transfer_accounts'); END""",
    'DROP TRIGGER IF EXISTS "transfer_balances"',
    """CREATE TRIGGER "transfer_balances" AFTER INSERT ON "transfer" BEGIN
    UPDATE account SET balance_minor = balance_minor - NEW.amount_minor WHERE id = NEW.debit_id;
    UPDATE account SET balance_minor = balance_minor + NEW.amount_minor WHERE id = NEW.credit_id;
    END""",
    'DROP TRIGGER IF EXISTS "transfer_integer"',
    """CREATE TRIGGER "transfer_integer" BEFORE INSERT ON "transfer" WHEN typeof(NEW.amount_minor) <> 'integer'
    BEGIN SELECT RAISE(ABORT, 'transfer_integer'); END""",
)
#: Accounts are updated in the order of their ids, so that two transfers between the same accounts never deadlock.
_POSTGRES = (
    """CREATE OR REPLACE FUNCTION "transfer_balances"() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE touched integer := 0; account_row record;
    BEGIN
      FOR account_row IN SELECT id FROM account WHERE id IN (NEW.debit_id, NEW.credit_id)
          AND currency = NEW.currency ORDER BY id FOR NO KEY UPDATE LOOP
        UPDATE account SET balance_minor = balance_minor +
          CASE WHEN id = NEW.debit_id THEN -NEW.amount_minor ELSE NEW.amount_minor END WHERE id = account_row.id;
        touched := touched + 1;
      END LOOP;
      IF touched <> 2 THEN RAISE EXCEPTION 'transfer_accounts' USING ERRCODE = 'check_violation'; END IF;
      RETURN NEW;
    END $$""",
    'DROP TRIGGER IF EXISTS "transfer_balances" ON "transfer"',
    'CREATE TRIGGER "transfer_balances" AFTER INSERT ON "transfer" FOR EACH ROW EXECUTE FUNCTION "transfer_balances"()',
    """CREATE OR REPLACE FUNCTION "transfer_truncate"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'append_only_transfer' USING ERRCODE = 'check_violation'; END $$""",
    'DROP TRIGGER IF EXISTS "transfer_truncate" ON "transfer"',
    'CREATE TRIGGER "transfer_truncate" BEFORE TRUNCATE ON "transfer" EXECUTE FUNCTION "transfer_truncate"()',
)

GUARDS = [
    Check("transfer", "transfer_amount", "{amount_minor} > 0"),
    Check("transfer", "transfer_two_accounts", "{debit_id} <> {credit_id}"),
    Check("account", "account_floor", "NOT {floored} OR {balance_minor} >= 0"),
    Frozen("account", ("currency", "floored")),
    AppendOnly("transfer"),
    Statements("transfer", _SQLITE, _POSTGRES),
]
