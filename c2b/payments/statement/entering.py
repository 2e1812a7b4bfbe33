"""Lines of our bank statement, typed or read from a file: each is in the book once, whoever enters it how often.

What came in is owed to somebody from that moment on: it rests in the suspense account of its currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from c2b.accounts.rules import Actor
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.kit.money import exponent
from c2b.ledger.operations import ensure, suspense, transfer, world
from c2b.payments.disbursing import Payee, sealed
from c2b.payments.gateways.bank.settings import NAME as BANK
from c2b.payments.gateways.base import MAX_AMOUNT_MINOR

CAUSE = "bank_line"


class EnteredAlready(Conflict):
    code = "bank_line_entered"
    message = N_("This line was entered before, and it says the same.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One incoming line as the statement says it: ``amount_minor`` above zero, ``reference`` the bank's own number.

    ``account`` and ``bank`` of the payer, as far as they are told; ``text``: what the payer wrote.
    """

    reference: str
    booked_on: date
    amount_minor: int
    currency: str
    payer_name: str = ""
    account: str = ""
    bank: str = ""
    text: str = ""


@dataclass(frozen=True)
class Entered:
    """How many lines were new, and how many were there before."""

    new: int
    known: int


def faults_of(line: Line) -> list[FieldError]:
    """What is wrong with a line, by the names of its fields; empty when nothing is."""
    wrong = []
    if not 1 <= len(line.reference) <= 80:
        wrong.append(FieldError("reference", "length", N_("Enter the bank\u2019s own number of the line.")))
    try:
        exponent(line.currency)
    except ValueError:
        wrong.append(FieldError("currency", "currency", N_("This is no currency of the standard list.")))
    if not 0 < line.amount_minor <= MAX_AMOUNT_MINOR:
        wrong.append(FieldError("amount", "amount", N_("Enter what came in, above zero.")))
    if line.booked_on > clock.today():
        wrong.append(FieldError("booked_on", "future", N_("This day has not come yet.")))
    account = plain(line.account)
    if account and not (account.isascii() and account.isalnum() and 6 <= len(account) <= 34):
        wrong.append(FieldError("account", "account", N_("Enter an IBAN or account number, or nothing.")))
    return wrong


async def enter(actor: Actor, line: Line) -> str:
    """An admin enters one line; its id. Raises ``NotFound``, ``Invalid``, ``EnteredAlready``."""
    if wrong := faults_of(line):
        raise Invalid(fields=wrong)

    async def write() -> str:
        found = await _write(actor, line)
        if found is None:
            raise EnteredAlready
        return found

    return await db.atomically(write)


async def enter_all(actor: Actor, lines: Sequence[Line]) -> Entered:
    """All lines of a file, or none. Raises ``NotFound``, and ``Invalid`` where one has another content than before."""

    async def write() -> Entered:
        new = [found for line in lines if (found := await _write(actor, line))]
        return Entered(len(new), len(lines) - len(new))

    return await db.atomically(write)


async def _write(actor: Actor, line: Line) -> str | None:
    """In the present transaction; ``None`` if it was entered before."""
    if not actor.is_admin:
        raise NotFound
    account, name = plain(line.account), one_line(line.payer_name)[:160]
    written = await db.fetch_one(
        "INSERT INTO bank_line (id, reference, booked_on, amount_minor, currency, payer_name, payer_sealed, text, "
        "state, return_minor, source, note, entered_by, entered_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', 0, '', '', ?, ?) "
        "ON CONFLICT (reference) DO NOTHING RETURNING id",
        new_id(),
        line.reference,
        line.booked_on,
        line.amount_minor,
        line.currency,
        name,
        sealed(Payee(name=name, account=account, bank=one_line(line.bank)[:160])) if account else "",
        one_line(line.text)[:300],
        actor.id,
        clock.now(),
    )
    if written is None:
        await _same_as_before(line)
        return None
    await transfer(
        debit=await ensure(world(BANK, line.currency), line.currency),
        credit=await ensure(suspense(BANK, line.currency), line.currency),
        amount_minor=line.amount_minor,
        currency=line.currency,
        key=f"line:{written['id']}",
        cause=CAUSE,
        cause_id=written["id"],
    )
    await record(
        "bank_line.entered", subject="bank_line", subject_id=written["id"], actor_id=actor.id, audience="admin",
        payload={"amount_minor": line.amount_minor, "currency": line.currency},
    )  # fmt: skip
    return str(written["id"])


async def _same_as_before(line: Line) -> None:
    before = await db.fetch_one(
        "SELECT amount_minor, currency, booked_on FROM bank_line WHERE reference = ?", line.reference
    )
    assert before
    if (before["amount_minor"], before["currency"], str(before["booked_on"])[:10]) != (
        line.amount_minor,
        line.currency,
        line.booked_on.isoformat(),
    ):
        raise Invalid(
            fields=[
                FieldError(
                    "reference",
                    "differs",
                    N_("Line {reference} was entered before with another amount, currency or day."),
                    {"reference": line.reference},
                )
            ]
        )


def plain(account: str) -> str:
    """An account number without the spaces and hyphens that people put there."""
    return "".join(one_line(account).replace("-", "").split()).upper()
