"""What is ordered in fewer units than its minimum, and what the factory is paid so that it is made all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from c2b.catalog import rules as catalog
from c2b.catalog.cells import Cell, cells_of, named_cells
from c2b.purchasing.snapshot import Text
from c2b.purchasing.wording import charge_name


@dataclass(frozen=True)
class SmallLot:
    """A cell of which fewer units are ordered than its minimum."""

    cell: Cell
    count: int

    @property
    def missing(self) -> int:
        return self.cell.minimum - self.count

    @property
    def note(self) -> Text:
        """How the quantity of the charge comes about."""
        return Text(
            f"{self.count} of at least {self.cell.minimum} units ordered; premium for each missing one",
            f"起订{self.cell.minimum}台，实订{self.count}台；按缺少台数计收附加费",
        )

    def name(self, schema: catalog.ProductSchema, lines: Mapping[str, Text]) -> Text:
        """What is short, in words; a configuration by the name of its line."""
        if self.cell.level == "option":
            return charge_name(schema, self.cell.attribute, self.cell.code)
        if self.cell.level == "configuration":
            return lines[self.cell.key.partition(":")[2]]
        return Text.of(self.cell.label)


def small_lots(
    schema: catalog.ProductSchema, requirements: Iterable[tuple[catalog.Answers, int]]
) -> tuple[SmallLot, ...]:
    """What is below its minimum: options and combinations in the order of the form, then configurations."""
    counts, cells = Counter[str](), dict[str, Cell]()
    for answers, quantity in requirements:
        for cell in cells_of(schema, answers):
            cells[cell.key] = cell
            counts[cell.key] += quantity
    named = [cell.key for cell in named_cells(schema) if cell.key in cells]
    ordered = [*named, *sorted(cells.keys() - set(named))]
    return tuple(SmallLot(cells[key], counts[key]) for key in ordered if counts[key] < cells[key].minimum)
