"""Paying a manufacturer out: all that was released and not paid, less what it owes, as one bank transfer.

Proposed by an admin, approved and sent like every transfer that a person makes (``payments.disbursing``). What refunds
take back meanwhile is not forgotten: a transfer that the bank has made is booked in full, and what was not there any
more is owed by the manufacturer and netted with the next.
"""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import db, faults
from c2b.kit.errors import Conflict, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.ledger.operations import ensure, payable, recourse, transfer, world
from c2b.ledger.queries import balance
from c2b.payments.disbursing import Payee, checked_payee, propose
from c2b.payouts.following import as_json
from c2b.payouts.telling import tell

#: Bank transfers of a manufacturer that are not booked yet.
_ON_THE_WAY = (
    "SELECT COALESCE(SUM(d.amount_minor), 0) AS minor FROM disbursement d WHERE d.kind = 'payout' AND d.currency = ? "
    "AND d.state IN ('proposed', 'approved') AND d.subject_id IN (SELECT r.payout_id FROM payment_release r "
    "JOIN payment_schedule s ON s.id = r.schedule_id WHERE s.manufacturer_id = ?)"
)
_UNPAID = (
    "SELECT r.id FROM payment_release r JOIN payment_schedule s ON s.id = r.schedule_id WHERE s.manufacturer_id = ? "
    "AND s.currency = ? AND r.state = 'released' AND r.payout_id IS NULL ORDER BY r.id"
)


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    message = N_("There is nothing to pay to this manufacturer in this currency now.")


async def pay_out(actor: Actor, manufacturer_id: str, *, currency: str) -> str:
    """An admin proposes the bank transfer of everything released and not paid; the id of the payout.

    What the manufacturer owes is netted first. Raises ``NotFound``, ``NothingToPay``.
    """
    if not actor.is_admin:
        raise NotFound

    async def write() -> str:
        maker = await _hold(manufacturer_id)
        amount = await net(manufacturer_id, currency)
        parts = [row["id"] for row in await db.fetch(_UNPAID, manufacturer_id, currency)]
        if amount <= 0 or not parts:
            raise NothingToPay
        payout_id = new_id()
        places = ", ".join("?" for _ in parts)
        await db.execute(
            f"UPDATE payment_release SET payout_id = ? WHERE id IN ({places})",  # noqa: S608
            payout_id,
            *parts,
        )
        await propose(
            kind="payout", subject_id=payout_id, amount_minor=amount, currency=currency, payee=_payee(maker),
            proposed_by=actor.id, payee_name=_name(maker),
        )  # fmt: skip
        await tell(
            "payout.proposed", payout_id, manufacturer_id=manufacturer_id, actor_id=actor.id, amount_minor=amount,
            currency=currency,
        )  # fmt: skip
        return payout_id

    return await db.atomically(write)


async def net(manufacturer_id: str, currency: str) -> int:
    """Take what a manufacturer owes out of what it has; what is then free to be paid, in minor units."""
    owed = -await balance(recourse(manufacturer_id, currency))
    free = await balance(payable(manufacturer_id, currency)) - await on_the_way(manufacturer_id, currency)
    taken = min(owed, free)
    if taken > 0:
        key = new_id()
        await transfer(
            debit=payable(manufacturer_id, currency), credit=recourse(manufacturer_id, currency), amount_minor=taken,
            currency=currency, key=f"netting:{key}", cause="netting", cause_id=manufacturer_id,
        )  # fmt: skip
        free -= taken
    return free


async def on_the_way(manufacturer_id: str, currency: str) -> int:
    """What is in bank transfers that are proposed or approved, in minor units."""
    row = await db.fetch_one(_ON_THE_WAY, currency, manufacturer_id)
    return int(row["minor"]) if row else 0


async def payout_sent(
    payout_id: str, *, actor_id: str | None, amount_minor: int, currency: str, bank_reference: str
) -> None:
    """The bank has paid it, in the transaction that says so: book it, once."""
    maker = await _maker_of(payout_id)
    await _hold(maker)
    bank = await ensure(world("bank", currency), currency)
    there = min(await balance(payable(maker, currency)), amount_minor)
    for account, minor in (
        (payable(maker, currency), there),
        (recourse(maker, currency), amount_minor - there),
    ):
        if minor > 0:
            await transfer(
                debit=await ensure(account, currency), credit=bank, amount_minor=minor, currency=currency,
                key=f"payout:{payout_id}:{account.partition(':')[0]}", cause="payout", cause_id=payout_id,
            )  # fmt: skip
    faults.point("payout:sent")
    await tell(
        "payout.sent", payout_id, manufacturer_id=maker, actor_id=actor_id, amount_minor=amount_minor,
        currency=currency, reference=bank_reference,
    )  # fmt: skip


async def payout_refused(payout_id: str, *, actor_id: str | None, reason: str) -> None:
    """The bank transfer was called off, in the transaction that does so: its parts wait for the next."""
    maker = await _maker_of(payout_id)
    await _hold(maker)
    await db.execute("UPDATE payment_release SET payout_id = NULL WHERE payout_id = ?", payout_id)
    await tell("payout.called_off", payout_id, manufacturer_id=maker, actor_id=actor_id, reason=reason[:500])


async def _hold(manufacturer_id: str) -> dict[str, Any]:
    """The manufacturer, its payouts held until the transaction ends. Raises ``NotFound``."""
    sql = "SELECT * FROM manufacturer WHERE id = ?"
    row = await db.fetch_one(
        f"{sql} FOR NO KEY UPDATE" if db.dialect() == "postgres" else sql, manufacturer_id
    )
    if row is None:
        raise NotFound
    return row


async def _maker_of(payout_id: str) -> str:
    row = await db.fetch_one(
        "SELECT s.manufacturer_id FROM payment_release r JOIN payment_schedule s ON s.id = r.schedule_id "
        "WHERE r.payout_id = ? LIMIT 1",
        payout_id,
    )
    if row is None:
        raise NotFound
    return str(row["manufacturer_id"])


def _payee(maker: dict[str, Any]) -> Payee | None:
    """The account in the manufacturer's party; ``None`` until one is known there."""
    party = as_json(maker["party"])
    account = party.get("bank_account") or {}
    try:
        return checked_payee(_name(maker), str(account.get("account", "")), str(account.get("bank", "")))
    except Invalid:
        return None


def _name(maker: dict[str, Any]) -> str:
    named = as_json(maker["party"]).get("legal_name") or as_json(maker["name"])
    return str(named if isinstance(named, str) else named.get("zh") or named["en"])
