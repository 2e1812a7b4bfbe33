"""A member's requirement judged and priced: form, JSON API and import all come through here.

Every alternative is judged like the first choice. While votes are open, a specification is valid when one outcome that
the member accepts allows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.rules import surcharges
from c2b.catalog.validation import judge
from c2b.kit.canonical import MAX_INTEGER, digest
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.kit.money import Amount
from c2b.participations.rules import MAX_QUANTITY, Priced, price
from c2b.participations.votes import ballots
from c2b.participations.wishes.options import judged_options
from c2b.participations.wishes.pictures import missing
from c2b.participations.wishes.preferences import read
from c2b.participations.wishes.ranking import (
    MAX_CHOICES,
    Answers,
    Cost,
    Ranked,
    accepted,
    commit_below,
    cost,
    dearest,
    first_tier,
    ranked,
    valid_ranked,
)

PATH = "preferences.alternatives"


def requirement(offer: JoinOffer, *, answers: Any, quantity: int, preferences: Any = None) -> Priced:
    """Validate a member's wishes against the campaign's pinned schema and price them. Raises ``Invalid``.

    Faults of preferences carry paths such as ``preferences.alternatives.0.answers.case_color``.
    """
    wrong = _quantity_faults(quantity)
    if not offer.votes and preferences in (None, {}):
        clean, faults = judge(
            offer.schema.document, answers=answers, fixed=offer.batch_answers, digest=offer.schema.digest
        )
        if faults or wrong:
            raise Invalid(fields=[*faults, *wrong])
        return _priced(offer, clean, offer.batch_answers, quantity)
    return _wished(offer, answers, quantity, {} if preferences is None else preferences, wrong)


def specification_faults(offer: JoinOffer, answers: Any, votes: Any) -> list[FieldError]:
    """What is wrong with one specification by itself, for a member with these ballots; paths are those of answers."""
    clean, _, faults = _judged(
        offer, answers, accepted(offer.batches, {"votes": ballots.read(votes, offer.votes)[0]})
    )
    return faults or missing(offer.schema.parsed, clean)


def check_pictures(offer: JoinOffer, priced: Priced) -> None:
    """Nobody may commit to a picture that we do not hold: the factory could not make it."""
    faults = missing(offer.schema.parsed, priced.answers)
    for number, entry in enumerate(priced.preferences.get("alternatives", ())):
        faults += _below(f"{PATH}.{number}.answers", missing(offer.schema.parsed, entry.get("answers", {})))
    if faults:
        raise Invalid(fields=faults)


def _wished(
    offer: JoinOffer, answers: Any, quantity: int, preferences: Any, wrong: list[FieldError]
) -> Priced:
    wishes, malformed = read(preferences, offer.votes)
    malformed += _tier_faults(offer, wishes)
    batches = accepted(offer.batches, wishes)
    clean, allowing, faults = _judged(offer, answers, batches)
    if faults and len(batches) < len(offer.batches) and not _judged(offer, answers, offer.batches)[2]:
        faults = list(_insists_on_too_much(wishes))
    if faults or wrong or malformed:
        raise Invalid(fields=[*faults, *wrong, *malformed])
    own = {name: each for name, each in clean.items() if name not in batches[0]}
    if "alternatives" in wishes:
        wishes["alternatives"], faults = _alternatives(offer, own, wishes["alternatives"], batches)
    if faults:
        raise Invalid(fields=faults)
    costs, faults = _costs(offer, own, wishes, batches, quantity)
    if faults:
        raise Invalid(fields=faults)
    start = first_tier(offer.tiers, wishes)
    most = dearest(costs, wishes, start=start)
    assert most is not None
    dearest_batch = max(allowing, key=lambda batch: _extra(offer, {**own, **batch}))
    priced = _priced(offer, own, dearest_batch, quantity, tier=start)
    below = commit_below(offer.tiers, costs, wishes)
    return replace(priced, preferences=wishes, commitment_minor=most * quantity, commit_below_minor=below)


def _judged(
    offer: JoinOffer, answers: Any, batches: Sequence[Answers]
) -> tuple[dict[str, Any], list[Answers], list[FieldError]]:
    """Tidied answers and the batches that allow them; the fewest faults if none does."""
    clean: dict[str, Any] = {}
    allowing: list[Answers] = []
    fewest: list[FieldError] = []
    open_ones = {vote.attribute for vote in offer.votes}
    for batch in batches:
        found, faults = judge(offer.schema.document, answers=answers, fixed=batch, digest=offer.schema.digest)
        faults = [each for each in faults if each.path not in open_ones]
        faults += [_for_the_vote(offer, name) for name in sorted(open_ones & found.keys())]
        if not faults:
            clean = clean or found
            allowing.append(batch)
        elif not fewest or len(faults) < len(fewest):
            fewest = faults
    return clean, allowing, [] if allowing else fewest


def _alternatives(
    offer: JoinOffer, first: dict[str, Any], entries: list[dict[str, Any]], batches: Sequence[Answers]
) -> tuple[list[dict[str, Any]], list[FieldError]]:
    """The alternatives in their stored form, or what is wrong with them."""
    found, faults = [], []
    for number, entry in enumerate(entries):
        if "answers" in entry:
            clean, _, wrong = _judged(offer, entry["answers"], batches)
            faults += _below(f"{PATH}.{number}.answers", wrong)
            found.append({"answers": {name: each for name, each in clean.items() if name not in batches[0]}})
        else:
            clean, wrong = judged_options(offer.schema, first, entry, batches)
            faults += _below(f"{PATH}.{number}", wrong)
            found.append(clean)
    return found, faults or [*_twice(offer, first, found), *_too_many(found)]


def _twice(offer: JoinOffer, first: dict[str, Any], entries: list[dict[str, Any]]) -> Iterator[FieldError]:
    """An alternative that is the first choice, or another alternative, would never be looked at."""
    seen = {_fingerprint(offer, first): 0}
    for number, entry in enumerate(entries):
        for each in ranked(first, {"alternatives": [entry]})[1:]:
            earlier = seen.setdefault(_fingerprint(offer, each.answers), number + 1)
            if earlier == 0:
                message = N_("This is your first choice: choose something else, or remove this alternative.")
                yield FieldError(f"{PATH}.{number}", "same_as_first", message)
                break
            if earlier <= number:
                message = N_("This is already your alternative {number}: change it, or remove it.")
                yield FieldError(f"{PATH}.{number}", "twice", message, {"number": earlier})
                break


def _fingerprint(offer: JoinOffer, answers: Answers) -> str:
    return digest(offer.schema.parsed.part(answers, "variant", "unit"))


def _too_many(entries: list[dict[str, Any]]) -> Iterator[FieldError]:
    """Counted before anything is expanded: short alternatives multiply."""
    whole = sum("answers" in entry for entry in entries)
    per_attribute: dict[str, int] = {}
    for entry in entries:
        if "any_of" in entry:
            per_attribute[entry["attribute"]] = per_attribute.get(entry["attribute"], 0) + len(
                entry["any_of"]
            )
    if whole + prod(count + 1 for count in per_attribute.values()) > MAX_CHOICES:
        message = N_("Together these are more than {most} specifications: name fewer options.")
        yield FieldError(PATH, "too_many", message, {"most": MAX_CHOICES})


def _costs(
    offer: JoinOffer, first: dict[str, Any], wishes: dict[str, Any], batches: Sequence[Answers], quantity: int
) -> tuple[list[Cost], list[FieldError]]:
    """What each acceptable specification costs; and faults where limits leave none, or speak of nothing."""
    costs = [
        (each, cost(offer.schema.parsed, offer.tiers, {**each.answers, **batch}, quantity))
        for batch in batches
        for each in valid_ranked(offer.schema, batch, first, wishes)
    ]
    for each, found in costs:
        if not 0 <= found.by_tier[-1] <= found.by_tier[0] * quantity <= MAX_INTEGER:
            message = N_("This combination has no valid price. Choose other options, or ask the organizer.")
            path = f"{PATH}.{each.rank - 1}" if each.rank else ""
            return [], [FieldError(path, "price_out_of_range", message)]
    faults = list(_limit_faults(offer, wishes, costs)) if "limit_minor" in wishes else []
    if not faults and "fee_limit_minor" in wishes:
        faults = list(_fee_faults(wishes, [found for _, found in costs]))
    return [found for _, found in costs], faults


def _tier_faults(offer: JoinOffer, wishes: dict[str, Any]) -> Iterator[FieldError]:
    """Taking part from a price on means a tier that can be counted on. From the first on is from any: not kept."""
    below = wishes.get("commit_below_minor")
    if below is None:
        return
    prices = [tier.unit_price_minor for tier in offer.promised]
    if below == prices[0]:
        del wishes["commit_below_minor"]
    elif len(prices) == 1:
        message = N_("There is only one price here: leave this out.")
        yield FieldError("preferences.commit_below_minor", "no_tier", message)
    elif below not in prices:
        message = N_("No tier here has this price: choose {price}, for example, or leave it out.")
        params = {"price": Amount(prices[1], offer.currency)}
        yield FieldError("preferences.commit_below_minor", "no_tier", message, params)


def _limit_faults(
    offer: JoinOffer, wishes: dict[str, Any], costs: list[tuple[Ranked, Cost]]
) -> Iterator[FieldError]:
    """A limit below everything is a contradiction; so is an alternative that it always rules out."""
    limit = wishes["limit_minor"]
    lowest: dict[int, int] = {}
    for each, found in costs:
        lowest[each.rank] = min(lowest.get(each.rank, found.by_tier[-1]), found.by_tier[-1])
    cheapest = min(lowest.values())
    if cheapest > limit:
        message = N_(
            "Nothing that you chose can cost so little: at the lowest price tier it comes to {amount}. "
            "Raise the limit, or leave it out."
        )
        params = {"amount": Amount(cheapest, offer.currency)}
        yield FieldError("preferences.limit_minor", "below_every_price", message, params)
        return
    for number in range(len(wishes.get("alternatives", ()))):
        if lowest.get(number + 1, 0) > limit:
            message = N_("This costs at least {amount}, more than your highest unit price.")
            params = {"amount": Amount(lowest[number + 1], offer.currency)}
            yield FieldError(f"{PATH}.{number}", "above_limit", message, params)


def _fee_faults(wishes: dict[str, Any], costs: list[Cost]) -> Iterator[FieldError]:
    """A fee is only for what a factory makes below its minimum, and there must be room for it below the limit."""
    limit = wishes.get("limit_minor")
    if not any(each.fee_minor for each in costs):
        message = N_(
            "Nothing that you chose is made below its minimum for a small-lot fee: choose the refund."
        )
        yield FieldError("preferences.otherwise", "no_fee_here", message)
    elif limit is not None and not any(each.fee_minor and each.by_tier[-1] < limit for each in costs):
        message = N_(
            "Your highest unit price leaves no room for a small-lot fee: raise it, or choose the refund."
        )
        yield FieldError("preferences.fee_limit_minor", "no_room", message)


def _priced(
    offer: JoinOffer, answers: dict[str, Any], batch: Answers, quantity: int, *, tier: int = 0
) -> Priced:
    return price(
        offer.schema.parsed,
        batch_answers=dict(batch),
        answers=answers,
        tier_unit_price_minor=offer.tiers[tier].unit_price_minor,
        quantity=quantity,
        currency=offer.currency,
        schema_version=offer.schema.version,
    )


def _extra(offer: JoinOffer, complete: Answers) -> int:
    return sum(each.minor for each in surcharges(offer.schema.parsed, complete))


def _quantity_faults(quantity: object) -> list[FieldError]:
    if isinstance(quantity, int) and not isinstance(quantity, bool) and 1 <= quantity <= MAX_QUANTITY:
        return []
    message = N_("Choose a quantity from 1 to {most}.")
    return [FieldError("quantity", "range", message, {"most": MAX_QUANTITY})]


def _for_the_vote(offer: JoinOffer, name: str) -> FieldError:
    message = N_("The members vote on “{label}”: say what you would like in your vote.")
    return FieldError(name, "put_to_vote", message, {"label": offer.schema.parsed.attribute(name).title})


def _insists_on_too_much(wishes: dict[str, Any]) -> Iterator[FieldError]:
    message = N_(
        "Your first choice goes with none of the outcomes that you accept: accept more, or change it."
    )
    for name, ballot in wishes["votes"].items():
        if "only" in ballot:
            yield FieldError(f"preferences.votes.{name}.only", "excludes_first", message)


def _below(path: str, faults: list[FieldError]) -> list[FieldError]:
    """The same faults, their paths (and those of related fields) below another."""
    found = []
    for fault in faults:
        params = dict(fault.params)
        if "related" in params:
            params["related"] = [f"{path}.{each}" for each in params["related"]]
        found.append(replace(fault, path=f"{path}.{fault.path}" if fault.path else path, params=params))
    return found
