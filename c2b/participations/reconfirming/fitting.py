"""Whom another version of the product schema affects: whose choice is not possible any more, costs more than promised,
or is made from more units on than have chosen it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.cells import Cell, cell_counts, cells_of
from c2b.catalog.conditions import answer_at
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import batch_minimum
from c2b.catalog.schema import ProductSchema
from c2b.catalog.validation import judge, validate_batch
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.kit.money import Amount
from c2b.participations.rules import Priced
from c2b.participations.wishes.choices import priced_first
from c2b.participations.wishes.ranking import Answers, accepted
from c2b.participations.wishes.requiring import requirement


@dataclass(frozen=True)
class Fit:
    """One member under the new version. ``priced`` is their first choice, ``None`` where it is not possible.

    ``faults`` is why they are affected; empty when they are not.
    """

    id: str
    user_id: str
    state: str
    quantity: int
    quote: Mapping[str, Any]
    priced: Priced | None
    faults: tuple[FieldError, ...]

    @property
    def paid(self) -> bool:
        return self.state != "pending_payment"


def batch_faults(offer: JoinOffer) -> Iterator[FieldError]:
    """What is fixed for the batch, or may still come out of a vote, and cannot be made. Each sentence once."""
    told = set()
    for batch in offer.batches:
        for fault in validate_batch(offer.schema.document, batch, digest=offer.schema.digest):
            if fault.text() not in told:
                told.add(fault.text())
                yield fault
    least = max(batch_minimum(offer.schema.parsed, batch) for batch in offer.batches)
    if least > offer.threshold:
        message = N_(
            "Something that is fixed for the batch is now made from {minimum} units on; the threshold is {threshold}."
        )
        yield FieldError("", "below_minimum", message, {"minimum": least, "threshold": offer.threshold})


async def fit(offer: JoinOffer, before: PinnedSchema, members: Sequence[Mapping[str, Any]]) -> list[Fit]:
    """Every member under the offer's schema. ``members``: rows with answers, preferences and quote read.

    Thousands take seconds: everybody else is let in between.
    """
    priced: dict[str, Priced | None] = {}
    for each in members:
        await _breathe(len(priced))
        priced[each["id"]] = priced_first(offer, each["answers"], each["preferences"], each["quantity"])
    raised = _raised(offer, before.parsed, [each for each in members if priced[each["id"]] is not None])
    found: list[Fit] = []
    for each in members:
        await _breathe(len(found))
        own = priced[each["id"]]
        faults = tuple(_faults(offer, before.parsed, each, own, raised))
        found.append(
            Fit(each["id"], each["user_id"], each["state"], each["quantity"], each["quote"], own, faults)
        )
    return found


async def _breathe(done: int) -> None:
    if done % 50 == 0:
        await asyncio.sleep(0)


def _faults(
    offer: JoinOffer,
    before: ProductSchema,
    member: Mapping[str, Any],
    priced: Priced | None,
    raised: Mapping[str, FieldError],
) -> Iterator[FieldError]:
    if priced is None:
        yield from (_named(fault, before, offer.schema.parsed, member) for fault in _misfits(offer, member))
        return
    promised, after = member["quote"]["unit_price_minor"], priced.quote.unit_price_minor
    if after > promised:
        message = N_(
            "What you chose now costs {after} instead of {before} per unit. You never pay more than you have paid: "
            "if it cannot be made for that, you get everything back."
        )
        if member["state"] == "pending_payment":
            message = N_("What you chose now costs {after} instead of {before} per unit.")
        params = {"before": Amount(promised, offer.currency), "after": Amount(after, offer.currency)}
        yield FieldError(_dearest(priced, member["quote"]), "dearer", message, params)
    if raised and member["state"] != "pending_payment":
        for cell in _cells(offer.schema.parsed, offer, member):
            if cell.key in raised:
                yield raised[cell.key]


def _misfits(offer: JoinOffer, member: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong with a first choice that cannot be made."""
    votes = member["preferences"].get("votes")
    try:
        requirement(
            offer,
            answers=member["answers"],
            quantity=member["quantity"],
            preferences={"votes": votes} if votes else None,
        )
    except Invalid as error:
        yield from (each for each in error.fields if not each.path.startswith("preferences"))
        return
    fixed = batch_for(offer, member["preferences"])
    yield from judge(offer.schema.document, answers=member["answers"], fixed=fixed)[1]


def _named(
    fault: FieldError, before: ProductSchema, after: ProductSchema, member: Mapping[str, Any]
) -> FieldError:
    """What is gone by the name it had: the new version does not know it any more."""
    old, new = before.find(fault.path), after.find(fault.path)
    if old is None:
        return fault
    if fault.code == "unknown" and new is None:
        message = N_("“{label}” is no longer part of this product.")
        return FieldError(fault.path, "gone", message, {"label": old.title})
    answer = answer_at(member["answers"], fault.path)
    option = old.option(answer) if not isinstance(answer, list) else None
    if fault.code != "not_offered" or option is None or new is None:
        return fault
    message = N_("“{choice}” is no longer offered for “{label}”.")
    return FieldError(fault.path, "not_offered", message, {"choice": option.label, "label": new.title})


def _dearest(priced: Priced, quote: Mapping[str, Any]) -> str:
    """The attribute whose surcharge rose most: the fault stands beside it."""
    before: dict[tuple[str, Any], int] = {}
    for each in quote["surcharges"]:
        before[each["attribute"], each["code"]] = each["minor"]
    risen = {
        each.attribute: each.minor - before.get((each.attribute, each.code), 0)
        for each in priced.quote.surcharges
        if each.scope != "batch"
    }
    best = max(risen, key=lambda name: risen[name], default="")
    return best if risen.get(best, 0) > 0 else ""


def _raised(
    offer: JoinOffer, before: ProductSchema, members: Iterable[Mapping[str, Any]]
) -> dict[str, FieldError]:
    """A fault per cell whose minimum rose above the units that have chosen it."""
    after = offer.schema.parsed
    paid = [each for each in members if each["state"] != "pending_payment"]
    wanted = [(_complete(offer, each), each["quantity"]) for each in paid]
    counts = cell_counts(after, wanted)
    found: dict[str, FieldError] = {}
    for complete, _ in wanted:
        former = {_name(cell): cell.minimum for cell in cells_of(before, complete)}
        for cell in cells_of(after, complete):
            short = counts[cell.key] < cell.minimum
            if short and cell.minimum > former.get(_name(cell), 1) and cell.key not in found:
                found[cell.key] = _short(cell, counts[cell.key])
    return found


def _short(cell: Cell, count: int) -> FieldError:
    message = N_("“{label}” is now made from {minimum} units on; {count} have chosen it so far.")
    params = {"label": cell.label, "minimum": cell.minimum, "count": count}
    return FieldError(cell.attribute, "minimum_raised", message, params)


def _name(cell: Cell) -> str:
    """What a cell is across versions: the key of a configuration depends on the order of options."""
    return cell.level if cell.level == "configuration" else cell.key


def _cells(schema: ProductSchema, offer: JoinOffer, member: Mapping[str, Any]) -> tuple[Cell, ...]:
    return cells_of(schema, _complete(offer, member))


def _complete(offer: JoinOffer, member: Mapping[str, Any]) -> Answers:
    """The first choice with a batch that the member accepts; while votes are open, the first of several."""
    return {**member["answers"], **batch_for(offer, member["preferences"])}


def batch_for(offer: JoinOffer, preferences: Answers) -> Answers:
    """A batch that may come out and that the member accepts, if there is one."""
    return next(iter(accepted(offer.batches, preferences)), offer.batches[0])
