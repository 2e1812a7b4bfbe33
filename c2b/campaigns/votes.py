"""Batch attributes left open to the members: what may come out, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

#: So many outcomes of all open votes together are still judged one by one; the organizer's form holds to it.
MAX_OUTCOMES = 64


@dataclass(frozen=True)
class OpenVote:
    """One batch attribute that members still decide: the codes to choose from, in the organizer's order."""

    attribute: str
    choices: tuple[Any, ...]
    closes_at: datetime
    tie_rule: str


def possible_batches(fixed: Mapping[str, Any], votes: Sequence[OpenVote]) -> tuple[dict[str, Any], ...]:
    """Every complete set of batch answers that the votes can still come to; exactly one when nothing is open."""
    names = [vote.attribute for vote in votes]
    return tuple(
        {**fixed, **dict(zip(names, codes, strict=True))} for codes in product(*(v.choices for v in votes))
    )
