"""Bonuses that let members choose what the batch needs, and the bound that follows from any bonuses (weak duality)."""

from __future__ import annotations

from c2b.allocation.state import MADE, OPEN, PAID, Impossible, State

#: Loss per unit measured from no bonus, member, units, best option inside, best outside.
_Entry = tuple[int, int, int, int, int]


#: A round that closes less than this part (a power of two) of the distance to the best known is the last.
_PATIENCE = 3
_DRAWS = 3


def balance(state: State, *, rounds: int, enough: int) -> int:
    """Let the decided cells take turns until each has what it needs; returns the bound.

    Stops early where the bound falls to ``enough``, and raises ``Impossible`` where cells want more than there is.
    """
    decided = [cell for cell, mode in enumerate(state.mode) if mode in (MADE, PAID)]
    bound = state.bound()
    for _ in range(rounds):
        before = bound
        moved = [cell for cell in decided if off(state, cell) and level(state, cell)]
        short = [cell for cell in decided if state.count[cell] < state.low[cell]]
        if short:
            raise_together(state, sorted({cell for cell in (*moved, *short) if state.price[cell] >= 0}))
        bound = state.bound()
        if not moved or bound <= enough or (before - bound) << _PATIENCE < bound - enough:
            break
    for cell in decided:
        for _ in range(_DRAWS):
            if bound > enough and state.count[cell] < state.low[cell] and draw(state, cell):
                bound = state.bound()
            else:
                break
    return state.bound()


def off(state: State, cell: int) -> bool:
    """Whether another bonus may give a better bound."""
    count, price = state.count[cell], state.price[cell]
    low, high = state.low[cell], state.high[cell]
    return count < low or count > high or (price > 0 and count > low) or (price < 0 and count < high)


def level(state: State, cell: int) -> bool:
    """The best bonus for one cell while the others stand: exact. Says whether it changed."""
    entries, bound = _entries(state, cell)
    if bound > state.high[cell] or bound + sum(entry[2] for entry in entries) < state.low[cell]:
        raise Impossible
    price, coming = _edge(state, cell, entries, bound)
    change = price - state.price[cell]
    if change:
        state.price[cell] = price
        state.add(cell, change)
    part, now, worth, pick = state.part, state.now, state.worth, state.pick
    for (_, member, _, inside, outside), comes in zip(entries, coming, strict=True):
        option = inside if comes else outside
        worth[member] = max(now[inside], now[outside])
        if pick[member] != option:
            state.take(member, option, worth[member])
    if change:
        for member, pair in part.users[cell]:
            if state.left[pair] == state.number[member]:
                worth[member] += part.units[member] * change
    return change != 0


def _edge(state: State, cell: int, entries: list[_Entry], count: int) -> tuple[int, list[bool]]:
    """The bonus at which just enough come (or few enough stay), and who they are."""
    low, high = state.low[cell], state.high[cell]
    price, coming = 0, [False] * len(entries)
    for number, (loss, member, units, inside, _) in enumerate(entries):
        stays = loss == price == 0 and state.pick[member] == inside
        if not (loss < 0 or count < low or stays) or (price < 0 and loss > price):
            continue
        if count + units > high:
            price = price or min(loss, 0)
        else:
            price = price if price < 0 else max(loss, price)
            coming[number] = True
            count += units
    return price, coming


