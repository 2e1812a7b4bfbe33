"""The waitlist: who gets a place that opens, until when, in which order; and how it ends."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from c2b import wiring
from c2b.accounts.rules import Actor
from c2b.campaigns import counting
from c2b.campaigns import operations as campaigns
from c2b.catalog import operations as catalog
from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import Invalid
from c2b.participations import operations as participations
from c2b.participations.joining import AlreadyMember, CampaignNotOpen, GroupFull, Joined
from c2b.participations.operations import TooLate, keep_reservations
from c2b.participations.room import Room, position_of, room_of
from c2b.participations.waitlist import end_waitlist, keep_waitlists, offer_places
from tests import world
from tests.books import faults_of_books


@pytest.fixture(autouse=True)
def _wired():
    wiring.connect()


@pytest.fixture
def full(database):
    """A world, and a campaign of Ana's for fifty units of which none is free: (world, campaign, who came last)."""

    async def build(*, paid: int = 40, **changes: Any) -> tuple[world.World, str, tuple[Actor, Joined]]:
        w = await world.build()
        fields = {"threshold": 50, "cap": 50, "tiers": (world.PriceTier(50, 45900),), "closes": "at_deadline"}
        campaign = await w.open_campaign(**{**fields, **changes})
        await w.fill(campaign, paid)
        last = await w.join(campaign, quantity=10)
        return w, campaign, (w.members[-1], last)

    return build


async def wait(
    w: world.World,
    campaign: str,
    who: Actor | None = None,
    *,
    quantity: int = 1,
    wishes: dict[str, Any] | None = None,
    **answers: Any,
) -> Joined:
    who = who or await world.person("Waiting")
    w.members.append(who)
    joined = await participations.join(
        who,
        campaign,
        answers={**world.ANSWERS, **answers},
        quantity=quantity,
        preferences=wishes,
        waits=True,
    )
    assert isinstance(joined, Joined)
    return joined


async def state(joined: Joined) -> str:
    return str((await row_of(joined))["state"])


async def row_of(joined: Joined) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return {**row, **{key: db.instant(row[key]) for key in ("joined_at", "reserved_until")}}


async def reserved(campaign: str) -> int:
    row = await db.fetch_one("SELECT reserved FROM campaign WHERE id = ?", campaign)
    assert row
    return int(row["reserved"])


async def events(name: str) -> list[str]:
    return [row["subject_id"] for row in await db.fetch("SELECT subject_id FROM event WHERE name = ?", name)]


class TestJoiningAFullGroup:
    async def test_puts_whoever_wants_to_wait_on_the_waitlist_without_a_place_or_a_payment(self, full):
        w, campaign, _ = await full()
        bo = await wait(w, campaign, w.bo, quantity=2)
        assert (bo.state, bo.reserved_until) == ("waitlisted", None)
        assert await state(bo) == "waitlisted"
        assert await reserved(campaign) == 50
        assert await room_of(campaign) == Room(left=0, waiting=1)
        assert await position_of(await row_of(bo)) == 1
        assert await position_of(await row_of(await wait(w, campaign, w.cy))) == 2

    async def test_gives_a_place_where_there_is_one(self, full):
        w, campaign, (_, _) = await full(cap=60, tiers=(world.PriceTier(50, 45900),))
        bo = await wait(w, campaign, w.bo)
        assert bo.state == "pending_payment"
        assert bo.reserved_until == (await row_of(bo))["reserved_until"]

    async def test_is_judged_like_every_requirement(self, full):
        w, campaign, _ = await full()
        with pytest.raises(Invalid) as refused:
            await wait(w, campaign, w.bo, switch="hall_d")
        assert [fault.path for fault in refused.value.fields] == ["switch"]

    async def test_holds_one_place_in_the_line_each_and_none_for_more_than_the_group_can_ever_take(
        self, full
    ):
        w, campaign, _ = await full()
        await wait(w, campaign, w.bo)
        with pytest.raises(AlreadyMember):
            await wait(w, campaign, w.bo)
        with pytest.raises(AlreadyMember):
            await w.join(campaign, w.bo)
        small = await w.open_campaign(threshold=50, cap=50, tiers=(world.PriceTier(50, 45900),))
        await db.execute("UPDATE campaign SET threshold = 5, cap = 5 WHERE id = ?", small)
        with pytest.raises(GroupFull):
            await wait(w, small, w.cy, quantity=6)

    async def test_is_over_with_the_campaign(self, full):
        w, campaign, _ = await full()
        await campaigns.cancel(w.ana, campaign, reason="No.")
        with pytest.raises(CampaignNotOpen):
            await wait(w, campaign, w.bo)


