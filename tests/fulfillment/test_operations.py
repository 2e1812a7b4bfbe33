"""Walking a timeline: started, proven, closed; the dates of everything after follow."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from c2b.durable.sweep import drain
from c2b.fulfillment import operations, queries, rules
from c2b.fulfillment.calendar import CalendarTooShort
from c2b.fulfillment.jobs import keep_forecasts
from c2b.fulfillment.models import Evidence, Milestone, Timeline
from c2b.fulfillment.moving import TimelineClosed
from c2b.fulfillment.uploads import UploadRefused
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, Invalid, NotFound
from c2b.kit.i18n import use_locale
from tests import world
from tests.fulfillment.walking import running
from tests.purchasing.locked import _quick_documents, _unwired, files, happened

__all__ = ["_quick_documents", "_unwired", "files"]

pytestmark = pytest.mark.usefixtures("database", "files", "_unwired", "_quick_documents", "_stopped_clock")
LIGHT = ("PROOF", "KIT", "FAI", "MP", "OQC", "PACK", "LASTMILE")


@pytest.fixture
def _stopped_clock():
    clock.set(clock.now().replace(month=4, day=12))  # no holiday in sight


async def _state(table: str, row_id: str) -> str:
    row = await db.fetch_one(f"SELECT state FROM {table} WHERE id = ?", row_id)
    assert row
    return row["state"]


class TestAPlannedTimeline:
    async def test_has_the_lock_and_the_acknowledgment_behind_it(self):
        walk = await running()
        states = {each.code: each.state for each in await Milestone.filter(timeline_id=walk.timeline_id)}
        assert [code for code, state in states.items() if state == "approved"] == ["LOCK", "PO_ACK"]
        timeline = await walk.timeline()
        assert timeline.promised_delivery > timeline.forecast_delivery > timeline.locked_on
        assert len(await happened("timeline.planned")) == 1

    async def test_counts_the_lead_days_of_what_was_chosen(self):
        walk = await running()
        plan = rules.plan_from_json((await walk.timeline()).plan)
        bare = rules.plan(rules.load_template("LIGHT"), locked_on=plan.locked_on)
        assert plan.extra_lead_days > 0
        assert plan.promised_delivery > bare.promised_delivery

    async def test_twice_is_planned_once(self):
        walk = await running()
        again = await db.atomically(lambda: operations.plan_timeline(campaign_id=walk.locked.campaign_id))
        assert again == walk.timeline_id
        assert await Timeline.all().count() == 1
        assert len(await happened("timeline.planned")) == 1


class TestAStage:
    async def test_starts_when_what_it_waits_for_is_done(self):
        walk = await running()
        with pytest.raises(rules.MilestoneNotReady):
            await walk.start("FAI")
        await walk.close("PROOF")
        await walk.close("KIT")
        await walk.start("FAI")
        assert (await walk.stage("FAI")).started_on == clock.today()

    async def test_closes_only_with_its_evidence(self):
        walk = await running()
        await walk.start("KIT")
        with pytest.raises(rules.EvidenceMissing):
            await walk.submit("KIT")
        await walk.prove("KIT", kind="note", note="All parts are here.", data=b"")
        await walk.submit("KIT")
        assert (await walk.stage("KIT")).finished_on == clock.today()

    async def test_that_wants_a_picture_does_not_close_with_words(self):
        walk = await running()
        for code in ("PROOF", "KIT"):
            await walk.close(code)
        await walk.start("FAI")
        await walk.prove("FAI", kind="note", note="It looks good.", data=b"")
        with pytest.raises(rules.EvidenceMissing):
            await walk.submit("FAI")

    async def test_that_closes_on_approval_waits_for_an_admin(self):
        walk = await running()
        for code in ("PROOF", "KIT"):
            await walk.close(code)
        await walk.start("FAI")
        await walk.prove("FAI")
        await walk.submit("FAI")
        stage = await walk.stage("FAI")
        assert stage.state == "submitted"
        with pytest.raises(rules.MilestoneMoveRefused):
            await operations.approve_stage(walk.mill, stage.id)
        await operations.reject_stage(walk.root, stage.id, reason="The color is off by ΔE 4.")
        assert (await walk.stage("FAI")).reason == "The color is off by ΔE 4."
        await operations.resume_stage(walk.mill, stage.id)
        await walk.submit("FAI")
        await operations.approve_stage(walk.root, stage.id)
        assert (await walk.stage("FAI")).state == "approved"

    async def test_moved_twice_moves_once(self):
        walk = await running()
        for _ in range(2):
            await walk.start("KIT")
        assert len(await happened("milestone.started")) == 1
        stage = await walk.stage("KIT")
        for _ in range(2):
            await operations.block_stage(walk.mill, stage.id, reason="A part is late.")
        for _ in range(2):
            await operations.resume_stage(walk.mill, stage.id)
        ids = {await walk.prove("KIT") for _ in range(2)}
        for _ in range(2):
            await walk.submit("KIT")
        counts = [
            len(await happened(f"milestone.{name}"))
            for name in ("blocked", "resumed", "evidence_added", "reached")
        ]
        assert len(ids) == 1
        assert counts == [1, 1, 1, 3]  # lock and acknowledgment were reached before

    async def test_can_be_left_out_by_an_admin_who_says_why(self):
        walk = await running()
        proof = await walk.stage("PROOF")
        with pytest.raises(rules.MilestoneMoveRefused):
            await operations.skip_stage(walk.mill, proof.id, reason="Nobody engraves.")
        with pytest.raises(Invalid):
            await operations.skip_stage(walk.root, proof.id, reason=" ")
        with pytest.raises(rules.MilestoneNotReady):
            await operations.skip_stage(walk.root, (await walk.stage("FAI")).id, reason="No need.")
        await operations.skip_stage(walk.root, proof.id, reason="Nobody engraves.")
        await walk.close("KIT")
        await walk.start("FAI")
        assert (await walk.stage("PROOF")).state == "skipped"

    async def test_is_moved_by_its_manufacturer_and_admins_alone(self):
        walk = await running()
        here = walk.locked.world
        rival = (await world.build()).mill
        kit = await walk.stage("KIT")
        for who in (here.ana, here.bo, here.cy, rival):
            for act in (
                operations.start_stage(who, kit.id), operations.submit_stage(who, kit.id),
                operations.block_stage(who, kit.id, reason="x"),
                operations.add_evidence(who, kit.id, kind="note", note="x"),
            ):  # fmt: skip
                with pytest.raises(NotFound):
                    await act
        assert (await walk.stage("KIT")).state == "planned"

    async def test_of_a_canceled_campaign_does_not_move(self):
        walk = await running()
        await db.execute("UPDATE campaign SET state = 'canceled' WHERE id = ?", walk.locked.campaign_id)
        with pytest.raises(TimelineClosed):
            await walk.start("KIT")


class TestEvidence:
    async def test_is_added_while_work_goes_on(self):
        walk = await running()
        with pytest.raises(operations.StageNotAtWork):
            await walk.prove("KIT")
        await walk.start("KIT")
        await walk.prove("KIT")
        await walk.submit("KIT")
        with pytest.raises(operations.StageNotAtWork):
            await walk.prove("KIT", kind="note", note="Afterwards.", data=b"")

    async def test_has_an_end(self, monkeypatch):
        monkeypatch.setattr(operations, "MAX_EVIDENCE", 2)
        walk = await running()
        await walk.start("KIT")
        for note in ("One.", "Two."):
            await walk.prove("KIT", kind="note", note=note, data=b"")
        with pytest.raises(operations.TooMuchEvidence):
            await walk.prove("KIT", kind="note", note="Three.", data=b"")

    async def test_of_a_wrong_kind_or_form_is_refused_and_nothing_is_stored(self, files):
        walk = await running()
        await walk.start("KIT")
        for given, error in (
            ({"kind": "film"}, Invalid),
            ({"kind": "note", "note": " ", "data": b""}, Invalid),
            ({"kind": "note", "note": "a\u202eb", "data": b""}, Invalid),
            ({"kind": "document", "data": b"<html>"}, UploadRefused),
            ({"kind": "photo", "data": b"<svg/>"}, UploadRefused),
        ):
            with pytest.raises(error):
                await walk.prove("KIT", **given)
        assert await Evidence.all().count() == 0
        assert not (files / "evidence").exists()

    async def test_photos_are_for_all_members_documents_for_those_who_work(self):
        walk = await running()
        here = walk.locked.world
        await walk.start("KIT")
        photo = await walk.prove("KIT")
        paper = await walk.prove(
            "KIT", kind="document", filename="waybills.pdf", data=b"%PDF-1.7 Bo, 12 Long Road %%EOF"
        )
        rival = (await world.build()).mill
        for who, opens in (
            (walk.root, {photo, paper}), (walk.mill, {photo, paper}), (here.ana, {photo}), (here.bo, {photo}),
            (here.cy, set()), (rival, set()),
        ):  # fmt: skip
            for piece in (photo, paper):
                if piece in opens:
                    assert (await queries.evidence_file(who, piece)).data
                else:
                    with pytest.raises(NotFound):
                        await queries.evidence_file(who, piece)


class TestTheForecast:
    async def test_moves_with_a_stage_that_is_late_and_members_are_told_when_the_promise_is_lost(self):
        walk = await running()
        first = (await walk.timeline()).forecast_delivery
        await walk.start("KIT")
        clock.shift(timedelta(days=30))
        await walk.prove("KIT")
        await walk.submit("KIT")
        late = (await walk.timeline()).forecast_delivery
        assert late > first + timedelta(days=20)
        assert (await walk.stage("MP")).forecast_start > (await walk.stage("MP")).planned_start
        assert late > (await walk.timeline()).promised_delivery
        assert len(await happened("timeline.delayed")) == 1
        promised = (await walk.timeline()).promised_delivery
        assert (await walk.timeline()).plan["promised_delivery"] == promised.isoformat()

    async def test_moves_with_the_days_while_nothing_happens_once_a_day(self):
        walk = await running()
        await walk.start("KIT")
        before = (await walk.timeline()).forecast_delivery
        clock.shift(timedelta(days=60))
        assert [await keep_forecasts(), await keep_forecasts()] == [True, False]
        await drain()
        after = await walk.timeline()
        assert after.forecast_delivery > before
        assert after.forecast_on == clock.today()
        assert (await walk.stage("KIT")).forecast_end == clock.today()
        assert len(await happened("timeline.delayed")) == 1
        assert await operations.refresh_forecasts() == 0

    async def test_of_a_finished_timeline_stands_still(self):
        walk = await running()
        for code in LIGHT:
            await walk.close(code)
        clock.shift(timedelta(days=5))
        assert await operations.refresh_forecasts() == 0


class TestTheWholeWay:
    @pytest.mark.parametrize("template", rules.template_codes())
    async def test_leads_to_delivery(self, template):
        walk = await running(template)
        campaign_id = walk.locked.campaign_id
        order = await walk.locked.order()
        seen: list[tuple[str, str, str]] = []
        plan = rules.plan_from_json((await walk.timeline()).plan)
        for stage in plan.graph.stages[2:]:
            clock.shift(timedelta(days=1))
            await walk.close(stage.code)
            seen.append(
                (stage.code, await _state("campaign", campaign_id), await _state("purchase_order", order.id))
            )
        ships = plan.graph.shipping.code
        assert {code: campaign for code, campaign, _ in seen}[ships] == "shipping"
        assert seen[-1] == ("LASTMILE", "completed", "delivered")
        assert [order for code, _, order in seen if code == "MP"] == ["in_production"]
        timeline = await walk.timeline()
        assert timeline.delivered_on == clock.today() == timeline.forecast_delivery
        states = {row["state"] for row in await db.fetch("SELECT state FROM participation")}
        assert states == {"delivered"}
        members = await db.fetch("SELECT id FROM participation")
        assert len(await happened("participation.delivered")) == len(members)
        assert len(await happened("milestone.reached")) == len(plan.graph.stages)
        for name in ("in_production", "shipping", "completed"):
            assert len(await happened(f"campaign.{name}")) == 1


class TestReadingATimeline:
    async def test_is_for_members_organizer_manufacturer_and_admins(self):
        walk = await running()
        here, campaign_id = walk.locked.world, walk.locked.campaign_id
        for who in (here.ana, here.bo, walk.mill, walk.root):
            assert (await queries.timeline_of(who, campaign_id)).campaign_id == campaign_id
        for who in (here.cy, (await world.build()).mill):
            with pytest.raises(NotFound):
                await queries.timeline_of(who, campaign_id)
        assert [line.id for line in (await queries.timelines_of(walk.mill, running=True)).items] == [
            walk.timeline_id
        ]
        assert (await queries.timelines_of(here.bo)).items == []

    async def test_says_what_this_reader_may_do_now(self):
        walk = await running()
        await walk.start("KIT")

        async def actions(who, code):
            page = await queries.timeline_of(who, walk.locked.campaign_id)
            return next(stage.actions for stage in page.stages if stage.code == code)

        assert await actions(walk.mill, "KIT") == ["prove", "block"]
        assert await actions(walk.root, "KIT") == ["prove", "block", "skip"]
        assert await actions(walk.locked.world.bo, "KIT") == []
        assert await actions(walk.mill, "PROOF") == ["start"]
        assert await actions(walk.mill, "FAI") == []
        await walk.prove("KIT")
        assert await actions(walk.mill, "KIT") == ["prove", "block", "submit"]

    async def test_is_in_the_readers_language(self):
        walk = await running()
        with use_locale("zh_CN"):
            page = await queries.timeline_of(walk.mill, walk.locked.campaign_id)
        kit = next(stage for stage in page.stages if stage.code == "KIT")
        assert (kit.name, kit.waiting_for, page.template_label) == ("备料与来料检验", [], "轻定制")
        assert page.drawing.stages[0].name == page.stages[0].name

    async def test_forecasts_from_today_although_no_clock_has_run(self):
        walk = await running()
        await walk.start("KIT")
        clock.shift(timedelta(days=60))
        page = await queries.timeline_of(walk.mill, walk.locked.campaign_id)
        assert page.is_late
        assert page.forecast_delivery > (await walk.timeline()).forecast_delivery
        assert isinstance(page.forecast_delivery, date)


class TestTwoStagesThatChangeAtOnce:
    async def test_are_both_in_the_forecast(self, database):
        import asyncio

        walk = await running()
        results = await asyncio.gather(walk.start("PROOF"), walk.start("KIT"), return_exceptions=True)
        assert results == [None, None]
        clock.shift(timedelta(days=3))
        await asyncio.gather(walk.prove("PROOF"), walk.prove("KIT"))
        await asyncio.gather(walk.submit("PROOF"), walk.submit("KIT"))
        page = await queries.timeline_of(walk.mill, walk.locked.campaign_id)
        stored = await walk.timeline()
        assert stored.forecast_delivery == page.forecast_delivery
        assert {(await walk.stage(code)).state for code in ("PROOF", "KIT")} == {"approved"}
        with pytest.raises(Conflict):
            await walk.submit("MP")


class TestADailyLook:
    async def test_that_meets_a_timeline_beyond_all_known_holidays_still_sees_to_the_others(self):
        near, far = await running(), await running()
        await far.start("KIT")
        clock.shift(timedelta(days=1))
        beyond = clock.today().replace(year=2035, month=12, day=20)
        await Milestone.filter(timeline_id=far.timeline_id, code="KIT").update(started_on=beyond)
        with pytest.raises(CalendarTooShort):
            await operations.refresh_forecasts()
        assert (await near.timeline()).forecast_on == clock.today()
        assert (await far.timeline()).forecast_on < clock.today()
