"""Groups made by chance from a seed: small ones with every feature at once, and families of larger ones."""

from __future__ import annotations

from random import Random

from c2b.allocation.problem import Cell, Member, Problem, Spec, Tier


def small(seed: int, *, members: int = 6) -> Problem:
    """A group small enough to try everything: quantities, several cells, fees, limits, tiers and joining from one on,
    cap, shared ranks."""
    chance = Random(seed)
    cells = tuple(
        Cell(f"cell {number}", chance.choice([1, 2, 3, 4, 5, 6, 8]), chance.choice([0, 0, 1, 3, 7]))
        for number in range(chance.randint(1, 5))
    )
    people = tuple(_member(chance, number, len(cells)) for number in range(chance.randint(1, members)))
    tiers, quantity, price = [], chance.randint(1, 3), 100
    for _ in range(chance.choice([1, 1, 2, 3])):
        tiers.append(Tier(quantity, price))
        quantity, price = quantity + chance.randint(1, 6), price - chance.choice([5, 8])
    total = sum(member.units for member in people)
    cap = chance.choice([total, total, 1000, chance.randint(1, total)])
    return Problem(cells, people, tuple(tiers), 3, cap)


def _member(chance: Random, number: int, cells: int) -> Member:
    specs, rank = [], 0
    for _ in range(chance.randint(1, 4)):
        through = sorted(chance.sample(range(cells), chance.randint(0, min(3, cells))))
        specs.append(Spec(rank, tuple(through), chance.choice([0, 0, 5, 10])))
        rank += chance.choice([0, 1, 1])
    limit = chance.choice([None, None, 95, 100, 105, 112])
    fee_limit = chance.choice([0, 0, 2, 5, 10])
    tier_limit = chance.choice([None, None, None, 100, 95, 92, 87])
    return Member(
        f"member {number}", chance.choice([1, 1, 2, 3, 4]), tuple(specs), limit, fee_limit, tier_limit
    )


def colors(
    seed: int,
    *,
    members: int,
    options: int,
    minimum: tuple[int, int],
    most_units: int = 1,
    named: int = 3,
    premium: int = 0,
) -> Problem:
    """One attribute that everybody ranks; far more colors wanted than can be made."""
    chance = Random(seed)
    cells = tuple(Cell(f"color {number}", chance.randint(*minimum), premium) for number in range(options))
    people = []
    for number in range(members):
        ranked = chance.sample(range(options), chance.randint(1, named))
        specs = tuple(Spec(rank, (color,), 0) for rank, color in enumerate(ranked))
        units, fee_limit = chance.randint(1, most_units), chance.choice([0, 0, premium, 2 * premium])
        people.append(Member(f"member {number}", units, specs, None, fee_limit))
    return Problem(cells, tuple(people), (Tier(1, 40000),), 1, 1 << 30)


def attributes(
    seed: int, *, members: int, across: int, options: int, minimum: tuple[int, int], premium: int = 0
) -> Problem:
    """Several attributes, some options liked more than others; half of the members name alternatives."""
    chance = Random(seed)
    weights = [60 // (number + 1) for number in range(options)]
    cells = tuple(
        Cell(f"{attribute}:{option}", chance.randint(*minimum), chance.choice([0, premium]))
        for attribute in range(across)
        for option in range(options)
    )
    people = []
    for number in range(members):
        first = chance.choices(range(options), weights, k=across)
        wishes = [first]
        for _ in range(chance.choice([0, 0, 0, 1, 2, 3])):
            other = list(first)
            for attribute in chance.sample(range(across), chance.randint(1, min(2, across))):
                other[attribute] = chance.choices(range(options), weights)[0]
            wishes.append(other)
        specs = tuple(
            Spec(
                rank,
                tuple(attribute * options + option for attribute, option in enumerate(wish)),
                10 * sum(wish),
            )
            for rank, wish in enumerate(wishes)
        )
        units, limit = chance.choice([1, 1, 1, 2, 5]), chance.choice([None, None, None, 410])
        people.append(Member(f"member {number}", units, specs, limit, chance.choice([0, premium])))
    tiers = (Tier(1, 400), Tier(members, 380), Tier(members * 3 // 2, 360))
    return Problem(cells, tuple(people), tiers, 1, 1 << 30)
