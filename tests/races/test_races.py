"""Races on real PostgreSQL: the last place, the threshold, the deadline, the money. SQLite cannot show them.

Each race is run many times with many connections, and has a control: the same race with the protection taken away
must go wrong, or the race proves nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest_asyncio

from c2b import wiring
from c2b.campaigns import counting
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import votes_of
from c2b.campaigns.votes import OpenVote
from c2b.kit import clock, db
from c2b.kit.db import Database
from c2b.kit.errors import AppError
from c2b.ledger import queries as ledger
from c2b.participations import joining
from c2b.participations import operations as participations
from c2b.participations.votes import casting, deciding
from c2b.payments.refunding import request_refund
from tests import world

ROUNDS = 20
RIVALS = 200
CONNECTIONS = 40


@pytest_asyncio.fixture
async def crowded(postgres_url):
    """PostgreSQL with many connections, so that rivals really run at the same time."""
    wiring.connect()
    database = await Database(f"{postgres_url}?minsize={CONNECTIONS}&maxsize={CONNECTIONS}").open(
        for_every_task=True
    )
    yield database
    await database.close()


def a_join(campaign_id: str, user_id: str, priced) -> joining.Join:
    return joining.Join(
        campaign_id=campaign_id,
        user_id=user_id,
        invitation_id=None,
        quantity=1,
        schema_version=1,
        priced=priced,
    )


async def _campaign_with_one_place(w: world.World) -> tuple[str, list[str], object]:
    campaign = await w.open_campaign(
        threshold=50, cap=50, tiers=(world.PriceTier(50, 45900),), closes="at_deadline"
    )
    await w.fill(campaign, 40)
    for _ in range(9):
        await w.join(campaign)
    people = [world.new_id() for _ in range(RIVALS)]  # the table knows users by id only; no need for accounts
    offer = await participations.join_offer(campaign)
    return campaign, people, participations.requirement(offer, answers=world.ANSWERS, quantity=1)


async def _places(campaign: str) -> int:
    row = await db.fetch_one(
        "SELECT SUM(quantity) AS n FROM participation WHERE campaign_id = ? AND state IN ('pending_payment', 'joined')",
        campaign,
    )
    assert row
    return int(row["n"])


class TestTheLastPlace:
    async def test_goes_to_one_of_two_hundred(self, crowded):
        w = await world.build()
        for _ in range(ROUNDS):
            campaign, people, priced = await _campaign_with_one_place(w)
            verdicts = await asyncio.gather(
                *(db.atomically(partial(joining.write, [a_join(campaign, who, priced)])) for who in people)
            )
            won = [verdict for [verdict] in verdicts if isinstance(verdict, joining.Joined)]
            assert len(won) == 1
            assert await _places(campaign) == 50

    async def test_is_oversold_without_the_lock_and_the_guards(self, crowded, monkeypatch):
        """The control: count, then insert, as it is usually written."""
        w = await world.build()
        await db.execute("ALTER TABLE campaign DROP CONSTRAINT campaign_counts")

        async def unlocked(campaign_ids):
            rows = await db.fetch(
                "SELECT id, state, reserved, cap, deadline, terms_version, payment_plan, deposit_percent "
                "FROM campaign WHERE id = ?",
                *campaign_ids,
            )
            return {
                row["id"]: {**row, "deadline": db.instant(row["deadline"]), "least": None} for row in rows
            }

        async def uncounted(accepted):
            for join, _ in accepted:
                await db.execute("UPDATE campaign SET reserved = reserved + 1 WHERE id = ?", join.campaign_id)

        oversold = 0
        for _ in range(5):
            campaign, people, priced = await _campaign_with_one_place(w)
            with monkeypatch.context() as naive:
                naive.setattr(joining, "_held", unlocked)
                naive.setattr(joining, "_count", uncounted)
                await asyncio.gather(
                    *(
                        db.atomically(partial(joining.write, [a_join(campaign, who, priced)]))
                        for who in people
                    )
                )
            oversold += await _places(campaign) > 50
        assert oversold >= 4

    async def test_goes_to_one_when_several_processes_batch_their_joins(self, crowded, postgres_url):
        w = await world.build()
        campaign, people, priced = await _campaign_with_one_place(w)

        async def process(some: list[str]) -> list[object]:
            async with Database(postgres_url):
                queue = joining.JoinQueue()
                return await asyncio.gather(*(queue.submit(a_join(campaign, who, priced)) for who in some))

        results = await asyncio.gather(*(process(people[start::4]) for start in range(4)))
        assert sum(isinstance(verdict, joining.Joined) for part in results for verdict in part) == 1
        assert await _places(campaign) == 50


async def _outcomes(campaign: str) -> Counter:
    rows = await db.fetch("SELECT to_state FROM campaign_transition WHERE campaign_id = ?", campaign)
    return Counter(row["to_state"] for row in rows)


async def _events(campaign: str, name: str) -> int:
    return len(await db.fetch("SELECT id FROM event WHERE campaign_id = ? AND name = ?", campaign, name))


class TestTheThreshold:
    async def test_and_the_deadline_leave_exactly_one_outcome(self, crowded):
        """Payments around the threshold race three clocks and two withdrawals; both outcomes must have been seen."""
        w = await world.build()
        seen: Counter = Counter()
        for number in range(ROUNDS):
            clock.reset()
            campaign = await w.open_campaign(deadline=clock.now() + timedelta(days=20))
            await w.fill(campaign, 20)
            payments = [await w.ask(await w.join(campaign)) for _ in range(36)]
            leaving = [await w.join(campaign) for _ in range(2)]
            leavers = w.members[-2:]
            for joined in leaving:
                await w.pay(joined)
            clock.shift(timedelta(days=20, seconds=1))
            chance = random.Random(number)
            acts = [lambda payment=payment: w.capture(payment) for payment in payments]
            acts += [
                lambda who=who, joined=joined: participations.withdraw(who, joined.participation_id)
                for who, joined in zip(leavers, leaving, strict=True)
            ]
            chance.shuffle(acts)
            place = chance.randrange(len(acts)) if number % 2 else len(acts)
            acts[place:place] = [counting.keep_deadlines] * 3
            await asyncio.gather(*(act() for act in acts), return_exceptions=True)
            await counting.keep_deadlines()
            found = await _outcomes(campaign)
            assert found["closed"] + found["failed"] == 1, found
            assert (
                await _events(campaign, "campaign.closed") + await _events(campaign, "campaign.failed") == 1
            )
            assert await _events(campaign, "campaign.threshold_reached") == found["threshold_met"]
            seen["closed" if found["closed"] else "failed"] += 1
            row = await db.fetch_one("SELECT paid, reserved FROM campaign WHERE id = ?", campaign)
            assert row
            counted = await db.fetch_one(
                "SELECT COALESCE(SUM(quantity), 0) AS n FROM participation WHERE campaign_id = ? AND state IN "
                "('joined', 'refunding') AND left_at IS NULL",
                campaign,
            )
            assert counted
            assert row["paid"] == counted["n"]
        assert len(seen) == 2, f"only one outcome was ever seen: {seen}"
        assert await ledger.faults() == []

    async def test_is_reached_once_by_many_payments_at_the_same_time(self, crowded):
        w = await world.build()
        for _ in range(5):
            campaign = await w.open_campaign(cap=120)
            payments = [await w.ask(await w.join(campaign)) for _ in range(120)]
            await asyncio.gather(*(w.capture(payment) for payment in payments))
            assert await _events(campaign, "campaign.threshold_reached") == 1
            assert await _outcomes(campaign) == {
                "under_review": 1, "open": 1, "threshold_met": 1, "closed": 1,
            }  # fmt: skip
            runs = await db.fetch("SELECT id FROM run WHERE id LIKE ?", f"closing:{campaign}:%")
            assert len(runs) == 1


class TestTheSameMoney:
    async def test_told_fifty_times_at_once_is_booked_once(self, crowded):
        w = await world.build()
        campaign = await w.open_campaign()
        payment = await w.ask(await w.join(campaign))
        booked = await asyncio.gather(*(w.capture(payment) for _ in range(50)))
        assert sum(booked) == 1
        assert await ledger.balance(f"escrow:{campaign}") == payment.amount_minor

    async def test_asked_back_fifty_times_at_once_is_refunded_once(self, crowded):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign)
        payment_id = await w.pay(joined)
        asked = await asyncio.gather(
            *(
                db.atomically(
                    lambda reason=reason: request_refund(
                        payment_id, reason=reason, amount_minor=joined.total_minor
                    )
                )
                for reason in ["withdrawal", "campaign_failed", "late"] * 17
            ),
            return_exceptions=True,
        )
        assert sum(one is True for one in asked) == 1
        rows = await db.fetch("SELECT amount_minor FROM refund WHERE payment_id = ?", payment_id)
        assert [row["amount_minor"] for row in rows] == [joined.total_minor]


class TestCancelling:
    async def test_while_people_pay_and_leave_ends_once_and_nobody_stays_a_member(self, crowded):
        w = await world.build()
        for _ in range(5):
            campaign = await w.open_campaign()
            joined = [await w.join(campaign) for _ in range(30)]
            people = w.members[-30:]
            payments = [await w.ask(each) for each in joined]
            acts = [w.capture(payment) for payment in payments]
            acts += [
                participations.withdraw(who, each.participation_id)
                for who, each in zip(people[:10], joined[:10], strict=True)
            ]
            acts += [campaigns.cancel(w.ana, campaign, reason="The factory closed.") for _ in range(3)]
            random.shuffle(acts)
            results = await asyncio.gather(*acts, return_exceptions=True)
            unexpected = [r for r in results if isinstance(r, Exception) and not isinstance(r, AppError)]
            assert unexpected == []
            assert (await _outcomes(campaign))["canceled"] == 1
            assert len(await db.fetch("SELECT id FROM job WHERE key = ?", f"refund:campaign:{campaign}")) == 1
        assert await ledger.faults() == []


class TestTheEndOfAVote:
    """Ballots change, people pay and leave while several clocks close the vote at the same time."""

    async def _campaign(self, w: world.World) -> tuple[str, list[str], list[Any]]:
        fixed = {name: code for name, code in world.BATCH.items() if name != "mounting"}
        vote = OpenVote("mounting", ("tray", "top"), clock.now() + timedelta(hours=1), "listed")
        campaign = await w.open_campaign(batch_answers=fixed, votes=(vote,), closes="at_deadline")
        places = []
        for ballot in ({"ranking": ["tray"]}, {"ranking": ["top"]}, {"ranking": ["top"], "only": ["top"]}):
            for _ in range(4):
                who = await world.person(f"Voter{len(w.members)}")
                w.members.append(who)
                joined = await participations.join(
                    who,
                    campaign,
                    answers=world.ANSWERS,
                    quantity=2,
                    preferences={"votes": {"mounting": ballot}},
                )
                await w.pay(joined)
                places.append(joined.participation_id)
        return campaign, places, w.members[-12:]

    async def test_comes_once_and_counts_what_was_cast_before_it(self, crowded):
        w, seen = await world.build(), Counter()
        for number in range(10):
            clock.reset()
            campaign, places, people = await self._campaign(w)
            late = await w.ask(await w.join(campaign))
            clock.shift(timedelta(hours=1, seconds=-1))
            chance = random.Random(number)
            acts = [
                partial(casting.cast, who, place, votes={"mounting": {"ranking": ["tray"]}})
                for who, place in list(zip(people, places, strict=True))[4:8]
            ]
            acts += [partial(participations.withdraw, people[0], places[0]), partial(w.capture, late)]
            chance.shuffle(acts)
            before = chance.randrange(len(acts) + 1)
            await asyncio.gather(*(act() for act in acts[:before]), return_exceptions=True)
            clock.shift(timedelta(seconds=2))
            results = await asyncio.gather(
                *(act() for act in acts[before:]),
                *(deciding.keep_votes() for _ in range(3)),
                return_exceptions=True,
            )
            unexpected = [r for r in results if isinstance(r, Exception) and not isinstance(r, AppError)]
            assert unexpected == []
            assert await deciding.keep_votes() == 0
            assert await _events(campaign, "vote.closed") == 1
            seen[await self._assert_consistent(campaign)] += 1
        assert len(seen) == 2, f"only one outcome was ever seen: {seen}"

    async def _assert_consistent(self, campaign: str) -> str:
        """The outcome is what the ballots kept say, whoever refused it is out, and the counters fit the places."""
        (vote,) = await votes_of(campaign)
        row = await db.fetch_one("SELECT paid, reserved, batch_answers FROM campaign WHERE id = ?", campaign)
        assert row
        assert json.loads(row["batch_answers"])["mounting"] == vote["outcome"]
        members = await db.fetch(
            "SELECT state, quantity, preferences FROM participation WHERE campaign_id = ?", campaign
        )
        held = sum(each["quantity"] for each in members if each["state"] in ("joined", "pending_payment"))
        paid = sum(each["quantity"] for each in members if each["state"] == "joined")
        assert (row["reserved"], row["paid"]) == (held, paid)
        refused = [
            each
            for each in members
            if "only" in json.loads(each["preferences"] or "{}").get("votes", {}).get("mounting", {})
        ]
        expected = {"refunding"} if vote["outcome"] == "tray" else {"joined"}
        assert {each["state"] for each in refused} == expected
        assert await _events(campaign, "participation.left_out") == (4 if vote["outcome"] == "tray" else 0)
        units = dict(vote["tally"]["rounds"][0]["units"])
        assert (units["tray"] >= units["top"]) == (vote["outcome"] == "tray")
        return str(vote["outcome"])
