"""What people do about an issued order: the manufacturer answers, an admin gives more time or asks for a revision.

What the ordering workflow does by itself is in ``composing``, ``issuing`` and ``answering``, and can be had from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import clock, db
from c2b.kit.canonical import clean_text
from c2b.kit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.purchasing.answering import find, keep_hour, run_id, standing, take_turn, tell, turn_name
from c2b.purchasing.composing import compose
from c2b.purchasing.issuing import (
    allocate_number,
    check,
    ensure_issuable,
    file,
    issue,
    page_of,
    render,
    send,
)
from c2b.purchasing.models import Acknowledgment, PurchaseOrder, PurchaseOrderRevision
from c2b.purchasing.queries import own_order

__all__ = [
    "Answer", "acknowledge", "allocate_number", "check", "compose", "ensure_issuable", "extend_validity", "file",
    "follow_production", "issue", "keep_hour", "page_of", "reissue", "render", "run_id", "send", "standing",
    "turn_name", "withdraw",
]  # fmt: skip

DECISIONS = {"accepted": "acknowledged", "rejected": "rejected"}
MAX_EXTENSION_DAYS = 30
#: The order's states while goods are made, in the order in which they come; none is ever gone back to.
PRODUCTION = ("acknowledged", "in_production", "shipped", "delivered")


class AlreadyAnswered(Conflict):
    code = "already_answered"
    message = N_("This revision of the purchase order was answered differently before.")


class NotThisRevision(Conflict):
    code = "not_this_revision"
    message = N_("This is not the current revision of the purchase order. Please open it again.")


class ValidityOver(Conflict):
    code = "validity_over"
    message = N_("The time to answer this purchase order is over. Please ask the platform to extend it.")


class NotAwaitingAnswer(Conflict):
    code = "not_awaiting_answer"
    message = N_("This purchase order is not waiting for that.")


@dataclass(frozen=True)
class Answer:
    """The manufacturer's answer as it was written down."""

    purchase_order_id: str
    revision: int
    revision_digest: str
    decision: str
    signer_name: str
    signer_role: str
    note: str
    at: datetime


async def acknowledge(
    actor: Actor,
    purchase_order_id: str,
    *,
    revision: int,
    revision_digest: str,
    decision: str,
    signer_name: str,
    signer_role: str = "",
    note: str = "",
) -> Answer:
    """The manufacturer accepts or rejects (``"accepted"``, ``"rejected"``) the revision with this hash, once.

    The same answer again is the same answer. Raises ``NotFound`` for whoever may not see the order, ``Forbidden`` for
    an admin, ``Invalid``, and a ``Conflict`` for another answer, another revision, or when the time is over.
    """
    order = await own_order(actor, purchase_order_id)
    if not actor.makes_for(order.manufacturer_id):
        raise Forbidden
    texts = _signature(decision, signer_name=signer_name, signer_role=signer_role, note=note)

    async def answer() -> Answer:
        earlier = await Acknowledgment.get_or_none(purchase_order_id=order.id, revision=revision)
        if earlier is None and await _answer(actor, order, revision, revision_digest, decision, texts):
            return _answer_of(await Acknowledgment.get(purchase_order_id=order.id, revision=revision))
        earlier = earlier or await Acknowledgment.get_or_none(purchase_order_id=order.id, revision=revision)
        if earlier is None:
            raise await _why_not(order.id, revision)
        if (earlier.decision, earlier.revision_digest) != (decision, revision_digest):
            raise AlreadyAnswered
        return _answer_of(earlier)

    return await db.atomically(answer)


async def _answer(
    actor: Actor, order: PurchaseOrder, revision: int, digest: str, decision: str, texts: dict[str, str]
) -> bool:
    issued = await PurchaseOrderRevision.get_or_none(purchase_order_id=order.id, revision=revision)
    if issued is None or issued.digest != digest:
        raise NotThisRevision
    now = clock.now()
    answered = await take_turn(
        order,
        "state = ?, acknowledged_at = ?",
        DECISIONS[decision],
        now if decision == "accepted" else None,
        guard="state = 'issued' AND revision = ? AND validity_until > ?",
        guard_args=(revision, now),
    )
    if not answered:
        return False
    signed: dict[str, Any] = {"revision": revision, "revision_digest": digest, "decision": decision, **texts}
    await Acknowledgment.create(purchase_order_id=order.id, actor_id=actor.id, at=now, **signed)
    event = f"purchase_order.{DECISIONS[decision]}"
    audience = "members" if decision == "accepted" else "manufacturer"
    await tell(event, await find(order.id), audience=audience, actor_id=actor.id)
    return True


async def _why_not(purchase_order_id: str, revision: int) -> Conflict:
    order = await find(purchase_order_id)
    if order.revision != revision:
        return NotThisRevision()
    over = order.validity_until is not None and order.validity_until <= clock.now()
    return (
        ValidityOver()
        if order.state == "expired" or (order.state == "issued" and over)
        else NotAwaitingAnswer()
    )