class TestAPlaceThatOpens:
    async def test_is_offered_to_the_earliest_for_hours_and_counts_as_taken(self, full):
        w, campaign, (last, place) = await full()
        bo, cy = await wait(w, campaign, w.bo, quantity=4), await wait(w, campaign, w.cy, quantity=4)
        await participations.withdraw(last, place.participation_id)
        assert [await state(each) for each in (bo, cy)] == ["pending_payment", "pending_payment"]
        assert await reserved(campaign) == 48
        until = (await row_of(bo))["reserved_until"]
        assert until - clock.now() > timedelta(hours=11)
        assert await events("participation.place_offered") == [bo.participation_id, cy.participation_id]
        await w.pay(bo)
        assert await state(bo) == "joined"

    async def test_goes_to_the_earliest_whose_units_fit(self, full):
        w, campaign, (last, place) = await full()
        many, few, more = [await wait(w, campaign, quantity=n) for n in (11, 7, 4)]
        await participations.withdraw(last, place.participation_id)
        assert [await state(each) for each in (many, few, more)] == [
            "waitlisted",
            "pending_payment",
            "waitlisted",
        ]
        assert await reserved(campaign) == 47

    async def test_that_was_not_paid_in_time_opens_for_the_next_and_so_on(self, full):
        w, campaign, (_, place) = await full()
        clock.set(clock.now())
        bo, cy = await wait(w, campaign, w.bo, quantity=10), await wait(w, campaign, w.cy, quantity=10)
        clock.shift(timedelta(minutes=settings().reservation_minutes, seconds=1))
        await keep_reservations()
        assert [await state(each) for each in (place, bo, cy)] == ["expired", "pending_payment", "waitlisted"]
        clock.shift(timedelta(hours=settings().waitlist_hours, seconds=1))
        await keep_reservations()
        assert [await state(each) for each in (bo, cy)] == ["expired", "pending_payment"]
        await keep_reservations()
        assert await reserved(campaign) == 50

    async def test_is_never_held_beyond_the_deadline(self, full):
        w, campaign, (last, place) = await full(deadline=clock.now() + timedelta(hours=3))
        bo = await wait(w, campaign, w.bo)
        await participations.withdraw(last, place.participation_id)
        row = await db.fetch_one("SELECT deadline FROM campaign WHERE id = ?", campaign)
        assert row
        assert (await row_of(bo))["reserved_until"] == db.instant(row["deadline"])

    async def test_is_not_taken_by_whoever_comes_later(self, full):
        """Places can open in ways that offer nothing at once; the clock sees to it, and nobody overtakes meanwhile."""
        w, campaign, _ = await full()
        bo = await wait(w, campaign, w.bo, quantity=2)
        await db.execute("UPDATE campaign SET cap = 53 WHERE id = ?", campaign)
        assert await room_of(campaign) == Room(left=0, waiting=1)
        with pytest.raises(GroupFull):
            await w.join(campaign, w.cy)
        assert await keep_waitlists() == 1
        assert await state(bo) == "pending_payment"
        await w.join(campaign, w.cy)
        assert await reserved(campaign) == 53

    async def test_is_open_to_newcomers_where_nobody_who_waits_can_use_it(self, full):
        w, campaign, _ = await full()
        await wait(w, campaign, w.bo, quantity=9)
        await db.execute("UPDATE campaign SET cap = 53 WHERE id = ?", campaign)
        assert await keep_waitlists() == 0
        await w.join(campaign, w.cy, quantity=3)
        assert await reserved(campaign) == 53

    async def test_is_offered_once_however_often_the_clock_looks(self, full):
        w, campaign, _ = await full()
        await wait(w, campaign, w.bo, quantity=2)
        await db.execute("UPDATE campaign SET cap = 53 WHERE id = ?", campaign)
        await asyncio.gather(*(keep_waitlists() for _ in range(5)))
        assert await reserved(campaign) == 52
        assert len(await events("participation.place_offered")) == 1

    async def test_ends_earlier_where_the_caller_says_so(self, full):
        w, campaign, _ = await full()
        bo = await wait(w, campaign, w.bo)
        await db.execute("UPDATE campaign SET cap = 51 WHERE id = ?", campaign)
        until = clock.now() + timedelta(hours=2)
        assert await db.atomically(lambda: offer_places(campaign, until=until)) == 1
        assert (await row_of(bo))["reserved_until"] == until


