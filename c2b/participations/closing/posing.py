"""The allocation problem of a campaign: wishes and terms as the plain values that ``c2b.allocation`` works on.

Nobody ever pays more than they have paid: what was paid per unit is a limit like the member's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from c2b.allocation.problem import Cell, Member, Problem, Spec, Tier
from c2b.campaigns.rules import price_tiers
from c2b.catalog.cells import Cell as CatalogCell
from c2b.catalog.cells import cells_of
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import ProductSchema, surcharges
from c2b.participations.wishes.ranking import Ranked, valid_ranked

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A problem with what its positions stand for: ``given[member][spec]``, and the catalog's ``cells``."""

    problem: Problem
    given: tuple[tuple[Ranked, ...], ...]
    cells: tuple[CatalogCell, ...]


class _Numbers:
    """Cells by key, in the order in which they are first met."""

    def __init__(self) -> None:
        self.cells: dict[str, CatalogCell] = {}
        self._position: dict[str, int] = {}

    def of(self, cells: tuple[CatalogCell, ...]) -> tuple[int, ...]:
        for cell in cells:
            if cell.key not in self._position:
                self._position[cell.key] = len(self._position)
                self.cells[cell.key] = cell
        return tuple(sorted(self._position[cell.key] for cell in cells))


def case_of(schema: PinnedSchema, inputs: Json) -> Case:
    """What is to be allocated, from the collected inputs (`collecting.py`)."""
    campaign, numbers = inputs["campaign"], _Numbers()
    batch = campaign["batch_answers"]
    tiers = tuple(Tier(each.from_quantity, each.unit_price_minor) for each in price_tiers(campaign["tiers"]))
    members, given = [], []
    for each in inputs["members"]:
        found = list(_specs(schema, batch, each, numbers, lowest=tiers[-1].unit_price_minor))
        given.append(tuple(ranked for ranked, _ in found))
        members.append(
            Member(
                each["id"],
                each["units"],
                tuple(spec for _, spec in found),
                limit_minor(each),
                each["preferences"].get("fee_limit_minor", 0),
                each["preferences"].get("commit_below_minor"),
            )
        )
    cells = tuple(numbers.cells.values())
    problem = Problem(
        cells=tuple(Cell(each.key, each.minimum, each.premium_minor) for each in cells),
        members=tuple(members),
        tiers=tiers,
        threshold=campaign["threshold"],
        cap=campaign["cap"],
    )
    return Case(problem, tuple(given), cells)


def limit_minor(member: Json) -> int:
    """The highest unit price of a member: their own limit, and never more than they have paid."""
    paid: int = member["paid_minor"] // member["units"]
    own: int | None = member["preferences"].get("limit_minor")
    return paid if own is None else min(own, paid)


def extra_minor(schema: ProductSchema, complete: Json, member: Json, *, rank: int) -> int:
    """What a unit costs beside the tier's price. The first choice keeps its promise under a schema that asks more."""
    extra = sum(each.minor for each in surcharges(schema, complete))
    promised: int = member["promised_extra_minor"]
    return extra if rank else min(extra, promised)


def accepts(preferences: Mapping[str, Any], batch: Mapping[str, Any]) -> bool:
    """Whether the member wants anything from this batch ("only if", as they voted)."""
    return all(
        "only" not in ballot or batch.get(name) in ballot["only"]
        for name, ballot in preferences.get("votes", {}).items()
    )


def _specs(
    schema: PinnedSchema, batch: Json, member: Json, numbers: _Numbers, *, lowest: int
) -> Iterator[tuple[Ranked, Spec]]:
    """The specifications that can be made, best first; one without a price above zero is none."""
    if not accepts(member["preferences"], batch):
        return
    for ranked in valid_ranked(schema, batch, member["answers"], member["preferences"]):
        complete = {**ranked.answers, **batch}
        extra = extra_minor(schema.parsed, complete, member, rank=ranked.rank)
        if lowest + extra > 0:
            yield (
                ranked,
                Spec(ranked.rank, numbers.of(cells_of(schema.parsed, complete)), extra),
            )
