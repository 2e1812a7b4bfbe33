"""Which of a member's choices the present schema and batch still allow, and what the first of them costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.schema import same
from c2b.catalog.validation import compiled
from c2b.kit.errors import Invalid
from c2b.participations.rules import Priced, price
from c2b.participations.votes.ballots import still_open
from c2b.participations.wishes.ranking import (
    Answers,
    Ranked,
    accepted,
    commit_below,
    cost,
    first_tier,
    valid_ranked,
)
from c2b.participations.wishes.requiring import requirement


def valid_choices(offer: JoinOffer, answers: Answers, preferences: Answers) -> tuple[Ranked, ...]:
    """The member's choices, best first, that at least one outcome they accept allows."""
    found = {
        (each.rank, number): each
        for batch in accepted(offer.batches, preferences)
        for number, each in enumerate(valid_ranked(offer.schema, batch, answers, preferences))
    }
    kept: list[Ranked] = []
    for key in sorted(found):
        if not any(same(each.answers, found[key].answers) for each in kept):
            kept.append(found[key])
    return tuple(kept)


def lowest_price(offer: JoinOffer, answers: Answers, preferences: Answers, quantity: int) -> int:
    """The unit price of the cheapest valid choice at the lowest tier, in minor units. There must be a choice."""
    return min(
        cost(offer.schema.parsed, offer.tiers, {**each.answers, **batch}, quantity).by_tier[-1]
        for batch in accepted(offer.batches, preferences)
        for each in valid_ranked(offer.schema, batch, answers, preferences)
    )


def affordable(offer: JoinOffer, answers: Answers, preferences: Answers, quantity: int) -> bool:
    """Is there a valid choice that can come to no more than the member's limit?"""
    if not valid_choices(offer, answers, preferences):
        return False
    limit = preferences.get("limit_minor")
    return limit is None or lowest_price(offer, answers, preferences, quantity) <= limit


def counts_from(offer: JoinOffer, answers: Answers, preferences: Answers, quantity: int) -> int | None:
    """The tier price from which on the member takes part, ``None`` for any. There must be a choice."""
    costs = [
        cost(offer.schema.parsed, offer.tiers, {**each.answers, **batch}, quantity)
        for batch in accepted(offer.batches, preferences)
        for each in valid_ranked(offer.schema, batch, answers, preferences)
    ]
    return commit_below(offer.tiers, costs, preferences)


def priced_first(offer: JoinOffer, answers: Answers, preferences: Answers, quantity: int) -> Priced | None:
    """The first choice priced at the dearest outcome that allows it; ``None`` if none does."""
    made = compiled(offer.schema.document, digest=offer.schema.digest)
    found = [
        price(
            offer.schema.parsed,
            batch_answers=dict(batch),
            answers=dict(answers),
            tier_unit_price_minor=offer.tiers[first_tier(offer.tiers, preferences)].unit_price_minor,
            quantity=quantity,
            currency=offer.currency,
            schema_version=offer.schema.version,
        )
        for batch in accepted(offer.batches, preferences)
        if made.accepts({**answers, **batch})
    ]
    return max(found, key=lambda priced: priced.quote.total_minor, default=None)


def kept_wishes(offer: JoinOffer, answers: Any, preferences: Answers, quantity: int) -> Priced:
    """Answers judged with as much of stored preferences as still goes with them. Raises ``Invalid`` for the answers.

    An alternative that is not possible any more, or has become the first choice, is dropped.
    """
    plain = {key: value for key, value in preferences.items() if key not in ("alternatives", "votes")}
    plain |= {"votes": votes} if (votes := still_open(preferences.get("votes"), offer.votes)) else {}
    # limits may speak of the alternatives alone: they are judged with all of them
    unlimited = _without_fee({key: value for key, value in plain.items() if key != "limit_minor"})
    requirement(offer, answers=answers, quantity=quantity, preferences=unlimited or None)
    entries: list[Any] = []
    for entry in preferences.get("alternatives", ()):
        for each in _shrinking(entry):
            tried = {**_without_fee(plain), "alternatives": [*entries, each]}
            try:
                requirement(offer, answers=answers, quantity=quantity, preferences=tried)
            except Invalid:
                continue
            entries.append(each)
            break
    wishes = {**plain, **({"alternatives": entries} if entries else {})}
    try:
        return requirement(offer, answers=answers, quantity=quantity, preferences=wishes or None)
    except Invalid as error:
        if {fault.code for fault in error.fields} - {"no_fee_here", "no_room"}:
            raise
        return requirement(
            offer, answers=answers, quantity=quantity, preferences=_without_fee(wishes) or None
        )


def _without_fee(wishes: Answers) -> dict[str, Any]:
    return {key: value for key, value in wishes.items() if key not in ("otherwise", "fee_limit_minor")}


def _shrinking(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entry, then (of "any of these") each of its options alone."""
    yield entry
    if "any_of" in entry:
        yield from ({**entry, "any_of": [code]} for code in entry["any_of"])
