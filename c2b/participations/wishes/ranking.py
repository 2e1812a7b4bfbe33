"""A member's acceptable specifications in order, which of them the batch allows, and the most they can cost.

Two short alternatives on different attributes also hold together: whoever takes black for navy and FR4 for brass gets
black with FR4 when neither navy nor brass is made. Such a pair ranks behind everything that was named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from c2b.campaigns.rules import PriceTier
from c2b.catalog.cells import cells_of, small_lot_fee
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import ProductSchema, surcharges
from c2b.catalog.schema import same
from c2b.catalog.validation import compiled

Answers = Mapping[str, Any]
#: So many acceptable specifications one member may have, the first choice included.
MAX_CHOICES = 100


@dataclass(frozen=True, slots=True)
class Ranked:
    """One acceptable specification: the member's own answers. Rank 0 is the first choice; a rank may be shared."""

    rank: int
    answers: dict[str, Any]


def ranked(answers: Answers, preferences: Answers) -> tuple[Ranked, ...]:
    """Every acceptable specification, best first, whether the batch allows it or not."""
    entries = preferences.get("alternatives", ())
    if not entries:
        return (Ranked(0, dict(answers)),)
    return (Ranked(0, dict(answers)), *_named(answers, entries), *_together(answers, entries))


def valid_ranked(
    schema: PinnedSchema, batch_answers: Answers, answers: Answers, preferences: Answers
) -> tuple[Ranked, ...]:
    """Those that are valid under complete batch answers; ranks keep their numbers."""
    made = compiled(schema.document, digest=schema.digest)
    return tuple(
        each for each in ranked(answers, preferences) if made.accepts({**each.answers, **batch_answers})
    )


def accepted(batches: Iterable[Answers], preferences: Answers) -> list[Answers]:
    """The outcomes of the open votes that the member accepts."""
    insisted = {
        name: ballot["only"] for name, ballot in preferences.get("votes", {}).items() if "only" in ballot
    }
    return [
        batch
        for batch in batches
        if all(any(same(batch.get(name), code) for code in codes) for name, codes in insisted.items())
    ]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a unit of one specification can cost: its price at each tier, dearest first, and a small-lot fee on top.

    ``fee_minor`` is the highest fee that its cells could ever ask of this member; 0 where none can be bought off.
    """

    by_tier: tuple[int, ...]
    fee_minor: int


def cost(schema: ProductSchema, tiers: Sequence[PriceTier], complete: Answers, quantity: int) -> Cost:
    """The cost of complete answers: minor units per unit, tax included."""
    extra = sum(each.minor for each in surcharges(schema, complete))
    fees = sum(small_lot_fee(cell, quantity) for cell in cells_of(schema, complete) if cell.premium_minor)
    return Cost(tuple(tier.unit_price_minor + extra for tier in tiers), -(-fees // quantity))


def first_tier(tiers: Sequence[PriceTier], preferences: Answers) -> int:
    """The position of the dearest tier at which the member takes part, as they said it; of the last, if of none."""
    below = preferences.get("commit_below_minor")
    return next(
        (at for at, tier in enumerate(tiers) if below is None or tier.unit_price_minor <= below),
        len(tiers) - 1,
    )


def commit_below(tiers: Sequence[PriceTier], costs: Sequence[Cost], preferences: Answers) -> int | None:
    """The tier price from which on the member takes part: what they said, or what their highest unit price comes to.

    ``None``: at any tier's. ``costs``: of every specification they accept, in any batch still possible.
    """
    limit = preferences.get("limit_minor")
    start = first_tier(tiers, preferences)
    found = next(
        (
            at
            for at in range(start, len(tiers))
            if limit is None or any(each.by_tier[at] <= limit for each in costs)
        ),
        len(tiers) - 1,
    )
    return tiers[found].unit_price_minor if found else None


def dearest(costs: Iterable[Cost], preferences: Answers, *, start: int = 0) -> int | None:
    """The most that a unit can cost under the member's limits (``None``: everything lies above them), from the tier at
    ``start`` on.

    A small-lot fee comes on top of the price; ``limit_minor`` holds for both together.
    """
    limit, most_fee = preferences.get("limit_minor"), preferences.get("fee_limit_minor", 0)
    within = [
        price + min(each.fee_minor, most_fee)
        for each in costs
        for price in each.by_tier[start:]
        if limit is None or price <= limit
    ]
    if not within:
        return None
    return max(within) if limit is None else min(max(within), limit)


def commitment_minor(
    schema: PinnedSchema,
    batches: Iterable[Answers],
    answers: Answers,
    preferences: Answers,
    *,
    tiers: Sequence[PriceTier],
    quantity: int,
) -> int | None:
    """What is paid when joining: the most that any acceptable specification can cost in any batch still possible.

    ``None`` when nothing is both valid and within the limit.
    """
    costs = [
        cost(schema.parsed, tiers, {**each.answers, **batch}, quantity)
        for batch in accepted(batches, preferences)
        for each in valid_ranked(schema, batch, answers, preferences)
    ]
    most = dearest(costs, preferences, start=first_tier(tiers, preferences))
    return None if most is None else most * quantity


def _named(answers: Answers, entries: Sequence[Answers]) -> Iterator[Ranked]:
    for rank, entry in enumerate(entries, start=1):
        if "answers" in entry:
            yield Ranked(rank, dict(entry["answers"]))
        else:
            yield from (Ranked(rank, {**answers, entry["attribute"]: code}) for code in entry["any_of"])


def _together(answers: Answers, entries: Sequence[Answers]) -> Iterator[Ranked]:
    """The short alternatives of different attributes combined, fewest changes first."""
    short = [entry for entry in entries if "any_of" in entry]
    for size in range(2, len(short) + 1):
        for group in combinations(short, size):
            names = [entry["attribute"] for entry in group]
            if len(set(names)) == size:
                for codes in product(*(entry["any_of"] for entry in group)):
                    changed = {**answers, **dict(zip(names, codes, strict=True))}
                    yield Ranked(len(entries) + size - 1, changed)
