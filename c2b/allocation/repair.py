"""From members' picks to a real allocation of a part.

Cells that lack little are filled, along chains of moves where it takes more than one; what cannot be filled is closed;
then everybody moves up who can without breaking anything.
"""

from __future__ import annotations

from c2b.allocation.eligible import rate_minor
from c2b.allocation.parts import NOT_SERVED, Part

_PASSES = 4
_FINE = 1 << 20

#: (member, option) to move to, the last first
Chain = list[tuple[int, int]]


def repair(part: Part, picks: list[int]) -> tuple[int, list[int], int]:
    """The value of a real allocation near these picks, the allocation, and the work it took."""
    batch = Batch(part, picks)
    batch.keep_to_the_cap()
    while failing := sorted(
        batch.failing(), key=lambda cell: (-batch.count[cell] * _FINE // part.minimum[cell], cell)
    ):
        if not any(batch.fill(cell) for cell in failing):
            batch.close(failing[-1])
    for _ in range(_PASSES):
        if not batch.move_up():
            break
    return batch.value(), batch.pick, batch.work


class Batch:
    """Picks and the counts that follow from them."""

    def __init__(self, part: Part, picks: list[int]) -> None:
        self.part, self.pick = part, list(picks)
        self.count = [0] * len(part.minimum)
        self.closed: set[int] = set()
        self.work = 2 * len(picks)
        for member, option in enumerate(self.pick):
            for cell in part.cells[option]:
                self.count[cell] += part.units[member]

    def move(self, member: int, option: int) -> None:
        part, units = self.part, self.part.units[member]
        for cell in part.cells[self.pick[member]]:
            self.count[cell] -= units
        for cell in part.cells[option]:
            self.count[cell] += units
        self.pick[member] = option

    def fee_rate(self, cell: int) -> int:
        """What a unit in this cell pays; 0 where its minimum is reached, or nobody is there yet."""
        count, minimum = self.count[cell], self.part.minimum[cell]
        return rate_minor(minimum - count, self.part.premium[cell], count) if 0 < count < minimum else 0

    def failing(self) -> list[int]:
        """Cells in use below their minimum that nobody, or not everybody in them, pays for."""
        part = self.part
        below = [cell for cell, count in enumerate(self.count) if 0 < count < part.minimum[cell]]
        return [cell for cell in below if not part.premium[cell] or not self._tolerated(cell)]

    def _tolerated(self, cell: int) -> bool:
        part = self.part
        for member, _ in part.users[cell]:
            option = self.pick[member]
            if cell in part.cells[option] and not self._bearable(member, option):
                return False
        return True

    def close(self, cell: int) -> None:
        """Nobody gets anything in this cell; each moves on to the best that stands without them."""
        part = self.part
        self.closed.add(cell)
        for member, _ in part.users[cell]:
            if cell in part.cells[self.pick[member]]:
                self.move(member, next(o for o in part.options[member] if self._open_to(member, o)))

    def _open_to(self, member: int, option: int) -> bool:
        part, units = self.part, self.part.units[member]
        return all(
            cell not in self.closed and self.count[cell] + units >= part.minimum[cell]
            for cell in part.cells[option]
        )

    def fill(self, cell: int) -> bool:
        """Bring the cell to its minimum without breaking another; undone where it does not come to that."""
        before: Chain = []
        while self.count[cell] < self.part.minimum[cell]:
            chain = self._chain(cell)
            if not chain:
                for member, option in reversed(before):
                    self.move(member, option)
                return False
            for member, option in chain:
                before.append((member, self.pick[member]))
                self.move(member, option)
        return True

    def _chain(self, cell: int) -> Chain:
        """The shortest chain of moves that ends in this cell and leaves every other as good as it was."""
        part = self.part
        reached: dict[
            int, tuple[int, int, int]
        ] = {}  # cell → who leaves it, for which option, to fill which cell
        queue = [(cell, 1)]
        for here, needed in queue:
            for member, option in self._who_may_fill(here, needed):
                if cell in part.cells[self.pick[member]]:
                    continue  # would only take from where it is to go
                breaks = self._breaks(member, option)
                if not breaks:
                    chain = [(member, option)]
                    while here != cell:
                        leaver, then, here = reached[here]
                        chain.append((leaver, then))
                    if len({each for each, _ in chain}) == len(chain):
                        return chain
                elif len(breaks) == 1 and breaks[0] not in reached and breaks[0] != cell:
                    missing = part.minimum[breaks[0]] - self.count[breaks[0]] + part.units[member]
                    if missing <= part.units[member]:  # it stands now: who leaves must be made up for
                        reached[breaks[0]] = (member, option, here)
                        queue.append((breaks[0], missing))
        return []

    def _who_may_fill(self, cell: int, needed: int) -> Chain:
        """Members elsewhere with enough units, and their best way in; the smallest loss per unit first."""
        part, found = self.part, []
        self.work += len(part.users[cell]) // 2
        for member, pair in part.users[cell]:
            now = self.pick[member]
            if part.units[member] >= needed and cell not in part.cells[now]:
                for option in part.inside[pair]:
                    if self._open_but_for(cell, member, option):
                        found.append(
                            ((part.value[now] - part.value[option]) // part.units[member], member, option)
                        )
                        break
        return [(member, option) for _, member, option in sorted(found)]

    def _open_but_for(self, cell: int, member: int, option: int) -> bool:
        part, units, now = self.part, self.part.units[member], self.part.cells[self.pick[member]]
        if (
            part.cap is not None
            and part.spec[self.pick[member]] == NOT_SERVED
            and self.count[-1] + units > part.cap
        ):
            return False
        stands = all(
            each == cell
            or (each not in self.closed and (each in now or self.count[each] + units >= part.minimum[each]))
            for each in part.cells[option]
        )
        return stands and self._bearable(member, option)

    def _bearable(self, member: int, option: int) -> bool:
        """Whether the fees of the cells that the member stays in are within what they pay for this option."""
        part, now = self.part, self.part.cells[self.pick[member]]
        return (
            sum(self.fee_rate(cell) for cell in part.cells[option] if cell in now) <= part.tolerance[option]
        )

    def _breaks(self, member: int, option: int) -> list[int]:
        part, units, then = self.part, self.part.units[member], self.part.cells[option]
        rest = {cell: self.count[cell] - units for cell in part.cells[self.pick[member]] if cell not in then}
        return [cell for cell, count in rest.items() if 0 < count < part.minimum[cell]]

    def keep_to_the_cap(self) -> None:
        """Over the cap the last to pay go first."""
        part = self.part
        if part.cap is None:
            return
        for member in range(len(part.units) - 1, -1, -1):
            if self.count[-1] > part.cap and part.spec[self.pick[member]] != NOT_SERVED:
                self.move(member, part.options[member][-1])

    def move_up(self) -> bool:
        """Everybody, in order of payment, takes the best that breaks nothing; says whether anybody moved."""
        part, moved = self.part, False
        for member, options in enumerate(part.options):
            for option in options:
                if option == self.pick[member]:
                    break
                if self._may_enter(member, option) and not self._breaks(member, option):
                    self.move(member, option)
                    moved = True
                    break
        return moved

    def _may_enter(self, member: int, option: int) -> bool:
        part, units = self.part, self.part.units[member]
        if (
            part.cap is not None
            and part.spec[self.pick[member]] == NOT_SERVED
            and self.count[-1] + units > part.cap
        ):
            return False
        now = part.cells[self.pick[member]]
        stands = all(
            cell in now or self.count[cell] + units >= part.minimum[cell] for cell in part.cells[option]
        )
        return stands and self._bearable(member, option)

    def value(self) -> int:
        """The value of the allocation, fees taken off."""
        part = self.part
        total = sum(part.value[option] for option in self.pick)
        for cell, count in enumerate(self.count):
            if 0 < count < part.minimum[cell]:
                total -= (part.minimum[cell] - count) * part.premium[cell] * part.minor
        return total
