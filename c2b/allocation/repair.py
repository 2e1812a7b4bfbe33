"""From members' picks to a real allocation of a part: close what fails, then let everybody move up who can."""

from __future__ import annotations

from c2b.allocation.eligible import rate_minor
from c2b.allocation.parts import NOT_SERVED, Part

_PASSES = 4


def repair(part: Part, picks: list[int]) -> tuple[int, list[int]]:
    """A real allocation near these picks, and its value."""
    batch = Batch(part, picks)
    batch.keep_to_the_cap()
    while failing := batch.failing():
        batch.close(
            min(failing, key=lambda cell: (batch.count[cell] * (1 << 20) // part.minimum[cell], cell))
        )
    for _ in range(_PASSES):
        if not batch.move_up():
            break
    return batch.value(), batch.pick


class Batch:
    """Picks and the counts that follow from them."""

    def __init__(self, part: Part, picks: list[int]) -> None:
        self.part, self.pick = part, list(picks)
        self.count = [0] * len(part.minimum)
        self.closed: set[int] = set()
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
        """What a unit in this cell pays; 0 where its minimum is reached."""
        missing = self.part.minimum[cell] - self.count[cell]
        return rate_minor(missing, self.part.premium[cell], self.count[cell]) if missing > 0 else 0

    def failing(self) -> list[int]:
        """Cells in use below their minimum that nobody, or not everybody in them, pays for."""
        part = self.part
        below = [cell for cell, count in enumerate(self.count) if 0 < count < part.minimum[cell]]
        return [cell for cell in below if not part.premium[cell] or not self._tolerated(cell)]

    def _tolerated(self, cell: int) -> bool:
        part = self.part
        for member, _ in part.users[cell]:
            option = self.pick[member]
            if (
                cell in part.cells[option]
                and sum(map(self.fee_rate, part.cells[option])) > part.tolerance[option]
            ):
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
                if self._may_enter(member, option) and self._may_leave(member, option):
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
        return all(
            cell in now or self.count[cell] + units >= part.minimum[cell] for cell in part.cells[option]
        )

    def _may_leave(self, member: int, option: int) -> bool:
        part, units, then = self.part, self.part.units[member], self.part.cells[option]
        for cell in part.cells[self.pick[member]]:
            rest = self.count[cell] - (0 if cell in then else units)
            if 0 < rest < part.minimum[cell]:
                return False
        return True

    def value(self) -> int:
        """The value of the allocation, fees taken off."""
        part = self.part
        total = sum(part.value[option] for option in self.pick)
        for cell, count in enumerate(self.count):
            if 0 < count < part.minimum[cell]:
                total -= (part.minimum[cell] - count) * part.premium[cell] * part.minor
        return total
