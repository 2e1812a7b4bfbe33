"""Better answers near the best one known: another cell made, one less, one or two instead of one or two others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from c2b.allocation.parts import NOT_SERVED, Part
from c2b.allocation.prices import balance
from c2b.allocation.repair import repair
from c2b.allocation.state import Impossible, State

_ROUNDS = 4
_FEW = 24  # cells, up to which two may change places with one


class Climber:
    """Tries neighbors of an allocation until none is better or the budget (option evaluations) is used."""

    def __init__(self, root: State, budget: int) -> None:
        self.root, self.part, self.budget, self.work = root, root.part, budget, 0
        self.tried: set[tuple[int, ...]] = set()
        part = root.part
        self.doubt = sum(1 << cell for cell, minimum in enumerate(part.minimum) if minimum > 1)
        self.masks = [
            [
                sum(1 << cell for cell in part.cells[option])
                for option in options
                if root.alive[option] and part.spec[option] != NOT_SERVED
            ]
            for options in part.options
        ]

    def climb(self, value: int, picks: list[int]) -> tuple[int, list[int]]:
        """The best found from here on, the given one where nothing is better."""
        wide = False
        while True:
            found = self._better(
                self._promising(lived(self.part, picks), value // self.part.unit, wide), value
            )
            if found is not None:
                (value, picks), wide = found, False
            elif wide or self.work > self.budget or len(self.part.minimum) > _FEW:
                return value, picks
            else:
                wide = True

    def _better(self, neighbors: list[tuple[int, ...]], value: int) -> tuple[int, list[int]] | None:
        """The first neighbor that is better, as long as the budget lasts."""
        for made in neighbors:
            if self.work > self.budget:
                break
            self.tried.add(made)
            found = self._with(made, value)
            if found is not None and found[0] > value:
                return found
        return None

    def _promising(self, made: tuple[int, ...], units: int, wide: bool) -> list[tuple[int, ...]]:
        """Untried neighbors that may serve as many, those that may serve most first."""
        found = []
        for each in self._neighbors(made, wide):
            if self.work > self.budget:
                break
            if each not in self.tried:
                most = self._most(each)
                if most >= units:
                    found.append((-most, each))
        return [each for _, each in sorted(found)]

    def _most(self, made: tuple[int, ...]) -> int:
        """Units of those who have something through these cells alone; 0 if they are too few for all minimums."""
        part = self.part
        closed = ~sum(1 << cell for cell in made) & self.doubt
        served = standing = 0
        for units, masks in zip(part.units, self.masks, strict=True):
            hits = [(mask & self.doubt).bit_count() for mask in masks if not mask & closed]
            if hits:
                served += units
                standing += units * max(hits)
        self.work += len(part.owner) // 4
        needed = sum(part.minimum[cell] for cell in made if not part.premium[cell])
        return served if needed <= standing else 0

    def _neighbors(self, made: tuple[int, ...], wide: bool) -> Iterator[tuple[int, ...]]:
        others = [
            cell for cell in range(len(self.part.minimum)) if cell not in made and self.part.minimum[cell] > 1
        ]
        for outs, ins in ((1, 2), (2, 1), (0, 2), (2, 0)) if wide else ((0, 1), (1, 1), (1, 0)):
            for old in combinations(made, outs):
                for new in combinations(others, ins):
                    yield tuple(sorted({*made, *new} - {*old}))

    def _with(self, made: tuple[int, ...], value: int) -> tuple[int, list[int]] | None:
        """What comes out where exactly these cells are made; nothing where it cannot be better."""
        node = self.root.copy()
        part = self.part
        try:
            for cell, minimum in enumerate(part.minimum):
                if cell not in made and minimum > 1:
                    node.close(cell)
            node.settle()
            for cell in made:
                if node.potential[cell] >= part.minimum[cell]:
                    node.make(cell)
                elif part.premium[cell]:
                    node.pay(cell, 1, part.minimum[cell] - 1)
                else:
                    return None
            node.settle()
            if node.bound() <= value or balance(node, rounds=_ROUNDS, enough=value) <= value:
                return None
        except Impossible:
            return None
        finally:
            self.work += node.work + len(part.units)
        found, picks, work = repair(part, node.pick)
        self.work += work
        return found, picks


def lived(part: Part, picks: list[int]) -> tuple[int, ...]:
    """The cells with a minimum that are made."""
    return tuple(sorted({cell for option in picks for cell in part.cells[option] if part.minimum[cell] > 1}))
