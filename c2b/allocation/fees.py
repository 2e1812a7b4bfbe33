"""A cell's small-lot fee shared by its members by units: largest remainder, ties to the earlier payer."""

from __future__ import annotations

from collections.abc import Sequence

from c2b.allocation.problem import Problem


def shares_minor(
    problem: Problem, picks: Sequence[int | None], counts: Sequence[int], fees_minor: Sequence[int]
) -> list[int]:
    """What each member owes for all their cells together; the shares of a cell add up to its fee."""
    owed = [0] * len(problem.members)
    sharing: dict[int, list[int]] = {cell: [] for cell, fee in enumerate(fees_minor) if fee}
    for index, (member, pick) in enumerate(zip(problem.members, picks, strict=True)):
        for cell in member.specs[pick].cells if pick is not None else ():
            if cell in sharing:
                sharing[cell].append(index)
    for cell, indexes in sharing.items():
        parts = [divmod(fees_minor[cell] * problem.members[index].units, counts[cell]) for index in indexes]
        rest = fees_minor[cell] - sum(whole for whole, _ in parts)
        first = sorted(range(len(indexes)), key=lambda each: (-parts[each][1], each))
        for index, (whole, _) in zip(indexes, parts, strict=True):
            owed[index] += whole
        for each in first[:rest]:
            owed[indexes[each]] += 1
    return owed
