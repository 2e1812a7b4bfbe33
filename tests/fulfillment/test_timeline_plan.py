"""Planned dates, probabilities and the promise of a timeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.fulfillment import pert
from c2b.fulfillment.calendar import CalendarTooShort, load_calendar
from c2b.fulfillment.graph import Stage, StageGraph, load_template, template_codes, with_lead_days
from c2b.fulfillment.planning import plan, plan_from_json, plan_to_json, totals
from c2b.kit.canonical import canonical_json

SPRING = date(2026, 3, 9)  # after Chinese New Year; LIGHT and SEMI are done before National Day
AUTUMN = date(2026, 11, 23)

#: Days of work from lock to delivery: likely, P50, P80. The totals the templates were made to.
TOTALS: Mapping[tuple[str, bool], tuple[int, int | None, int]] = {
    ("LIGHT", False): (31, 34, 37),
    ("LIGHT", True): (66, None, 76),
    ("SEMI", False): (86, 95, 104),
    ("SEMI", True): (121, None, 140),
    ("TOOLED", False): (173, 186, 204),
    ("TOOLED", True): (208, None, 240),
}


def beta_pert(random: Random, stage: Stage) -> float:
    low, likely, high = stage.min_days, stage.likely_days, stage.max_days
    a, b = 1 + 4 * (likely - low) / (high - low), 1 + 4 * (high - likely) / (high - low)
    return low + (high - low) * random.betavariate(a, b)


def simulated(graph: StageGraph, count: int) -> list[float]:
    """Days from lock to delivery in `count` independent random worlds, sorted: the plain way, as a second opinion."""
    random, found = Random(20261123), []
    for _ in range(count):
        ends: dict[str, float] = {}
        for stage in graph.stages:
            start = max((ends[code] for code in stage.after), default=0.0)
            ends[stage.code] = start + beta_pert(random, stage)
        found.append(ends[graph.final.code])
    return sorted(found)


class TestTheTotals:
    @pytest.mark.parametrize(("code", "export"), TOTALS)
    def test_are_those_of_the_templates(self, code: str, export: bool) -> None:
        likely, p50, p80 = TOTALS[code, export]
        planned = plan(load_template(code, export=export), locked_on=SPRING)
        assert planned.likely_days == likely
        assert planned.p50_days == p50 or p50 is None
        assert planned.p80_days == p80

    @pytest.mark.parametrize(("code", "export"), TOTALS)
    def test_agree_with_twenty_thousand_random_worlds_within_a_day(self, code: str, export: bool) -> None:
        graph = load_template(code, export=export)
        worlds, own = simulated(graph, 20_000), totals(graph)[graph.final.code]
        assert own.p50 == pytest.approx(worlds[10_000], abs=0.7)
        assert own.p80 == pytest.approx(worlds[16_000], abs=0.7)

    def test_of_one_stage_have_the_mean_and_spread_of_beta_pert(self) -> None:
        days = pert.slices(2, 4, 10, count=pert.DRAWS)
        mean = sum(days) / len(days)
        variance = sum((day - mean) ** 2 for day in days) / len(days)
        assert mean == pytest.approx((2 + 4 * 4 + 10) / 6, abs=0.001)
        assert variance == pytest.approx((mean - 2) * (10 - mean) / 7, abs=0.01)

    def test_of_a_stage_that_always_takes_five_days_are_five_days(self) -> None:
        assert set(pert.slices(5, 5, 5, count=10)) == {5.0}

    def test_are_drawn_the_same_on_every_machine(self) -> None:
        assert pert.draws("MP", 3, 8, 15, count=4000)[:3] == (9.942477, 8.720667, 8.062255)


class TestAPlan:
    def test_follows_the_critical_path(self) -> None:
        """LIGHT by hand: 2 lock, 2 acknowledgment, 7 kitting, 4 first article, 8 + 2 + 2 + 4 days to the door."""
        planned = plan(load_template("LIGHT"), locked_on=SPRING)
        ends = {stage.code: (stage.end - SPRING).days for stage in planned.stages}
        assert ends == {
            "LOCK": 2,
            "PO_ACK": 4,
            "PROOF": 5,
            "KIT": 11,
            "FAI": 15,
            "MP": 23,
            "OQC": 25,
            "PACK": 27,
            "LASTMILE": 31,
        }
        assert planned.stage("FAI").start == planned.stage("KIT").end

    def test_promises_p80_times_the_factor(self) -> None:
        promised = {
            code: (plan(load_template(code), locked_on=SPRING).promised_delivery - SPRING).days
            for code in ("LIGHT", "SEMI")
        }
        assert promised == {"LIGHT": ceil(37 * 1.10), "SEMI": ceil(104 * 1.20)}

    def test_promises_the_day_the_goods_leave_too(self) -> None:
        planned = plan(load_template("LIGHT"), locked_on=SPRING)
        worst = totals(planned.graph)["PACK"].p80
        assert planned.promised_ship_by == SPRING + timedelta(days=ceil(worst * 1.10))
        assert planned.stage("PACK").promised_by == planned.promised_ship_by

    def test_grows_by_the_lead_days_of_options(self) -> None:
        graph = load_template("SEMI")
        plain, longer = plan(graph, locked_on=SPRING), plan(graph, locked_on=SPRING, extra_lead_days=10)
        assert longer.likely_days == plain.likely_days + 10
        assert (longer.promised_delivery - plain.promised_delivery).days == 12  # the factor covers them too
        assert longer.stage("PILOT") == plain.stage("PILOT")

    def test_is_the_same_every_time(self) -> None:
        first = plan(load_template("TOOLED"), locked_on=AUTUMN)
        totals.cache_clear()
        pert.draws.cache_clear()
        assert plan(with_lead_days(load_template("TOOLED"), 0), locked_on=AUTUMN) == first

    @pytest.mark.parametrize("code", template_codes())
    def test_survives_being_stored(self, code: str) -> None:
        planned = plan(load_template(code, export=True), locked_on=AUTUMN, extra_lead_days=7)
        assert plan_from_json(json.loads(canonical_json(plan_to_json(planned)))) == planned

    def test_beyond_the_known_holidays_is_refused(self) -> None:
        with pytest.raises(CalendarTooShort):
            plan(load_template("TOOLED"), locked_on=date(2035, 6, 1))


class TestChineseNewYear:
    def test_moves_the_promise_by_the_three_weeks_it_takes(self) -> None:
        """Locked on November 23, 2026, 125 days of work: the promise was March 28, and is April 18."""
        planned = plan(load_template("SEMI"), locked_on=AUTUMN)
        assert planned.promised_delivery == AUTUMN + timedelta(days=125 + 21) == date(2027, 4, 18)

    def test_never_holds_a_promised_day(self) -> None:
        calendar = load_calendar()
        for offset in range(0, 120, 3):
            planned = plan(load_template("LIGHT"), locked_on=AUTUMN + timedelta(days=offset))
            for day in (planned.promised_ship_by, planned.promised_delivery):
                assert not calendar.between(day, day), (planned.locked_on, day)

    def test_is_no_reason_for_a_later_lock_to_be_promised_an_earlier_day(self) -> None:
        promises = [
            plan(load_template("LIGHT"), locked_on=AUTUMN + timedelta(days=offset)).promised_delivery
            for offset in range(0, 120, 3)
        ]
        assert promises == sorted(promises)


class TestEveryPlan:
    @settings(max_examples=40, deadline=None)
    @given(
        code=st.sampled_from(template_codes()),
        export=st.booleans(),
        locked_on=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
        extra=st.integers(0, 60),
    )
    def test_keeps_order_and_promises_no_earlier_than_p80(
        self, code: str, export: bool, locked_on: date, extra: int
    ) -> None:
        planned = plan(load_template(code, export=export), locked_on=locked_on, extra_lead_days=extra)
        for stage in planned.graph.stages:
            dates = planned.stage(stage.code)
            assert all(planned.stage(other).end <= dates.start for other in stage.after)
            assert locked_on <= dates.start <= dates.end
            assert dates.p50 <= dates.p80
        final = planned.stage(planned.graph.final.code)
        assert planned.promised_delivery >= final.p80 >= final.p50
        assert planned.promised_ship_by >= planned.stage(planned.graph.shipping.code).p80
        assert planned.promised_ship_by < planned.promised_delivery
        assert all(stage.promised_by >= stage.p80 for stage in planned.stages)
