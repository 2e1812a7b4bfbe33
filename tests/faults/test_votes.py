"""The end of a vote, and something else at an exact point of it: whatever comes first, everybody is treated alike.

``stale`` and ``at once`` as in ``test_interleavings``: the rival acts between what an act has read and its transaction,
or starts while the act holds the campaign's row.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from c2b import wiring
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers, votes_of
from c2b.campaigns.votes import OpenVote
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.ledger import queries as ledger
from c2b.participations import operations as participations
from c2b.participations.votes.casting import cast
from c2b.participations.votes.deciding import keep_votes
from tests import world
from tests.faults.place import documents, provider
from tests.faults.test_interleavings import at_once, stale

pytestmark = pytest.mark.faults

VOTING_TIME = timedelta(days=2)
#: What may happen while a vote ends; ``end`` itself twice at once is one of them.
RIVALS = ("end", "change", "join", "pay", "leave", "revise", "cancel")


@dataclass
class Scene:
    """Two units for the free mounting, three for the top mount, one of which takes nothing else."""

    w: world.World
    campaign: str
    top: list[Any]
    unpaid: Any

    async def end(self) -> None:
        await keep_votes()

    async def change(self) -> None:
        who, place = self.top[0]
        await cast(who, place.participation_id, votes={"mounting": {"ranking": ["tray"]}})

    async def join(self) -> None:
        await self.w.join(self.campaign, wishes=_ballot("top", only=["top"]))

    async def pay(self) -> None:
        await self.w.capture(self.unpaid)

    async def leave(self) -> None:
        who, place = self.top[0]
        await participations.withdraw(who, place.participation_id)

    async def revise(self) -> None:
        who, place = self.top[1]
        await participations.revise(
            who, place.participation_id, answers={**world.ANSWERS, "case_color": "black"}
        )

    async def cancel(self) -> None:
        await campaigns.cancel(self.w.ana, self.campaign, reason="My workshop burned down.")


def _ballot(*ranking: str, only: list[str] | None = None) -> dict[str, Any]:
    return {"votes": {"mounting": {"ranking": list(ranking), **({"only": only} if only else {})}}}


async def _scene(w: world.World, *, before: timedelta) -> Scene:
    fixed = {name: code for name, code in world.BATCH.items() if name != "mounting"}
    vote = OpenVote("mounting", ("tray", "top"), clock.now() + VOTING_TIME, "listed")
    campaign = await w.open_campaign(batch_answers=fixed, votes=(vote,), closes="at_deadline")
    top = []
    for wishes in (
        _ballot("tray"),
        _ballot("tray"),
        _ballot("top"),
        _ballot("top"),
        _ballot("top", only=["top"]),
    ):
        place = await w.join(campaign, wishes=wishes)
        await w.pay(place)
        if wishes != _ballot("tray"):
            top.append((w.members[-1], place))
    unpaid = await w.ask(await w.join(campaign, wishes=_ballot("tray")))
    await db.execute(
        "UPDATE participation SET reserved_until = ? WHERE state = 'pending_payment'",
        clock.now() + VOTING_TIME * 2,
    )
    clock.shift(VOTING_TIME - before)
    return Scene(w, campaign, top, unpaid)


class TestWhateverHappensWhileAVoteEnds:
    @pytest.mark.parametrize("rival", RIVALS)
    async def test_leaves_one_outcome_that_holds_for_everybody(self, rival, database, monkeypatch):
        wiring.connect()
        forget_offers()
        w = await world.build()
        with documents(False), provider():
            for way, end_first in itertools.product((stale, at_once), (True, False)):
                clock.reset()
                scene = await _scene(w, before=timedelta())
                acts = (scene.end, getattr(scene, rival))
                await way(*(acts if end_first else acts[::-1]), monkeypatch)
                await keep_votes()
                assert await _wrong(scene.campaign, canceled=rival == "cancel") == [], (
                    way.__name__,
                    end_first,
                )
                if rival == "change":  # it came when the time was over
                    assert (await votes_of(scene.campaign))[0]["outcome"] == "top"
                await drain()
                assert await ledger.faults() == []

    async def test_a_ballot_in_time_counts(self, database, monkeypatch):
        """The control: the same change, before the vote is over, turns the outcome."""
        wiring.connect()
        w = await world.build()
        scene = await _scene(w, before=timedelta(minutes=1))
        await scene.change()
        clock.shift(timedelta(minutes=1))
        await scene.end()
        assert (await votes_of(scene.campaign))[0]["outcome"] == "tray"


async def _wrong(campaign: str, *, canceled: bool) -> list[str]:
    """What does not go together: counters, outcome, promises, places, events."""
    row = await db.fetch_one("SELECT * FROM campaign WHERE id = ?", campaign)
    assert row
    (vote,) = await votes_of(campaign)
    events = await db.fetch("SELECT id FROM event WHERE name = 'vote.closed' AND campaign_id = ?", campaign)
    if canceled and vote["state"] == "open":
        return ["an outcome was told"] if events else []
    found = [] if len(events) == 1 else [f"{len(events)} ends"]
    batch = _json(row["batch_answers"])
    if batch.get("mounting") != vote["outcome"]:
        found.append("the batch has another outcome")
    members = await db.fetch("SELECT * FROM participation WHERE campaign_id = ?", campaign)
    here = [each for each in members if each["state"] in ("joined", "needs_attention", "pending_payment")]
    paid = sum(each["quantity"] for each in here if each["state"] != "pending_payment")
    if not canceled and (row["reserved"], row["paid"]) != (sum(each["quantity"] for each in here), paid):
        found.append(f"the counters say {row['reserved']}, {row['paid']}")
    for each in here:
        only = _json(each["preferences"]).get("votes", {}).get("mounting", {}).get("only")
        if only and vote["outcome"] not in only:
            found.append(f"{each['id']} refused the outcome and is here")
        surcharges = {one["attribute"]: one["minor"] for one in _json(each["quote"])["surcharges"]}
        if surcharges.get("mounting", 0) != (1000 if vote["outcome"] == "top" else 0):
            found.append(f"{each['id']} is promised another mounting")
    return found


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
