"""Workers killed without warning, at random instants and at every named line: nothing lost and nothing twice."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from c2b.kit import db
from c2b.kit.db import Database
from tests.faults import stage as stages
from tests.faults.harness import Figures, Place, Story, in_place, long_mode, seed
from tests.faults.verdict import compare, seen

pytestmark = pytest.mark.faults

AFTER_THE_DEADLINE = (stages.OPEN_FOR + timedelta(hours=1)).total_seconds()
_WITH_AN_HOUR = re.compile(r" \d{4}-\d\d-\d\dT")
Kill = Callable[[], Awaitable[int]]


async def live_through(place: Place, stage: stages.Stage, kill: Kill, **calm: Any) -> Story:
    """The whole story: payments under kills, then people act, the deadlines pass, and people answer a proposal."""
    story = Story(kills=await kill())
    await place.settle(**calm)
    async with Database(place.database):
        with in_place(place):
            await stages.people_act(stage)
    story.kills += await kill()
    place.ahead += AFTER_THE_DEADLINE
    story.kills += await kill()
    await place.settle(**calm)
    async with Database(place.database):
        with in_place(place):
            await stages.people_answer(stage)
    place.ahead += stages.MAY_OBJECT.total_seconds()
    story.kills += await kill()
    await place.settle(**calm)
    async with Database(place.database):
        with in_place(place):
            story.seen, story.faults = await seen(), await compare(place.data_dir)
    return story


def everything_happened(seen: Counter[str]) -> bool:
    """Groups that ordered, opened again, failed and were called off; every kind of outcome, an objection that led to
    another turn; money that went back for every reason."""
    reasons = (
        "campaign_failed", "withdrawal", "option_minimum", "left_out", "late", "price_difference",
    )  # fmt: skip
    return (
        seen["orders"] == 2
        and seen["votes closed"] == seen["questions kept"] == seen["questions left"] == 1
        and seen["campaigns failed"] == 2
        and seen["campaigns canceled"] == 1
        and seen["reopened"] >= 1
        and seen["accepted"] == 1
        and seen["turns superseded"] >= 1
        and all(seen[f"outcomes {kind}"] for kind in ("first", "alternative", "fee", "left"))
        and all(seen[f"refunds for {reason}"] for reason in reasons)
    )


class TestAWorkerKilledAtAnyInstant:
    async def test_loses_nothing_and_does_nothing_twice(self, new_place, capsys):
        figures = Figures("random kills", seed())
        chance = random.Random(figures.seed)
        wanted = 500 if long_mode() else 20
        while figures.kills < wanted:
            place, stage = new_place(small=not long_mode())
            story = await live_through(place, stage, partial(place.kill_at_random, chance))
            figures.add(story.kills, story.seen, story.faults)
            assert story.faults == [], f"seed {figures.seed}"
            assert everything_happened(story.seen), story.seen
        with capsys.disabled():
            print(f"\n{place.kind}, {figures.line()}")


class TestAWorkerKilledAtANamedLine:
    async def test_loses_nothing_and_does_nothing_twice(self, new_place, tmp_path, capsys):
        """Every line that a calm worker passes kills one worker; the lines are not listed here but found."""
        figures = Figures("named lines", 0)
        left = await _lines(new_place, tmp_path)
        points = sum(map(len, left))
        assert points >= 50, left
        while any(left):
            place, stage = new_place(small=True)
            acts = iter(left)
            story = await live_through(place, stage, lambda: _kill_at_each(place, next(acts)))  # noqa: B023
            figures.add(story.kills, story.seen, story.faults)
            assert story.faults == []
            assert story.kills, f"never reached: {left}"
        assert figures.kills == points
        with capsys.disabled():
            print(f"\n{place.kind}, {figures.line()}")


async def _lines(new_place: Callable[..., Any], tmp_path: Path) -> list[list[str]]:
    """The names of all lines that workers pass in each act of a story without kills, in their order."""
    place, stage = new_place(small=True)
    notes: list[Path] = []

    async def calm() -> int:
        notes.append(tmp_path / f"passed-{len(notes)}.json")
        place.ahead += 5
        await place.worker(passed=str(notes[-1]))
        return 0

    story = await live_through(place, stage, calm)
    assert story.faults == []
    assert everything_happened(story.seen), story.seen
    passed = {name for each in notes for name in json.loads(each.read_text())}
    async with Database(place.database):
        steps = {row["name"] for row in await db.fetch("SELECT name FROM step")}
    named = {step for step in steps if not _WITH_AN_HOUR.search(step)}
    assert len(named) >= 12, steps
    assert all({f"step:{step}:before", f"step:{step}:after"} <= passed for step in named)
    known: set[str] = set()
    lines = []
    for each in notes:
        lines.append([name for name in json.loads(each.read_text()) if name not in known])
        known.update(lines[-1])
    return lines


async def _kill_at_each(place: Place, left: list[str]) -> int:
    """One worker per line, one after the other in the same world; a line that is not passed stays ``left``."""
    killed = 0
    for name in list(left):
        place.ahead += 5  # previews are due at the end of a stretch of seconds
        if await place.worker(point=name) == "killed":
            left.remove(name)
            killed += 1
    return killed


@pytest.mark.slow
class TestAWorkerKilledWhileItDraws:
    async def test_real_documents_are_drawn_once_more_and_are_the_same(self, new_place, capsys):
        """The real renderer, in its real child process; workers live up to six seconds, or they would never draw."""
        figures = Figures("random kills, documents really drawn", seed())
        chance = random.Random(figures.seed)
        wanted = 12 if long_mode() else 2
        while figures.kills < wanted:
            place, stage = new_place(small=True)
            kill = partial(place.kill_at_random, chance, longest=6.0, real_documents=True)
            story = await live_through(place, stage, kill, real_documents=True)
            figures.add(story.kills, story.seen, story.faults)
            assert story.faults == [], f"seed {figures.seed}"
        with capsys.disabled():
            print(f"\n{place.kind}, {figures.line()}")
