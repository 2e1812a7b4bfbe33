"""Paying a commission out: a member asks, an admin looks at it, a person sends it by bank transfer.

A withdrawal is for what is on the member's account when they ask; while it is open nothing else takes from that.
"""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.ledger.operations import commission, ensure, transfer, world
from c2b.payments.disbursing import propose
from c2b.referrals.binding import words
from c2b.referrals.booking import free_of, lock_people, net
from c2b.referrals.identities import payee_of

#: Kept instead of an admin's words when a refund changed what was asked for.
CHANGED = "refunded"


class WhoAreYou(Conflict):
    code = "identity_missing"
    message = N_("Tell us first who you are and which account the money goes to.")


class NothingToWithdraw(Conflict):
    code = "nothing_to_withdraw"
    message = N_("There is nothing to pay out in this currency now.")


class WithdrawalUnderWay(Conflict):
    code = "withdrawal_under_way"
    message = N_(
        "You have already asked for a payout in this currency. The next one can follow when it is done."
    )


class WithdrawalDecided(Conflict):
    code = "withdrawal_decided"
    message = N_("This payout was decided already.")


async def withdraw(actor: Actor, *, currency: str) -> str:
    """Ask for everything payable in ``currency``; the id of the withdrawal.

    Raises ``WhoAreYou``, ``NothingToWithdraw``, ``WithdrawalUnderWay``, ``Forbidden``.
    """
    if actor.role != "consumer":
        raise Forbidden

    async def ask() -> str:
        await lock_people({actor.id})
        if not await db.fetch_one("SELECT 1 AS yes FROM payee_identity WHERE user_id = ?", actor.id):
            raise WhoAreYou
        if await db.fetch_one(
            "SELECT 1 AS yes FROM commission_withdrawal WHERE user_id = ? AND currency = ? "
            "AND state IN ('requested', 'approved')",
            actor.id,
            currency,
        ):
            raise WithdrawalUnderWay
        amount = await _payable(actor.id, currency)
        if amount <= 0:
            raise NothingToWithdraw
        withdrawal_id = new_id()
        await db.execute(
            "INSERT INTO commission_withdrawal (id, user_id, amount_minor, currency, state, note, requested_at) "
            "VALUES (?, ?, ?, ?, 'requested', '', ?)",
            withdrawal_id,
            actor.id,
            amount,
            currency,
            clock.now(),
        )
        await db.execute(
            "UPDATE commission SET withdrawal_id = ?, reason = 'under_review' WHERE beneficiary_id = ? "
            "AND currency = ? AND state = 'payable' AND withdrawal_id IS NULL",
            withdrawal_id,
            actor.id,
            currency,
        )
        await _tell("requested", await _row(withdrawal_id), actor.id)
        return withdrawal_id

    return await db.atomically(ask)


async def approve(actor: Actor, withdrawal_id: str) -> None:
    """An admin has looked at it: the bank transfer is proposed. Raises ``WithdrawalDecided``, ``NotFound``."""

    async def write() -> None:
        row = await _decide(withdrawal_id, "approved", actor)
        await db.execute(
            "UPDATE payee_identity SET checked_by = ?, checked_at = ? WHERE user_id = ?",
            actor.id,
            clock.now(),
            row["user_id"],
        )
        await propose(
            kind="commission", subject_id=withdrawal_id, amount_minor=row["amount_minor"], currency=row["currency"],
            payee=await payee_of(row["user_id"]), proposed_by=actor.id,
        )  # fmt: skip
        await _tell("approved", row, actor.id)

    await db.atomically(write)


async def refuse(actor: Actor, withdrawal_id: str, *, reason: str) -> None:
    """An admin refuses, and the member reads why; they may ask again. Raises ``Invalid``, ``WithdrawalDecided``."""
    reason = words(reason)
    if not reason:
        raise Invalid(fields=[FieldError("reason", "reason", N_("Please say why."))])

    async def write() -> None:
        row = await _decide(withdrawal_id, "refused", actor, note=reason)
        await _refused(row, actor.id, reason)

    await db.atomically(write)


