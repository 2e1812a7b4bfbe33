"""What would come out if a group closed now, and what would help: pure, JSON in, JSON out, like `computing.py`.

Kept small, since pages read it: totals, what became of every cell, and each member's outcome without what goes without
saying (`outcomes.read_outcome` fills it in).
"""

from __future__ import annotations

from typing import Any

from c2b.participations.computing import result_of, solved
from c2b.participations.outcomes import Outcome

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
        "nudges": [],
    }


def brief(outcome: Json) -> Json:
    """An outcome without what is as it would be read anyway."""
    plain = Outcome(kind=outcome["kind"]).to_json()
    return {name: value for name, value in outcome.items() if name == "kind" or value != plain[name]}
