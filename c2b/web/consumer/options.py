"""How the options stand against the manufacturer's minimums: a bar for each option that needs company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c2b.catalog.rules import Attribute, ProductSchema, chosen, shortfalls
from c2b.kit.i18n import pick


@dataclass(frozen=True)
class OptionBar:
    """``count`` of ``minimum`` units so far; ``label`` is the option, or the attribute where it has none."""

    label: str
    swatch: str
    count: int
    minimum: int

    @property
    def reached(self) -> bool:
        return self.count >= self.minimum


@dataclass(frozen=True)
class OptionGroup:
    """The options of one attribute that have a minimum, the chosen ones first.

    ``chosen`` and ``short`` count those options; ``units`` are all that made a choice here, also one without a minimum.
    """

    label: str
    bars: tuple[OptionBar, ...]
    chosen: int
    short: int
    units: int


@dataclass(frozen=True)
class ShortOption:
    """An option that somebody chose and too few so far: ``count`` of ``minimum`` paid units."""

    attribute: str
    label: str
    count: int
    minimum: int


def short_options(
    schema: ProductSchema,
    counts: Mapping[str, Mapping[Any, int]],
    *,
    of_answers: Mapping[str, Any] | None = None,
) -> tuple[ShortOption, ...]:
    """What members chose below its minimum, from paid units per option; ``of_answers``: only what is chosen there."""
    own = None
    if of_answers is not None:
        own = {(attribute.name, code) for attribute, code, _ in chosen(schema, of_answers)}
    found = []
    for each in shortfalls(schema, counts):
        attribute = schema.attribute(each.attribute)
        if attribute.scope == "batch" or (own is not None and (each.attribute, each.code) not in own):
            continue  # no threshold is below a batch option's minimum
        option = attribute.option(each.code)
        found.append(
            ShortOption(pick(attribute.title), pick(option.label) if option else "", each.count, each.moq)
        )
    return tuple(found)


def option_groups(schema: ProductSchema, counts: Mapping[str, Mapping[Any, int]]) -> list[OptionGroup]:
    """The bars of all attributes that members choose, from paid units per option."""
    groups = []
    for attribute in schema.of_scope("variant", "unit"):
        per_code = counts.get(attribute.name, {})
        bars = _bars(attribute, per_code)
        if bars:
            taken = [bar for bar in bars if bar.count]
            short = sum(not bar.reached for bar in taken)
            units = sum(per_code.values())
            groups.append(OptionGroup(pick(attribute.title), bars, len(taken), short, units))
    return groups


def _bars(attribute: Attribute, counts: Mapping[Any, int]) -> tuple[OptionBar, ...]:
    if not attribute.options:
        minimum, count = attribute.terms.moq, counts.get("", 0)
        return (OptionBar(pick(attribute.title), "", count, minimum),) if minimum > 1 else ()
    bars = [
        OptionBar(pick(option.label), option.swatch or "", counts.get(option.code, 0), option.terms.moq)
        for option in attribute.options
        if option.terms.moq > 1
    ]
    return tuple(sorted(bars, key=lambda bar: -bar.count))
