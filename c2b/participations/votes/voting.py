"""Counting a vote on a batch attribute: instant runoff, one vote per captured unit. Values in, values out.

Every ballot counts with its units for the choice it ranks highest among those still in the running. A choice with more
than half of the units that still have one wins. Otherwise the choice with the fewest units is out, and its ballots go
on to their next choice; a ballot with none left is exhausted. Where several choices have the fewest, the tie rule says
which of them stays longer. Without any ballot the tie rule alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.catalog.rules import Code


@dataclass(frozen=True)
class Ballot:
    """One member's ranking, best first, with their captured units. ``order``: when they paid, 0 is the first."""

    ranking: tuple[Code, ...]
    units: int
    order: int


@dataclass(frozen=True)
class Round:
    """Units per choice still in the running, as listed; units of exhausted ballots; who was ``out`` after it.

    ``tied``: the choices between which the tie rule decided, ``out`` among them; empty where it was not needed.
    """

    units: tuple[tuple[Code, int], ...]
    exhausted: int
    out: Code | None = None
    tied: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Count:
    """What came out, and every round that led to it."""

    outcome: Code
    rounds: tuple[Round, ...]

    @property
    def units(self) -> int:
        """Units that voted."""
        first = self.rounds[0]
        return sum(units for _, units in first.units) + first.exhausted

    @property
    def by_tie_rule(self) -> bool:
        """Did the tie rule keep a choice in the running that came out in the end?"""
        return any(self.outcome in each.tied for each in self.rounds)


def count(
    choices: Sequence[Code],
    ballots: Sequence[Ballot],
    *,
    tie_rule: str,
    prices: Mapping[Code, int] | None = None,
) -> Count:
    """The outcome of a vote between ``choices`` (as the organizer listed them, at least one).

    ``prices``: minor units per unit that a choice adds, for the tie rule ``cheapest``. The order in which ballots are
    given does not matter; when their members paid does, for ``earliest`` only.
    """
    running = list(choices)
    rounds: list[Round] = []
    while True:
        held = _held(running, ballots)
        units = {choice: sum(each.units for each in held[choice]) for choice in running}
        counted = sum(units.values())
        shown = tuple(units.items())
        exhausted = sum(each.units for each in ballots) - counted
        winner = next((choice for choice in running if 2 * units[choice] > counted), None)
        if winner is not None or len(running) == 1:
            rounds.append(Round(shown, exhausted))
            return Count(running[0] if winner is None else winner, tuple(rounds))
        fewest = min(units.values())
        tied = [choice for choice in running if units[choice] == fewest]
        ranks = {choice: _standing(choice, choices, held[choice], tie_rule, prices or {}) for choice in tied}
        out = max(tied, key=lambda choice: ranks[choice])
        rounds.append(Round(shown, exhausted, out, tuple(tied) if len(tied) > 1 else ()))
        running.remove(out)


def _held(running: Sequence[Code], ballots: Sequence[Ballot]) -> dict[Code, list[Ballot]]:
    """The ballots that each choice in the running has: those that rank it before all others in the running."""
    held: dict[Code, list[Ballot]] = {choice: [] for choice in running}
    for each in ballots:
        best = next((choice for choice in each.ranking if choice in held), None)
        if best is not None:
            held[best].append(each)
    return held


def _standing(
    choice: Code, listed: Sequence[Code], held: Sequence[Ballot], tie_rule: str, prices: Mapping[Code, int]
) -> tuple[Any, ...]:
    """How a tied choice stands by the tie rule, smallest first; in the end the organizer's order decides."""
    place = list(listed).index(choice)
    if tie_rule == "cheapest":
        return (prices.get(choice, 0), place)
    if tie_rule == "earliest":
        earliest = min((each.order for each in held), default=None)
        return (earliest is None, earliest or 0, place)
    return (place,)


def tally_of(counted: Count) -> dict[str, Any]:
    """The rounds as JSON, kept with the outcome."""
    return {
        "units": counted.units,
        "rounds": [
            {
                "units": [[choice, units] for choice, units in each.units],
                "exhausted": each.exhausted,
                "out": each.out,
                "tied": list(each.tied),
            }
            for each in counted.rounds
        ],
    }
