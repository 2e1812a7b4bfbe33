"""Workers, clocks and admins killed at random while money is held, collected, claimed, paid out and shared."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from c2b.kit.db import Database
from tests.faults.auditing import audit, counted
from tests.faults.harness import Figures, Place, Story, in_place, long_mode, seed
from tests.faults.treasury import ACTS, Treasury

pytestmark = pytest.mark.faults

Kill = Callable[[], Awaitable[int]]
#: What the long form comes to on each database, at least.
CAMPAIGNS, PAYMENTS, KILLS = 100, 5_000, 500


async def live_through(place: Place, treasury: Treasury, kill: Kill, **calm: Any) -> Story:
    """The whole story: kills, then people act, then time passes; at the end everything is compared."""
    story = Story()
    for wait, act in ACTS:
        place.ahead += wait.total_seconds()
        story.kills += await kill()
        await place.settle(**calm)
        async with Database(place.database):
            with in_place(place):
                await act(treasury)
        story.kills += await kill()
        await place.settle(**calm)
    async with Database(place.database):
        with in_place(place):
            story.seen, story.faults = await counted(), await audit(place.data_dir)
    return story


def everything_happened(seen: Counter[str]) -> bool:
    """Every way of paying, every reason for a refund, every kind of bank transfer."""
    reasons = (
        "campaign_failed", "withdrawal", "late", "price_difference", "overdue", "left_out", "claim", "delay",
    )  # fmt: skip
    others = (
        "balances", "holds charged", "holds released", "lower prices", "netted", "taken back", "books closed",
        "commissions reversed", "commissions paid", "waiting", "lines that pay", "lines too large",
        "parts that went back", "strays that went back",
    )  # fmt: skip
    return (
        all(seen[f"refunds for {reason}"] for reason in reasons)
        and all(seen[f"bank transfers for {kind}"] for kind in ("refund", "payout", "commission"))
        and all(seen[other] for other in others)
    )


class TestMoneyUnderKills:
    async def test_is_neither_lost_nor_moved_twice(self, new_treasury, capsys):
        figures = Figures("random kills, all that becomes of money", seed())
        chance = random.Random(figures.seed)
        while not _enough(figures):
            place, treasury = new_treasury(small=not long_mode())
            # few at each turn of a large world, whose workers would otherwise hardly get on
            much = {"longest": 1.0, "most": 6} if long_mode() else {"longest": 0.5}
            kill = partial(place.kill_at_random, chance, **much)
            story = await live_through(place, treasury, kill)
            figures.add(story.kills, story.seen, story.faults)
            assert story.faults == [], (figures.seed, story.faults)
            assert everything_happened(story.seen), story.seen
            with capsys.disabled():
                print(f"\n{place.kind}, {figures.line()}")


def _enough(figures: Figures) -> bool:
    if not long_mode():
        return figures.kills >= 20
    found = figures.found
    return found["campaigns"] >= CAMPAIGNS and found["payments"] >= PAYMENTS and figures.kills >= KILLS


#: Where a worker or an admin dies, the protection that is taken away for it, and the word of the verdict.
_LONG = pytest.mark.skipif(not long_mode(), reason="in `make faults` only")
BROKEN = (
    pytest.param(
        "void:booked", "booked before released", "lost", "is voided here and ['expired'] at", marks=_LONG
    ),
    ("disbursement:sent", "sent before booked", "lost", "and booked 0"),
    pytest.param("refund:after provider", "no stable keys", "twice", "times by provider", marks=_LONG),
)


#: The same lines, where all protections are there.
KEPT = ("void:after provider", "disbursement:sent", "refund:after provider")


class TestTheVerdict:
    @pytest.mark.parametrize(("point", "control", "word", "words"), BROKEN)
    async def test_sees_what_one_protection_less_does(
        self, new_treasury, capsys, point, control, word, words
    ):
        """The controls: everybody dies at one line, and what was protected there goes wrong."""
        place, treasury = new_treasury(small=True)
        kill = partial(_kill_at, place, point, control)
        story = await live_through(place, treasury, kill, control=control)
        assert story.kills
        assert [fault for fault in story.faults if fault.startswith(word) and words in fault]
        with capsys.disabled():
            kinds = dict(Counter(fault.partition(":")[0].partition(" ")[0] for fault in story.faults))
            print(f"\n{place.kind}, control, {control}: {story.kills} kills, faults {kinds}")

    @_LONG
    async def test_finds_nothing_where_the_same_die_with_every_protection(self, new_treasury):
        place, treasury = new_treasury(small=True)
        story = await live_through(place, treasury, partial(_kill_at_all, place))
        assert story.kills >= len(KEPT)
        assert story.faults == []


async def _kill_at_all(place: Place) -> int:
    return sum([await _kill_at(place, point, "") for point in KEPT])


async def _kill_at(place: Place, point: str, control: str, *, most: int = 3) -> int:
    """Workers that die there, some of them; how many."""
    kills = 0
    while kills < most and await place.worker(point=point, control=control) == "killed":
        kills += 1
    return kills
