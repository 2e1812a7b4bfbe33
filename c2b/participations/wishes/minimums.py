"""How far every minimum is: paid units against what the factory makes a thing from, on all four levels.

Counted are first choices of paid units, nothing else. Of whole configurations there may be hundreds; a reader is shown
their own and those nearest to it, or those that most people want.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.catalog.cells import Cell, cell_counts, cells_of, named_cells, small_lot_fee
from c2b.catalog.rules import ProductSchema, configuration_of

Answers = Mapping[str, Any]
Demand = Sequence[tuple[dict[str, Any], int]]
#: So many configurations beside the reader's own are shown.
NEAREST = 3


@dataclass(frozen=True)
class Standing:
    """``count`` paid units of a cell. ``answers`` of a configuration are its batch and variant answers.

    ``own``: the reader's present answers fall into it.
    """

    cell: Cell
    count: int
    own: bool = False
    answers: Answers | None = None

    @property
    def missing(self) -> int:
        """Units to its minimum."""
        return max(self.cell.minimum - self.count, 0)

    @property
    def fee_minor(self) -> int:
        """What making the present units all the same would cost, together; 0 where it needs none or is not offered."""
        return small_lot_fee(self.cell, self.count) if self.missing and self.cell.premium_minor else 0

    @property
    def fee_each_minor(self) -> int:
        """The fee per unit at the present count, rounded up; 0 while nobody wants it."""
        return -(-self.fee_minor // self.count) if self.count else 0


def standings(schema: ProductSchema, demand: Demand, *, own: Answers | None = None) -> tuple[Standing, ...]:
    """Every option and combination with a minimum, in the order of the form, then configurations.

    ``own`` are the reader's answers, the batch's included, as far as they are given.
    """
    counts = cell_counts(schema, demand)
    mine = {cell.key for cell in cells_of(schema, own)} if own else set()
    named = [Standing(cell, counts.get(cell.key, 0), cell.key in mine) for cell in named_cells(schema)]
    return (*named, *_configurations(schema, demand, counts, own))


def short(
    schema: ProductSchema, demand: Demand, *, of_answers: Answers | None = None
) -> tuple[Standing, ...]:
    """What somebody chose and too few did so far, of configurations the nearest to their minimum.

    ``of_answers``: only what these fall into.
    """
    counts = cell_counts(schema, demand)
    looked_at: list[Answers] = [of_answers] if of_answers is not None else [answers for answers, _ in demand]
    pairs = [(answers, cells_of(schema, answers)) for answers in looked_at]
    order = {cell.key: number for number, cell in enumerate(named_cells(schema))}
    found = {
        cell.key: Standing(
            cell, counts[cell.key], of_answers is not None, _configuration(schema, cell, answers)
        )
        for answers, cells in pairs
        for cell in cells
        if 0 < counts.get(cell.key, 0) < cell.minimum
    }
    named = sorted((key for key in found if key in order), key=lambda key: order[key])
    whole = sorted((key for key in found if key not in order), key=lambda key: (found[key].missing, key))
    return tuple(found[key] for key in [*named, *whole[:NEAREST]])


def is_complete(schema: ProductSchema, answers: Answers) -> bool:
    """Whether everything is answered that makes units identical; only then there is a configuration to count."""
    return all(each.name in answers for each in schema.of_scope("variant") if each.required)


def _configurations(
    schema: ProductSchema, demand: Demand, counts: Mapping[str, int], own: Answers | None
) -> Iterable[Standing]:
    if schema.minimums.configuration.moq < 2:
        return []
    found: dict[str, Standing] = {}
    for answers, _ in demand:
        cell = cells_of(schema, answers)[-1]
        found.setdefault(
            cell.key, Standing(cell, counts[cell.key], False, _configuration(schema, cell, answers))
        )
    if own is None or not is_complete(schema, own):
        by_demand = sorted(found.values(), key=lambda each: (-each.count, each.cell.key))
        return by_demand[:NEAREST]
    cell = cells_of(schema, own)[-1]
    mine = Standing(cell, counts.get(cell.key, 0), True, _configuration(schema, cell, own))
    others = [each for each in found.values() if each.cell.key != cell.key]
    nearest = sorted(others, key=lambda each: (_distance(schema, each, own), -each.count, each.cell.key))
    return [mine, *nearest[:NEAREST]]


def _configuration(schema: ProductSchema, cell: Cell, answers: Answers) -> Answers | None:
    return configuration_of(schema, answers) if cell.level == "configuration" else None


def _distance(schema: ProductSchema, standing: Standing, own: Answers) -> int:
    """How many answers somebody would have to change."""
    theirs, mine = standing.answers or {}, configuration_of(schema, own)
    return sum(theirs.get(each.name) != mine.get(each.name) for each in schema.of_scope("variant"))