def _entries(state: State, cell: int) -> tuple[list[_Entry], int]:
    """Who may come or stay away, smallest loss first; and the units of those who cannot stay away."""
    part, here, bound = state.part, state.price[cell], 0
    now, pick, worth_now = state.now, state.pick, state.now.__getitem__
    entries: list[_Entry] = []
    for member, pair in part.users[cell]:
        left = state.left[pair]
        if not left:
            continue
        units = part.units[member]
        if left == state.number[member]:
            bound += units
            continue
        inside = max(part.inside[pair], key=worth_now)
        outside = max(part.outside[pair], key=worth_now)
        picked = pick[member]
        if now[picked] == now[inside] and picked in part.inside[pair]:
            inside = picked
        elif now[picked] == now[outside] and picked in part.outside[pair]:
            outside = picked
        entries.append((here - (now[inside] - now[outside]) // units, member, units, inside, outside))
    state.work += 2 * len(entries)
    entries.sort()
    return entries, bound


def draw(state: State, cell: int) -> bool:
    """Bring a cell that lacks people one member, along a chain of moves that cost nothing at the bonuses found for it.

    The cell's bonus rises until somebody is as well off moving; if a cell that they would leave cannot spare them, it
    rises along with it, and so on, until somebody can be spared and everybody on the way moves up. (With single units
    and one cell in doubt per option this is the Hungarian method.) ``Impossible`` where a set of cells that rise
    together wants more than there is; false where bonuses help no further.
    """
    part, together = state.part, [cell]
    reached: dict[int, tuple[int, int]] = {}  # cell → who would leave it, and for which option
    while True:
        spare = sum(state.count[each] - state.low[each] for each in together)
        if spare >= 0:
            return False
        found = _next_to_come(state, set(together), {member for member, _ in reached.values()})
        if found is None:
            if reached and _next_to_come(state, set(together), set()) is not None:
                return False
            raise Impossible
        more, member, option = found
        if more:
            _raise(state, together, more)
        kept = [each for each in part.cells[state.pick[member]] if each not in part.cells[option]]
        wanted = [each for each in kept if state.low[each] > state.count[each] - part.units[member]]
        new = [each for each in wanted if each not in together]
        if not wanted:
            _move_up(state, cell, member, option, reached)
            return True
        if not new:
            return False
        for each in new:
            reached[each] = member, option
            together.append(each)


def _next_to_come(state: State, together: set[int], moved: set[int]) -> tuple[int, int, int] | None:
    """At how much more bonus who would come through more of these cells, and for which option: the smallest."""
    part, now, best = state.part, state.now, None
    seen: set[int] = set()
    for cell in sorted(together):
        state.work += len(part.users[cell])
        for member, pair in part.users[cell]:
            if not state.left[pair] or member in seen or member in moved or state.number[member] == 1:
                continue
            seen.add(member)
            pick = state.pick[member]
            hits = len(together.intersection(part.cells[pick]))
            for option in part.options[member]:
                if state.alive[option] and option != pick:
                    more = len(together.intersection(part.cells[option])) - hits
                    if more > 0:
                        at = -((now[option] - now[pick]) // (more * part.units[member]))
                        if best is None or (at, member, option) < best:
                            best = at, member, option
    return best


def _raise(state: State, cells: list[int], more: int) -> None:
    for cell in cells:
        state.price[cell] += more
        state.add(cell, more)
    for member in sorted(
        {member for cell in cells for member, pair in state.part.users[cell] if state.left[pair]}
    ):
        state.choose(member)


def _move_up(state: State, cell: int, member: int, option: int, reached: dict[int, tuple[int, int]]) -> None:
    """The last of a chain moves, then whoever made room for them, back to the cell that it began with."""
    part = state.part
    while True:
        before = part.cells[state.pick[member]]
        state.take(member, option, max(state.now[option], state.worth[member]))
        came = [
            each for each in part.cells[option] if each not in before and (each == cell or each in reached)
        ]
        if cell in came or not came:
            return
        member, option = reached.pop(came[0])


def raise_together(state: State, cells: list[int]) -> None:
    """The same bonus more for all of these cells, until they lack nothing in sum; ``Impossible`` if nothing helps."""
    part, chosen = state.part, set(cells)
    members = sorted({member for cell in cells for member, pair in part.users[cell] if state.left[pair]})
    lacking = sum(state.low[cell] for cell in cells)
    steps: list[tuple[int, int]] = []  # from this much on, so many more units
    for member in members:
        best: dict[int, int] = {}
        for option in part.options[member]:
            if state.alive[option]:
                hits = sum(cell in chosen for cell in part.cells[option])
                best[hits] = max(best.get(hits, part.never), state.now[option])
        hits = max(best, key=lambda each: (best[each], each))
        lacking -= hits * part.units[member]
        steps += _hull(best, hits, part.units[member])
    state.work += 3 * len(members)
    steps.sort()
    more = 0
    for at, units in steps:
        if lacking <= 0:
            break
        more, lacking = at, lacking - units
    if lacking > 0:
        raise Impossible
    if more:
        for cell in cells:
            state.price[cell] += more
            state.add(cell, more)
        for member in members:
            state.choose(member)


def _hull(best: dict[int, int], hits: int, units: int) -> list[tuple[int, int]]:
    """From which bonus on a member goes through how many more of the cells: the upper hull of their options."""
    steps = []
    while further := [each for each in best if each > hits]:
        at, there = min((-((best[each] - best[hits]) // ((each - hits) * units)), -each) for each in further)
        steps.append((at, (-there - hits) * units))
        hits = -there
    return steps


def undecided(state: State) -> list[int]:
    """Open cells in which somebody stands, but too few."""
    minimum = state.part.minimum
    return [
        cell for cell, mode in enumerate(state.mode) if mode == OPEN and 0 < state.count[cell] < minimum[cell]
    ]
