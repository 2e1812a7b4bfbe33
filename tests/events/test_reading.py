"""Everybody reads of a campaign what was meant for them."""

from __future__ import annotations

import pytest

from c2b.events import queries
from c2b.events.operations import record
from c2b.kit.http.paging import Window, read_cursor

AUDIENCES = ("members", "organizer", "manufacturer", "admin", "owner")


async def one_of_each() -> None:
    for audience in AUDIENCES:
        await record(
            f"test.{audience}",
            subject="campaign",
            subject_id="c1",
            campaign_id="c1",
            actor_id="ana",
            audience=audience,
        )
    await record("test.elsewhere", subject="campaign", subject_id="c2", campaign_id="c2", audience="members")


class TestACampaignsEvents:
    @pytest.mark.parametrize(
        ("reader", "seen"),
        [
            ("members", ["members"]),
            ("organizer", ["organizer", "members"]),
            ("manufacturer", ["manufacturer", "members"]),
            ("admin", ["owner", "admin", "manufacturer", "organizer", "members"]),
        ],
    )
    async def test_are_read_by_those_they_were_meant_for(self, database, reader, seen):
        await one_of_each()
        found = await queries.events_of_campaign("c1", reader)
        assert {event.audience for event in found.items} == set(seen)
        assert len(found.items) == len(seen)

    async def test_name_who_acted_to_admins_only(self, database):
        await one_of_each()
        assert {event.actor_id for event in (await queries.events_of_campaign("c1", "organizer")).items} == {
            None
        }
        assert {event.actor_id for event in (await queries.events_of_campaign("c1", "admin")).items} == {
            "ana"
        }


class TestTheLog:
    async def test_comes_newest_first_in_slices(self, database):
        await one_of_each()
        first = await queries.all_events(Window(limit=4))
        assert first.next_cursor
        rest = await queries.all_events(Window(limit=4, after=read_cursor(first.next_cursor, fields=(str,))))
        ids = [event.id for event in (*first.items, *rest.items)]
        assert ids == sorted(set(ids), reverse=True)
        assert (len(first.items), len(rest.items), rest.next_cursor) == (4, 2, None)

    async def test_is_narrowed_by_name_family_and_campaign(self, database):
        await one_of_each()
        await record("payment.captured", subject="payment", subject_id="p1", payload={"amount_minor": 5})
        assert [e.payload for e in (await queries.all_events(name="payment.*")).items] == [
            {"amount_minor": 5}
        ]
        assert [e.name for e in (await queries.all_events(name="test.admin")).items] == ["test.admin"]
        assert [e.name for e in (await queries.all_events(campaign_id="c2")).items] == ["test.elsewhere"]
        assert len((await queries.all_events(subject="campaign", subject_id="c1")).items) == 5


class TestOnesOwnAccount:
    async def test_is_read_by_its_owner(self, database):
        await one_of_each()
        assert [event.name for event in (await queries.events_of_account("ana")).items] == ["test.owner"]
        assert (await queries.events_of_account("bo")).items == []
