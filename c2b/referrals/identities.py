"""Whom we pay: real name, of age, one account. Sealed before it is written; only its last four characters are shown.

An admin opens it to carry out or check a payment, and every opening is written down.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime

from c2b.accounts.rules import Actor
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.sealing import seal, unseal
from c2b.payments.disbursing import Payee, checked_payee
from c2b.referrals.booking import lock_people
from c2b.referrals.rules import adult

PURPOSE = "payee identity"
_NAMES = {"payee_name": "legal_name", "payee_account": "account", "payee_bank": "bank"}


class WithdrawalOpen(Conflict):
    code = "withdrawal_open"
    message = N_("A payout is under way to the account we know. You can change it when that is done.")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody's identity in the open: only for who pays it or checks it."""

    payee: Payee
    born_on: date


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is shown of an identity: the name and the last four characters of the account."""

    legal_name: str
    account_end: str
    bank: str
    given_at: datetime
    checked_at: datetime | None


async def give_identity(actor: Actor, *, legal_name: str, born_on: str, account: str, bank: str = "") -> None:
    """Say who is paid, or change it while nothing is under way. What is confirmed becomes payable.

    ``born_on``: an ISO day. Raises ``Invalid`` with a fault per field, ``WithdrawalOpen``, ``Forbidden``.
    """
    if actor.role != "consumer":
        raise Forbidden
    payee, born = _checked(legal_name, born_on, account, bank)
    sealed = seal(
        json.dumps({"account": payee.account, "bank": payee.bank, "born_on": born.isoformat()}, ensure_ascii=False),
        purpose=PURPOSE,
    )  # fmt: skip

    async def write() -> None:
        await lock_people({actor.id})
        now = clock.now()
        if await db.fetch_one(
            "SELECT 1 AS yes FROM commission_withdrawal WHERE user_id = ? AND state IN ('requested', 'approved')",
            actor.id,
        ):
            raise WithdrawalOpen
        await db.execute(
            "INSERT INTO payee_identity (user_id, legal_name, sealed, given_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (user_id) DO UPDATE SET legal_name = excluded.legal_name, sealed = excluded.sealed, "
            "given_at = excluded.given_at, checked_by = NULL, checked_at = NULL",
            actor.id,
            payee.name,
            sealed,
            now,
        )
        await db.execute(
            "UPDATE commission SET state = 'payable', reason = 'ready', payable_at = ? WHERE beneficiary_id = ? "
            "AND state = 'confirmed'",
            now,
            actor.id,
        )
        await record(
            "payee.identified", subject="user", subject_id=actor.id, actor_id=actor.id, audience="owner"
        )

    await db.atomically(write)


def _checked(legal_name: str, born_on: str, account: str, bank: str) -> tuple[Payee, date]:
    wrong, payee, born = [], None, None
    try:
        payee = checked_payee(legal_name, account, bank)
    except Invalid as error:
        wrong += [replace(each, path=_NAMES.get(each.path, each.path)) for each in error.fields]
    try:
        born = date.fromisoformat(born_on.strip()[:10])
    except ValueError:
        wrong.append(FieldError("born_on", "date", N_("Enter your date of birth.")))
    if born and not adult(born, clock.today()):
        wrong.append(
            FieldError("born_on", "adult", N_("Commissions are paid to adults only, from 18 years on."))
        )
    if wrong or payee is None or born is None:
        raise Invalid(fields=wrong)
    return payee, born


async def known_identity(user_id: str) -> Known | None:
    """What we know of whom we pay, masked; ``None`` where nothing was given yet."""
    row = await db.fetch_one("SELECT * FROM payee_identity WHERE user_id = ?", user_id)
    if row is None:
        return None
    identity, given_at = _opened(row), db.instant(row["given_at"])
    assert given_at
    return Known(
        legal_name=row["legal_name"], account_end=identity.payee.account[-4:], bank=identity.payee.bank,
        given_at=given_at, checked_at=db.instant(row["checked_at"]),
    )  # fmt: skip


async def payee_of(user_id: str) -> Payee:
    """Whom to pay, for the bank transfer. Raises ``NotFound``."""
    return (await _identity(user_id)).payee


async def reveal(actor: Actor, user_id: str, *, withdrawal_id: str) -> Identity:
    """An admin reads an identity in the open; that they did is written down. Raises ``NotFound``."""

    async def read() -> Identity:
        identity = await _identity(user_id)
        await record(
            "payee.revealed", subject="user", subject_id=user_id, actor_id=actor.id,
            payload={"withdrawal_id": withdrawal_id},
        )  # fmt: skip
        return identity

    return await db.atomically(read)


async def _identity(user_id: str) -> Identity:
    row = await db.fetch_one("SELECT * FROM payee_identity WHERE user_id = ?", user_id)
    if row is None:
        raise NotFound
    return _opened(row)


def _opened(row: dict[str, object]) -> Identity:
    kept = json.loads(unseal(str(row["sealed"]), purpose=PURPOSE))
    payee = Payee(name=str(row["legal_name"]), account=kept["account"], bank=kept["bank"])
    return Identity(payee=payee, born_on=date.fromisoformat(kept["born_on"]))
