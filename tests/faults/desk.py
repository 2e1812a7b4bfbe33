"""What admins do at their desks while workers are killed: approve what is ready, propose and send bank transfers.

Two persons, as large amounts take two. They look again after every crash and do whatever is not done yet; whoever was
killed between two lines has either done it or not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from c2b.kit import db
from c2b.kit.errors import AppError
from c2b.payments import disbursing
from c2b.payments.by_hand import pay_by_hand
from c2b.payments.disbursing import Payee
from c2b.payouts import operations as payouts
from c2b.referrals import operations as referrals
from tests.faults.banking import member

_READY = "SELECT id FROM payment_release WHERE state = 'releasable' ORDER BY id"
_UNPAID = (
    "SELECT DISTINCT s.manufacturer_id AS id, s.currency FROM payment_release r JOIN payment_schedule s "
    "ON s.id = r.schedule_id WHERE r.state = 'released' AND r.payout_id IS NULL"
)
_BY_HAND = (
    "SELECT r.id FROM refund r WHERE r.by_hand AND r.state = 'requested' AND NOT EXISTS (SELECT 1 FROM disbursement d "
    "WHERE d.kind = 'refund' AND d.subject_id = r.id AND d.state <> 'refused') ORDER BY r.id"
)
_ASKED = "SELECT id FROM commission_withdrawal WHERE state = 'requested' ORDER BY id"
_TRANSFERS = "SELECT id FROM disbursement WHERE state = ? ORDER BY id"
Do = Callable[[dict[str, Any]], Awaitable[object]]


async def admins_act(desk: Sequence[str]) -> int:
    """Everything that waits for an admin, done; how much that was. ``desk``: the ids of two of them."""
    if not desk:
        return 0
    one, two = (member(each, role="admin") for each in desk)

    async def send(row: dict[str, Any]) -> None:
        await disbursing.mark_sent(one, row["id"], bank_reference=f"B-{row['id'][-8:]}")

    done = await _each(await db.fetch(_READY), lambda row: payouts.release(one, row["id"]))
    done += await _each(
        await db.fetch(_UNPAID), lambda row: payouts.pay_out(one, row["id"], currency=row["currency"])
    )
    done += await _each(await db.fetch(_BY_HAND), lambda row: pay_by_hand(one, row["id"], payee=_PAYEE))
    done += await _each(await db.fetch(_ASKED), lambda row: referrals.approve(one, row["id"]))
    done += await _each(
        await db.fetch(_TRANSFERS, "proposed"), lambda row: disbursing.approve(two, row["id"])
    )
    return done + await _each(await db.fetch(_TRANSFERS, "approved"), send)


_PAYEE = Payee(name="Bo Zhang", account="6222000012345678", bank="ICBC")


async def _each(rows: list[dict[str, Any]], do: Do) -> int:
    """Do it for each; what is refused (blocked meanwhile, say) waits."""
    done = 0
    for row in rows:
        with suppress(AppError):
            await do(row)
            done += 1
    return done