async def call_off(withdrawal_id: str) -> None:
    """A refund has changed what was asked for: ask again. One that is approved goes on, netted with later ones."""
    rows = await db.execute(
        "UPDATE commission_withdrawal SET state = 'refused', note = ?, reviewed_at = ? WHERE id = ? "
        "AND state = 'requested'",
        CHANGED,
        clock.now(),
        withdrawal_id,
    )
    if rows == 1:
        await _refused(await _row(withdrawal_id), None, CHANGED)


async def transfer_refused(withdrawal_id: str, *, actor_id: str | None, reason: str) -> None:
    """The bank transfer was called off, in the transaction that does so: the member may ask again."""
    row = await _row(withdrawal_id)
    await lock_people({row["user_id"]})
    rows = await db.execute(
        "UPDATE commission_withdrawal SET state = 'refused', note = ? WHERE id = ? AND state = 'approved'",
        reason[:500],
        withdrawal_id,
    )
    if rows == 1:
        await _refused(row, actor_id, reason[:500])


async def transfer_sent(withdrawal_id: str, *, actor_id: str | None) -> None:
    """The bank has paid it, in the transaction that says so: book it, once. Raises ``WithdrawalDecided``."""
    row = await _row(withdrawal_id)
    await lock_people({row["user_id"]})
    now = clock.now()
    rows = await db.execute(
        "UPDATE commission_withdrawal SET state = 'paid', paid_at = ? WHERE id = ? AND state = 'approved'",
        now,
        withdrawal_id,
    )
    if rows != 1:
        raise WithdrawalDecided
    await transfer(
        debit=commission(row["user_id"], row["currency"]),
        credit=await ensure(world("bank", row["currency"]), row["currency"]),
        amount_minor=row["amount_minor"], currency=row["currency"], key=f"withdrawal:{withdrawal_id}",
        cause="commission_paid", cause_id=withdrawal_id,
    )  # fmt: skip
    await db.execute(
        "UPDATE commission SET state = 'paid', reason = 'paid_out', ended_at = ? WHERE withdrawal_id = ? "
        "AND state = 'payable'",
        now,
        withdrawal_id,
    )
    await net(row["user_id"], row["currency"])
    await _tell("paid", row, actor_id)


async def _payable(user_id: str, currency: str) -> int:
    """What can be paid out: all that is payable, or less where a refund still has to be netted."""
    await net(user_id, currency)
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor - reversed_minor), 0) AS rest FROM commission WHERE beneficiary_id = ? "
        "AND currency = ? AND state = 'payable' AND withdrawal_id IS NULL",
        user_id,
        currency,
    )
    return min(int(row["rest"]) if row else 0, await free_of(user_id, currency))


async def _decide(withdrawal_id: str, state: str, actor: Actor, *, note: str = "") -> dict[str, Any]:
    row = await _row(withdrawal_id)
    await lock_people({row["user_id"]})
    rows = await db.execute(
        "UPDATE commission_withdrawal SET state = ?, note = ?, reviewed_by = ?, reviewed_at = ? WHERE id = ? "
        "AND state = 'requested'",
        state,
        note,
        actor.id,
        clock.now(),
        withdrawal_id,
    )
    if rows != 1:
        raise WithdrawalDecided
    return row


async def _refused(row: dict[str, Any], actor_id: str | None, reason: str) -> None:
    await db.execute(
        "UPDATE commission SET withdrawal_id = NULL, reason = 'ready' WHERE withdrawal_id = ? AND state = 'payable'",
        row["id"],
    )
    await net(row["user_id"], row["currency"])
    await _tell("refused", row, actor_id, **({"changed": True} if reason == CHANGED else {"reason": reason}))


async def _row(withdrawal_id: str) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM commission_withdrawal WHERE id = ?", withdrawal_id)
    if row is None:
        raise NotFound
    return row


async def _tell(what: str, row: dict[str, Any], actor_id: str | None, **more: Any) -> None:
    payload = {
        "user_id": row["user_id"],
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        **more,
    }
    await record(
        f"commission_withdrawal.{what}", subject="withdrawal", subject_id=row["id"], actor_id=actor_id,
        payload=payload,
    )  # fmt: skip
