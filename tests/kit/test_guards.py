"""Every promise that the database keeps is tried to be broken, on SQLite and on PostgreSQL.

The guards are taken from the models, so a new one without a case here fails. Rows are made from the models too: a
fresh row with fresh parents for every try, in a transaction that is undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from c2b.kit import db
from c2b.kit.db.connection import current
from c2b.kit.db.migrate import all_guards, manifest
from c2b.kit.guards import AppendOnly, Check, Frozen, Index, PartialUnique, Statements

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
#: What a valid row needs beyond the defaults of its model.
VALID: dict[str, dict[str, Any]] = {
    "event": {"audience": "admin"},
    "product": {"min_quantity": 2, "capacity": 10, "timeline": "LIGHT"},
    "campaign": {"threshold": 2, "cap": 10, "reserved": 2, "paid": 1, "closes": "at_deadline", "visibility": "public"},
    "campaign_transition": {"from_state": "draft", "to_state": "under_review"},
    "participation": {"quantity": 1, "total_minor": 100, "due_minor": 95, "captured_minor": 90, "settled_minor": 90,
                      "state": "joined"},
    "payment": {"amount_minor": 100, "purpose": "full", "state": "created", "holds": False},
    "disbursement": {"kind": "refund", "amount_minor": 100, "state": "sent", "two_persons": True,
                     "proposed_by": "one", "approved_by": "two", "approved_at": NOW, "bank_reference": "x"},
    "bank_line": {"amount_minor": 100, "state": "assigned", "payment_id": "p"},
    "receipt": {"kind": "payment"},
    "invoice_request": {"title_kind": "personal", "amount_minor": 100, "red_minor": 0, "state": "issued"},
    "refund": {"amount_minor": 100, "reason": "price_difference"},
    "evidence": {"kind": "note"},
    "acknowledgment": {"decision": "accepted"},
    "mail": {"state": "sent", "locale": "en"},
    "transfer": {"currency": "CNY"},
    "account": {"currency": "CNY", "balance_minor": 0},
    "batch_vote": {"tie_rule": "listed"},
    "reconfirmation": {"reason": "schema"},
    "payment_release": {"amount_minor": 100, "state": "released", "reached_at": NOW},
    "payout_block": {"kind": "manual", "subject": "s"},
    "commission": {"level": 1, "confirmed_at": None, "withdrawal_id": None},
}  # fmt: skip
#: Check → values that break it, each set alone.
BROKEN: dict[str, list[dict[str, Any]]] = {
    "event_audience": [{"audience": "everybody"}],
    "job_state": [{"state": "lost"}],
    "run_state": [{"state": "lost"}],
    "idempotency_key_state": [{"state": "lost", "status": 200}],
    "idempotency_key_answer": [{"state": "done", "status": None}],
    "user_role": [{"role": "root"}],
    "user_works_for": [{"role": "manufacturer", "manufacturer_id": None}, {"manufacturer_id": "m1"}],
    "user_locale": [{"locale": "tlh"}],
    "product_quantities": [{"min_quantity": 1}, {"capacity": 1}],
    "product_timeline": [{"timeline": "SLOW"}],
    "transfer_amount": [{"amount_minor": 0}, {"amount_minor": -5}],
    "transfer_two_accounts": [{"credit_id": "a"}],
    "account_floor": [{"floored": True, "balance_minor": -1}],
    "campaign_counts": [{"paid": -1}, {"paid": 3}, {"reserved": 0}, {"reserved": 11}],
    "campaign_size": [{"threshold": 1}, {"threshold": 11}],
    "campaign_state": [{"state": "forgotten"}],
    "campaign_closes": [{"closes": "never"}],
    "campaign_objection_hours": [{"objection_hours": -1}, {"objection_hours": 169}],
    "batch_vote_state": [{"state": "lost", "outcome": '"a"'}],
    "batch_vote_tie": [{"tie_rule": "dice"}],
    "batch_vote_outcome": [{"state": "closed"}],
    "campaign_payment_plan": [{"payment_plan": "later"}],
    "campaign_deposit": [{"payment_plan": "deposit", "deposit_percent": 9},
                         {"payment_plan": "deposit", "deposit_percent": 31}, {"deposit_percent": 10}],
    "campaign_balance_days": [{"balance_days": 0}, {"balance_days": 31}],
    "campaign_conditional": [{"conditional": -1}, {"conditional": 2}],
    "reconfirmation_state": [{"state": "lost"}],
    "reconfirmation_reason": [{"reason": "whim"}],
    "allocation_state": [{"state": "lost"}],
    "campaign_visibility": [{"visibility": "secret"}],
    "campaign_transition_state": [{"to_state": "forgotten"}],
    "participation_quantity": [{"quantity": 0}, {"quantity": 21}],
    "participation_total": [
        {"total_minor": 0, "due_minor": 0, "captured_minor": 0, "settled_minor": None},
        {"total_minor": -1, "settled_minor": None},
    ],
    "participation_commit_below": [{"commit_below_minor": 0}, {"commit_below_minor": -1}],
    "participation_covered": [{"captured_minor": 89}],
    "participation_settled": [{"settled_minor": 101}, {"settled_minor": 0}],
    "participation_state": [{"state": "lurking"}],
    "participation_money": [{"captured_minor": 96}, {"due_minor": 101},
                            {"captured_minor": -1, "settled_minor": None}],
    "payment_amount": [{"amount_minor": 0}],
    "payment_refunded": [{"refunded_minor": 101}, {"refunded_minor": -1}],
    "payment_state": [{"state": "maybe"}],
    "payment_purpose": [{"purpose": "tip"}],
    "payment_held": [{"state": "authorized"}],
    "refund_reason": [{"reason": "whim"}],
    "refund_amount": [{"amount_minor": 0}],
    "refund_state": [{"state": "maybe"}],
    "disbursement_amount": [{"amount_minor": 0}],
    "disbursement_kind": [{"kind": "present"}],
    "disbursement_state": [{"state": "lost"}],
    "two_persons": [{"approved_by": "one"}],
    "disbursement_approved": [{"approved_at": None}, {"approved_by": None}],
    "disbursement_sent": [{"bank_reference": None}],
    "bank_line_amount": [{"amount_minor": 0}],
    "bank_line_state": [{"state": "lost"}],
    "bank_line_assigned": [{"payment_id": None}],
    "bank_line_own": [{"state": "own", "source": ""}],
    "bank_line_return": [{"return_minor": -1}, {"return_minor": 101}],
    "reconciliation_state": [{"state": "lost"}],
    "reconciliation_case_state": [{"state": "lost", "note": "seen"}],
    "closed_with_a_note": [{"state": "closed"}],
    "receipt_kind": [{"kind": "present"}],
    "refused_with_a_note": [{"state": "refused", "note": ""}],
    "invoice_request_amount": [{"amount_minor": 0}],
    "invoice_request_red": [{"red_minor": -1}, {"red_minor": 101}],
    "invoice_request_title": [{"title_kind": "noble"}],
    "invoice_request_state": [{"state": "lost"}],
    "issued_with_number": [{"number": None}],
    "purchase_order_state": [{"state": "maybe"}],
    "acknowledgment_decision": [{"decision": "maybe"}],
    "milestone_state": [{"state": "maybe"}],
    "milestone_dates": [{"finished_on": TODAY, "started_on": None}],
    "evidence_kind": [{"kind": "rumor"}],
    "mail_state": [{"state": "lost", "sent_at": None}],
    "mail_sent": [{"state": "queued"}, {"sent_at": None}],
    "mail_locale": [{"locale": "tlh"}],
    "never_oneself": [{"inviter_id": "same", "invitee_id": "same"}],
    "referral_binding_state": [{"state": "lost"}],
    "referral_binding_orders": [{"orders_left": -1}],
    "depth_by_approval": [{"depth": 2}, {"depth": 3, "approved_by": "r", "approval_reference": "x"}],
    "commission_level": [{"level": 0}, {"level": 3}],
    "commission_amount": [{"amount_minor": 0}, {"base_minor": 0}, {"rate_bp": 0}],
    "commission_reversed": [{"reversed_minor": -1}, {"reversed_minor": 10**9}],
    "commission_state": [{"state": "lost"}],
    "commission_confirmed": [{"state": "confirmed"}, {"state": "payable"}],
    "commission_paid": [{"state": "paid", "confirmed_at": NOW}],
    "commission_reversed_whole": [{"state": "reversed"}],
    "payment_schedule_amounts": [{"goods_minor": -1}, {"nre_minor": -1}, {"fee_minor": -1}],
    "payment_schedule_state": [{"state": "lost"}],
    "payment_release_amount": [{"amount_minor": 0}],
    "payment_release_released": [{"released_minor": 101}, {"released_minor": -1}, {"reduced_minor": 101}],
    "payment_release_state": [{"state": "lost"}],
    "released_with_milestone": [{"reached_at": None}],
    "payout_block_kind": [{"kind": "whim"}],
    "commission_withdrawal_amount": [{"amount_minor": 0}],
    "commission_withdrawal_state": [{"state": "lost"}],
}  # fmt: skip
#: Which other guard may be the first to say no.
ALSO = {
    "transfer_two_accounts": ("transfer_accounts",),
    "campaign_counts": ("campaign_conditional",),
    "participation_total": ("participation_money",),
    "participation_money": ("participation_covered",),
    "participation_settled": ("participation_covered",),
    "never_oneself": ("referral_no_circle",),
    "commission_level": ("commission_chain",),
}
#: Partial unique index → two rows that cannot both be, and one more that may stand beside the first.
TWICE: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "one_outcome": (
        {"seq": 1, "from_state": "closed", "to_state": "locked"},
        {"seq": 2, "from_state": "open", "to_state": "failed"},
        {"seq": 2, "from_state": "locked", "to_state": "canceled"},
    ),
    "canceled_once": (
        {"seq": 1, "from_state": "locked", "to_state": "canceled"},
        {"seq": 2, "from_state": "ordered", "to_state": "canceled"},
        {"seq": 2, "from_state": "locked", "to_state": "ordered"},
    ),
    "one_place_each": ({"state": "joined"}, {"state": "pending_payment"}, {"state": "withdrawn"}),
    "asked_once": ({"state": "open"}, {"state": "open"}, {"state": "answered"}),
    "one_locked_allocation": (
        {"turn": 1, "state": "locked"},
        {"turn": 2, "state": "locked"},
        {"turn": 2, "state": "superseded"},
    ),
    "one_provider_object": (
        {"provider_ref": "x", "state": "failed"},
        {"provider_ref": "x", "state": "failed"},
        {"provider_ref": None, "state": "failed"},
    ),
    "one_payment_at_work": ({"state": "created"}, {"state": "created"}, {"state": "failed"}),
    "one_inviter_each": ({"state": "bound"}, {"state": "expired"}, {"state": "void"}),
    "one_block_of_a_kind": (
        {"closed_at": None},
        {"closed_at": None},
        {"closed_at": NOW},
    ),
    "one_withdrawal_at_a_time": ({"state": "requested"}, {"state": "approved"}, {"state": "paid"}),
    "one_line_beside_a_payout": (
        {"settlement_id": "t"},
        {"settlement_id": "t"},
        {"settlement_id": None},
    ),
    "one_open_case": ({"state": "open"}, {"state": "open"}, {"state": "closed", "note": "seen"}),
    "one_invoice_each": ({"state": "requested"}, {"state": "issued"}, {"state": "withdrawn"}),
    "one_full_refund": ({"reason": "late"}, {"reason": "withdrawal"}, {"reason": "price_difference"}),
}
_numbers = count(1)


class Undo(Exception):
    """The try is over; nothing of it stays."""


@asynccontextmanager
async def undone() -> Any:
    try:
        async with db.transaction():
            yield
            raise Undo
    except Undo:
        pass


def guards_of(kind: type) -> Iterator[Any]:
    return (guard for guard in all_guards() if isinstance(guard, kind))


def models() -> dict[str, type[Model]]:
    apps = current().apps
    assert apps is not None
    return {model._meta.db_table: model for model in apps.apps["models"].values()}


async def put(table: str, **values: Any) -> dict[str, Any]:
    """Insert a fresh valid row with fresh parents; ``values`` replace some. Returns it."""
    row = {**await _fresh(models()[table]), **VALID.get(table, {}), **values}
    if table == "transfer":
        await _two_accounts()
        row = {"debit_id": "a", "credit_id": "b", **row, **values}
    if table == "commission" and not values.keys() & {"binding_id", "participation_id"}:
        await _chained(row)
    columns = ", ".join(f'"{name}"' for name in row)
    await db.execute(
        f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join("?" for _ in row)})', *row.values()
    )
    return row


async def _chained(row: dict[str, Any]) -> None:
    """A commission belongs to a binding of its buyer."""
    place = await put("participation")
    bound = await put("referral_binding", invitee_id=place["user_id"])
    row.update(participation_id=place["id"], binding_id=bound["id"], beneficiary_id=bound["inviter_id"])


async def _two_accounts() -> None:
    for name in ("a", "b"):
        await db.execute(
            "INSERT INTO account (id, currency, floored, balance_minor) VALUES (?, 'CNY', ?, 0) ON CONFLICT DO NOTHING",
            name, False,
        )  # fmt: skip


async def _fresh(model: type[Model]) -> dict[str, Any]:
    """A value for every column. Columns that freeze once they are set are set."""
    table = model._meta.db_table
    frozen = {name for guard in guards_of(Frozen) if guard.table == table for name in guard.columns}
    row: dict[str, Any] = {}
    for name, column in model._meta.fields_db_projection.items():
        field = model._meta.fields_map[name]
        parent = next(
            (each for each in model._meta.fk_fields | model._meta.o2o_fields if f"{each}_id" == name), None
        )
        if column in VALID.get(table, {}) or (table == "transfer" and column in ("debit_id", "credit_id")):
            continue
        if parent:
            of = model._meta.fields_map[parent].related_model._meta.db_table
            row[column] = (await put(of))["id"]
        elif field.null and column not in frozen:
            row[column] = None
        else:
            row[column] = _value(field)
    return row


def _value(field: Any) -> Any:
    if field.default is not None and not field.null and not isinstance(field, fields.JSONField):
        return field.default() if callable(field.default) else field.default
    if isinstance(field, fields.JSONField):
        return "{}"
    if isinstance(field, fields.DatetimeField):
        return NOW
    if isinstance(field, fields.DateField):
        return TODAY
    if isinstance(field, fields.BooleanField):
        return False
    if isinstance(field, fields.IntField | fields.BigIntField):
        return next(_numbers)
    text = f"v{next(_numbers)}"
    return text[-field.max_length :] if isinstance(field, fields.CharField) else text


def other_than(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value - 1
    if isinstance(value, date):  # instants too
        return value + timedelta(days=1)
    return '{"other": 1}' if value == "{}" else f"x{value}"[: len(value)]


async def refused(statement: Any, *names: str) -> str:
    """What is wrong: empty when the database refused and named one of ``names``."""
    try:
        await statement
    except IntegrityError as error:
        return "" if any(name in str(error) for name in names) else f"refused for another reason: {error}"
    return "was accepted"


async def update(table: str, row: dict[str, Any], **values: Any) -> int:
    pairs = ", ".join(f'"{name}" = ?' for name in values)
    key = models()[table]._meta.db_pk_column
    return await db.execute(f'UPDATE "{table}" SET {pairs} WHERE "{key}" = ?', *values.values(), row[key])


class TestEveryCheck:
    async def test_refuses_the_row_that_breaks_it(self, database):
        wrong = []
        for guard in guards_of(Check):
            async with undone():
                await put(guard.table)  # a row without the fault is fine
            for values in BROKEN[guard.name]:
                async with undone():
                    if fault := await refused(
                        put(guard.table, **values), guard.name, *ALSO.get(guard.name, ())
                    ):
                        wrong.append(f"{guard.name} {values}: {fault}")
        assert wrong == []

    async def test_refuses_the_change_that_breaks_it(self, database):
        wrong = []
        frozen = [f"{kind}_{guard.table}" for kind, of in (("frozen", Frozen), ("append_only", AppendOnly))
                  for guard in guards_of(of)]  # fmt: skip
        for guard in guards_of(Check):
            for values in BROKEN[guard.name]:
                async with undone():
                    row = await put(guard.table)
                    if fault := await refused(
                        update(guard.table, row, **values), guard.name, *ALSO.get(guard.name, ()), *frozen
                    ):
                        wrong.append(f"{guard.name} {values}: {fault}")
        assert wrong == []


class TestEveryPartialUniqueIndex:
    async def test_refuses_the_second_and_lets_others_be(self, database):
        wrong = []
        for guard in guards_of(PartialUnique):
            first, second, beside = TWICE[guard.name]
            for values, must_be_refused in ((second, True), (beside, False)):
                async with undone():
                    row = await put(guard.table, **first)
                    # what they share, unless a case says so itself; parents are shared, so that no other key differs
                    same = {name: row[name] for name in guard.columns if name not in values}
                    if must_be_refused:
                        if fault := await refused(
                            put(guard.table, **same, **values), guard.name, "UNIQUE constraint failed"
                        ):
                            wrong.append(f"{guard.name}: {fault}")
                    else:
                        await put(guard.table, **same, **values)
        assert wrong == []


class TestEveryFrozenColumn:
    async def test_refuses_another_value_and_takes_the_same_again(self, database):
        wrong = []
        for guard in guards_of(Frozen):
            for column in guard.columns:
                async with undone():
                    row = await put(guard.table)
                    assert row[column] is not None, (guard.table, column)
                    assert await update(guard.table, row, **{column: row[column]}) == 1
                    change = update(guard.table, row, **{column: other_than(row[column])})
                    if fault := await refused(change, f"frozen_{guard.table}"):
                        wrong.append(f"{guard.table}.{column}: {fault}")
        assert wrong == []

    async def test_keeps_its_row(self, database):
        wrong = []
        for guard in guards_of(Frozen):
            async with undone():
                row = await put(guard.table)
                delete = db.execute(f'DELETE FROM "{guard.table}" WHERE id = ?', row["id"])
                fault = await refused(delete, f"frozen_{guard.table}")
                if fault != ("was accepted" if guard.deletable else ""):
                    wrong.append(f"{guard.table}: {fault}")
        assert wrong == []


class TestEveryAppendOnlyTable:
    async def test_refuses_any_change_and_any_delete(self, database):
        wrong = []
        for guard in guards_of(AppendOnly):
            for verb in ('UPDATE "{}" SET id = id WHERE id = ?', 'DELETE FROM "{}" WHERE id = ?'):
                async with undone():
                    row = await put(guard.table)
                    change = db.execute(verb.format(guard.table), row["id"])
                    if fault := await refused(change, f"append_only_{guard.table}"):
                        wrong.append(f"{verb.format(guard.table)}: {fault}")
        assert wrong == []


class TestTheGuards:
    def test_have_a_case_each(self):
        assert {guard.name for guard in guards_of(Check)} == BROKEN.keys()
        assert {guard.name for guard in guards_of(PartialUnique)} == TWICE.keys()
        assert {guard.name for guard in guards_of(Statements)} == {
            "transfer",  # tests/ledger
            "referral_binding",  # tests/referrals
            "commission",
            "payment_amount_frozen",  # tests/payments
            "release_not_blocked",  # tests/payouts
        }

    def test_are_of_known_kinds(self):
        known = (Check, PartialUnique, Frozen, AppendOnly, Index, Statements)
        assert all(isinstance(guard, known) for guard in all_guards())

    async def test_that_help_sweeps_exist(self, database):
        lines = await manifest()
        for guard in guards_of(Index):
            assert f"index {guard.table} {guard.name}" in lines
