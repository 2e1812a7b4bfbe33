"""Who may do what to a campaign, and when; what each act leaves behind."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime, timedelta

import pytest

from c2b.campaigns import operations as campaigns
from c2b.campaigns.changes import CampaignNotReady, change_state
from c2b.campaigns.counting import decide_at_deadline, keep_deadlines
from c2b.campaigns.models import Campaign
from c2b.campaigns.operations import MAX_DRAFTS, ReasonMissing, TooManyDrafts
from c2b.campaigns.queries import transitions
from c2b.catalog import operations as catalog
from c2b.kit import clock, db
from c2b.kit.errors import Forbidden, Invalid, NotFound
from c2b.payments.queries import money_of_campaign
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work

NOBODY = "0" * 26
DAY = timedelta(days=1)


async def drafted(w: world.World, **changes: object) -> str:
    return (await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer(**changes))).id


async def state_of(campaign: str) -> str:
    return (await Campaign.get(id=campaign)).state


async def put_into(w: world.World, state: str) -> str:
    """A campaign that has been brought into a state, step by step."""
    campaign = await drafted(w)
    if state != "draft":
        await campaigns.submit(w.ana, campaign)
    if state not in ("draft", "under_review"):
        await campaigns.approve(w.root, campaign)
    path = {
        "threshold_met": ["threshold_met"], "closed": ["closed"], "failed": ["failed"],
        "locked": ["closed", "locked"], "ordered": ["closed", "locked", "ordered"],
        "in_production": ["closed", "locked", "ordered", "in_production"],
        "shipping": ["closed", "locked", "ordered", "in_production", "shipping"],
        "completed": ["closed", "locked", "ordered", "in_production", "shipping", "completed"],
        "canceled": ["canceled"],
    }  # fmt: skip
    for step in path.get(state, []):
        async with db.transaction():
            before = await state_of(campaign)
            assert await change_state(campaign, from_states=(before,), to_state=step, event="test.moved")
    return campaign


STATES = ("draft", "under_review", "open", "threshold_met", "closed", "locked", "ordered", "in_production",
          "shipping", "completed", "failed", "canceled")  # fmt: skip


class TestWho:
    async def test_may_act_is_decided_by_role_and_ownership(self, database):
        w = await world.build()
        for somebody in (w.mill, w.root):
            with pytest.raises(Forbidden):
                await campaigns.draft(somebody, product_slug=w.product_slug, offer=w.offer())
        campaign = await drafted(w)
        strangers = (w.bo, w.cy, w.mill)
        for somebody in (*strangers, w.root):
            with pytest.raises(NotFound):
                await campaigns.revise(somebody, campaign, offer=w.offer(title="Mine now"))
            with pytest.raises(NotFound):
                await campaigns.submit(somebody, campaign)
        for somebody in strangers:
            with pytest.raises(NotFound):
                await campaigns.cancel(somebody, campaign, reason="I do not like it.")
        await campaigns.submit(w.ana, campaign)
        for somebody in (w.ana, *strangers):  # nobody approves what is theirs
            with pytest.raises(NotFound):
                await campaigns.approve(somebody, campaign)
            with pytest.raises(NotFound):
                await campaigns.send_back(somebody, campaign, reason="No.")
        assert await state_of(campaign) == "under_review"
        for act in (
            campaigns.approve(w.root, NOBODY), campaigns.send_back(w.root, NOBODY, reason="No."),
            campaigns.cancel(w.root, NOBODY, reason="No."), campaigns.submit(w.ana, NOBODY),
            campaigns.draft(w.ana, product_slug="nothing", offer=w.offer()),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                await act


class TestWhen:
    async def test_each_act_is_possible_only_in_its_states(self, database):
        w = await world.build()
        allowed = {
            "revise": {"draft"},
            "submit": {"draft"},
            "approve": {"under_review"},
            "send back": {"under_review"},
            "cancel by organizer": {"draft", "under_review", "open", "threshold_met"},
            "cancel by admin": {"draft", "under_review", "open", "threshold_met", "closed", "locked", "ordered",
                                "in_production"},
        }  # fmt: skip
        found: dict[str, set[str]] = {name: set() for name in allowed}
        for state in STATES:
            campaign = await put_into(w, state)
            acts = {
                "revise": lambda at=campaign: campaigns.revise(
                    w.ana, at, offer=w.offer(title="Another title")
                ),
                "submit": lambda at=campaign: campaigns.submit(w.ana, at),
                "approve": lambda at=campaign: campaigns.approve(w.root, at),
                "send back": lambda at=campaign: campaigns.send_back(w.root, at, reason="Say more."),
                "cancel by organizer": lambda at=campaign: campaigns.cancel(w.ana, at, reason="No time."),
                "cancel by admin": lambda at=campaign: campaigns.cancel(w.root, at, reason="No parts."),
            }
            for name, act in acts.items():
                if await possible(act):
                    found[name].add(state)
        assert found == allowed


class Undo(Exception):
    pass


async def possible(act) -> bool:
    """Try an act and take it back."""
    try:
        async with db.transaction():
            await act()
            raise Undo
    except Undo:
        return True
    except CampaignNotReady:
        return False


class TestADraft:
    async def test_is_refused_with_each_fault_beside_its_field(self, database):
        w = await world.build()
        with pytest.raises(Invalid) as caught:
            await drafted(w, threshold=49, tiers=(world.PriceTier(49, 45900),), deadline=clock.now())
        assert [fault.path for fault in caught.value.fields] == ["threshold", "deadline"]
        with pytest.raises(Invalid) as caught:
            await drafted(w, tiers=(world.PriceTier(50, 100),))
        assert "¥399.00" in caught.value.fields[0].text()
        with pytest.raises(Invalid) as caught:
            await drafted(w, batch_answers={**world.BATCH, "case_material": "gold"})
        assert [fault.path for fault in caught.value.fields] == ["case_material"]
        with pytest.raises(Invalid):
            await drafted(w, title="Invisible \x07 bell")
        assert await Campaign.all().count() == 0

    async def test_gets_its_number_without_gaps_also_when_some_fail(self, database):
        clock.set(datetime(2026, 12, 30, 12, 0, tzinfo=UTC))
        w = await world.build()
        offer = w.offer(deadline=clock.now() + 2 * DAY)
        results = await asyncio.gather(
            *(campaigns.draft(w.ana, product_slug=w.product_slug, offer=offer) for _ in range(5)),
            *(drafted(w, threshold=49) for _ in range(3)),
            return_exceptions=True,
        )
        made = [each for each in results if isinstance(each, Campaign)]
        assert sorted(each.code for each in made) == [f"CMP-2026-0000{n}" for n in range(1, 6)]
        clock.shift(3 * DAY)
        again = await campaigns.draft(
            w.ana, product_slug=w.product_slug, offer=w.offer(deadline=clock.now() + 2 * DAY)
        )
        assert again.code == "CMP-2027-00001"
        assert again.slug == "navy-seventy-five-2027-00001", "the address of last year's first one is taken"
        assert len({each.slug for each in [*made, again]}) == 6

    async def test_is_one_of_twenty_at_most(self, database):
        w = await world.build()
        first = await drafted(w)
        for _ in range(MAX_DRAFTS - 1):
            await drafted(w)
        with pytest.raises(TooManyDrafts):
            await drafted(w)
        await campaigns.submit(w.ana, first)
        await drafted(w)

    async def test_stays_with_its_schema_when_a_newer_one_is_published(self, database):
        w = await world.build()
        campaign = await drafted(w)
        pinned = (await Campaign.get(id=campaign)).schema_id
        newer = copy.deepcopy(world.schema_document())
        newer["x-help"] = {"en": "Second edition.", "zh": "第二版。"}
        version = await catalog.publish_schema(w.product_id, newer)
        await campaigns.revise(w.ana, campaign, offer=w.offer(title="Same board, better name"))
        await campaigns.submit(w.ana, campaign)
        await campaigns.approve(w.root, campaign)
        row = await Campaign.get(id=campaign)
        assert (row.schema_id, row.title) == (pinned, "Same board, better name")
        assert (await Campaign.get(id=await drafted(w))).schema_id == version.id != pinned

    async def test_of_a_product_that_is_no_longer_offered_is_not_found(self, database):
        w = await world.build()
        await db.execute("UPDATE product SET active = ? WHERE id = ?", False, w.product_id)
        with pytest.raises(NotFound):
            await drafted(w)


class TestAReview:
    async def test_sends_back_with_a_reason_that_the_organizer_reads_and_can_act_on(self, database):
        w = await world.build()
        campaign = await drafted(w)
        await campaigns.submit(w.ana, campaign)
        for nothing in ("", "   \n", "\x00"):
            with pytest.raises(ReasonMissing):
                await campaigns.send_back(w.root, campaign, reason=nothing)
        await campaigns.send_back(w.root, campaign, reason="  Say more about the board. ")
        row = await Campaign.get(id=campaign)
        assert (row.state, row.review_note) == ("draft", "Say more about the board.")
        await campaigns.revise(w.ana, campaign, offer=w.offer(story="Much more."))
        await campaigns.submit(w.ana, campaign)
        await campaigns.approve(w.root, campaign)
        steps = await transitions(campaign)
        assert [(step["from_state"], step["to_state"]) for step in steps] == [
            ("draft", "under_review"), ("under_review", "draft"), ("draft", "under_review"), ("under_review", "open"),
        ]  # fmt: skip
        assert steps[1]["reason"] == "Say more about the board."
        assert [step["seq"] for step in steps] == sorted(step["seq"] for step in steps)

    async def test_that_took_too_long_cannot_open_a_group_whose_deadline_is_over(self, database):
        w = await world.build()
        campaign = await drafted(w, deadline=clock.now() + DAY)
        await campaigns.submit(w.ana, campaign)
        clock.shift(DAY)
        with pytest.raises(Invalid):
            await campaigns.approve(w.root, campaign)
        assert await state_of(campaign) == "under_review"

    async def test_done_by_two_admins_at_once_opens_it_once(self, database):
        w = await world.build()
        campaign = await drafted(w)
        await campaigns.submit(w.ana, campaign)
        results = await asyncio.gather(
            campaigns.approve(w.root, campaign),
            campaigns.send_back(w.root, campaign, reason="No."),
            campaigns.approve(w.root, campaign),
            return_exceptions=True,
        )
        assert sum(isinstance(each, CampaignNotReady) for each in results) == 2
        assert len(await transitions(campaign)) == 2


class TestCanceling:
    async def test_by_the_organizer_refunds_everybody_and_frees_those_who_had_not_paid(
        self, database, provider
    ):
        w = await small.build()
        campaign = await small.open_campaign(w, threshold=8)
        for who, behavior in ((w.bo, "pay"), (w.cy, None)):
            await join_and_pay(who, campaign, world.ANSWERS, quantity=2, behavior=behavior)
        await campaigns.cancel(w.ana, campaign, reason="I move abroad.")
        await work()
        rows = await db.fetch("SELECT user_id, state FROM participation")
        assert {row["user_id"]: row["state"] for row in rows} == {w.bo.id: "refunded", w.cy.id: "expired"}
        money = await money_of_campaign(campaign)
        assert money["refunded_minor"] == money["captured_minor"] > 0
        assert (await transitions(campaign))[-1]["reason"] == "I move abroad."
        await assert_books(database, provider.store.path)


class TestTheDeadlineSweep:
    async def test_decides_each_campaign_once_and_leaves_the_others(self, database, provider):
        w = await small.build()
        later = await small.open_campaign(w, deadline=clock.now() + 9 * DAY)
        short = await small.open_campaign(w, title="Too few of us")
        filled = await small.open_campaign(w, title="Enough of us", closes="at_deadline")
        for campaign, quantity in ((short, 2), (filled, 3), (later, 1)):
            await join_and_pay(w.bo, campaign, world.ANSWERS, quantity=quantity)
        clock.shift(3 * DAY - timedelta(seconds=1))
        assert await keep_deadlines() == 0
        assert await db.atomically(lambda: decide_at_deadline(short)) is None
        clock.shift(timedelta(seconds=2))
        decided = await asyncio.gather(*(keep_deadlines() for _ in range(4)))
        assert sum(decided) == 2
        assert [await state_of(each) for each in (later, short, filled)] == ["open", "failed", "closed"]
        await work()
        assert await state_of(filled) == "locked"
        await assert_books(database, provider.store.path)
