"""A vote from the first ballot to its end: who voted for what, what comes out, and what that means for each member."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from c2b.campaigns import counting
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import campaign_for, join_offer, votes_of
from c2b.campaigns.votes import OpenVote
from c2b.durable.jobs import perform
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import Invalid, NotFound
from c2b.participations import operations as participations
from c2b.participations.foresight.foreseen import foreseen
from c2b.participations.foresight.previewing import KIND, SETTLE
from c2b.participations.joining import Joined
from c2b.participations.revising import PriceWouldRise, revise
from c2b.participations.votes.ballots import VoteOver
from c2b.participations.votes.casting import cast
from c2b.participations.votes.deciding import close_vote, keep_votes
from c2b.participations.votes.polls import polls_of
from c2b.payments.asking import start_checkout
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from tests import small, world

VOTING_TIME = timedelta(days=2)
ENTRY = 45900
#: What the fixed batch of ``voted_on`` and the answers of the cast add, without the mounting.
REST = 15000 + 1500


async def voted_on(
    w: world.World, attribute: str = "mounting", choices: tuple[Any, ...] = ("tray", "gasket", "top"),
    *, tie_rule: str = "listed", at_the_deadline: bool = False, **changes: Any,
) -> str:  # fmt: skip
    """An open campaign whose mounting the members decide."""
    fixed = {name: code for name, code in world.BATCH.items() if name != attribute}
    vote = OpenVote(attribute, choices, clock.now() + VOTING_TIME, tie_rule)
    if at_the_deadline:
        changes |= {"deadline": vote.closes_at, "closes": "at_deadline"}
    return await small.open_campaign(w, **{"batch_answers": fixed, "votes": (vote,), **changes})


async def voter(
    w: world.World, campaign: str, *ranking: Any, attribute: str = "mounting", quantity: int = 1,
    only: list[Any] | None = None, answers: dict[str, Any] | None = None, pays: bool = True, **wishes: Any,
) -> Joined:  # fmt: skip
    """Somebody joins with a ranking and pays."""
    ballot = {**({"ranking": list(ranking)} if ranking else {}), **({"only": only} if only else {})}
    who = await world.person(f"Voter{len(w.members)}")
    w.members.append(who)
    joined = await participations.join(
        who,
        campaign,
        answers={**world.ANSWERS, **(answers or {})},
        quantity=quantity,
        preferences={**({"votes": {attribute: ballot}} if ballot else {}), **wishes},
    )
    assert isinstance(joined, Joined)
    if pays:
        await w.pay(joined)
    return joined


async def end() -> int:
    """The voting time is over and the clock comes by."""
    clock.shift(VOTING_TIME)
    return await keep_votes()


async def state(campaign: str) -> dict[str, Any]:
    row = await db.fetch_one(
        "SELECT state, reserved, paid, batch_answers, terms_version, wishes_version FROM campaign WHERE id = ?",
        campaign,
    )
    assert row
    return {**row, "batch_answers": parsed(row["batch_answers"])}


async def place(joined: Joined) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return {**row, **{name: parsed(row[name]) for name in ("quote", "outcome", "preferences")}}


def parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


class TestJoiningWhileAVoteIsOpen:
    async def test_is_paid_for_at_the_dearest_outcome_that_is_accepted(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        anything = await voter(w, campaign, pays=False)
        assert anything.total_minor == ENTRY + REST + 1500
        tray_only = await voter(w, campaign, "tray", only=["tray"], pays=False)
        assert tray_only.total_minor == ENTRY + REST

    @pytest.mark.parametrize(
        ("ballot", "path"),
        [
            ({"ranking": ["tray", "glue"]}, "ranking"),
            ({"ranking": ["tray", "tray"]}, "ranking"),
            ({"ranking": "tray"}, "ranking"),
            ({"only": []}, "only"),
            ({"ranking": ["tray", "top"], "only": ["top"]}, "ranking"),
        ],
    )
    async def test_refuses_a_ballot_that_makes_no_sense_beside_its_field(self, database, ballot, path):
        w = await small.build()
        campaign = await voted_on(w)
        with pytest.raises(Invalid) as caught:
            await participations.join(
                w.bo, campaign, answers=world.ANSWERS, preferences={"votes": {"mounting": ballot}}
            )
        assert [fault.path for fault in caught.value.fields] == [f"preferences.votes.mounting.{path}"]


class TestTheStanding:
    async def test_counts_paid_units_and_nobody_elses(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        (poll,) = await polls_of(campaign)
        assert (poll.voted, poll.leader) == (0, None)
        await voter(w, campaign, "top", quantity=2)
        await voter(w, campaign, "gasket", quantity=3, pays=False)
        await voter(w, campaign, "tray", "gasket")
        (poll,) = await polls_of(campaign)
        assert poll.units == (("tray", 1), ("gasket", 0), ("top", 2))
        assert (poll.voted, poll.leader) == (3, "top")

    async def test_follows_who_pays_changes_and_leaves(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        first = await voter(w, campaign, "top", quantity=2)
        second = await voter(w, campaign, "tray")
        await cast(w.members[0], first.participation_id, votes={"mounting": {"ranking": ["gasket"]}})
        assert (await polls_of(campaign))[0].units == (("tray", 1), ("gasket", 2), ("top", 0))
        await participations.withdraw(w.members[0], first.participation_id)
        assert (await polls_of(campaign))[0].leader == "tray"
        await cast(w.members[1], second.participation_id, votes={})
        assert (await polls_of(campaign))[0].voted == 0


class TestAChangedBallot:
    async def test_is_kept_with_the_price_of_what_is_accepted_now(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "top")
        await cast(w.members[0], joined.participation_id, votes={"mounting": {"only": ["tray"]}})
        row = await place(joined)
        assert row["preferences"] == {"votes": {"mounting": {"only": ["tray"]}}}
        assert row["quote"]["total_minor"] == ENTRY + REST
        assert row["total_minor"] == ENTRY + REST + 1500

    async def test_that_accepts_what_was_not_paid_for_is_refused(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "tray", only=["tray"])
        with pytest.raises(PriceWouldRise):
            await cast(w.members[0], joined.participation_id, votes={"mounting": {"ranking": ["gasket"]}})

    async def test_is_refused_once_the_time_is_over_even_before_anybody_has_counted(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "top")
        clock.shift(VOTING_TIME)
        change = {"mounting": {"ranking": ["tray"]}}
        with pytest.raises(VoteOver):
            await cast(w.members[0], joined.participation_id, votes=change)
        with pytest.raises(VoteOver):
            await revise(w.members[0], joined.participation_id, preferences={"votes": change})
        await revise(w.members[0], joined.participation_id, answers={**world.ANSWERS, "plate": "pc"})
        assert await keep_votes() == 1
        with pytest.raises(VoteOver):
            await cast(w.members[0], joined.participation_id, votes=change)
        assert (await state(campaign))["batch_answers"]["mounting"] == "top"

    async def test_stays_when_the_requirement_changes(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "top")
        await revise(w.members[0], joined.participation_id, preferences={"limit_minor": 90000})
        assert (await place(joined))["preferences"]["votes"] == {"mounting": {"ranking": ["top"]}}

    async def test_is_for_the_member_alone(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "top")
        with pytest.raises(NotFound):
            await cast(w.cy, joined.participation_id, votes={})


class TestTheEndOfAVote:
    async def test_keeps_what_came_out_with_its_rounds_and_holds_for_everybody(self, database):
        w = await small.build()
        campaign = await voted_on(w, closes="at_deadline")
        await voter(w, campaign, "tray", quantity=2)
        await voter(w, campaign, "gasket", "top")
        await voter(w, campaign, "top")
        await voter(w, campaign, "top")
        before = await state(campaign)
        assert await end() == 1
        after = await state(campaign)
        assert after["batch_answers"] == {**world.BATCH, "mounting": "top"}
        assert after["terms_version"] == before["terms_version"] + 1
        assert after["wishes_version"] > before["wishes_version"]
        (vote,) = await votes_of(campaign)
        assert (vote["state"], vote["outcome"], vote["tally"]["units"]) == ("closed", "top", 5)
        assert [each["out"] for each in vote["tally"]["rounds"]] == ["gasket", None]
        assert (await join_offer(campaign, fresh=True)).batches == (after["batch_answers"],)
        (event,) = await db.fetch("SELECT payload FROM event WHERE name = 'vote.closed'")
        assert parsed(event["payload"]) == {
            "attribute": "mounting", "outcome": "top", "voted": 5, "by_tie_rule": False, "asked": 0, "left": 0,
        }  # fmt: skip

    async def test_comes_once_and_in_time(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        (vote,) = await votes_of(campaign)
        assert await keep_votes() == 0
        assert not await db.atomically(lambda: close_vote(vote["id"]))
        assert await end() == 1
        assert await keep_votes() == 0
        assert not await db.atomically(lambda: close_vote(vote["id"]))
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'vote.closed'")) == 1

    async def test_goes_by_the_tie_rule_where_nobody_voted(self, database):
        w = await small.build()
        dear = await voted_on(w, choices=("gasket", "tray"))
        cheap = await voted_on(w, choices=("gasket", "tray"), tie_rule="cheapest")
        assert await end() == 2
        assert (await state(dear))["batch_answers"]["mounting"] == "gasket"
        assert (await state(cheap))["batch_answers"]["mounting"] == "tray"

    async def test_counts_who_had_paid_when_it_closed_whenever_the_clock_comes(self, database):
        w = await small.build()
        campaign = await voted_on(w, tie_rule="earliest")
        await voter(w, campaign, "top")
        clock.shift(VOTING_TIME + timedelta(seconds=1))
        late = await voter(w, campaign, "tray", quantity=3)
        await keep_votes()
        assert (await state(campaign))["batch_answers"]["mounting"] == "top"
        assert (await place(late))["state"] == "joined"

    async def test_promises_everybody_the_price_with_what_came_out(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "tray", quantity=2)
        assert (await place(joined))["quote"]["total_minor"] == 2 * (ENTRY + REST + 1500)
        await end()
        row = await place(joined)
        assert row["quote"]["total_minor"] == 2 * (ENTRY + REST)
        offer = await join_offer(campaign, fresh=True)
        assert row["digest"] == participations.requirement(offer, answers=world.ANSWERS, quantity=2).digest

    async def test_lets_a_group_close_that_had_waited_for_it(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        await voter(w, campaign, "top", quantity=3)
        assert (await state(campaign))["state"] == "threshold_met"
        await end()
        assert (await state(campaign))["state"] == "closed"

    async def test_leaves_a_canceled_group_alone(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        await voter(w, campaign, "top")
        await campaigns.cancel(w.ana, campaign, reason="The factory burned down.")
        assert await end() == 0
        assert (await votes_of(campaign))[0]["state"] == "open"

    async def test_makes_what_was_fixed_for_another_outcome_pointless(self, database):
        w = await small.build()
        fixed = {**world.BATCH, "battery_mah": 4000}
        del fixed["connectivity"]
        campaign = await voted_on(w, "connectivity", ("wired", "tri"), batch_answers=fixed)
        await end()
        assert (await state(campaign))["batch_answers"] == world.BATCH


class TestWhoSaidOnlyIf:
    async def test_and_lost_leaves_with_everything_back_and_reads_why(self, database, provider):
        w = await small.build()
        campaign = await voted_on(w, closes="at_deadline")
        lost = await voter(w, campaign, "top", only=["top", "gasket"], pays=False)
        address = await start_checkout(w.members[0], lost.participation_id)
        await provider.pay(address.rsplit("/", 1)[-1], Behavior.PAY)
        await voter(w, campaign, "tray", quantity=2)
        await end()
        assert (await place(lost))["state"] == "refunding"
        found = await state(campaign)
        assert (found["reserved"], found["paid"]) == (2, 2)
        await drain()
        row = await place(lost)
        assert row["state"] == "refunded"
        assert row["outcome"]["cause"] == "vote"
        assert row["outcome"]["decided"] == ["mounting", "tray"]
        (refund,) = await db.fetch("SELECT reason, amount_minor FROM refund")
        assert refund == {"reason": "left_out", "amount_minor": lost.total_minor}

    async def test_and_won_stays(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        joined = await voter(w, campaign, "top", only=["top", "gasket"])
        await end()
        assert (await place(joined))["state"] == "joined"

    async def test_leaves_too_where_the_outcome_makes_everything_dearer_than_their_limit(self, database):
        w = await small.build()
        campaign = await voted_on(w, closes="at_deadline")
        limit = 42900 + REST  # the lowest tier with the free mounting
        within = await voter(w, campaign, "tray", limit_minor=limit)
        await voter(w, campaign, "gasket", quantity=3)
        assert within.total_minor == limit
        await end()
        row = await place(within)
        assert row["state"] == "refunding"
        assert row["outcome"]["cause"] == "price"
        assert row["outcome"]["lowest_minor"] == limit + 1500

    async def test_may_take_the_group_below_its_threshold(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        await voter(w, campaign, "top", only=["top"])
        await voter(w, campaign, "tray", quantity=2)
        assert (await state(campaign))["state"] == "threshold_met"
        await end()
        assert (await state(campaign))["state"] == "open"

    async def test_and_had_not_paid_loses_the_place_alone(self, database):
        w = await small.build()
        campaign = await voted_on(w)
        unpaid = await voter(w, campaign, "top", only=["top"], pays=False)
        clock.shift(VOTING_TIME)
        await db.execute("UPDATE participation SET reserved_until = ?", clock.now() + timedelta(hours=1))
        await keep_votes()
        assert (await place(unpaid))["state"] == "expired"
        assert (await state(campaign))["reserved"] == 0


class TestWhoseChoicesDoNotGoWithTheOutcome:
    """The engraving sits where only an aluminum case has room for it."""

    ON_ALUMINUM = {"engraving": {"text": "Bo", "font": "sans", "position": "weight_back"}}
    CASES = ("case_material", ("alu", "pc"))

    async def test_is_asked_again_and_keeps_the_place(self, database):
        w = await small.build()
        campaign = await voted_on(w, *self.CASES, closes="at_deadline")
        asked = await voter(w, campaign, "alu", attribute="case_material", answers=self.ON_ALUMINUM)
        await voter(w, campaign, "pc", attribute="case_material", quantity=2)
        await end()
        assert (await place(asked))["state"] == "needs_attention"
        assert (await state(campaign))["paid"] == 3
        (question,) = await db.fetch("SELECT reason, state, faults FROM reconfirmation")
        assert (question["reason"], question["state"]) == ("vote", "open")
        assert "engraving" in str(question["faults"])
        await revise(w.members[0], asked.participation_id, answers=world.ANSWERS)
        assert (await place(asked))["state"] == "joined"

    async def test_but_an_alternative_does_stays_as_they_are(self, database):
        w = await small.build()
        campaign = await voted_on(w, *self.CASES)
        joined = await voter(
            w, campaign, "alu", attribute="case_material", answers=self.ON_ALUMINUM,
            alternatives=[{"answers": world.ANSWERS}],
        )  # fmt: skip
        await voter(w, campaign, "pc", attribute="case_material", quantity=2)
        await end()
        assert (await place(joined))["state"] == "joined"


class TestAGroupAtItsDeadline:
    async def test_waits_for_the_vote_that_closes_with_it(self, database):
        w = await small.build()
        campaign = await voted_on(w, at_the_deadline=True)
        await voter(w, campaign, "top", quantity=3)
        clock.shift(VOTING_TIME)
        assert await counting.keep_deadlines() == 0
        assert await keep_votes() == 1
        assert await counting.keep_deadlines() == 1
        assert (await state(campaign))["state"] == "closed"

    async def test_fails_without_an_outcome_when_too_few_have_paid(self, database):
        w = await small.build()
        campaign = await voted_on(w, at_the_deadline=True)
        await voter(w, campaign, "top")
        assert await end() == 0
        assert await counting.keep_deadlines() == 1
        assert (await state(campaign))["state"] == "failed"
        assert (await votes_of(campaign))[0]["state"] == "open"

    async def test_fails_when_too_few_accept_what_came_out(self, database):
        w = await small.build()
        campaign = await voted_on(w, at_the_deadline=True)
        await voter(w, campaign, "tray", quantity=2)
        await voter(w, campaign, "top", only=["top"])
        assert await end() == 1
        assert await counting.keep_deadlines() == 1
        assert (await state(campaign))["state"] == "failed"


class TestTwoVotes:
    async def test_end_one_after_the_other_and_each_leaves_what_the_other_may_still_bring(self, database):
        w = await small.build()
        votes = (
            OpenVote("mounting", ("tray", "top"), clock.now() + VOTING_TIME, "listed"),
            OpenVote("case_material", ("pc", "alu"), clock.now() + VOTING_TIME * 1.2, "listed"),
        )
        fixed = {
            name: code for name, code in world.BATCH.items() if name not in ("mounting", "case_material")
        }
        campaign = await small.open_campaign(w, batch_answers=fixed, votes=votes, closes="at_deadline")
        offer = await join_offer(campaign)
        assert len(offer.batches) == 4
        engraving = {"text": "Bo", "font": "sans", "position": "weight_back"}
        bo = await voter(w, campaign, "alu", attribute="case_material", answers={"engraving": engraving})
        await end()
        assert (await place(bo))["state"] == "joined"
        assert len((await join_offer(campaign, fresh=True)).batches) == 2
        clock.shift(VOTING_TIME * 0.2)
        assert await keep_votes() == 1
        found = (await state(campaign))["batch_answers"]
        assert (found["mounting"], found["case_material"]) == ("tray", "alu")


class TestForeseeingUnderAnOpenVote:
    async def test_leaves_out_what_only_another_outcome_needs(self, database):
        """The battery is for the wireless board; wired is ahead, and everybody could be served."""
        w = await small.build()
        fixed = {**world.BATCH, "battery_mah": 4000}
        del fixed["connectivity"]
        campaign = await voted_on(
            w, "connectivity", ("wired", "tri"), batch_answers=fixed, closes="at_deadline"
        )
        await voter(w, campaign, "wired", attribute="connectivity", quantity=3)
        clock.shift(timedelta(seconds=SETTLE))
        for row in await db.fetch("SELECT id FROM job WHERE kind = ?", KIND):
            assert await perform(row["id"])
        found = await foreseen(await campaign_for(w.root, campaign))
        assert found
        assert (found.assumed, found.units) == ({"connectivity": "wired"}, 3)
