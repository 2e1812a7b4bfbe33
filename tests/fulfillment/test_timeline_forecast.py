"""The forecast of a running timeline: worked examples first, then what is true of every one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.fulfillment.forecasting import Forecast, Progress, forecast
from c2b.fulfillment.graph import load_template, template_codes
from c2b.fulfillment.planning import TimelinePlan, plan

LOCK = date(2026, 3, 9)
LIGHT = plan(load_template("LIGHT"), locked_on=LOCK)


def day(number: int) -> date:
    """The day `number` days after the lock."""
    return LOCK + timedelta(days=number)


def done(code: str, start: int, end: int) -> Progress:
    return Progress(code, "approved", day(start), day(end))


def ends(found: Forecast) -> dict[str, int]:
    return {stage.code: (stage.end - LOCK).days for stage in found.stages}


AT_FIRST_ARTICLE = (
    done("LOCK", 0, 2),
    done("PO_ACK", 2, 4),
    done("PROOF", 2, 5),
    done("KIT", 4, 13),  # two days late
    Progress("FAI", "in_progress", day(13)),
)


class TestOnTheDayOfTheLock:
    def test_the_forecast_is_the_plan(self) -> None:
        found = forecast(LIGHT, [], LOCK)
        assert [(s.start, s.end) for s in found.stages] == [(s.start, s.end) for s in LIGHT.stages]
        assert (found.delivery, found.delivery_p80) == (day(31), LIGHT.stage("LASTMILE").p80)
        assert found.slip_days == 31 - 41
        assert not found.is_late
        assert not found.at_risk


class TestHalfWay:
    def test_what_happened_stays_and_the_rest_moves_along_the_graph(self) -> None:
        found = forecast(LIGHT, AT_FIRST_ARTICLE, day(14))
        assert ends(found) == {
            "LOCK": 2,
            "PO_ACK": 4,
            "PROOF": 5,
            "KIT": 13,
            "FAI": 17,
            "MP": 25,
            "OQC": 27,
            "PACK": 29,
            "LASTMILE": 33,
        }
        assert (found.stage("KIT").slip_days, found.stage("KIT").overdue_days) == (2, 0)
        assert found.ships == day(29)
        assert found.slip_days == 33 - 41

    def test_a_stage_past_its_likely_end_ends_today_at_the_earliest(self) -> None:
        found = forecast(LIGHT, AT_FIRST_ARTICLE, day(21))
        assert found.stage("FAI").end == day(21)
        assert found.stage("FAI").overdue_days == 21 - 15
        assert found.delivery == day(21 + 16)

    def test_a_stage_nobody_has_begun_starts_today_at_the_earliest(self) -> None:
        found = forecast(LIGHT, AT_FIRST_ARTICLE[:4], day(20))
        assert (found.stage("FAI").start, found.stage("FAI").started) == (day(20), False)
        assert found.delivery == day(40)

    def test_it_is_at_risk_before_it_is_late(self) -> None:
        on_time, at_risk, late = (forecast(LIGHT, AT_FIRST_ARTICLE, day(n)) for n in (14, 24, 26))
        assert (on_time.at_risk, on_time.is_late) == (False, False)
        assert (at_risk.at_risk, at_risk.is_late) == (True, False)
        assert (late.at_risk, late.is_late, late.slip_days) == (False, True, 1)

    @pytest.mark.parametrize(
        "progress", [AT_FIRST_ARTICLE, AT_FIRST_ARTICLE[:4]], ids=["at work", "not begun"]
    )
    def test_the_odds_start_from_today_too(self, progress: tuple[Progress, ...]) -> None:
        """Weeks behind its longest duration, the first article still leaves all the later stages to go."""
        found = forecast(LIGHT, progress, day(60))
        assert found.delivery_p80 > found.delivery >= day(60 + 16)

    def test_the_odds_are_never_better_than_the_likely_day(self) -> None:
        last = replace(LIGHT.graph.final, min_days=2, likely_days=30, max_days=30)
        planned = plan(replace(LIGHT.graph, stages=(*LIGHT.graph.stages[:-1], last)), locked_on=LOCK)
        before = [done(stage.code, 0, 0) for stage in planned.graph.stages[:-1]]
        found = forecast(planned, before, LOCK)
        assert found.delivery_p80 == found.delivery == day(30)

    def test_a_skipped_stage_takes_no_time(self) -> None:
        skipped = (*AT_FIRST_ARTICLE[:4], Progress("FAI", "skipped"))
        found = forecast(LIGHT, skipped, day(13))
        assert found.stage("FAI").end == day(13)
        assert found.delivery == day(13 + 16)

    @pytest.mark.parametrize("state", ["in_progress", "blocked", "submitted", "rejected"])
    def test_nothing_counts_as_done_before_it_is_approved(self, state: str) -> None:
        found = forecast(LIGHT, (*AT_FIRST_ARTICLE[:4], Progress("FAI", state, day(13))), day(20))
        assert (found.stage("FAI").end, found.stage("FAI").finished) == (day(20), False)


class TestWhenAllIsDelivered:
    def test_the_forecast_is_what_happened(self) -> None:
        late = (*AT_FIRST_ARTICLE[:4], done("FAI", 13, 25), done("MP", 25, 33), done("OQC", 33, 35))
        found = forecast(LIGHT, (*late, done("PACK", 35, 37), done("LASTMILE", 37, 43)), day(60))
        assert (found.finished, found.delivery, found.delivery_p80) == (True, day(43), day(43))
        assert (found.slip_days, found.is_late) == (2, True)
        assert {stage.overdue_days for stage in found.stages} == {0}


class TestChineseNewYear:
    def test_delays_what_has_not_happened_before_it(self) -> None:
        semi = plan(load_template("SEMI"), locked_on=date(2026, 11, 23))
        on_time = forecast(semi, [], date(2026, 11, 23))
        assert on_time.stage("PILOT").end < date(2027, 1, 30)
        assert on_time.stage("MP").end > date(2027, 2, 19)
        weeks_late = forecast(semi, [], date(2026, 12, 21))
        assert weeks_late.delivery > on_time.delivery + timedelta(days=21)


class TestImpossibleProgress:
    @pytest.mark.parametrize(
        "progress",
        [
            pytest.param([Progress("MILK")], id="unknown stage"),
            pytest.param([Progress("LOCK"), Progress("LOCK")], id="twice the same"),
            pytest.param([Progress("LOCK", "approved", LOCK)], id="approved without a last day"),
            pytest.param([Progress("LOCK", "in_progress")], id="at work without a first day"),
            pytest.param([Progress("LOCK", "approved", day(3), day(2))], id="finished before it started"),
        ],
    )
    def test_is_refused(self, progress: list[Progress]) -> None:
        with pytest.raises(ValueError):
            forecast(LIGHT, progress, day(5))


@st.composite
def histories(draw: st.DrawFn) -> tuple[TimelinePlan, list[Progress], date]:
    """A timeline in the middle of its life: some first stages done, some at work, and a day to look at it."""
    planned = plan(load_template(draw(st.sampled_from(template_codes()))), locked_on=date(2026, 11, 23))
    reached = draw(st.integers(0, len(planned.stages)))
    finished: dict[str, date] = {}
    progress, latest = [], planned.locked_on
    for stage in planned.graph.stages[:reached]:
        if not set(stage.after) <= set(finished):
            continue
        start = max((finished[code] for code in stage.after), default=planned.locked_on)
        start += timedelta(days=draw(st.integers(0, 5)))
        if draw(st.integers(0, 5)) == 0:
            state = draw(st.sampled_from(["in_progress", "blocked", "submitted", "rejected"]))
            progress.append(Progress(stage.code, state, start))
            latest = max(latest, start)
            continue
        end = start + timedelta(days=draw(st.integers(0, stage.max_days + 10)))
        finished[stage.code] = end
        latest = max(latest, end)
        progress.append(Progress(stage.code, "approved", start, end))
    return planned, progress, latest + timedelta(days=draw(st.integers(0, 40)))


class TestEveryForecast:
    @settings(max_examples=40, deadline=None)
    @given(histories())
    def test_keeps_what_happened_and_forecasts_only_the_future(
        self, history: tuple[TimelinePlan, list[Progress], date]
    ) -> None:
        planned, progress, today = history
        found = forecast(planned, progress, today)
        for item in progress:
            stage = found.stage(item.code)
            assert stage.start == item.started_on
            assert stage.end == item.finished_on or (item.finished_on is None and stage.end >= today)
        for stage in found.stages:
            assert stage.end >= stage.start
            assert stage.started or stage.start >= today
            assert stage.finished or stage.end >= today
        assert found.delivery_p80 >= found.delivery == found.stages[-1].end

    @settings(max_examples=40, deadline=None)
    @given(histories())
    def test_keeps_the_order_of_the_graph(self, history: tuple[TimelinePlan, list[Progress], date]) -> None:
        planned, progress, today = history
        found = forecast(planned, progress, today)
        for stage in planned.graph.stages:
            assert all(found.stage(other).end <= found.stage(stage.code).start for other in stage.after)

    @settings(max_examples=40, deadline=None)
    @given(histories(), st.data(), st.integers(1, 30))
    def test_never_gets_better_by_a_delay(
        self, history: tuple[TimelinePlan, list[Progress], date], data: st.DataObject, late: int
    ) -> None:
        planned, progress, today = history
        before = forecast(planned, progress, today)
        delay = timedelta(days=late)
        tomorrow = forecast(planned, progress, today + delay)
        assert tomorrow.delivery >= before.delivery
        assert tomorrow.delivery_p80 >= before.delivery_p80
        approved = [item for item in progress if item.finished_on]
        if not approved:
            return
        slow = data.draw(st.sampled_from(approved))
        slower = Progress(slow.code, slow.state, slow.started_on, slow.finished_on + delay)
        after = forecast(planned, [slower if item is slow else item for item in progress], today)
        assert after.delivery >= before.delivery
        assert after.delivery_p80 >= before.delivery_p80
        assert all(b.end <= a.end for a, b in zip(after.stages, before.stages, strict=True))

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(template_codes()), st.lists(st.integers(0, 40), min_size=14, max_size=14))
    def test_of_a_finished_timeline_is_its_last_day(self, code: str, lengths: list[int]) -> None:
        planned = plan(load_template(code), locked_on=LOCK)
        finished: dict[str, date] = {}
        progress = []
        for stage, length in zip(planned.graph.stages, lengths, strict=False):
            start = max((finished[other] for other in stage.after), default=LOCK)
            finished[stage.code] = start + timedelta(days=length)
            progress.append(Progress(stage.code, "approved", start, finished[stage.code]))
        found = forecast(planned, progress, LOCK)
        assert found.delivery == found.delivery_p80 == finished[planned.graph.final.code]
        assert found.slip_days == (found.delivery - planned.promised_delivery).days
