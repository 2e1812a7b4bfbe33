"""A line that no member sent is our own money: a provider pays out what it took for us, or something else came in.

A provider whose report tells its payouts has booked each to our bank already; its line then stands beside that booking,
one beside one, and is not counted again. What the others pay out is booked here, from the provider to our bank.
"""

from __future__ import annotations

from typing import Any

from tortoise.exceptions import IntegrityError

from c2b.accounts.rules import Actor
from c2b.kit import db
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.ledger.operations import ensure, suspense, transfer, world
from c2b.payments.gateways.bank.settings import NAME as BANK
from c2b.payments.statement.deciding import LineDecided, decide, line_of
from c2b.payments.statement.payouts import Payout, payouts_for, providers_for

OWN = "own"
OTHER = "other"
CAUSE = "bank_own"


class SettlementTaken(Conflict):
    code = "settlement_taken"
    message = N_("This payout does not go with this line, or has a line already.")


async def keep(actor: Actor, line_id: str, *, source: str = "", payout_id: str = "", note: str = "") -> None:
    """It is ours: the payout told by a report (``payout_id``), one of ``providers_for``, or ``OTHER`` with a note.

    Raises ``NotFound``, ``LineDecided``, ``Invalid``, ``SettlementTaken``.
    """
    note = one_line(note)[:500]

    async def write() -> None:
        line = await line_of(actor, line_id)
        payout = await _payout(line, payout_id) if payout_id else None
        whose = payout.gateway if payout else source
        if payout is None:
            await _check(line["currency"], whose, note)
        change = "source = ?, settlement_id = ?, note = ?"
        await decide(actor, line_id, OWN, change, whose, payout.id if payout else None, note, when="open")
        await _move(line, suspense(BANK, line["currency"]), _outside(line, whose, told=payout is not None))

    try:
        await db.atomically(write)
    except IntegrityError as error:
        if not payout_id:
            raise
        raise SettlementTaken from error  # another line was faster beside the same payout


async def reopen(actor: Actor, line_id: str, *, note: str) -> None:
    """It was not ours after all: it waits for a decision again. Raises ``NotFound``, ``LineDecided``, ``Invalid``."""
    note = one_line(note)[:500]
    if not note:
        raise Invalid(fields=[FieldError("reason", "required", N_("Please say why."))])

    async def write() -> None:
        line = await line_of(actor, line_id)
        if line["state"] != OWN:
            raise LineDecided
        change = "source = '', settlement_id = NULL, note = ?"
        await decide(actor, line_id, "open", change, note, when=OWN)
        there = _outside(line, line["source"], told=bool(line["settlement_id"]))
        await _move(line, there, suspense(BANK, line["currency"]))

    await db.atomically(write)


def _outside(line: dict[str, Any], source: str, *, told: bool) -> str:
    """The account that our own money comes from: the provider's, unless its report has booked that, or it is none's."""
    return world(BANK if told or source == OTHER else source, line["currency"])


async def _payout(line: dict[str, Any], payout_id: str) -> Payout:
    found = next((each for each in await payouts_for(line) if each.id == payout_id), None)
    if found is None:
        raise SettlementTaken
    return found


async def _check(currency: str, source: str, note: str) -> None:
    if source == OTHER and not note:
        raise Invalid(fields=[FieldError("note", "required", N_("Please say what it is."))])
    if source != OTHER and source not in await providers_for(currency):
        raise Invalid(fields=[FieldError("source", "unknown", N_("Choose where it comes from."))])


async def _move(line: dict[str, Any], debit: str, credit: str) -> None:
    """Once for each decision: the state of the line has just changed in this transaction."""
    before = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM transfer WHERE cause = ? AND cause_id = ?", CAUSE, line["id"]
    )
    await transfer(
        debit=await ensure(debit, line["currency"]), credit=await ensure(credit, line["currency"]),
        amount_minor=line["amount_minor"], currency=line["currency"],
        key=f"own:{line['id']}:{before['n'] if before else 0}", cause=CAUSE, cause_id=line["id"],
    )  # fmt: skip