def _answer_of(row: Acknowledgment) -> Answer:
    return Answer(
        purchase_order_id=row.purchase_order_id,
        revision=row.revision,
        revision_digest=row.revision_digest,
        decision=row.decision,
        signer_name=row.signer_name,
        signer_role=row.signer_role,
        note=row.note,
        at=row.at,
    )


def _signature(decision: str, *, signer_name: str, signer_role: str, note: str) -> dict[str, str]:
    given = (("signer_name", signer_name, 120), ("signer_role", signer_role, 120), ("note", note, 2000))
    faults: list[FieldError] = []
    texts: dict[str, str] = {}
    if decision not in DECISIONS:
        faults.append(FieldError("decision", "choice", N_("Accept or reject the purchase order.")))
    for name, text, most in given:
        texts[name], fault = _text(name, text, most)
        faults += fault
    if not texts["signer_name"]:
        faults.append(FieldError("signer_name", "required", N_("Enter the name of the person who signs.")))
    if decision == "rejected" and not texts["note"]:
        faults.append(FieldError("note", "required", N_("Say what would have to change.")))
    if faults:
        raise Invalid(fields=faults)
    return texts


def _text(name: str, text: str, most: int) -> tuple[str, list[FieldError]]:
    try:
        clean = clean_text(text.strip())
    except ValueError:
        return "", [FieldError(name, "characters", N_("Please remove control characters."))]
    if len(clean) > most:
        return clean, [FieldError(name, "length", N_("Use at most {most} characters."), {"most": most})]
    return clean, []


async def extend_validity(actor: Actor, purchase_order_id: str, *, days: int) -> datetime:
    """An admin gives the manufacturer more time, also after it ran out: ``days`` from now; the new last instant."""
    order = await _decided_by_admin(actor, purchase_order_id)
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_EXTENSION_DAYS:
        sentence = N_("Choose between 1 and {most} days.")
        raise Invalid(fields=[FieldError("days", "range", sentence, {"most": MAX_EXTENSION_DAYS})])
    until = clock.now() + timedelta(days=days)

    async def extend() -> None:
        guard = "state IN ('issued', 'expired') AND validity_until < ?"
        changes = "state = 'issued', validity_until = ?"
        if not await take_turn(order, changes, until, guard=guard, guard_args=(until,)):
            raise NotAwaitingAnswer
        await tell(
            "purchase_order.extended", await find(order.id), audience="manufacturer", actor_id=actor.id
        )

    await db.atomically(extend)
    return until


async def reissue(actor: Actor, purchase_order_id: str, *, reason: str) -> int:
    """An admin answers a rejection, or a time that ran out, with the next revision; its number.

    The new revision takes the terms agreed for the product today; ``reason`` stands in it for the manufacturer.
    """
    order = await _decided_by_admin(actor, purchase_order_id)
    text, faults = _text("reason", reason, 2000)
    if not text and not faults:
        faults = [FieldError("reason", "required", N_("Say what is different in the next revision."))]
    if faults:
        raise Invalid(fields=faults)

    async def again() -> int:
        guard = "state IN ('rejected', 'expired') AND revision = ?"
        changes = "state = 'draft', revision = revision + 1, revision_reason = ?"
        if not await take_turn(order, changes, text, guard=guard, guard_args=(order.revision,)):
            raise NotAwaitingAnswer
        await tell(
            "purchase_order.reissued", await find(order.id), audience="manufacturer", actor_id=actor.id
        )
        return order.revision + 1

    return await db.atomically(again)


async def withdraw(*, campaign_id: str) -> bool:
    """The campaign was canceled: its order no longer stands. ``False`` if there is none, or the goods have left."""
    order = await PurchaseOrder.get_or_none(campaign_id=campaign_id)
    if order is None:
        return False
    guard = "state NOT IN ('canceled', 'shipped', 'delivered', 'accepted', 'closed')"
    if not await take_turn(order, "state = 'canceled'", guard=guard, guard_args=()):
        return False
    await tell("purchase_order.canceled", await find(order.id), audience="manufacturer")
    return True


async def follow_production(*, campaign_id: str, state: str) -> bool:
    """The goods have come as far as ``state`` of ``PRODUCTION``. ``False`` if the order was there already."""
    earlier = ", ".join(f"'{each}'" for each in PRODUCTION[: PRODUCTION.index(state)])
    rows = await db.execute(
        f"UPDATE purchase_order SET state = ? WHERE campaign_id = ? AND state IN ({earlier})",  # noqa: S608
        state,
        campaign_id,
    )
    return rows == 1


async def _decided_by_admin(actor: Actor, purchase_order_id: str) -> PurchaseOrder:
    if not actor.is_admin:
        raise NotFound
    return await find(purchase_order_id)
