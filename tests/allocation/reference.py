"""The best allocation by trying every assignment: slow, simple, and sharing nothing with the solver."""

from __future__ import annotations

from itertools import product
from math import ceil

from c2b.allocation.problem import Problem

Choice = tuple[int | None, ...]  # for each member the position in their specs, or not served
NEVER = 99  # worse than any rank or position


def best_choice(problem: Problem) -> tuple[Choice, int]:
    """The best assignment in the whole order of objectives, and its units."""
    allowed = (
        (key, choice)
        for choice in product(*([None, *range(len(member.specs))] for member in problem.members))
        if (key := judged(problem, choice)) is not None
    )
    key, choice = min(allowed)
    return choice, -key[0]


def judged(problem: Problem, choice: Choice) -> tuple[object, ...] | None:
    """The smaller the better; nothing for an assignment that is not allowed."""
    got = [(m, m.specs[at]) for m, at in zip(problem.members, choice, strict=True) if at is not None]
    units = sum(member.units for member, _ in got)
    if units > problem.cap:
        return None
    price = problem.tiers[0].unit_price_minor
    for tier in problem.tiers:
        if tier.from_quantity <= units:
            price = tier.unit_price_minor
    fees, rates = 0, {}
    for index, cell in enumerate(problem.cells):
        count = sum(member.units for member, spec in got if index in spec.cells)
        missing = cell.minimum - count if count else 0
        if missing > 0 and not cell.premium_minor:
            return None
        fee = max(0, missing) * cell.premium_minor
        fees += fee
        rates[index] = ceil(fee / count) if count else 0
    for member, spec in got:
        if member.tier_limit_minor is not None and member.tier_limit_minor < price:
            return None
        rate = sum(rates[cell] for cell in spec.cells)
        if rate > member.fee_limit_minor:
            return None
        if member.limit_minor is not None and price + spec.surcharge_minor + rate > member.limit_minor:
            return None
    ranks = sorted({spec.rank for member in problem.members for spec in member.specs})
    return (
        -units,
        *(-sum(member.units for member, spec in got if spec.rank == rank) for rank in ranks),
        fees + sum(member.units * (price + spec.surcharge_minor) for member, spec in got),
        [NEVER if at is None else m.specs[at].rank for m, at in zip(problem.members, choice, strict=True)],
        [NEVER if at is None else at for at in choice],
    )
