"""Better answers near the best one known: another cell made, one less, or one instead of another."""

from __future__ import annotations

from collections.abc import Iterator

from c2b.allocation.parts import Part
from c2b.allocation.prices import balance
from c2b.allocation.repair import repair
from c2b.allocation.state import Impossible, State

_ROUNDS = 4


class Climber:
    """Tries neighbors of an allocation until none is better or the budget (option evaluations) is used."""

    def __init__(self, root: State, budget: int) -> None:
        self.root, self.part, self.budget, self.work = root, root.part, budget, 0
        self.tried: set[tuple[int, ...]] = set()

    def climb(self, value: int, picks: list[int]) -> tuple[int, list[int]]:
        """The best found from here on, the given one where nothing is better."""
        better = True
        while better:
            better = False
            for made in self._neighbors(lived(self.part, picks)):
                if self.work > self.budget:
                    return value, picks
                if made in self.tried:
                    continue
                self.tried.add(made)
                found = self._with(made, value)
                if found is not None and found[0] > value:
                    value, picks = found
                    better = True
                    break
        return value, picks

    def _neighbors(self, made: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        others = [
            cell for cell in range(len(self.part.minimum)) if cell not in made and self.part.minimum[cell] > 1
        ]
        for new in others:
            yield tuple(sorted((*made, new)))
        for old in made:
            yield tuple(cell for cell in made if cell != old)
        for new in others:
            for old in made:
                yield tuple(sorted({*made, new} - {old}))

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
