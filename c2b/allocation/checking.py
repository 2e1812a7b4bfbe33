"""Is an allocation what it says, and allowed? Computed anew from the problem alone, sharing nothing with the solver."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from c2b.allocation.problem import Allocation, Problem


def verify(problem: Problem, allocation: Allocation) -> list[str]:
    """What is wrong with it, in plain English for a log; nothing if it may be used.

    That it is the *best* allocation cannot be checked so cheaply; that the stated bound is not below it can.
    """
    if shapes := [*_shapes(problem, allocation)]:
        return shapes
    standing = _standing(problem, allocation)
    return [
        *_totals(problem, allocation),
        *_minimums(problem, allocation, standing),
        *_fees(problem, allocation, standing),
        *_limits(problem, allocation),
    ]


def _shapes(problem: Problem, allocation: Allocation) -> Iterator[str]:
    if len(allocation.seats) != len(problem.members):
        yield f"{len(allocation.seats)} seats for {len(problem.members)} members"
    if not len(allocation.counts) == len(allocation.fees_minor) == len(problem.cells):
        yield "counts and fees do not stand beside the cells"
    for member, seat in zip(problem.members, allocation.seats, strict=False):
        if seat is not None and not 0 <= seat.spec < len(member.specs):
            yield f"member {member.id}: there is no specification {seat.spec}"


def _totals(problem: Problem, allocation: Allocation) -> Iterator[str]:
    served = [m.units for m, seat in zip(problem.members, allocation.seats, strict=True) if seat is not None]
    if sum(served) != allocation.units:
        yield f"states {allocation.units} units, seats {sum(served)}"
    if sum(served) > problem.cap:
        yield f"{sum(served)} units exceed the cap of {problem.cap}"
    if allocation.units > allocation.units_bound:
        yield f"{allocation.units} units exceed the stated bound of {allocation.units_bound}"
    if allocation.optimal and allocation.units != allocation.units_bound:
        yield "stated to be optimal, but its bound is higher"
    price = problem.tiers[0].unit_price_minor
    for tier in problem.tiers:
        if sum(served) >= tier.from_quantity:
            price = tier.unit_price_minor
    if allocation.unit_price_minor != price:
        yield f"states a unit price of {allocation.unit_price_minor}, the tier says {price}"


Standing = list[list[tuple[int, int]]]


def _standing(problem: Problem, allocation: Allocation) -> Standing:
    """For each cell (member, units) of everybody who stands in it, in order of payment."""
    standing: Standing = [[] for _ in problem.cells]
    for index, (member, seat) in enumerate(zip(problem.members, allocation.seats, strict=True)):
        for cell in member.specs[seat.spec].cells if seat is not None else ():
            standing[cell].append((index, member.units))
    return standing


def _minimums(problem: Problem, allocation: Allocation, standing: Standing) -> Iterator[str]:
    for index, cell in enumerate(problem.cells):
        count = sum(units for _, units in standing[index])
        if allocation.counts[index] != count:
            yield f"cell {cell.key}: states {allocation.counts[index]} units, {count} stand in it"
        missing = max(0, cell.minimum - count) if count else 0
        if missing and cell.premium_minor == 0:
            yield f"cell {cell.key}: {count} units below its minimum of {cell.minimum}"
        fee = missing * cell.premium_minor
        if allocation.fees_minor[index] != fee:
            yield f"cell {cell.key}: states a fee of {allocation.fees_minor[index]}, it is {fee}"


def _fees(problem: Problem, allocation: Allocation, standing: Standing) -> Iterator[str]:
    due = [0] * len(problem.members)
    for fee, sharing in zip(allocation.fees_minor, standing, strict=True):
        count = sum(units for _, units in sharing)
        exact = {index: Fraction(fee * units, count) for index, units in sharing} if fee and count else {}
        over = fee - sum(floor(share) for share in exact.values())
        by_remainder = sorted((floor(share) - share, index) for index, share in exact.items())
        for place, (_, index) in enumerate(by_remainder):
            due[index] += floor(exact[index]) + (place < over)
    for member, seat, owed in zip(problem.members, allocation.seats, due, strict=True):
        if seat is not None and seat.fee_minor != owed:
            yield f"member {member.id}: states a fee of {seat.fee_minor}, the share is {owed}"


def _limits(problem: Problem, allocation: Allocation) -> Iterator[str]:
    for member, seat in zip(problem.members, allocation.seats, strict=True):
        if seat is None:
            continue
        spec = member.specs[seat.spec]
        rate = 0
        for cell in spec.cells:
            if allocation.fees_minor[cell]:
                rate += ceil(Fraction(allocation.fees_minor[cell], allocation.counts[cell]))
        if rate > member.fee_limit_minor:
            yield f"member {member.id}: a fee of {rate} per unit, {member.fee_limit_minor} is the limit"
        tier_limit = member.tier_limit_minor
        if tier_limit is not None and allocation.unit_price_minor > tier_limit:
            yield f"member {member.id}: joins from a tier price of {tier_limit} on, it is {allocation.unit_price_minor}"
        price = allocation.unit_price_minor + spec.surcharge_minor + rate
        if member.limit_minor is not None and price > member.limit_minor:
            yield f"member {member.id}: {price} per unit, {member.limit_minor} is the limit"
