"""Cells: everything that a factory makes only from a number of units on. An option, a combination that the schema
names, a whole configuration; and the small-lot fee that makes up for missing units.

A unit counts in every cell that its answers fall into. What must be the same for the whole batch is no cell: every
unit has it, and no threshold is below its minimum (`rules.batch_minimum`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from c2b.catalog.conditions import Answers
from c2b.catalog.rules import configuration_key
from c2b.catalog.schema import Attribute, Code, Combination, Hashed, Option, ProductSchema, Terms, Words
from c2b.kit.money import share

LEVELS = ("option", "combination", "configuration")
#: The members of a configuration need no name for it: it is what they chose, all of it.
_CONFIGURATION = Words(en="Exactly this configuration", zh="这一整套配置")


@dataclass(frozen=True)
class Cell:
    """`minimum` units, or it is not made, unless those who want it pay `premium_minor` per missing unit (0: no way).

    `key` is stable: `option:<attribute>:<code>` (without code where the attribute has no options),
    `combination:<code>`, `configuration:<configuration key>`. Of an option also its attribute and its code ("" where
    there is none). `title` is the attribute's.
    """

    level: str
    key: str
    label: Words = field(compare=False)
    minimum: int
    premium_minor: int = 0
    attribute: str = ""
    code: Code = ""
    title: Words | None = field(default=None, compare=False)
    swatch: str = field(default="", compare=False)


@dataclass(frozen=True)
class _Index:
    """The cells of a schema, found by attribute and code; `whole` is what every configuration needs, if anything."""

    options: Mapping[str, Mapping[Code, Cell]]
    combinations: tuple[tuple[Combination, Cell], ...]
    whole: Cell | None


def cells_of(schema: ProductSchema, complete_answers: Answers) -> tuple[Cell, ...]:
    """The cells that a unit with these complete answers counts in: options in the order of the form, combinations
    as listed, the configuration last."""
    index = _index(Hashed(schema))
    found = [
        per_code[code]
        for name, per_code in index.options.items()
        for code in _codes(complete_answers.get(name), per_code)
    ]
    found += [cell for each, cell in index.combinations if _holds(each, complete_answers)]
    if index.whole:
        key = configuration_key(schema, complete_answers)
        found.append(replace(index.whole, key=f"configuration:{key}"))
    return tuple(found)


def named_cells(schema: ProductSchema) -> tuple[Cell, ...]:
    """All cells that have a name of their own, whoever chose them: options in the order of the form, combinations."""
    index = _index(Hashed(schema))
    options = [cell for per_code in index.options.values() for cell in per_code.values()]
    return (*options, *(cell for _, cell in index.combinations))


def cell_counts(schema: ProductSchema, requirements: Iterable[tuple[Answers, int]]) -> dict[str, int]:
    """Units per key of every cell that somebody falls into, from (complete answers, quantity) pairs."""
    counts: dict[str, int] = {}
    for answers, quantity in requirements:
        for cell in cells_of(schema, answers):
            counts[cell.key] = counts.get(cell.key, 0) + quantity
    return counts


def small_lot_fee(cell: Cell, count: int) -> int:
    """What it costs to make `count` units of a cell all the same: (minimum − count) × premium, in minor units.

    0 where the minimum is reached. Raises ValueError where the factory does not make fewer at any price.
    """
    missing = max(cell.minimum - count, 0)
    if missing and not cell.premium_minor:
        raise ValueError(f"{cell.key} is not made below its minimum")
    return missing * cell.premium_minor


def small_lot_shares(cell: Cell, units: Sequence[int]) -> list[int]:
    """The fee of a cell split over its members by their units, which are given in the order in which they paid.

    Integer minor units, the sum is exact; what does not divide goes to the largest remainders, of equal ones to who
    paid first (`kit.money.share`). Raises ValueError as `small_lot_fee`.
    """
    return share(small_lot_fee(cell, sum(units)), units)


@lru_cache(maxsize=256)
def _index(hashed: Hashed) -> _Index:
    schema = hashed.schema
    options = {
        attribute.name: cells
        for attribute in schema.of_scope("variant", "unit")
        if (cells := {cell.code: cell for cell in _option_cells(attribute)})
    }
    combinations = tuple((each, _combination(each)) for each in schema.minimums.combinations)
    terms = schema.minimums.configuration
    whole = Cell("configuration", "configuration:", _CONFIGURATION, terms.moq, terms.premium_minor)
    return _Index(options, combinations, whole if terms.moq > 1 else None)


def _option_cells(attribute: Attribute) -> Iterator[Cell]:
    if not attribute.options and attribute.terms.moq > 1:
        yield _cell(attribute, attribute.terms, None)
    for option in attribute.options:
        if option.terms.moq > 1:
            yield _cell(attribute, option.terms, option)


def _cell(attribute: Attribute, terms: Terms, option: Option | None) -> Cell:
    return Cell(
        "option",
        f"option:{attribute.name}:{option.code}" if option else f"option:{attribute.name}",
        option.label if option else attribute.title,
        terms.moq,
        terms.premium_minor,
        attribute=attribute.name,
        code=option.code if option else "",
        title=attribute.title,
        swatch=(option.swatch or "") if option else "",
    )


def _combination(each: Combination) -> Cell:
    return Cell(
        "combination", f"combination:{each.code}", each.label, each.terms.moq, each.terms.premium_minor
    )


def _codes(answer: Any, per_code: Mapping[Code, Cell]) -> Iterator[Code]:
    """The codes among these that an answer chose; the empty one where any answer but no is a choice."""
    if answer is None or answer is False:
        return
    if "" in per_code:
        yield ""
    elif isinstance(answer, list):
        yield from (code for code in per_code if code in answer)
    elif answer in per_code:
        yield answer


def _holds(combination: Combination, answers: Answers) -> bool:
    """Whether the answers have one of the codes of every attribute of the combination."""
    for name, codes in combination.when:
        answer = answers.get(name)
        chosen = answer if isinstance(answer, list) else [answer]
        if not any(code in codes for code in chosen):
            return False
    return True
