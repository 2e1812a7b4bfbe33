"""Which of a member's choices the present schema and batch still allow, and what the first of them costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.validation import validate
from c2b.participations.rules import Priced, price


def valid_choices(
    offer: JoinOffer, answers: Mapping[str, Any], preferences: Mapping[str, Any]
) -> tuple[dict[str, Any], ...]:
    """The member's choices, best first, that at least one still possible batch allows."""
    return tuple(each for each in _ranked(answers, preferences) if _possible(offer, each))


def priced_first(offer: JoinOffer, answers: Mapping[str, Any], quantity: int) -> Priced | None:
    """The first choice priced at the dearest still possible batch that allows it; ``None`` if none does."""
    found = [
        price(
            offer.schema.parsed,
            batch_answers=batch,
            answers=dict(answers),
            tier_unit_price_minor=offer.entry_price_minor,
            quantity=quantity,
            currency=offer.currency,
            schema_version=offer.schema.version,
        )
        for batch in _allowing(offer, answers)
    ]
    return max(found, key=lambda priced: priced.quote.total_minor, default=None)


def _ranked(answers: Mapping[str, Any], preferences: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield dict(answers)


def _possible(offer: JoinOffer, answers: Mapping[str, Any]) -> bool:
    return next(_allowing(offer, answers), None) is not None


def _allowing(offer: JoinOffer, answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for batch in offer.batches:
        if not validate(offer.schema.document, answers=answers, fixed=batch, digest=offer.schema.digest):
            yield batch
