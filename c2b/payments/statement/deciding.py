"""What a line of our statement pays, or that it goes back to its sender: decided by an admin, once.

A payment is captured when the lines assigned to it make up its amount, by the path that every provider's notification
takes. What is too little waits for the rest, what is too much goes back, and so does what pays nothing.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.ledger.operations import ensure, suspense, transfer, world
from c2b.payments.capturing import receive
from c2b.payments.disbursing import Payee, opened, propose
from c2b.payments.gateways.bank.settings import NAME as BANK
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.statement.payers import arrived_of
from c2b.payments.statement.reading import fitting, stranded

RETURNED = "bank_return"


class LineDecided(Conflict):
    code = "bank_line_decided"
    message = N_("Somebody has decided about this line already.")


class PaidAlready(Conflict):
    code = "payment_paid_already"
    message = N_("This payment is paid already. Send the money back instead.")


class OtherCurrency(Conflict):
    code = "payment_in_other_currency"
    message = N_("This payment is in another currency. Send the money back instead.")


async def assign(actor: Actor, line_id: str, payment_id: str) -> bool:
    """The line pays this payment. ``True`` if that captured it, ``False`` while the rest is missing.

    What is more than the payment goes back by a bank transfer, proposed here. Money for a place that nobody has any
    more is captured too, and refunded as late. Raises ``NotFound``, ``LineDecided``, ``PaidAlready``,
    ``OtherCurrency``.
    """

    async def write() -> bool:
        line = await line_of(actor, line_id)
        payment = await _payment(payment_id)
        # everybody holds the campaign's row first: what follows has no rivals
        await hold(payment["campaign_id"])
        payment = await _payment(payment_id)
        if payment["currency"] != line["currency"]:
            raise OtherCurrency
        if payment["state"] == "succeeded":
            raise PaidAlready
        await decide(actor, line_id, "assigned", "payment_id = ?", payment_id, when="open")
        faults.point("line:assigned")
        missing = payment["amount_minor"] - await arrived_of(payment_id)
        if missing > 0:
            await _tell(payment, "payment.part_arrived", missing_minor=missing)
            return False
        if missing:
            await db.execute("UPDATE bank_line SET return_minor = ? WHERE id = ?", -missing, line_id)
            await _propose(line, -missing, _payee(line), actor)
            await _tell(payment, "payment.too_much_arrived", surplus_minor=-missing)
        await _capture(payment)
        return True

    return await db.atomically(write)


async def assign_fitting(actor: Actor) -> int:
    """Assign every open line that exactly makes up the payment whose reference it carries; how many were."""
    done = 0
    for line_id, payment_id in await fitting():
        with suppress(Conflict):  # decided, or paid, by somebody else meanwhile
            done += await assign(actor, line_id, payment_id)
    return done


async def _capture(payment: dict[str, Any]) -> None:
    verdict = await receive(
        BANK,
        GatewayEvent(
            event_id=f"arrived:{payment['id']}",
            kind="payment.captured",
            provider_ref=payment["provider_ref"],
            payment_id=payment["id"],
            amount_minor=payment["amount_minor"],
            currency=payment["currency"],
            occurred_at=clock.now(),
            refund_key=None,
        ),
    )
    if verdict != "captured":
        raise PaidAlready


async def send_back(actor: Actor, line_id: str, *, payee: Payee | None = None, note: str = "") -> None:
    """Propose the transfer back to the sender: of a line that pays nothing, or of what was too much of one that does.

    ``payee``: where the statement told no account, or another one. A part of a payment that is still missing the rest
    may go back; what has captured one may not. Raises ``NotFound``, ``LineDecided``, ``Invalid`` without a note or
    account.
    """
    note = one_line(note)[:500]

    async def write() -> None:
        line, captured = await line_of(actor, line_id), False
        if line["payment_id"]:
            await hold((await _payment(line["payment_id"]))["campaign_id"])
            line = await line_of(actor, line_id)
            captured = (
                bool(line["payment_id"]) and (await _payment(line["payment_id"]))["state"] == "succeeded"
            )
        to = payee or _payee(line)
        wrong = [] if note else [FieldError("note", "required", N_("Please say why."))]
        if to is None:
            wrong.append(FieldError("payee_account", "account", N_("Enter an IBAN or account number.")))
        if wrong:
            raise Invalid(fields=wrong)
        if line["returned_at"] or line["state"] not in ("open", "assigned"):
            raise LineDecided
        if not captured:
            await _give_back(line, to, actor, note)
        elif not line["return_minor"] or not await _propose(line, line["return_minor"], to, actor, note):
            raise LineDecided

    await db.atomically(write)


async def keep_parts() -> int:
    """The clock's sweep: a part whose rest is not waited for any more goes back by itself, as its payer was told.

    People approve and send the transfer. What came from an account that nobody knows waits for an admin. How many.
    """
    done = 0
    for line in await stranded():
        with suppress(LineDecided):  # by somebody else meanwhile
            done += await db.atomically(partial(_back_by_itself, line))
    return done


async def _back_by_itself(line: dict[str, Any]) -> bool:
    await hold((await _payment(line["payment_id"]))["campaign_id"])
    if not await stranded(line["id"]):  # paid after all meanwhile
        return False
    await _give_back(line, _payee(line), None)
    return True


async def _give_back(line: dict[str, Any], to: Payee | None, actor: Actor | None, note: str = "") -> None:
    """All of a line that captured nothing goes back; who had sent it for a place is told."""
    change = "return_minor = amount_minor, note = ?"
    await decide(actor, line["id"], "returning", change, note, when=line["state"])
    if not await _propose(line, line["amount_minor"], to, actor, note):
        raise LineDecided
    if line["payment_id"]:
        payment = await _payment(line["payment_id"])
        await _tell(payment, "payment.part_returned", returned_minor=line["amount_minor"])


async def return_sent(line_id: str) -> None:
    """The bank has carried it out, in the transaction that says so: book it."""
    line = await db.fetch_one("SELECT * FROM bank_line WHERE id = ?", line_id)
    assert line
    rows = await db.execute(
        "UPDATE bank_line SET state = CASE WHEN state = 'returning' THEN 'returned' ELSE state END, returned_at = ? "
        "WHERE id = ? AND returned_at IS NULL AND return_minor > 0 AND state IN ('assigned', 'returning')",
        clock.now(),
        line_id,
    )
    if rows != 1:
        raise LineDecided
    await transfer(
        debit=suspense(BANK, line["currency"]),
        credit=await ensure(world(BANK, line["currency"]), line["currency"]),
        amount_minor=line["return_minor"],
        currency=line["currency"],
        key=f"return:{line_id}",
        cause=RETURNED,
        cause_id=line_id,
    )


async def return_refused(line_id: str, *, reason: str) -> None:
    """The transfer back was called off: the line waits for a decision again; a surplus stays where it is."""
    await db.execute(
        "UPDATE bank_line SET state = 'open', payment_id = NULL, return_minor = 0, note = ? "
        "WHERE id = ? AND state = 'returning'",
        reason[:500],
        line_id,
    )


async def line_of(actor: Actor, line_id: str) -> dict[str, Any]:
    """The stored line, for an admin. Raises ``NotFound``."""
    row = await db.fetch_one("SELECT * FROM bank_line WHERE id = ?", line_id)
    if row is None or not actor.is_admin:
        raise NotFound
    return row


async def _payment(payment_id: str) -> dict[str, Any]:
    row = await db.fetch_one(
        "SELECT * FROM payment WHERE id = ? AND gateway = ? AND provider_ref IS NOT NULL", payment_id, BANK
    )
    if row is None:
        raise NotFound
    return row


async def decide(
    actor: Actor | None, line_id: str, becomes: str, change: str, *values: Any, when: str
) -> None:
    """Once: only from the state that was read before, whoever was faster meanwhile."""
    rows = await db.execute(
        f"UPDATE bank_line SET state = ?, {change}, decided_by = ?, decided_at = ? WHERE id = ? AND state = ?",  # noqa: S608
        becomes,
        *values,
        actor.id if actor else None,
        clock.now(),
        line_id,
        when,
    )
    if rows != 1:
        raise LineDecided
    await record(
        f"bank_line.{becomes}",
        subject="bank_line",
        subject_id=line_id,
        actor_id=actor.id if actor else None,
        audience="admin",
    )


async def _propose(
    line: dict[str, Any], amount_minor: int, payee: Payee | None, actor: Actor | None, note: str = ""
) -> bool:
    return bool(
        await propose(
            kind="return", subject_id=line["id"], amount_minor=amount_minor, currency=line["currency"], payee=payee,
            payee_name=line["payer_name"], proposed_by=actor.id if actor else None, note=note,
        )
    )  # fmt: skip


def _payee(line: dict[str, Any]) -> Payee | None:
    return opened(line["payer_sealed"])


async def _tell(payment: dict[str, Any], event: str, **told: int) -> None:
    await record(
        event, subject="payment", subject_id=payment["id"], campaign_id=payment["campaign_id"],
        actor_id=payment["user_id"], audience="admin", payload={**told, "currency": payment["currency"]},
    )  # fmt: skip
