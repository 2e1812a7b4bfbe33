"""While a proposal waits for those who may object: two acts, one at an exact point of the other.

Five acts make nine pairs that say something, each in both orders and both ways of `test_interleavings`. Whatever comes
first, there is one outcome, what was locked is what was proposed, and everybody's money is where it belongs.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from c2b import wiring
from c2b.accounts.rules import Actor
from c2b.campaigns import counting
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.catalog import operations as catalog
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.participations.closing.objecting import accept
from tests import world
from tests.faults import stage as stages
from tests.faults.place import documents, provider
from tests.faults.test_interleavings import _ask, _capture, _wrong, at_once, stale
from tests.faults.verdict import allocations

pytestmark = pytest.mark.faults

HOURS = 24


@dataclass
class Scene:
    """Sixty units for fifty; two members were told that the plate they want is not made, and may object."""

    w: world.World
    campaign: str
    asked: list[tuple[Actor, str]]
    plain: tuple[Actor, str]

    async def accept(self) -> None:
        await accept(*self.asked[0])
        await drain()

    async def object(self) -> None:
        await participations.withdraw(*self.asked[1])
        await drain()

    async def leave(self) -> None:
        """Somebody whom nobody asked: without their twenty units it is too few."""
        await participations.withdraw(*self.plain)
        await drain()

    async def time(self) -> None:
        clock.shift(timedelta(hours=HOURS, minutes=1))
        await drain()

    async def cancel(self) -> None:
        await campaigns.cancel(self.w.root, self.campaign, reason="The factory burned down.")


ACTS = ("accept", "object", "leave", "time", "cancel")
#: Not the end of time and an admin's canceling: a group may be canceled after the lock, with other books.
PAIRS = [pair for pair in itertools.combinations(ACTS, 2) if pair != ("time", "cancel")]
assert len(PAIRS) == 9


async def _scene(w: world.World, sandbox: Any, number: int) -> Scene:
    campaign = await w.open_campaign(
        title=f"Board {number}", closes="at_deadline", deadline=clock.now() + timedelta(days=2)
    )
    await db.execute("UPDATE campaign SET objection_hours = ? WHERE id = ?", HOURS, campaign)
    plain = [await w.join(campaign, quantity=20) for _ in range(3)]
    people = w.members[-3:]
    asked = [await w.join(campaign, wishes=stages.ASKED, **stages.RARE) for _ in range(2)]
    careful = w.members[-2:]
    for who, joined in zip([*people, *careful], [*plain, *asked], strict=True):
        await _capture(sandbox, await _ask(who.id, joined.participation_id))
    clock.shift(timedelta(days=2, minutes=1))
    await counting.keep_deadlines()
    await drain()
    return Scene(
        w, campaign, [(who, each.participation_id) for who, each in zip(careful, asked, strict=True)],
        (people[0], plain[0].participation_id),
    )  # fmt: skip


class TestEveryPairOfActs:
    @pytest.mark.parametrize("one", ACTS[:-2])
    async def test_leaves_the_books_right(self, one, database, monkeypatch):
        wiring.connect()
        forget_offers()
        w = await world.build()
        await catalog.publish_schema(w.product_id, stages.document())
        with documents(False), provider() as sandbox:
            pairs = [order for pair in PAIRS if pair[0] == one for order in (pair, pair[::-1])]
            for number, (way, (first, rival)) in enumerate(itertools.product((stale, at_once), pairs)):
                clock.reset()
                scene = await _scene(w, sandbox, number)
                await way(getattr(scene, first), getattr(scene, rival), monkeypatch)
                await scene.time()
                clock.shift(timedelta(hours=HOURS, minutes=3))
                await drain()
                found = [*await _wrong(scene.campaign), *await allocations(scene.campaign)]
                assert found == [], (way.__name__, first, rival)
