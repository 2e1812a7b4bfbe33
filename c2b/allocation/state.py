"""A node of the search: which options are left, what is decided about each cell, and what that forces.

``remove``, ``make``, ``pay``, ``bind`` and ``avoid`` are the decisions; ``settle`` follows them to the end: cells that
cannot reach their minimum close, members without whom a cell would miss it are bound to it. ``Impossible`` where a
decision cannot be kept.
"""

from __future__ import annotations

from c2b.allocation.eligible import rate_minor
from c2b.allocation.parts import NO_LIMIT, Part

OPEN, MADE, PAID, CLOSED = range(4)


class Impossible(Exception):
    """The decisions contradict each other: no allocation keeps them all."""


class State:
    """Options left (``alive``), members' picks at the present prices, and per cell its mode, bounds and price."""

    __slots__ = (
        "alive", "count", "doubtful", "high", "left", "loose", "low", "mode", "now", "number", "part", "pick",
        "potential", "price", "work", "worth",
    )  # fmt: skip

    def __init__(self, part: Part) -> None:
        cells = len(part.minimum)
        self.part = part
        self.alive = bytearray(b"\1" * len(part.owner))
        self.number = [len(options) for options in part.options]
        self.left = [len(inside) for inside in part.inside]
        self.potential = [0] * cells
        self.mode = bytearray(cells)
        self.low, self.high = [0] * cells, [NO_LIMIT] * cells
        self.price = [0] * cells  # bonus per unit of the search; the saved fee of a paid cell comes on top
        self.count = [0] * cells
        self.loose: list[int] = []
        self.doubtful: list[int] = list(range(cells - 1, -1, -1))
        self.work = 0
        for cell, users in enumerate(part.users):
            self.potential[cell] = sum(part.units[member] for member, _ in users)
        self.now = part.value[
            :
        ]  # what each option is worth at the present prices; far below all where it is out
        self.pick = [options[0] for options in part.options]
        self.worth = [part.value[option] for option in self.pick]
        for member, option in enumerate(self.pick):
            for cell in part.cells[option]:
                self.count[cell] += part.units[member]
        if part.cap is not None:
            self.mode[-1], self.high[-1] = MADE, part.cap

    def copy(self) -> State:
        """Another node, to be decided further."""
        twin = State.__new__(State)
        twin.part, twin.work = self.part, 0
        for name in State.__slots__:
            if not hasattr(twin, name):
                setattr(twin, name, getattr(self, name)[:])
        return twin

    # ---- decisions

    def remove(self, option: int) -> None:
        """This option is out."""
        if not self.alive[option]:
            return
        part = self.part
        owner = part.owner[option]
        self.alive[option] = 0
        self.now[option] = part.never
        self.work += 1 + len(part.cells[option]) // 2
        self.number[owner] -= 1
        if not self.number[owner]:
            raise Impossible
        if self.pick[owner] == option:
            self.loose.append(owner)
        for cell, pair in zip(part.cells[option], part.pairs[option], strict=True):
            self.left[pair] -= 1
            if not self.left[pair]:
                self.potential[cell] -= part.units[owner]
                self.doubtful.append(cell)

    def close(self, cell: int) -> None:
        """The cell is not made."""
        self.mode[cell] = CLOSED
        for member, pair in self.part.users[cell]:
            if self.left[pair]:
                self.avoid(member, cell)

    def make(self, cell: int) -> None:
        """The cell reaches its minimum."""
        self.mode[cell], self.low[cell] = MADE, self.part.minimum[cell]
        self.doubtful.append(cell)

    def pay(self, cell: int, low: int, high: int) -> None:
        """The cell is made below its minimum, its fee paid, with a count within these bounds."""
        if self.mode[cell] != PAID:
            self.mode[cell] = PAID
            self.add(
                cell, self.part.premium[cell] * self.part.minor
            )  # each more unit saves so much of the fee
            for member, pair in self.part.users[cell]:
                if self.left[pair]:
                    self.choose(member)
        self.low[cell], self.high[cell] = low, high
        self.doubtful.append(cell)

    def bind(self, member: int, cell: int) -> None:
        """This member gets something in this cell."""
        for option in self.part.options[member]:
            if cell not in self.part.cells[option]:
                self.remove(option)

    def avoid(self, member: int, cell: int) -> None:
        """This member gets nothing in this cell."""
        for option in self.part.options[member]:
            if cell in self.part.cells[option]:
                self.remove(option)

    # ---- consequences

    def settle(self) -> None:
        """Follow all decisions until nothing changes; then those who lost their pick pick anew."""
        while self.doubtful:
            cell = self.doubtful.pop()
            if self.mode[cell] == OPEN:
                self._doubt_open(cell)
            elif self.mode[cell] != CLOSED:
                self._doubt_decided(cell)
        for member in self.loose:
            if not self.alive[self.pick[member]]:
                self.choose(member)
        self.loose.clear()

    def _doubt_open(self, cell: int) -> None:
        if self.potential[cell] >= self.part.minimum[cell]:
            return
        if not self.part.premium[cell] or not self.potential[cell]:
            self.close(cell)
        else:
            self._remove_intolerant(cell)

    def _doubt_decided(self, cell: int) -> None:
        if self.mode[cell] == PAID:
            self.high[cell] = min(self.high[cell], self.potential[cell])
            if self.high[cell] < self.low[cell]:
                raise Impossible
            self._remove_intolerant(cell)
        slack = self.potential[cell] - self.low[cell]
        if slack < 0:
            raise Impossible
        if slack < self.part.most:
            self.work += len(self.part.users[cell])
            for member, pair in self.part.users[cell]:
                if (
                    self.left[pair]
                    and self.part.units[member] > slack
                    and self.left[pair] < self.number[member]
                ):
                    self.bind(member, cell)

    def _remove_intolerant(self, cell: int) -> None:
        part = self.part
        self.work += len(part.users[cell])
        for member, pair in part.users[cell]:
            if self.left[pair]:
                for option in part.options[member]:
                    cells = part.cells[option]
                    if cell in cells and sum(map(self.least_rate, cells)) > part.tolerance[option]:
                        self.remove(option)

    def least_rate(self, cell: int) -> int:
        """The fee rate that the cell has at least, after what is decided; 0 where it may be made without."""
        minimum, most = self.part.minimum[cell], self.potential[cell]
        if self.mode[cell] == PAID:
            most = min(most, self.high[cell])
        elif self.mode[cell] != OPEN or most >= minimum:
            return 0
        return rate_minor(minimum - most, self.part.premium[cell], most) if most > 0 else 0

    # ---- picks and prices

    def add(self, cell: int, bonus: int) -> None:
        """So much more per unit for every option through the cell; picks stay until somebody chooses."""
        part, now = self.part, self.now
        for member, pair in part.users[cell]:
            if self.left[pair]:
                more = part.units[member] * bonus
                for option in part.inside[pair]:
                    now[option] += more
        self.work += len(part.users[cell])

    def choose(self, member: int) -> None:
        """The member picks what is worth most; the present pick where it is as good as any."""
        now = self.now
        best = max(self.part.options[member], key=now.__getitem__)
        pick = self.pick[member]
        self.work += 1
        self.take(member, pick if now[pick] == now[best] else best, now[best])

    def take(self, member: int, option: int, worth: int) -> None:
        """Set a pick; counts follow."""
        part = self.part
        units, before = part.units[member], self.pick[member]
        self.worth[member] = worth
        if before != option:
            for cell in part.cells[before]:
                self.count[cell] -= units
            for cell in part.cells[option]:
                self.count[cell] += units
            self.pick[member] = option

    def bound(self) -> int:
        """No allocation that keeps the decisions is worth more (weak duality)."""
        total = sum(self.worth)
        for cell, mode in enumerate(self.mode):
            price = self.price[cell]
            if price:
                total -= price * (self.low[cell] if price > 0 else self.high[cell])
            if mode == PAID:
                total -= self.part.minimum[cell] * self.part.premium[cell] * self.part.minor
        return total