class TestAtTheClose:
    async def test_places_that_were_not_paid_are_offered_and_whoever_pays_is_in_the_batch(self, full):
        w, campaign, (_, unpaid) = await full(paid=50, cap=60)
        bo, cy = [await wait(w, campaign, who, quantity=10) for who in (w.bo, w.cy)]
        await close(campaign)
        assert [await state(each) for each in (unpaid, bo, cy)] == [
            "expired",
            "pending_payment",
            "waitlisted",
        ]
        assert await campaign_state(campaign) == "closed"
        await w.pay(bo)
        await drain()
        assert await campaign_state(campaign) == "ordered"
        await keep_waitlists()
        assert [await state(each) for each in (bo, cy)] == ["confirmed", "expired"]

    async def test_whoever_does_not_pay_makes_room_for_the_next_but_the_group_waits_once(self, full):
        w, campaign, _ = await full(paid=50, cap=60)
        bo, cy = [await wait(w, campaign, who, quantity=10) for who in (w.bo, w.cy)]
        await close(campaign)
        clock.shift(timedelta(hours=settings().waitlist_hours, seconds=1))
        await keep_reservations()
        await drain()
        assert await state(bo) == "expired"
        assert await campaign_state(campaign) == "ordered"
        await keep_waitlists()
        assert await state(cy) == "expired"

    async def test_a_member_who_leaves_makes_room_as_before(self, full):
        w, campaign, (last, place) = await full(paid=50, cap=60)
        await w.pay(place)
        many, bo = await wait(w, campaign, quantity=11), await wait(w, campaign, w.bo, quantity=3)
        clock.shift(timedelta(days=20, seconds=1))
        await counting.keep_deadlines()
        await participations.withdraw(last, place.participation_id)
        assert [await state(each) for each in (many, bo)] == ["waitlisted", "pending_payment"]
        await w.pay(bo)
        await drain()
        assert await state(bo) == "confirmed"


async def close(campaign: str) -> None:
    """The deadline comes, and the closing begins."""
    row = await db.fetch_one("SELECT deadline FROM campaign WHERE id = ?", campaign)
    assert row
    deadline = db.instant(row["deadline"])
    assert deadline
    clock.set(deadline + timedelta(seconds=1))
    await counting.keep_deadlines()
    await drain()


async def campaign_state(campaign: str) -> str:
    row = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", campaign)
    assert row
    return str(row["state"])


