"""Refunds that a person makes: the provider's window is over, or it has said no for good.

An admin enters the payee and proposes a bank transfer; above a limit another admin approves it (``disbursing``). When
it was sent the refund is booked through the bank. What a provider may still have made is never paid by hand.
"""

from __future__ import annotations

from c2b.accounts.rules import Actor
from c2b.durable.operations import retry_job
from c2b.kit import db
from c2b.kit.errors import Conflict, NotFound
from c2b.kit.i18n import N_
from c2b.payments.disbursing import Payee, propose
from c2b.payments.models import Refund
from c2b.payments.refunding import book_refund


class NotByHand(Conflict):
    code = "refund_not_by_hand"
    message = N_("This refund is with its provider, or made already. It cannot be paid by hand now.")


class ProposedAlready(Conflict):
    code = "refund_proposed_already"
    message = N_("A bank transfer for this refund was proposed already.")


class ReturnedAlready(Conflict):
    code = "refund_made_already"
    message = N_("This refund was made already. Call the bank transfer off.")


async def pay_by_hand(actor: Actor, refund_id: str, *, payee: Payee) -> str:
    """An admin proposes the bank transfer of a refund; its id.

    Raises ``NotFound``, ``NotByHand``, ``ProposedAlready``.
    """
    if not actor.is_admin:
        raise NotFound

    async def write() -> str:
        refund = await Refund.get_or_none(id=refund_id)
        if refund is None:
            raise NotFound
        # a refund being processed may have been made: only the provider's own no frees it
        rows = await db.execute(
            "UPDATE refund SET by_hand = TRUE WHERE id = ? AND (state = 'failed' OR (state = 'requested' AND by_hand))",
            refund_id,
        )
        if rows != 1:
            raise NotByHand
        transfer = await propose(
            kind="refund", subject_id=refund_id, amount_minor=refund.amount_minor, currency=refund.currency,
            payee=payee, campaign_id=refund.campaign_id, proposed_by=actor.id, note=refund.note,
        )  # fmt: skip
        if transfer is None:
            raise ProposedAlready
        return transfer

    return await db.atomically(write)


async def refund_sent(refund_id: str) -> None:
    """The bank has paid it, in the transaction that says so: book it. Raises ``ReturnedAlready``."""
    refund = await Refund.get(id=refund_id)
    if not await book_refund(refund.key, through="bank"):
        raise ReturnedAlready


async def try_again(actor: Actor, refund_id: str) -> None:
    """An admin has the provider asked once more. Raises ``NotFound``, and ``JobNotDead`` while it is at work."""
    row = await db.fetch_one(
        "SELECT j.id FROM refund r JOIN job j ON j.key = r.key WHERE r.id = ? AND NOT r.by_hand", refund_id
    )
    if row is None or not actor.is_admin:
        raise NotFound
    await retry_job(row["id"], actor_id=actor.id)
