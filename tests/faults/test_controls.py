"""The same kills with one protection taken away: they must do harm, or the other tests of this folder prove nothing."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import Any

import pytest

from c2b.durable import enqueue
from c2b.kit import db
from c2b.kit.db import Database
from tests.faults.harness import Place, Story, long_mode, seed
from tests.faults.test_kills import live_through

pytestmark = pytest.mark.faults

#: So many jobs wait whenever a worker starts: more than one does before it is killed, however fast the machine.
WAITING = 300
KILLS = 30
#: Just after the provider gave money back, and before we have written that down.
LOST_ANSWER = "refund:after provider"


class TestAJobWhoseEffectsNoKeyProtects:
    """Its effect is a plain INSERT. Only the transaction that also ends the job makes it happen once."""

    async def test_happens_once_under_kills(self, new_place, capsys):
        kills, jobs, counted = await _count(new_place, control="")
        assert kills >= 10
        assert counted == Counter(range(jobs))
        with capsys.disabled():
            print(f"\n{jobs} jobs in one transaction each: {kills} kills, 0 lost, 0 twice")

    async def test_happens_twice_when_effects_and_end_are_two_transactions(self, new_place, capsys):
        """The control."""
        kills, jobs, counted = await _count(new_place, control="two transactions")
        assert kills >= 10
        assert set(counted) == set(range(jobs))
        twice = sum(count > 1 for count in counted.values())
        assert twice > 0
        with capsys.disabled():
            print(f"\ncontrol, two transactions: {kills} kills, {twice} of {jobs} happened twice")


async def _count(new_place: Any, *, control: str) -> tuple[int, int, Counter[int]]:
    """Kill workers while there is always something left to do; how many kills, how many jobs, how often each ran."""
    place, _ = new_place(small=True)
    (place.data_dir / "plan.json").write_text("{}")
    await place.worker()  # what the world left to do is done before
    async with Database(place.database):
        chance, kills, jobs = random.Random(seed()), 0, 0
        for _ in range(KILLS):
            jobs += await _top_up(jobs)
            delay = chance.uniform(0.02, 0.08)
            kills += await place.worker(delay=delay, control=control) == "killed"
        await place.worker(control=control)
        rows = await db.fetch("SELECT value FROM counter WHERE length(name) = 26")
    return kills, jobs, Counter(row["value"] for row in rows)


async def _top_up(first: int) -> int:
    """Put as many jobs beside those that wait as are missing, numbered from ``first``; how many."""
    row = await db.fetch_one(
        "SELECT count(*) AS waiting FROM job WHERE kind = 'control.count' AND state <> 'done'"
    )
    missing = WAITING - int(row["waiting"] if row else 0)
    for number in range(first, first + missing):
        await enqueue("control.count", key=f"control:{number}", args={"number": number})
    return missing


class TestMoneyWhoseAnswerWasLost:
    async def test_goes_back_once(self, new_place):
        story = await _lose_answers(new_place, control="")
        assert story.kills >= 6
        assert story.faults == []

    async def test_goes_back_twice_without_stable_keys(self, new_place, capsys):
        """The control: a gateway to which every try is a new request."""
        story = await _lose_answers(new_place, control="no stable keys")
        assert story.kills >= 6
        assert any(fault.startswith("twice: refund:") for fault in story.faults)
        with capsys.disabled():
            kinds = Counter(fault.split(":")[0] for fault in story.faults)
            print(f"\ncontrol, no stable keys: {story.kills} kills, faults {dict(kinds)}")


async def _lose_answers(new_place: Any, *, control: str) -> Story:
    place, stage = new_place(small=True)
    return await live_through(place, stage, partial(_kill_after_each, place, control), control=control)


async def _kill_after_each(place: Place, control: str) -> int:
    """Workers that die at their first refund, some of them."""
    kills, most = 0, 12 if control or long_mode() else 4
    while kills < most and await place.worker(point=LOST_ANSWER, control=control) == "killed":
        kills += 1
    return kills
