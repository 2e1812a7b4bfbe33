"""How the options stand against the manufacturer's minimums: a bar for each option that needs company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c2b.catalog.rules import Attribute, ProductSchema
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
    """The options of one attribute that have a minimum, the chosen ones first."""

    label: str
    bars: tuple[OptionBar, ...]
    chosen: int
    short: int


def option_groups(schema: ProductSchema, counts: Mapping[str, Mapping[Any, int]]) -> list[OptionGroup]:
    """The bars of all attributes that members choose, from paid units per option."""
    groups = []
    for attribute in schema.of_scope("variant", "unit"):
        bars = _bars(attribute, counts.get(attribute.name, {}))
        if bars:
            chosen = [bar for bar in bars if bar.count]
            short = sum(not bar.reached for bar in chosen)
            groups.append(OptionGroup(pick(attribute.title), bars, len(chosen), short))
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
