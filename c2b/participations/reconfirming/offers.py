"""What whoever is asked again can take with one click: what they have, an alternative, the nearest that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.suggesting import nearest
from c2b.kit.canonical import digest
from c2b.kit.errors import Invalid
from c2b.participations.reconfirming.fitting import batch_for
from c2b.participations.wishes.choices import kept_wishes, valid_choices

#: More would be no help: the form is below.
MAX_OFFERED = 6


@dataclass(frozen=True)
class Offered:
    """One answer. ``kind``: ``keep`` what was chosen, an ``alternative`` of one's own, or the ``nearest`` that fits.

    ``key`` names it in a form, whatever order offers come in. ``unit_price_minor`` is the most that a unit can cost.
    """

    kind: str
    key: str
    answers: dict[str, Any]
    unit_price_minor: int


def offered(offer: JoinOffer, member: Mapping[str, Any]) -> tuple[Offered, ...]:
    """The answers that fit and cost no more than was paid. ``member``: a row with JSON read."""
    found: dict[str, Offered] = {}
    for each in _offered(offer, member):
        found.setdefault(each.key, each)
    return tuple(found.values())[:MAX_OFFERED]


def _offered(offer: JoinOffer, member: Mapping[str, Any]) -> Iterator[Offered]:
    choices = valid_choices(offer, member["answers"], member["preferences"])
    for each in choices:
        kept = each.rank == 0
        found = _priced(offer, member, each.answers, "keep" if kept else "alternative", even_dearer=kept)
        if found:
            yield found
    if not any(each.rank == 0 for each in choices):
        prices: dict[str, int] = {}
        for each in member["quote"]["surcharges"]:
            prices[each["attribute"]] = prices.get(each["attribute"], 0) + each["minor"]
        fixed = batch_for(offer, member["preferences"])
        answers = nearest(offer.schema.document, member["answers"], fixed=fixed, prices=prices)
        found = _priced(offer, member, answers, "nearest") if answers else None
        if found:
            yield found


def _priced(
    offer: JoinOffer,
    member: Mapping[str, Any],
    answers: dict[str, Any],
    kind: str,
    *,
    even_dearer: bool = False,
) -> Offered | None:
    try:
        priced = kept_wishes(offer, answers, member["preferences"], member["quantity"])
    except Invalid:
        return None
    if priced.commitment_minor > member["total_minor"] and not even_dearer:
        return None
    most = min(priced.quote.unit_price_minor, member["total_minor"] // member["quantity"])
    return Offered(kind, digest(priced.answers)[:16], priced.answers, most)
