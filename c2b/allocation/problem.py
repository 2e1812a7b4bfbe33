"""What an allocation is computed from, and what comes out: plain values, no names, no words, no database.

A *cell* is anything that has a minimum of its own: an option, a combination of options, a whole configuration. A
member ranks *specs*; every unit made to a spec counts in each of its cells. Money is integer minor units, tax included,
per unit unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """``minimum`` units, or it is not made; ``premium_minor`` per missing unit buys it off (0: it cannot be)."""

    key: str
    minimum: int
    premium_minor: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """One acceptable specification. ``rank`` 0 is the first choice; several may share a rank ("any of these").

    ``cells`` are positions in ``Problem.cells``, ascending; ``surcharge_minor`` comes on top of the tier's unit price.
    """

    rank: int
    cells: tuple[int, ...]
    surcharge_minor: int


@dataclass(frozen=True, slots=True)
class Member:
    """One participation: served whole (all ``units`` to one spec) or not at all.

    ``limit_minor``: the highest unit price, small-lot fee included (``None``: no limit). ``fee_limit_minor``: the
    highest small-lot fee per unit, all of a spec's cells together (0: none is ever paid). ``tier_limit_minor``: the
    highest tier price, before anything that is added to it (``None``: any tier's).
    """

    id: str
    units: int
    specs: tuple[Spec, ...]
    limit_minor: int | None = None
    fee_limit_minor: int = 0
    tier_limit_minor: int | None = None

    def joins_at(self, tier_price_minor: int) -> bool:
        """Does this member take part at the price of a tier?"""
        return self.tier_limit_minor is None or tier_price_minor <= self.tier_limit_minor


@dataclass(frozen=True, slots=True)
class Tier:
    """From this many units on everybody's unit price is ``unit_price_minor`` plus surcharges."""

    from_quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class Problem:
    """``members`` in the order in which they paid; ``tiers`` ascending in quantity, falling in price, at least one."""

    cells: tuple[Cell, ...]
    members: tuple[Member, ...]
    tiers: tuple[Tier, ...]
    threshold: int
    cap: int


@dataclass(frozen=True, slots=True)
class Seat:
    """What a served member gets: the position in their ``specs``, and the small-lot fee for all their units."""

    spec: int
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Allocation:
    """``seats`` beside ``Problem.members`` (``None``: not served), ``counts`` and ``fees_minor`` beside ``cells``.

    ``units_bound`` is proven: no allocation serves more units. ``optimal``: proven best in the whole order of
    objectives (units, then ranks, then cost, then time of payment), not only in units.
    """

    seats: tuple[Seat | None, ...]
    units: int
    unit_price_minor: int
    counts: tuple[int, ...]
    fees_minor: tuple[int, ...]
    units_bound: int
    optimal: bool

    @property
    def gap(self) -> int:
        """At most so many more units could have been served."""
        return self.units_bound - self.units
