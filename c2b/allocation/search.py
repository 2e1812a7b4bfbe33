"""Branch and bound over what lives: see `README.md`. Deterministic: its budget is a count, never a time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from c2b.allocation.climb import Climber
from c2b.allocation.eligible import rate_minor
from c2b.allocation.parts import Part
from c2b.allocation.prices import balance, off, undecided
from c2b.allocation.repair import repair
from c2b.allocation.state import MADE, PAID, Impossible, State

_ROUNDS = 8
_LONG = 3000  # an evaluation with numbers of so many binary digits counts twice
_CLIMBING = 4  # a quarter of the budget at most is for the neighbors of what was found
Decision = Callable[[State], None]


@dataclass(slots=True)
class Found:
    """The best allocation of a part: options, value, a bound on any value, and whether they meet."""

    picks: list[int]
    value: int
    bound: int
    work: int

    @property
    def optimal(self) -> bool:
        return self.bound <= self.value


def search(part: Part, budget: int) -> Found:
    """The best allocation found within the budget (option evaluations), proven best where ``optimal``."""
    return _Search(part, budget).run()


class _Search:
    def __init__(self, part: Part, budget: int) -> None:
        # arithmetic on long numbers and choices among many options take longer: counted as more work
        self.cost = (_LONG + part.unit.bit_length()) * (2 + len(part.owner) // len(part.units))
        self.budget = budget * 6 * _LONG // self.cost
        self.part, self.work, self.serial = part, 0, 0
        self.open: list[tuple[int, int, State]] = []  # (minus bound, minus serial: the younger first, node)
        self.best, self.picks = -1, [options[-1] for options in part.options]

    def run(self) -> Found:
        node: State | None = State(self.part)
        assert node is not None
        node.settle()
        bound = balance(node, rounds=_ROUNDS, enough=self.best)
        climber, climbed = Climber(node.copy(), self.budget // _CLIMBING), -1
        while node is not None:
            self._improve(node)
            children = self._children(node) if bound - self.best >= self.part.grain else []
            for negative, serial, child in children[1:]:
                heapq.heappush(self.open, (negative, serial, child))
            if self.work + climber.work > self.budget:
                for entry in children[:1]:
                    heapq.heappush(self.open, entry)
                break
            if children:
                bound, node = -children[0][0], children[0][2]
            elif self.open:
                if self.best > climbed and -self.open[0][0] // self.part.unit > self.best // self.part.unit:
                    self.best, self.picks = climber.climb(self.best, self.picks)
                    climbed = self.best
                negative, _, node = heapq.heappop(self.open)
                bound = -negative
                if bound - self.best < self.part.grain:
                    self.open.clear()
                    break
            else:
                node = None
        work = (self.work + climber.work) * self.cost // (6 * _LONG)
        above = -self.open[0][0] if self.open else self.best
        bound = max(self.best, above // self.part.grain * self.part.grain)
        return Found(self.picks, self.best, bound, work)

    def _improve(self, node: State) -> None:
        value, picks, work = repair(self.part, node.pick)
        self.work += work
        if value > self.best:
            self.best, self.picks = value, picks

    def _children(self, node: State) -> list[tuple[int, int, State]]:
        """The decided copies of a node that may hold something better, the most promising first."""
        children = []
        for decide in decisions(node):
            child = node.copy()
            try:
                decide(child)
                child.settle()
                bound = balance(child, rounds=_ROUNDS, enough=self.best)
            except Impossible:
                continue
            finally:
                self.work += child.work + len(self.part.units)
            if bound - self.best >= self.part.grain:
                self.serial += 1
                children.append((-bound, -self.serial, child))
        return sorted(children, key=lambda each: each[:2])


def decisions(node: State) -> list[Decision]:
    """What to try next; nothing where the picks are themselves the node's best allocation."""
    if cells := undecided(node):
        return _about_cell(node, _most_in_doubt(node, cells))
    if edge := next(_indivisible(node), None):
        return _about_member(*edge)
    dear = next(_too_dear(node), None)
    return [] if dear is None else _about_count(node, dear)


def _about_member(cell: int, member: int) -> list[Decision]:
    return [lambda state: state.bind(member, cell), lambda state: state.avoid(member, cell)]


def _about_count(node: State, cell: int) -> list[Decision]:
    low, count, high = node.low[cell], node.count[cell], node.high[cell]
    return [lambda state: state.pay(cell, low, count), lambda state: state.pay(cell, count + 1, high)]


def _most_in_doubt(node: State, cells: list[int]) -> int:
    """The cell where most units are at stake."""
    return max(
        cells, key=lambda cell: (min(node.count[cell], node.part.minimum[cell] - node.count[cell]), -cell)
    )


def _about_cell(node: State, cell: int) -> list[Decision]:
    part, most = node.part, node.potential[cell]
    high = min(most, part.minimum[cell] - 1)
    ways: list[Decision] = [lambda state: state.make(cell)] if most >= part.minimum[cell] else []
    if part.premium[cell]:
        ways.append(lambda state: state.pay(cell, 1, high))
    return [*ways, lambda state: state.close(cell)]


def _indivisible(node: State) -> Iterator[tuple[int, int]]:
    """A decided cell that has too few, too many, or a bonus for more than it needs, and the member at its edge."""
    part = node.part
    cells = [cell for cell, mode in enumerate(node.mode) if mode in (MADE, PAID) and off(node, cell)]
    cells.sort(key=lambda cell: (node.low[cell] <= node.count[cell] <= node.high[cell], cell))
    for cell in cells:
        free = [
            (abs(_loss(node, member, cell)), -part.units[member], member)
            for member, pair in part.users[cell]
            if 0 < node.left[pair] < node.number[member]
        ]
        if free:
            yield cell, min(free)[2]


def _loss(node: State, member: int, cell: int) -> int:
    """How far, per unit, the member is from the edge between standing in the cell and not."""
    worth = [(cell in node.part.cells[option], node.now[option]) for option in node.part.options[member]]
    inside = max(now for is_inside, now in worth if is_inside)
    outside = max(now for is_inside, now in worth if not is_inside)
    return (inside - outside) // node.part.units[member]


def _too_dear(node: State) -> Iterator[int]:
    """A paid cell whose count makes the fee more than somebody in it bears."""
    part = node.part
    for cell, mode in enumerate(node.mode):
        if mode != PAID:
            continue
        for member, _ in part.users[cell]:
            option = node.pick[member]
            if cell in part.cells[option]:
                rates = [(_rate(node, each), each) for each in part.cells[option]]
                if sum(rate for rate, _ in rates) > part.tolerance[option]:
                    spread = [
                        (rate - node.least_rate(each), each)
                        for rate, each in rates
                        if node.mode[each] == PAID
                    ]
                    yield max(spread)[1]


def _rate(node: State, cell: int) -> int:
    missing = node.part.minimum[cell] - node.count[cell]
    return rate_minor(missing, node.part.premium[cell], node.count[cell]) if missing > 0 else 0
