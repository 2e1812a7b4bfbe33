"""Many bank transfers at once: approved, put into a file for the bank, booked as sent. Each by its own rules.

A batch is no unit: what one admin may not do, or somebody has done meanwhile, is left and counted; the rest is done. A
transfer that is in a file may be on its way, so it goes into another one only when somebody says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.payments import disbursing
from c2b.payments.disbursements import actions_of
from c2b.payments.disbursing import Payee

MOST = 100


@dataclass(frozen=True)
class Done:
    """How many were done, and how many were left because they are not this admin's to do, or done already."""

    done: int
    left: int


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One row of a file for the bank: a payment instruction (ISO 20022). ``text``: what the payee reads."""

    id: str
    payee: str
    account: str
    bank: str
    amount_minor: int
    currency: str
    text: str


class FiledBefore(Conflict):
    code = "filed_before"
    message = N_("Some of these are in a file already and may be on their way. Say that you want them again.")


async def approve_many(actor: Actor, ids: Sequence[str]) -> Done:
    """Approve each. Raises ``NotFound`` for others than admins, ``Invalid`` when nothing or too much is chosen."""
    return await _each(actor, ids, lambda one: disbursing.approve(actor, one))


async def send_many(actor: Actor, ids: Sequence[str], *, bank_reference: str) -> Done:
    """Book each as sent, under the bank's reference of the whole. Raises as ``approve_many``, and without a
    reference."""
    return await _each(
        actor, ids, lambda one: disbursing.mark_sent(actor, one, bank_reference=bank_reference)
    )


async def file_for_bank(actor: Actor, ids: Sequence[str], *, again: bool = False) -> list[Instruction]:
    """The approved ones that this admin may send and whose account is known, by id, with their accounts in the open:
    that is written down.

    Raises ``NotFound``, ``Invalid``, and ``FiledBefore`` unless ``again`` for what is in another file.
    """
    wanted = _chosen(actor, ids)

    async def write() -> list[Instruction]:
        places, now = ", ".join("?" for _ in wanted), clock.now()
        lock = " FOR UPDATE" if db.dialect() == "postgres" else ""
        rows = await db.fetch(
            f"SELECT * FROM disbursement WHERE id IN ({places}) AND payee_sealed <> '' ORDER BY id{lock}",  # noqa: S608
            *wanted,
        )
        # the others are not approved, sent already, or another admin's to send
        rows = [row for row in rows if "send" in actions_of(row, actor.id)]
        if not rows:
            raise Invalid(fields=[_nothing()])
        if not again and any(row["filed_at"] for row in rows):
            raise FiledBefore
        for row in rows:
            await db.execute(
                "UPDATE disbursement SET filed_at = ?, filed_by = ? WHERE id = ?", now, actor.id, row["id"]
            )
        return [_instruction(row, await disbursing.reveal(actor, row["id"])) for row in rows]

    return await db.atomically(write)


def _instruction(row: dict[str, Any], payee: Payee | None) -> Instruction:
    assert payee
    return Instruction(
        id=row["id"], payee=payee.name, account=payee.account, bank=payee.bank, amount_minor=row["amount_minor"],
        currency=row["currency"], text=f"C2B {row['id'].upper()}",
    )  # fmt: skip


async def _each(actor: Actor, ids: Sequence[str], do: Callable[[str], Awaitable[None]]) -> Done:
    done = left = 0
    for one in _chosen(actor, ids):
        try:
            await do(one)
            done += 1
        except (Conflict, NotFound):
            left += 1
    return Done(done, left)


def _chosen(actor: Actor, ids: Sequence[str]) -> list[str]:
    if not actor.is_admin:
        raise NotFound
    chosen = list(dict.fromkeys(ids))
    if not 1 <= len(chosen) <= MOST:
        raise Invalid(fields=[_nothing()])
    return chosen


def _nothing() -> FieldError:
    return FieldError("id", "chosen", N_("Choose between one and a hundred."))
