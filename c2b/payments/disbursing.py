"""Money that a person sends by bank transfer: proposed, approved (by another above a limit), sent with a reference.

One mechanism for refunds that no provider makes, payouts, commissions, and what came to our account and pays nothing.
What a disbursement is for hears of it by the events ``disbursement.approved``, ``disbursement.refused`` and
``disbursement.sent``: a reaction in the wiring books the money inside the transaction of ``mark_sent``, through
``world:bank``. It may also refuse by raising.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from c2b.accounts.rules import Actor
from c2b.config import settings
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.kit.sealing import seal, unseal

#: What the accounts of payees are sealed for.
PURPOSE = "payee"


class AnotherPerson(Conflict):
    code = "another_person_needed"
    message = N_("This amount takes two persons: somebody else has to do this step.")


class DecidedAlready(Conflict):
    code = "disbursement_decided"
    message = N_("This bank transfer was decided or sent already.")


@dataclass(frozen=True, kw_only=True)
class Payee:
    """Who gets the money: the holder's name, the account (IBAN or number), the bank's name or code."""

    name: str
    account: str
    bank: str = ""


def checked_payee(name: str, account: str, bank: str = "") -> Payee:
    """A payee from what was typed. Raises ``Invalid`` with ``payee_name``, ``payee_account`` or ``payee_bank``."""
    name, account, bank = (
        one_line(name),
        one_line(account).replace(" ", "").replace("-", "").upper(),
        one_line(bank),
    )
    wrong = []
    if not 1 <= len(name) <= 160:
        wrong.append(FieldError("payee_name", "name", N_("Enter the name of the account's holder.")))
    if not (account.isascii() and account.isalnum() and 6 <= len(account) <= 34):
        wrong.append(FieldError("payee_account", "account", N_("Enter an IBAN or account number.")))
    if len(bank) > 160:
        wrong.append(FieldError("payee_bank", "bank", N_("Enter the bank's name or code.")))
    if wrong:
        raise Invalid(fields=wrong)
    return Payee(name=name, account=account, bank=bank)


async def propose(
    *,
    kind: str,
    subject_id: str,
    amount_minor: int,
    currency: str,
    payee: Payee | None,
    campaign_id: str | None = None,
    proposed_by: str | None = None,
    note: str = "",
    payee_name: str = "",
) -> str | None:
    """Ask for a bank transfer, in the present transaction: its id. ``None`` while one of this subject is not refused.

    ``kind``: refund, payout, commission or return. ``proposed_by``: the admin who wants it; ``None`` when the platform
    itself or a member does, then above the limit whoever sends it is not whoever approved it. ``payee_name``: who it is
    for while no account is known.
    """
    before = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM disbursement WHERE kind = ? AND subject_id = ? AND state = 'refused'",
        kind,
        subject_id,
    )
    written = await db.fetch_one(
        "INSERT INTO disbursement (id, kind, subject_id, campaign_id, key, amount_minor, currency, payee_name, "
        "payee_sealed, state, two_persons, note, proposed_by, proposed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
        new_id(),
        kind,
        subject_id,
        campaign_id,
        f"disbursement:{kind}:{subject_id}:{before['n'] if before else 0}",
        amount_minor,
        currency,
        payee.name if payee else payee_name[:160],
        sealed(payee) if payee else "",
        amount_minor >= settings().two_person_minor,
        one_line(note)[:2000],
        proposed_by,
        clock.now(),
    )
    if written is None:
        return None
    row = await _row(written["id"])
    await _tell("disbursement.proposed", row, proposed_by)
    return str(row["id"])


async def approve(actor: Actor, disbursement_id: str) -> None:
    """An admin agrees. Raises ``AnotherPerson`` when it takes somebody else, ``DecidedAlready``."""

    async def write() -> None:
        row = await _row(disbursement_id)
        if row["two_persons"] and row["proposed_by"] == actor.id:
            raise AnotherPerson
        await _move(
            row, "approved", "state = 'proposed'", "approved_by = ?, approved_at = ?", actor.id, clock.now()
        )
        await _tell("disbursement.approved", row, actor.id)

    await db.atomically(write)


async def refuse(actor: Actor, disbursement_id: str, *, reason: str) -> None:
    """An admin calls it off, before it was sent. Raises ``Invalid`` without a reason, ``DecidedAlready``."""
    reason = one_line(reason)
    if not reason:
        raise Invalid(fields=[FieldError("reason", "reason", N_("Please say why."))])

    async def write() -> None:
        row = await _row(disbursement_id)
        await _move(row, "refused", "state IN ('proposed', 'approved')", "note = ?", reason[:2000])
        await _tell("disbursement.refused", row, actor.id, reason=reason[:500])

    await db.atomically(write)


async def mark_sent(actor: Actor, disbursement_id: str, *, bank_reference: str) -> None:
    """The bank has carried it out: keep its reference, and book it. Twice is once.

    Raises ``Invalid`` without a reference, ``AnotherPerson``, ``DecidedAlready``, and whatever the booking refuses.
    """
    reference = one_line(bank_reference)
    if not 1 <= len(reference) <= 80:
        raise Invalid(
            fields=[
                FieldError("bank_reference", "reference", N_("Enter the reference of the bank transfer."))
            ]
        )

    async def write() -> None:
        row = await _row(disbursement_id)
        if row["two_persons"] and row["proposed_by"] is None and row["approved_by"] == actor.id:
            raise AnotherPerson
        await _move(
            row, "sent", "state = 'approved'", "bank_reference = ?, sent_by = ?, sent_at = ?",
            reference, actor.id, clock.now(),
        )  # fmt: skip
        faults.point("disbursement:sent")
        await _tell("disbursement.sent", row, actor.id, bank_reference=reference)

    await db.atomically(write)


def sealed(payee: Payee) -> str:
    """A payee as it is stored."""
    return seal(json.dumps(asdict(payee), ensure_ascii=False), purpose=PURPOSE)


def opened(payee_sealed: str) -> Payee | None:
    """A stored payee; ``None`` where none is known yet."""
    return Payee(**json.loads(unseal(payee_sealed, purpose=PURPOSE))) if payee_sealed else None


async def reveal(actor: Actor, disbursement_id: str) -> Payee | None:
    """An admin reads a payee in the open; that they did is written down. Raises ``NotFound``."""

    async def read() -> Payee | None:
        row = await _row(disbursement_id)
        await record(
            "payee.revealed", subject="disbursement", subject_id=row["id"], campaign_id=row["campaign_id"],
            actor_id=actor.id, audience="admin", payload={"kind": row["kind"]},
        )  # fmt: skip
        return opened(row["payee_sealed"])

    return await db.atomically(read)


async def _row(disbursement_id: str) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM disbursement WHERE id = ?", disbursement_id)
    if row is None:
        raise NotFound
    return row


async def _move(row: dict[str, Any], state: str, when: str, change: str, *values: Any) -> None:
    rows = await db.execute(
        f"UPDATE disbursement SET state = ?, {change} WHERE id = ? AND {when}",
        state,
        *values,
        row["id"],
    )
    if rows != 1:
        raise DecidedAlready


async def _tell(name: str, row: dict[str, Any], actor_id: str | None, **more: str) -> None:
    payload = {"kind": row["kind"], "subject_id": row["subject_id"], "amount_minor": row["amount_minor"],
               "currency": row["currency"], **more}  # fmt: skip
    await record(
        name, subject="disbursement", subject_id=row["id"], campaign_id=row["campaign_id"], actor_id=actor_id,
        payload=payload,
    )  # fmt: skip
