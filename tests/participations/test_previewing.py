"""If it closed now: worked out after wishes have changed, true for the present ones or absent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest_asyncio

from c2b.campaigns.queries import campaign_for
from c2b.campaigns.votes import OpenVote
from c2b.durable.jobs import perform
from c2b.kit import clock, db
from c2b.participations import operations, queries
from c2b.participations.explanations.outcomes import CellMark, Outcome, read_outcome
from c2b.participations.foresight.foreseeing import brief
from c2b.participations.foresight.foreseen import Foreseen, foreseen
from c2b.participations.foresight.previewing import KIND, SETTLE
from c2b.participations.wishes.promoting import promoted
from tests import small, world


async def waiting() -> list[dict[str, Any]]:
    return await db.fetch("SELECT id, due_at FROM job WHERE kind = ? AND state = 'ready'", KIND)


async def settle() -> int:
    """Time passes, and what is due is computed; how many jobs that were."""
    clock.shift(timedelta(seconds=SETTLE))
    return sum([await perform(row["id"]) for row in await waiting()])


async def shown(w: world.World, campaign: str) -> Foreseen | None:
    return await foreseen(await campaign_for(w.root, campaign))


@pytest_asyncio.fixture
async def w(database) -> world.World:
    return await small.build()


@pytest_asyncio.fixture
async def campaign(w) -> str:
    return await small.open_campaign(w, closes="at_deadline")


async def paid(
    w: world.World,
    campaign: str,
    who: Any = None,
    *,
    quantity: int = 1,
    alternatives: Any = (),
    **answers: Any,
) -> str:
    """Somebody joins and pays, with other plates as ``alternatives``; their participation."""
    wishes = (
        {"alternatives": [{"attribute": "plate", "any_of": list(alternatives)}]} if alternatives else None
    )
    who = who or await world.person("Di")
    w.members.append(who)
    joined = await operations.join(
        who,
        campaign,
        answers={**world.ANSWERS, **answers},
        quantity=quantity,
        preferences=wishes,
    )
    await w.pay(joined)
    return joined.participation_id


class TestThePreview:
    async def test_says_what_would_be_made_and_what_everybody_would_get(self, w, campaign):
        brass = await paid(w, campaign, quantity=1, plate="brass")
        plain = await paid(w, campaign, quantity=3)
        assert await shown(w, campaign) is None
        await settle()
        found = await shown(w, campaign)
        assert (found.paid, found.units, found.unit_price_minor) == (4, 3, 45900)
        assert [(cell["key"], cell["wanted"], cell["made"]) for cell in found.cells] == [
            ("option:plate:brass", 1, False)
        ]
        assert found.outcome_of(plain).kind == "first"
        lost = found.outcome_of(brass)
        assert (lost.kind, lost.cause, lost.cell.count) == ("left", "minimum", 1)
        assert found.outcome_of("nobody") is None

    async def test_is_absent_as_soon_as_wishes_have_changed_and_comes_back_true(self, w, campaign):
        first = await paid(w, campaign, w.bo, quantity=3, plate="brass")
        await settle()
        assert [cell["made"] for cell in (await shown(w, campaign)).cells] == [True]
        await operations.revise(w.bo, first, answers=world.ANSWERS)
        assert await shown(w, campaign) is None
        await settle()
        found = await shown(w, campaign)
        assert (found.units, found.cells) == (3, ())
        await operations.withdraw(w.bo, first)
        assert await shown(w, campaign) is None
        await settle()
        assert await shown(w, campaign) is None  # nobody has paid

    async def test_of_a_group_that_fills_quickly_waits_once(self, w, campaign):
        clock.set(clock.now())
        for _ in range(5):
            await paid(w, campaign)
        assert len(await waiting()) == 1
        await settle()
        assert (await shown(w, campaign)).paid == 5
        assert await waiting() == []

    async def test_computed_twice_stays_as_it_was(self, w, campaign):
        await paid(w, campaign, quantity=3)
        await settle()
        before = await db.fetch("SELECT * FROM preview")
        await db.execute("UPDATE job SET state = 'ready', finished_at = NULL WHERE kind = ?", KIND)
        assert await settle() == 1
        assert await db.fetch("SELECT * FROM preview") == before

    async def test_leaves_the_work_to_the_latest_job_while_an_earlier_one_computes(self, w, campaign):
        await paid(w, campaign, quantity=3)
        [earlier] = await waiting()
        await db.execute(
            "UPDATE job SET state = 'running', lease_until = ?", clock.now() + timedelta(hours=1)
        )
        clock.shift(timedelta(seconds=SETTLE))
        await paid(w, campaign)
        await settle()
        assert await shown(w, campaign) is None
        await db.execute("UPDATE job SET state = 'done' WHERE id = ?", earlier["id"])
        await settle()
        assert (await shown(w, campaign)).paid == 4

    async def test_of_a_large_group_is_worked_out_aside(self, w, campaign, monkeypatch):
        monkeypatch.setattr("c2b.participations.foresight.previewing.SMALL", 0)
        await paid(w, campaign, quantity=3)
        await settle()
        assert (await shown(w, campaign)).units == 3

    async def test_ends_with_the_open_group(self, w, campaign):
        await paid(w, campaign, quantity=3)
        await settle()
        await db.execute("UPDATE campaign SET state = 'closed' WHERE id = ?", campaign)
        assert await shown(w, campaign) is None
        await db.execute("UPDATE campaign SET state = 'open', terms_version = terms_version + 1")
        assert await shown(w, campaign) is None


class TestAnOpenVote:
    async def test_is_taken_as_it_stands_and_rules_out_who_insisted_on_something_else(self, w):
        fixed = {name: code for name, code in world.BATCH.items() if name != "mounting"}
        vote = OpenVote("mounting", ("top", "gasket"), clock.now() + timedelta(days=2), "listed")
        campaign = await small.open_campaign(w, closes="at_deadline", batch_answers=fixed, votes=(vote,))
        await paid(w, campaign, quantity=2)
        await settle()
        assert await shown(w, campaign) is None  # nobody has voted
        ballot = {"ranking": ["gasket"]}
        joined = await operations.join(
            w.bo, campaign, answers=world.ANSWERS, quantity=2, preferences={"votes": {"mounting": ballot}}
        )
        await w.pay(joined)
        insists = {"votes": {"mounting": {"ranking": ["top"], "only": ["top"]}}}
        other = await operations.join(w.cy, campaign, answers=world.ANSWERS, preferences=insists)
        await w.pay(other)
        await settle()
        found = await shown(w, campaign)
        assert (found.assumed, found.units, found.paid) == ({"mounting": "gasket"}, 4, 5)
        assert found.outcome_of(joined.participation_id).kind == "first"
        ruled_out = found.outcome_of(other.participation_id)
        assert (ruled_out.kind, ruled_out.cause, ruled_out.decided) == (
            "left",
            "vote",
            ("mounting", "gasket"),
        )


class TestANudge:
    async def test_is_true_for_those_whose_own_choices_allow_it(self, w, campaign):
        """POM needs three. Cy wants it first; Bo and Di named it behind their own first choice, Ed did not."""
        bo = await paid(w, campaign, w.bo, alternatives=["pom"])
        di = await paid(w, campaign, alternatives=["pc", "pom"])
        ed = await paid(w, campaign)
        cy = await paid(w, campaign, w.cy, plate="pom", alternatives=["fr4"])
        await settle()
        found = await shown(w, campaign)
        assert [found.outcome_of(each).rank for each in (bo, di, ed, cy)] == [0, 0, 0, 1]
        [(nudge, first)] = found.nudges_for(bo)
        assert (nudge["key"], nudge["count"], nudge["minimum"]) == ("option:plate:pom", 1, 3)
        assert (nudge["people"], nudge["served"], nudge["better"], nudge["from"]) == (2, 0, 1, [])
        assert [number for _, number in found.nudges_for(di)] == [2]
        assert found.nudges_for(ed) == found.nudges_for(cy) == []

        own = await queries.own(w.bo, bo)
        answers, preferences = promoted(own["answers"], own["preferences"], first)
        await operations.revise(w.bo, bo, answers=answers, preferences=preferences)
        assert await shown(w, campaign) is None
        await settle()
        found = await shown(w, campaign)
        assert [cell["made"] for cell in found.cells] == [True]
        assert [found.outcome_of(each).rank for each in (bo, cy, ed)] == [0, 0, 0]
        assert found.nudges == ()

    async def test_is_not_given_where_nobody_could_help(self, w, campaign):
        await paid(w, campaign, quantity=3)
        await paid(w, campaign, w.cy, plate="brass")
        await settle()
        assert (await shown(w, campaign)).nudges == ()


class TestABriefOutcome:
    def test_is_read_as_the_whole_one(self):
        cell = CellMark(key="option:plate:brass", level="option", count=1, minimum=2)
        for outcome in (Outcome(kind="first"), Outcome(kind="left", cause="minimum", cell=cell, quantity=3)):
            kept = brief(outcome.to_json())
            assert read_outcome(kept) == outcome
        assert brief(Outcome(kind="first").to_json()) == {"kind": "first"}
