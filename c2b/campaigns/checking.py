"""May this offer be made? By the campaign's rules, the product schema and the quotation, in every possible outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from c2b.campaigns.rules import Bounds, Offer, faults_of, quoted_tiers
from c2b.campaigns.votes import (
    OpenVote,
    faults_of_votes,
    possible_batches,
    word_of,
)
from c2b.campaigns.windows import faults_of_fit, known, timing_of
from c2b.catalog import rules as specification
from c2b.catalog.markets import market_of
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.schema import ProductSchema, Words
from c2b.catalog.validation import validate_batch
from c2b.kit import clock, db
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_, current_locale
from c2b.kit.money import format_money


def check(offer: Offer, made_for: Mapping[str, Any], schema: PinnedSchema) -> None:
    """Raises ``Invalid`` with everything that is wrong, each beside its field."""
    now = clock.now()
    found = faults(offer, made_for, schema, now=now) or _fit_faults(offer, made_for, schema, now)
    if found:
        raise Invalid(fields=found)


def faults(
    offer: Offer, made_for: Mapping[str, Any], schema: PinnedSchema, *, now: datetime
) -> list[FieldError]:
    """Everything that keeps an offer from being submitted, amounts written for the reader. Empty when it is fine."""
    bounds = bounds_of(made_for, schema, offer.batch_answers, offer.votes)
    own = faults_of_votes(
        offer.votes, schema.parsed, fixed=offer.batch_answers, threshold=offer.threshold,
        deadline=offer.deadline, now=now,
    )  # fmt: skip
    found = [*(() if own else _outcome_faults(offer, schema)), *own, *faults_of(offer, bounds, now=now)]
    return [_with_money(each, made_for["currency"]) for each in found]


def _fit_faults(
    offer: Offer, made_for: Mapping[str, Any], schema: PinnedSchema, now: datetime
) -> list[FieldError]:
    """Why no payment provider could hold the money of such a group for so long as it takes."""
    timing = timing_of(
        offer.deadline, now, template=made_for["timeline"], balance_days=offer.balance_days,
        lead_days=specification.lead_days(schema.parsed, offer.batch_answers),
        return_days=market_of(made_for["currency"], offer.batch_answers).return_days,
    )  # fmt: skip
    return faults_of_fit(offer.payment_plan, timing, known())


def bounds_of(
    made_for: Mapping[str, Any],
    schema: PinnedSchema,
    batch_answers: Mapping[str, Any],
    votes: Sequence[OpenVote] = (),
) -> Bounds:
    """What the product allows an offer with these batch answers; engineering is that of the dearest outcome."""
    quotation = made_for["quotation"]
    quoted_until = db.instant(quotation["quoted_until"])
    assert quoted_until
    return Bounds(
        min_quantity=made_for["min_quantity"],
        capacity=made_for["capacity"],
        quoted=quoted_tiers(quotation["tiers"]),
        quoted_until=quoted_until,
        batch_minimum=specification.batch_minimum(schema.parsed, batch_answers),
        nre_minor=_nre(schema.parsed, batch_answers)
        + sum(
            max((_nre(schema.parsed, {vote.attribute: code}) for code in vote.choices), default=0)
            for vote in votes
        ),
    )


def _nre(schema: ProductSchema, batch_answers: Mapping[str, Any]) -> int:
    return sum(each.minor for each in specification.nre(schema, [batch_answers]))


def _outcome_faults(offer: Offer, schema: PinnedSchema) -> list[FieldError]:
    """Every batch that may come out must be one that can be made and that members can complete."""
    judged = [
        (batch, validate_batch(schema.document, batch, digest=schema.digest))
        for batch in possible_batches(schema.parsed, offer.batch_answers, offer.votes)
    ]
    wrong = [(batch, found) for batch, found in judged if found]
    if not offer.votes or not wrong:
        return [each for _, found in wrong for each in found]
    always = [each for each in wrong[0][1] if all(each in found for _, found in judged)]
    if always:
        return [_beside(each, offer.votes) for each in always]
    return list(_named(offer.votes, schema.parsed, judged)) or [
        _combined(offer.votes, schema.parsed, *wrong[0])
    ]


def _beside(fault: FieldError, votes: Sequence[OpenVote]) -> FieldError:
    """A fault of an attribute that is open stands beside its vote."""
    name = fault.path.partition(".")[0]
    number = next((n for n, vote in enumerate(votes) if vote.attribute == name), None)
    path = fault.path if number is None else f"votes.{number}.choices"
    return FieldError(path, fault.code, fault.message, fault.params)


def _named(
    votes: Sequence[OpenVote],
    schema: ProductSchema,
    judged: Sequence[tuple[dict[str, Any], list[FieldError]]],
) -> Iterator[FieldError]:
    """The choices that can come out in no combination, each with the reason."""
    message = N_("“{choice}” cannot come out with what else is settled: {reason}")
    for number, vote in enumerate(votes):
        for code in vote.choices:
            found = [each for batch, each in judged if batch.get(vote.attribute) == code]
            if found and all(found):
                choice = word_of(schema.attribute(vote.attribute), code)
                params = {"choice": choice, "reason": found[0][0]}
                yield FieldError(f"votes.{number}.choices", "impossible", message, params)


def _combined(
    votes: Sequence[OpenVote], schema: ProductSchema, batch: Mapping[str, Any], found: Sequence[FieldError]
) -> FieldError:
    words = [
        word_of(schema.attribute(v.attribute), batch[v.attribute]) for v in votes if v.attribute in batch
    ]
    together = Words(en=" + ".join(each["en"] for each in words), zh=" + ".join(each["zh"] for each in words))
    message = N_("“{outcome}” could come out together, and cannot be made: {reason}")
    return FieldError("votes.0.choices", "impossible", message, {"outcome": together, "reason": found[0]})


def _with_money(fault: FieldError, currency: str) -> FieldError:
    """Amounts in a message are written for the reader: ``low_minor`` becomes ``low``."""
    params = {
        key.removesuffix("_minor"): format_money(value, currency, current_locale())
        if key.endswith("_minor")
        else value
        for key, value in fault.params.items()
    }
    return FieldError(fault.path, fault.code, fault.message, params)
