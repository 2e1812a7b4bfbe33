"""Who gets which of their choices, beside a greedy rule: the first choice if it is made, else the next.

The greedy rule is what one writes first: everybody takes their best specification of whose cells none is given up; the
cell farthest from its minimum is given up; again until nothing changes. To reach: 5,000 members with 12 attributes of 40 options
in 10 s and 1 GiB, 200 members in 0.3 s.

Each group is allocated in a cold process of its own, three groups of each kind; time and memory are the worst of the
three, people, units and gaps their sums. ``verify`` is part of the time. Run ``python -m bench.allocation``.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random

from c2b.allocation import allocate
from c2b.allocation.problem import Cell, Member, Problem, Spec, Tier

GROUPS = 3


def attributes(
    seed: int, members: int, across: int, options: int, minimum: tuple[int, int], share: int = 100
) -> Problem:
    """Some options liked far more than others; half of the members name one to four alternatives, each other in up to
    three attributes; one in ten has a price limit; ``share`` in a hundred options have a minimum."""
    chance = Random(seed)
    liked = [1 / (place + 1) ** 0.8 for place in range(options)]
    cells = tuple(
        Cell(f"{attribute}:{option}", chance.randint(*minimum) if chance.randrange(100) < share else 1)
        for attribute in range(across)
        for option in range(options)
    )
    people = []
    for number in range(members):
        first = chance.choices(range(options), liked, k=across)
        wishes = [first]
        for _ in range(chance.choice([0, chance.randint(1, 4)])):
            other = list(first)
            for attribute in chance.sample(range(across), chance.randint(1, min(3, across))):
                other[attribute] = chance.choices(range(options), liked)[0]
            wishes.append(other)
        specs = tuple(
            Spec(
                rank,
                tuple(attribute * options + option for attribute, option in enumerate(wish)),
                sum(option % 3 * 100 for option in wish),
            )
            for rank, wish in enumerate(wishes)
        )
        units, limit = chance.choice([1] * 8 + [2, 2, 3, 5, 10, 20]), chance.choice([None] * 9 + [42_000])
        people.append(Member(str(number), units, specs, limit))
    tiers = (Tier(members // 4, 42_000), Tier(members // 2, 41_000), Tier(members, 40_000))
    return Problem(cells, tuple(people), tiers, members // 4, sum(member.units for member in people))


def colors(
    seed: int, members: int, options: int, minimum: tuple[int, int], most_units: int, named: int
) -> Problem:
    """One attribute; everybody names a few colors, all liked alike, and only some of them can be made."""
    chance = Random(seed)
    cells = tuple(Cell(str(number), chance.randint(*minimum)) for number in range(options))
    people = []
    for number in range(members):
        ranked = chance.sample(range(options), chance.randint(1, named))
        specs = tuple(Spec(rank, (color,), 0) for rank, color in enumerate(ranked))
        people.append(Member(str(number), chance.randint(1, most_units), specs))
    return Problem(cells, tuple(people), (Tier(1, 40_000),), 1, 1 << 30)


KINDS: dict[str, Callable[[int], Problem]] = {
    "200 members, 5 attributes of 6": lambda seed: attributes(seed, 200, 5, 6, (30, 60)),
    "200 members, 8 colors, hard": lambda seed: colors(seed, 200, 8, (210, 470), 20, 3),
    "1,000 members, 12 attributes of 40": lambda seed: attributes(seed, 1_000, 12, 40, (15, 30), 50),
    "5,000 members, 12 of 40, all with minimums": lambda seed: attributes(seed, 5_000, 12, 40, (100, 160)),
    "5,000 members, 12 of 40, a third, higher": lambda seed: attributes(seed, 5_000, 12, 40, (120, 250), 33),
    "400 members, 10 colors, hard": lambda seed: colors(seed, 400, 10, (420, 945), 20, 3),
    "400 members, 10 colors, one unit each": lambda seed: colors(seed, 400, 10, (40, 90), 1, 3),
    "1,000 members, 12 colors, one unit each": lambda seed: colors(seed, 1_000, 12, (60, 150), 1, 4),
    "5,000 members, 40 colors, hard": lambda seed: colors(seed, 5_000, 40, (120, 300), 2, 3),
}


@dataclass(frozen=True)
class Figures:
    """One group: CPU seconds, peak memory in MB, who is served by ours and by the floor, what is proven."""

    seconds: float
    memory: int
    members: int
    served: int
    floor: int
    units: int
    gap: int
    proven: bool


def main() -> int:
    """One line for each kind of group."""
    if len(sys.argv) == 3:
        print(json.dumps(asdict(measure(sys.argv[1], int(sys.argv[2])))))
        return 0
    print(f"\nAllocations, {GROUPS} groups of each kind: worst time and memory, sums of the rest")
    print(
        f"{'':<44} {'CPU s':>6} {'MB':>4} {'served':>7} {'greedy':>7} {'more':>6} {'gap in units':>13} {'proven':>7}"
    )
    for kind in KINDS:
        print(line(kind, [in_a_process(kind, seed) for seed in range(GROUPS)]), flush=True)
    return 0


def measure(kind: str, seed: int) -> Figures:
    """Allocate one group in this process."""
    problem = KINDS[kind](seed)
    began = time.process_time()
    found = allocate(problem)
    seconds = time.process_time() - began
    return Figures(
        seconds=seconds,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        members=len(problem.members),
        served=sum(seat is not None for seat in found.seats),
        floor=sum(pick is not None for pick in greedy(problem)),
        units=found.units,
        gap=found.gap,
        proven=found.optimal,
    )


def in_a_process(kind: str, seed: int) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "bench.allocation", kind, str(seed)],
        capture_output=True,
        text=True,
        check=True,
    )
    return Figures(**json.loads(done.stdout))


def line(kind: str, groups: list[Figures]) -> str:
    served, floor = sum(each.served for each in groups), sum(each.floor for each in groups)
    more = f"+{100 * (served - floor) / floor:.0f} %" if floor else "–"
    gap, units = sum(each.gap for each in groups), sum(each.units for each in groups)
    return (
        f"{kind:<44} {max(each.seconds for each in groups):>6.2f} {max(each.memory for each in groups):>4}"
        f" {served:>7} {floor:>7} {more:>6} {f'{gap} of {units}':>13} {sum(each.proven for each in groups):>4} of {len(groups)}"
    )


def greedy(problem: Problem) -> list[int | None]:
    """The floor: positions in everybody's specs, or nothing. Real: every cell it uses has its minimum."""
    given_up: set[int] = set()
    tier = len(problem.tiers) - 1
    while True:
        price = problem.tiers[tier].unit_price_minor
        picks = [_first_standing(member, price, given_up) for member in problem.members]
        counts = [0] * len(problem.cells)
        for member, pick in zip(problem.members, picks, strict=True):
            for cell in member.specs[pick].cells if pick is not None else ():
                counts[cell] += member.units
        short = [
            (count / problem.cells[cell].minimum, cell)
            for cell, count in enumerate(counts)
            if 0 < count < problem.cells[cell].minimum
        ]
        total = sum(m.units for m, pick in zip(problem.members, picks, strict=True) if pick is not None)
        if short:
            given_up.add(min(short)[1])
        elif tier and total < problem.tiers[tier].from_quantity:
            tier -= 1
        else:
            return picks


def _first_standing(member: Member, price: int, given_up: set[int]) -> int | None:
    for position, spec in enumerate(member.specs):
        affordable = member.limit_minor is None or price + spec.surcharge_minor <= member.limit_minor
        if affordable and not given_up.intersection(spec.cells):
            return position
    return None


if __name__ == "__main__":
    sys.exit(main())
