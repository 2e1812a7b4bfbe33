"""What would come out if a group closed now, and what would help: pure, JSON in, JSON out, like `computing.py`.

Kept small, since pages read it: totals, what became of every cell, and each member's outcome without what goes without
saying (`outcomes.read_outcome` fills it in).
"""

from __future__ import annotations

from typing import Any

from c2b import allocation
from c2b.allocation import Nudge
from c2b.allocation.problem import Allocation
from c2b.participations.closing.computing import result_of, solved
from c2b.participations.closing.posing import Case
from c2b.participations.explanations.outcomes import Outcome
from c2b.participations.wishes.ranking import ranked

Json = dict[str, Any]
#: Of a whole proposal: what pages show.
_CELL = ("key", "level", "label", "title", "minimum", "wanted", "count", "fee_minor", "made")


def foresee(task: Json) -> Json:
    """``result`` and ``nudges`` of a task (`computing.compute`). Raises ``WrongAllocation``."""
    schema, case, found = solved(task)
    whole = result_of(schema, task["inputs"], case, found, quoted=task["quoted"])
    return {
        "result": {
            **{name: whole[name] for name in ("units", "unit_price_minor", "units_bound", "optimal")},
            "paid": sum(member["units"] for member in whole["members"]),
            "cells": [{name: cell[name] for name in _CELL} for cell in whole["cells"]],
            "outcomes": {member["id"]: brief(member["outcome"]) for member in whole["members"]},
        },
        "nudges": [
            kept(task["inputs"], case, found, each) for each in allocation.nudges(case.problem, found)
        ],
    }


def kept(inputs: Json, case: Case, found: Allocation, nudge: Nudge) -> Json:
    """A nudge as it is kept: its cell, what would be left for it, and for whom it is true.

    ``first``: participation → which of their choices would have to come first, a position in `ranking.ranked`.
    """
    cell = case.cells[nudge.cell]
    beside = [case.cells[each] for each in nudge.from_cells]
    return {
        "key": cell.key,
        "count": nudge.count,
        "minimum": nudge.minimum,
        "people": nudge.people,
        "served": nudge.served,
        "better": nudge.better,
        "from": [each.key for each in beside if each.attribute and each.attribute == cell.attribute],
        "first": {
            inputs["members"][member]["id"]: _position(inputs["members"][member], case, member, spec)
            for member in nudge.shown_to
            if (spec := _spec_for(case, found, member, nudge.cell)) is not None
        },
    }


def _spec_for(case: Case, found: Allocation, member: int, cell: int) -> int | None:
    """The best choice of a member through a cell, behind what they get, all else of it made and within their limit."""
    person, seat = case.problem.members[member], found.seats[member]
    fitting = [
        at
        for at, spec in enumerate(person.specs if person.joins_at(found.unit_price_minor) else ())
        if cell in spec.cells
        and (seat is None or spec.rank > person.specs[seat.spec].rank)
        and all(
            each == cell or found.counts[each] or case.problem.cells[each].minimum <= 1 for each in spec.cells
        )
        and (
            person.limit_minor is None or found.unit_price_minor + spec.surcharge_minor <= person.limit_minor
        )
    ]
    return min(fitting, key=lambda at: (person.specs[at].rank, at), default=None)


def _position(member: Json, case: Case, position: int, spec: int) -> int:
    return ranked(member["answers"], member["preferences"]).index(case.given[position][spec])


def brief(outcome: Json) -> Json:
    """An outcome without what is as it would be read anyway."""
    plain = Outcome(kind=outcome["kind"]).to_json()
    return {name: value for name, value in outcome.items() if name == "kind" or value != plain[name]}
