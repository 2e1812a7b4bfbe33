"""The refunds that a person decides on: a claim, and a member who does not want to wait for late goods."""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.kit import db
from c2b.kit.canonical import one_line
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.money import Amount
from c2b.payments.refunding import request_refund
from c2b.payments.rules import refundable

#: Whose money a claim may return, and who may still leave because of a delay.
CLAIMABLE = ("confirmed", "in_fulfillment", "delivered", "completed")
DELAYED = ("confirmed", "in_fulfillment")


class NotOfThisPlace(Conflict):
    code = "no_refund_for_this_place"
    message = N_("In its present state this place cannot get such a refund.")


async def claim(actor: Actor, participation_id: str, *, amount_minor: int, note: str, number: int) -> int:
    """Give a part of the price back for a defect, say: what was asked of the providers, minor units.

    ``number``: which claim of this place, as ``next_claim`` says; the same number again is nothing. Spread over the
    member's payments, the latest first. Raises ``Invalid`` (amount, note), ``NotOfThisPlace``, ``NotFound``.
    """
    note = _reason(note)

    async def write() -> int:
        place = await _place(participation_id)
        if place["state"] not in CLAIMABLE:
            raise NotOfThisPlace
        if number < await next_claim(participation_id):
            return 0
        rooms = await _rooms(participation_id)
        left = sum(room for _, room in rooms)
        if not 0 < amount_minor <= left:
            raise Invalid(fields=[FieldError("amount", "amount", N_("Between nothing and {amount}."),
                                             {"amount": Amount(left, place["currency"])})])  # fmt: skip
        missing = amount_minor
        for payment_id, room in rooms:
            part = min(missing, room)
            if part:
                await request_refund(
                    payment_id, reason="claim", amount_minor=part, number=number, note=note, asked_by=actor.id
                )
            missing -= part
        return amount_minor

    return await db.atomically(write)


async def next_claim(participation_id: str) -> int:
    """The number of this place's next claim, from one on."""
    rows = await db.fetch(
        "SELECT r.key FROM refund r JOIN payment p ON p.id = r.payment_id "
        "WHERE p.participation_id = ? AND r.reason = 'claim'",
        participation_id,
    )
    numbers = (str(row["key"]).rpartition(":")[2] for row in rows)
    return 1 + max((int(number) for number in numbers if number.isdecimal()), default=0)


async def cancel_for_delay(actor: Actor, participation_id: str, *, note: str) -> bool:
    """A member does not want to wait any longer: everything goes back. ``False`` if it was asked before.

    Raises ``Invalid`` without a note, ``NotOfThisPlace``, ``NotFound``.
    """
    note = _reason(note)
    return await db.atomically(lambda: all_back_for_delay(participation_id, note=note, asked_by=actor.id))


async def all_back_for_delay(participation_id: str, *, note: str = "", asked_by: str) -> bool:
    """Ask for all of a place's money in the present transaction; as ``cancel_for_delay``."""
    place = await _place(participation_id)
    if place["state"] == "refunding":
        return False
    if place["state"] not in DELAYED:
        raise NotOfThisPlace
    asked = False
    for payment_id, room in await _rooms(participation_id):
        asked |= await request_refund(
            payment_id, reason="delay", amount_minor=room, note=note, asked_by=asked_by
        )
    if not asked:
        raise NotOfThisPlace
    return True


async def _rooms(participation_id: str) -> list[tuple[str, int]]:
    """A place's captured payments, the latest first, each with what of it may still go back."""
    rows = await db.fetch(
        "SELECT p.id, p.amount_minor, (SELECT COALESCE(SUM(r.amount_minor), 0) FROM refund r "
        "WHERE r.payment_id = p.id) AS asked FROM payment p WHERE p.participation_id = ? AND p.state = 'succeeded' "
        "ORDER BY p.id DESC",
        participation_id,
    )
    return [(str(row["id"]), refundable(row["amount_minor"], int(row["asked"]))) for row in rows]


async def _place(participation_id: str) -> dict[str, Any]:
    row = await db.fetch_one("SELECT campaign_id FROM participation WHERE id = ?", participation_id)
    if row is None:
        raise NotFound
    await hold(row["campaign_id"])
    found = await db.fetch_one("SELECT state, currency FROM participation WHERE id = ?", participation_id)
    assert found
    return found


def _reason(text: str) -> str:
    found = one_line(text)
    if not 1 <= len(found) <= 500:
        raise Invalid(fields=[FieldError("note", "note", N_("Please say why."))])
    return found