class TestWhatChangedMeanwhile:
    async def test_keeps_whoever_can_still_be_served_under_the_schema_that_holds_now(self, full):
        w, campaign, (last, place) = await full()
        bo = await wait(w, campaign, w.bo)
        newer = await catalog.publish_schema(w.product_id, world.schema_document(version=2))
        await db.execute(
            "UPDATE campaign SET schema_id = ?, terms_version = terms_version + 1 WHERE id = ?",
            newer.id,
            campaign,
        )
        await participations.withdraw(last, place.participation_id)
        row = await row_of(bo)
        assert (row["state"], row["schema_version"]) == ("pending_payment", 2)

    async def test_lets_go_whose_choice_is_no_longer_made_and_asks_the_next(self, full):
        w, campaign, (last, place) = await full()
        bo, cy = await wait(w, campaign, w.bo, plate="pom"), await wait(w, campaign, w.cy)
        document = world.schema_document()
        plate = document["properties"]["plate"]
        plate["enum"].remove("pom")
        plate["x-options"] = [each for each in plate["x-options"] if each["code"] != "pom"]
        newer = await catalog.publish_schema(w.product_id, document)
        await db.execute(
            "UPDATE campaign SET schema_id = ?, terms_version = terms_version + 1 WHERE id = ?",
            newer.id,
            campaign,
        )
        await participations.withdraw(last, place.participation_id)
        assert [await state(each) for each in (bo, cy)] == ["expired", "pending_payment"]
        assert await events("participation.waitlist_ended") == [bo.participation_id]

    async def test_lets_go_whose_limit_nothing_can_meet_any_more(self, full):
        w, campaign, (last, place) = await full()
        row = await db.fetch_one("SELECT quote FROM participation WHERE id = ?", place.participation_id)
        assert row
        unit = (json.loads(row["quote"]) if isinstance(row["quote"], str) else row["quote"])[
            "unit_price_minor"
        ]
        bo, cy = await wait(w, campaign, w.bo, wishes={"limit_minor": unit}), await wait(w, campaign, w.cy)
        document = world.schema_document()
        for option in document["properties"]["switch"]["x-options"]:
            option["surcharge_minor"] = option.get("surcharge_minor", 0) + 20000
        newer = await catalog.publish_schema(w.product_id, document)
        await db.execute(
            "UPDATE campaign SET schema_id = ?, terms_version = terms_version + 1 WHERE id = ?",
            newer.id,
            campaign,
        )
        await participations.withdraw(last, place.participation_id)
        assert [await state(each) for each in (bo, cy)] == ["expired", "pending_payment"]


class TestLeavingTheWaitlist:
    async def test_takes_no_place_from_anybody_and_lets_one_join_again(self, full):
        w, campaign, _ = await full()
        bo, cy = await wait(w, campaign, w.bo), await wait(w, campaign, w.cy)
        await participations.withdraw(w.bo, bo.participation_id)
        await participations.withdraw(w.bo, bo.participation_id)
        assert await state(bo) == "withdrawn"
        assert await reserved(campaign) == 50
        assert await position_of(await row_of(cy)) == 1
        await drain()
        assert await db.fetch("SELECT id FROM refund") == []
        again = await wait(w, campaign, w.bo)
        assert await position_of(await row_of(again)) == 2


class TestTheEndOfACampaign:
    async def test_that_failed_ends_its_waitlist_and_everybody_is_told_once(self, full):
        w, campaign, _ = await full()
        waiting = [await wait(w, campaign) for _ in range(3)]
        clock.shift(timedelta(days=21))
        await counting.keep_deadlines()
        for _ in range(2):
            await keep_waitlists()
        assert [await state(each) for each in waiting] == ["expired"] * 3
        assert len(await events("participation.waitlist_ended")) == 3

    async def test_that_was_canceled_or_locked_does_too(self, full):
        w, campaign, (_, place) = await full()
        await w.pay(place)
        bo = await wait(w, campaign, w.bo)
        clock.shift(timedelta(days=21))
        await counting.keep_deadlines()
        assert await db.atomically(lambda: end_waitlist(campaign)) == 0, "closed is not the end"
        await drain()
        row = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", campaign)
        assert row
        assert row["state"] == "ordered"
        await keep_waitlists()
        assert await state(bo) == "expired"
        with pytest.raises(TooLate):
            await participations.withdraw(w.bo, bo.participation_id)
        assert await faults_of_books(None, settled=False) == []
