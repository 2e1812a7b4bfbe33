"""How far a group has come: which of its paid units count, at which price, and what is missing for every tier.

A member may join only from a tier price on ("if the price falls to ¥109"). Their units are paid but count only where
that tier is reached, by others and by themselves. So the question is a fixed point, as it is for the allocation: try
the deepest tier first with everybody who takes part at its price; a lower price shuts nobody out, so the first tier
that is reached by those who take part in it is the one. Values in, values out; prices in minor units per unit, before
surcharges.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.campaigns.rules import PriceTier, price_tiers

#: Tier price → paid units of those who take part from this price on.
Conditional = Mapping[int, int]


@dataclass(frozen=True)
class Rung:
    """A tier with the paid units that take part at its price, and how many more units bring it."""

    from_quantity: int
    unit_price_minor: int
    units: int
    missing: int


@dataclass(frozen=True)
class Reach:
    """``counted`` of the ``paid`` units count now, at ``unit_price_minor``; the rest wait for a lower price.

    ``rungs``: every tier, as given.
    """

    paid: int
    counted: int
    unit_price_minor: int
    rungs: tuple[Rung, ...]

    @property
    def waiting(self) -> int:
        """Paid units that count only at a lower price than the one reached."""
        return self.paid - self.counted

    def counts_for(self, threshold: int) -> bool:
        """Has the group come together?"""
        return self.counted >= threshold

    def missing_at(self, price_minor: int) -> int:
        """How many more units bring a tier's price; 0 once it, or a lower one, is reached."""
        if self.unit_price_minor <= price_minor:
            return 0
        return min((rung.missing for rung in self.rungs if rung.unit_price_minor <= price_minor), default=0)

    def missing_for(self, threshold: int) -> int:
        """How many more paid units the group needs, at the least: joining counts at any price, and every tier that
        can carry the threshold is a way there."""
        ways = [threshold - rung.units for rung in self.rungs[:1]]
        ways += [max(rung.missing, threshold - rung.units) for rung in self.rungs[1:]]
        return max(min(ways, default=0), 0)

    @property
    def following(self) -> Rung | None:
        """The next lower price: the tier below the one reached that needs the fewest more units."""
        below = [
            rung for rung in self.rungs[1:] if rung.missing and rung.unit_price_minor < self.unit_price_minor
        ]
        return min(below, key=lambda rung: (rung.missing, rung.unit_price_minor), default=None)


def reach(tiers: Sequence[PriceTier], paid: int, conditional: Conditional) -> Reach:
    """Where ``paid`` units stand of which ``conditional`` ones take part only from a price on. At least one tier."""
    rungs = tuple(_rung(tier, paid, conditional) for tier in tiers)
    reached = next((rung for rung in reversed(rungs) if not rung.missing), rungs[0])
    return Reach(paid, reached.units, reached.unit_price_minor, rungs)


def reach_of(campaign: Mapping[str, Any], tiers: Sequence[PriceTier] | None = None) -> Reach:
    """The same for a campaign's row; ``tiers``: only these of its own."""
    conditional = {int(price): units for price, units in _json(campaign["conditional_at"]).items()}
    found = price_tiers(_json(campaign["tiers"])) if tiers is None else tiers
    return reach(found, campaign["paid"], conditional)


def _rung(tier: PriceTier, paid: int, conditional: Conditional) -> Rung:
    units = paid - sum(each for price, each in conditional.items() if price < tier.unit_price_minor)
    return Rung(tier.from_quantity, tier.unit_price_minor, units, max(tier.from_quantity - units, 0))


def to_count_on(tiers: Sequence[PriceTier], *, closes: str, threshold: int) -> tuple[PriceTier, ...]:
    """The tiers that can be promised. A group that closes on its threshold grows no further: what lies above it is
    reached by chance at most, when the last payment is for several units."""
    if closes != "on_threshold":
        return tuple(tiers)
    return tuple(tier for tier in tiers if tier.from_quantity <= threshold) or tuple(tiers[:1])


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
