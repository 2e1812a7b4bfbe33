"""How many units of a lot are inspected: ISO 2859-1, single sampling plans, normal inspection, general level II.

The standard's master table is diagonal: along each limit's column the acceptance numbers 0, (two arrows), 1, 2, 3, 5,
7, 10, 14, 21 appear at consecutive code letters. Storing where each column starts gives the whole table. The values
were transcribed; compare them with a licensed copy of the standard before relying on one in a dispute.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from c2b.purchasing.snapshot import SamplingPlan

LEVEL = "II"
#: Code letters and their sample sizes (there is no I and no O).
SAMPLE_SIZES = {
    "A": 2, "B": 3, "C": 5, "D": 8, "E": 13, "F": 20, "G": 32, "H": 50, "J": 80, "K": 125, "L": 200, "M": 315,
    "N": 500, "P": 800, "Q": 1250, "R": 2000,
}  # fmt: skip
LETTERS = tuple(SAMPLE_SIZES)
#: The largest lot of each code letter at general level II; larger lots have the letter Q.
LOT_LIMITS = (
    (8, "A"), (15, "B"), (25, "C"), (50, "D"), (90, "E"), (150, "F"), (280, "G"), (500, "H"), (1200, "J"),
    (3200, "K"), (10_000, "L"), (35_000, "M"), (150_000, "N"), (500_000, "P"),
)  # fmt: skip
#: The code letter at which a limit (percent nonconforming) accepts with zero.
ZERO_LETTERS = {"0.65": "F", "1.0": "E", "1.5": "D", "2.5": "C", "4.0": "B", "6.5": "A"}
#: What follows below the zero, after two letters that point elsewhere.
ACCEPTANCE = (1, 2, 3, 5, 7, 10, 14, 21)
#: A class with this limit is rejected by any finding.
NONE_AT_ALL = "0"


@dataclass(frozen=True)
class Sampling:
    """The sampling plans of one lot. All classes are looked for in one sample, the largest any of them needs."""

    code_letter: str
    plans: tuple[SamplingPlan, ...]


def code_letter(lot_size: int) -> str:
    """The code letter of a lot at general level II. Raises ``ValueError`` for an empty lot."""
    if lot_size < 1:
        raise ValueError("a lot has at least one unit")
    return next((letter for largest, letter in LOT_LIMITS if lot_size <= largest), "Q")


def sampling(lot_size: int, limits: Mapping[str, str]) -> Sampling:
    """The plans for a lot, from class of nonconformity -> limit ("0", "0.65" ... "6.5"), in the given order.

    A sample as large as the lot is a full inspection. Raises ``ValueError`` for a limit that is not in the table.
    """
    letter = _common_letter(code_letter(lot_size), limits.values())
    sample = min(SAMPLE_SIZES[letter], lot_size)
    plans = []
    for name, limit in limits.items():
        accept = _accept(letter, limit)
        plans.append(
            SamplingPlan(nonconformity=name, limit=limit, sample=sample, accept=accept, reject=accept + 1)
        )
    return Sampling(code_letter=letter, plans=tuple(plans))


def single_plan(lot_size: int, limit: str) -> tuple[int, int]:
    """(sample size, acceptance number) of the standard for one limit alone, arrows followed."""
    letter = _resolve(code_letter(lot_size), limit)
    return min(SAMPLE_SIZES[letter], lot_size), _accept(letter, limit)


def _common_letter(letter: str, limits: Collection[str]) -> str:
    """The first letter at or below `letter` at which no column points further down."""
    largest = max((letter, *(_resolve(letter, limit) for limit in limits)), key=LETTERS.index)
    return letter if largest == letter else _common_letter(largest, limits)


def _resolve(letter: str, limit: str) -> str:
    """Follow the arrows of a column: the code letter whose sample is used instead."""
    if limit == NONE_AT_ALL:
        return letter
    zero, here = _zero(limit), LETTERS.index(letter)
    if here <= zero + 1:  # arrow down to the zero, or the first letter below it: arrow up
        return LETTERS[zero]
    return LETTERS[min(max(here, zero + 3), zero + 2 + len(ACCEPTANCE), len(LETTERS) - 1)]


def _accept(letter: str, limit: str) -> int:
    if limit == NONE_AT_ALL:
        return 0
    step = LETTERS.index(letter) - _zero(limit) - 3
    return ACCEPTANCE[min(step, len(ACCEPTANCE) - 1)] if step >= 0 else 0


def _zero(limit: str) -> int:
    if limit not in ZERO_LETTERS:
        raise ValueError(f"no sampling plans for a limit of {limit!r}")
    return LETTERS.index(ZERO_LETTERS[limit])
