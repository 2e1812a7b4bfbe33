"""Batch attributes left open to the members: what an organizer may put to a vote, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import join_offer, open_votes
from c2b.campaigns.votes import OpenVote, possible_batches
from c2b.catalog.schema import parse_schema
from c2b.kit import clock, db
from c2b.kit.errors import Invalid
from tests import world

SCHEMA = parse_schema(world.schema_document())
MOUNTING = ("gasket", "top", "tray")


def vote(attribute: str = "mounting", choices: tuple[Any, ...] = MOUNTING, **changes: Any) -> OpenVote:
    fields = {"closes_at": clock.now() + timedelta(days=10), "tie_rule": "listed"}
    return OpenVote(attribute, choices, **{**fields, **changes})


def open_to_vote(w: world.World, *votes: OpenVote, **changes: Any) -> Any:
    names = {each.attribute for each in votes}
    fixed = {name: code for name, code in world.BATCH.items() if name not in names}
    return w.offer(**{"batch_answers": fixed, "votes": votes, **changes})


async def faults(w: world.World, *votes: OpenVote, **changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        await campaigns.draft(w.ana, product_slug=w.product_slug, offer=open_to_vote(w, *votes, **changes))
    return {fault.path: fault.text() for fault in caught.value.fields}


class TestAnOfferWithVotes:
    async def test_opens_with_every_batch_that_may_come_out(self, database):
        w = await world.build()
        draft = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=open_to_vote(w, vote()))
        await campaigns.submit(w.ana, draft.id)
        await campaigns.approve(w.root, draft.id)
        offer = await join_offer(draft.id)
        assert "mounting" not in offer.batch_answers
        assert [batch["mounting"] for batch in offer.batches] == list(MOUNTING)
        assert all(batch["case_material"] == "alu" for batch in offer.batches)

    async def test_is_revised_with_its_votes(self, database):
        w = await world.build()
        draft = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=open_to_vote(w, vote()))
        other = vote("hot_swap", (True, False), tie_rule="earliest")
        await campaigns.revise(w.ana, draft.id, offer=open_to_vote(w, other))
        (kept,) = await open_votes(draft.id)
        assert (kept.attribute, kept.choices, kept.tie_rule) == ("hot_swap", (True, False), "earliest")

    async def test_is_refused_for_votes_that_decide_nothing(self, database):
        w = await world.build()
        assert set(await faults(w, vote(choices=("top",)))) == {"votes.0.choices"}
        assert set(await faults(w, vote(choices=("top", "top")))) == {"votes.0.choices"}
        assert "“gold” is not offered" in (await faults(w, vote(choices=("top", "gold"))))["votes.0.choices"]
        assert set(await faults(w, vote("plate", ("fr4", "brass")))) == {"votes.0.attribute"}
        assert set(await faults(w, vote("battery_mah", (2000, 4000)))) == {"votes.0.attribute"}

    async def test_is_refused_for_an_attribute_that_is_fixed_too_or_open_twice(self, database):
        w = await world.build()
        assert set(await faults(w, vote(), batch_answers=world.BATCH)) == {"votes.0.attribute"}
        assert set(await faults(w, vote(), vote())) == {"votes.1.attribute"}

    async def test_is_refused_for_a_vote_that_closes_too_early_or_too_late(self, database):
        w = await world.build()
        assert set(await faults(w, vote(closes_at=clock.now()))) == {"votes.0.closes_at"}
        late = vote(closes_at=clock.now() + timedelta(days=30))
        assert set(await faults(w, late)) == {"votes.0.closes_at"}
        assert set(await faults(w, vote(tie_rule="dice"))) == {"votes.0.tie_rule"}

    async def test_is_refused_for_a_choice_whose_minimum_lies_above_the_threshold(self, database):
        w = await world.build()
        found = await faults(w, vote("case_material", ("alu", "pc")))
        assert set(found) == {"votes.0.choices"}
        assert found["votes.0.choices"].startswith("“Polycarbonate” is made from 100 units on:")

    async def test_is_refused_for_more_outcomes_than_can_be_judged(self, database):
        w = await world.build()
        offer = open_to_vote(
            w,
            vote("form_factor", ("60", "65", "75", "tkl")),
            vote("mounting"),
            vote("hot_swap", (True, False)),
            vote("case_material", ("alu", "pc", "abs")),
            threshold=500,
            cap=600,
        )
        with pytest.raises(Invalid) as caught:
            await campaigns.draft(w.ana, product_slug=w.product_slug, offer=offer)
        assert "votes" in {fault.path for fault in caught.value.fields}

    async def test_carries_the_engineering_of_its_dearest_outcome(self, database):
        w = await world.build()
        wide = {"threshold": 150, "cap": 300, "tiers": (world.PriceTier(150, 49900),)}
        alice = vote("form_factor", ("75", "alice"))
        await campaigns.draft(w.ana, product_slug=w.product_slug, offer=open_to_vote(w, alice, **wide))
        narrow = {**wide, "tiers": (world.PriceTier(150, 45900),)}
        assert set(await faults(w, alice, **narrow)) == {"tiers.0.unit_price_minor"}


class TestAnOutcomeThatCannotBeMade:
    WIDE = {"threshold": 200, "cap": 300, "tiers": (world.PriceTier(200, 45900),)}

    async def test_is_named_with_its_reason_beside_the_vote(self, database):
        w = await world.build()
        found = await faults(w, vote("connectivity", ("wired", "tri")), **self.WIDE)
        assert set(found) == {"votes.0.choices"}
        assert "cannot come out with what else is settled" in found["votes.0.choices"]

    async def test_may_need_what_the_others_must_not_have(self, database):
        """The battery is fixed for the wireless outcome and left out of the wired one."""
        w = await world.build()
        fixed = {name: code for name, code in world.BATCH.items() if name != "connectivity"}
        offer = open_to_vote(
            w,
            vote("connectivity", ("wired", "tri")),
            batch_answers={**fixed, "battery_mah": 4000},
            **self.WIDE,
        )
        await campaigns.draft(w.ana, product_slug=w.product_slug, offer=offer)
        wired, tri = possible_batches(SCHEMA, offer.batch_answers, offer.votes)
        assert "battery_mah" not in wired
        assert tri["battery_mah"] == 4000

    async def test_of_two_votes_together_is_named(self, database):
        w = await world.build()
        found = await faults(
            w,
            vote("pcb_sensing", ("mech", "hall")),
            vote("hot_swap", (True, False)),
            **self.WIDE,
        )
        assert set(found) == {"votes.0.choices"}
        assert "could come out together, and cannot be made" in found["votes.0.choices"]


class TestApproving:
    async def test_is_refused_once_a_vote_should_have_closed(self, database):
        w = await world.build()
        soon = vote(closes_at=clock.now() + timedelta(hours=2))
        draft = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=open_to_vote(w, soon))
        await campaigns.submit(w.ana, draft.id)
        clock.shift(timedelta(hours=3))
        with pytest.raises(Invalid) as caught:
            await campaigns.approve(w.root, draft.id)
        assert [fault.path for fault in caught.value.fields] == ["votes.0.closes_at"]


class TestAGroupWithAnOpenVote:
    async def test_does_not_close_on_its_threshold(self, database):
        w = await world.build()
        draft = await campaigns.draft(w.ana, product_slug=w.product_slug, offer=open_to_vote(w, vote()))
        await campaigns.submit(w.ana, draft.id)
        await campaigns.approve(w.root, draft.id)
        await w.fill(draft.id, 50)
        row = await db.fetch_one("SELECT state, paid FROM campaign WHERE id = ?", draft.id)
        assert row == {"state": "threshold_met", "paid": 50}


def test_an_offer_without_votes_has_one_batch():
    assert possible_batches(SCHEMA, world.BATCH, ()) == (world.BATCH,)
    assert replace(vote(), choices=("top",)).choices == ("top",)
