"""The timeline as people see it: geometry, words in both languages, and the markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from c2b.fulfillment.drawing import PLOT_LEFT, PLOT_RIGHT, STRIP_WIDTH, Bar
from c2b.fulfillment.forecasting import Progress, forecast
from c2b.fulfillment.graph import load_template, template_codes
from c2b.fulfillment.planning import plan
from c2b.fulfillment.view import TimelineView, timeline_view
from c2b.kit.i18n import use_locale
from c2b.kit.templating import environment

LOCK = date(2026, 3, 9)
LIGHT = plan(load_template("LIGHT"), locked_on=LOCK)
PAGE = '{% from "partials/timeline.html" import timeline %}{{ timeline(view) }}'


def day(number: int) -> date:
    return LOCK + timedelta(days=number)


HALF_WAY = (
    Progress("LOCK", "approved", day(0), day(2)),
    Progress("PO_ACK", "approved", day(2), day(4)),
    Progress("PROOF", "approved", day(2), day(5)),
    Progress("KIT", "approved", day(4), day(19)),
    Progress("FAI", "in_progress", day(19)),
)
LATER = ("MP", "OQC", "PACK", "LASTMILE")
DELIVERED = (
    *HALF_WAY[:4],
    Progress("FAI", "approved", day(19), day(20)),
    *(Progress(code, "approved", day(20 + 2 * i), day(22 + 2 * i)) for i, code in enumerate(LATER)),
)


def view_at(progress: tuple[Progress, ...], today: date, locale: str = "en") -> TimelineView:
    with use_locale(locale):
        return timeline_view(LIGHT, forecast(LIGHT, progress, today))


def page_of(view: TimelineView, locale: str = "en") -> html.HtmlElement:
    with use_locale(locale):
        return html.fromstring(environment().from_string(PAGE).render(view=view))


def bars_of(view: TimelineView, code: str) -> dict[str, Bar]:
    row = next(item for item in view.chart.rows if item.row.code == code)
    return {bar.kind: bar for bar in row.bars}


class TestTheWindowOfAStage:
    def test_of_delivery_ends_at_the_promise(self) -> None:
        view = view_at((), LOCK)
        window = bars_of(view, "LASTMILE")["window"]
        assert window.x + window.width == pytest.approx(view.chart.promise.x, abs=0.2)

    def test_of_packing_ends_at_the_promised_shipping_day(self) -> None:
        view = view_at((), LOCK)
        window = bars_of(view, "PACK")["window"]
        shipping = view.chart.axis.x(LIGHT.promised_ship_by)
        assert window.x + window.width == pytest.approx(shipping, abs=0.2)


class TestAStageAtWork:
    def test_is_actual_up_to_today_and_forecast_after(self) -> None:
        view = view_at(HALF_WAY, day(21))
        bars, today = bars_of(view, "FAI"), view.chart.today
        assert today is not None
        assert bars["actual"].x + bars["actual"].width <= today.x + 0.2
        assert set(bars) == {"window", "actual", "forecast-late"}
        assert bars["forecast-late"].x == pytest.approx(today.x, abs=0.2)

    def test_that_begins_today_has_nothing_actual_to_show(self) -> None:
        assert set(bars_of(view_at(HALF_WAY, day(19)), "FAI")) == {"window", "forecast", "forecast-late"}

    def test_that_should_be_done_today_has_no_forecast_left(self) -> None:
        assert set(bars_of(view_at(HALF_WAY, day(25)), "FAI")) == {"window", "actual", "actual-late"}


class TestAStagePastItsPromise:
    def test_turns_late_where_its_window_ends(self) -> None:
        bars = bars_of(view_at(HALF_WAY, day(20)), "KIT")
        assert bars["actual-late"].x == pytest.approx(bars["window"].x + bars["window"].width, abs=0.2)

    def test_says_so_in_words(self) -> None:
        stages = {stage.code: stage for stage in view_at(HALF_WAY, day(20)).stages}
        assert (stages["KIT"].note, stages["KIT"].is_late) == ("8 days behind plan", True)
        assert (stages["PO_ACK"].note, stages["PO_ACK"].is_late) == ("", False)


class TestTheHeadline:
    @pytest.mark.parametrize(
        ("progress", "today", "tone", "headline"),
        [
            ((), 0, "good", "Likely delivery on Apr 9, 2026, 10 days before the promised day."),
            (HALF_WAY, 25, "tight", "Likely delivery on Apr 19, 2026, the promised day."),
            (HALF_WAY, 26, "late", "Likely delivery on Apr 20, 2026, 1 day after the promised day."),
            (DELIVERED, 70, "done", "Delivered on Apr 6, 2026, 13 days before the promised day."),
        ],
    )
    def test_says_how_it_stands(
        self, progress: tuple[Progress, ...], today: int, tone: str, headline: str
    ) -> None:
        view = view_at(progress, day(today))
        assert (view.tone, view.headline) == (tone, headline)

    def test_says_it_in_chinese(self) -> None:
        view = view_at(HALF_WAY, day(26), "zh_CN")
        assert (view.tone_label, view.headline) == ("晚于承诺", "预计 2026年4月20日 送达，比承诺日晚 1 天。")


class TestADeliveredTimeline:
    @pytest.mark.parametrize("today", [30, 300])
    def test_has_no_today(self, today: int) -> None:
        view = view_at(DELIVERED, day(today))
        assert view.chart.today is None
        assert {stage.strip.today_x for stage in view.stages} == {None}
        assert view.chart.axis.latest < day(60)


class TestTheAxis:
    def test_reaches_the_day_that_holds_four_times_out_of_five(self) -> None:
        view = view_at(HALF_WAY, day(40))
        assert view.chart.axis.latest > view.delivery_p80 > view.delivery

    def test_names_holidays_on_the_way(self) -> None:
        semi = plan(load_template("SEMI"), locked_on=date(2026, 11, 23))
        with use_locale("zh_CN"):
            chart = timeline_view(semi, forecast(semi, (), semi.locked_on)).chart
        assert [band.label for band in chart.closed] == ["春节"]
        assert chart.closed[0].x == chart.axis.x(date(2027, 1, 29))
        assert chart.closed[0].x + chart.closed[0].width == pytest.approx(
            chart.axis.x(date(2027, 2, 19)), abs=0.2
        )

    @pytest.mark.parametrize(
        ("code", "labels"), [("LIGHT", "Mar 9"), ("SEMI", "Apr 2026"), ("TOOLED", "Mar")]
    )
    def test_counts_weeks_or_months(self, code: str, labels: str) -> None:
        planned = plan(load_template(code, export=code == "TOOLED"), locked_on=LOCK)
        ticks = timeline_view(planned, forecast(planned, (), LOCK)).chart.ticks
        assert ticks[0].label == labels
        gaps = [b.x - a.x for a, b in pairwise(ticks)]
        assert min(gaps) > 30

    @settings(max_examples=30, deadline=None)
    @given(
        code=st.sampled_from(template_codes()),
        export=st.booleans(),
        done=st.integers(0, 14),
        days=st.integers(0, 60),
        wait=st.integers(0, 400),
    )
    def test_holds_every_bar_and_mark(self, code: str, export: bool, done: int, days: int, wait: int) -> None:
        planned = plan(load_template(code, export=export), locked_on=LOCK)
        ends: dict[str, date] = {}
        progress = []
        for stage in planned.graph.stages[:done]:
            start = max((ends[other] for other in stage.after), default=LOCK)
            ends[stage.code] = start + timedelta(days=days)
            progress.append(Progress(stage.code, "approved", start, ends[stage.code]))
        today = max(ends.values(), default=LOCK) + timedelta(days=wait)
        view = timeline_view(planned, forecast(planned, progress, today))
        for item, stage_view in zip(view.chart.rows, view.stages, strict=True):
            for bars, left, right in (
                (item.bars, PLOT_LEFT, PLOT_RIGHT),
                (stage_view.strip.bars, 0, STRIP_WIDTH),
            ):
                assert all(left <= bar.x and bar.x + bar.width <= right + 3 for bar in bars)
        marks = [mark.x for mark in (view.chart.promise, view.chart.today) if mark]
        assert all(PLOT_LEFT <= x <= PLOT_RIGHT for x in marks)


class TestTheMarkup:
    def test_needs_no_inline_style(self) -> None:
        page = page_of(view_at(HALF_WAY, day(21)))
        assert not page.xpath("//*[@style]|//style|//script")

    def test_is_an_image_with_a_title_and_a_description(self) -> None:
        view = view_at(HALF_WAY, day(21))
        (chart,) = page_of(view).xpath("//svg[@role='img']")
        title, description = (
            chart.xpath(f"//*[@id='{name}']")[0].text_content()
            for name in chart.get("aria-labelledby").split()
        )
        assert title == view.headline
        assert "4 of 9 stages done" in description

    def test_says_the_same_in_a_list_and_in_a_table(self) -> None:
        view = view_at(HALF_WAY, day(21))
        page = page_of(view)
        names = [stage.name for stage in view.stages]
        assert [cell.text_content() for cell in page.xpath("//tbody//th")] == names
        assert [cell.text_content() for cell in page.xpath("//ol//strong")] == names
        forecast_rows = [row for row in page.xpath("//tbody/tr") if "(forecast)" in row.text_content()]
        assert len(forecast_rows) == 5

    def test_keeps_ids_apart_when_a_page_shows_two(self) -> None:
        with use_locale("en"):
            found = forecast(LIGHT, HALF_WAY, day(21))
            views = [timeline_view(LIGHT, found, key=key) for key in ("keyboard", "earphones")]
        ids = [element.get("id") for view in views for element in page_of(view).xpath("//*[@id]")]
        assert len(ids) == len(set(ids)) == 2 * 3

    def test_escapes_what_it_shows(self) -> None:
        view = view_at(HALF_WAY, day(21))
        bad = replace(view.stages[0], name="<script>alert(1)</script>")
        page = page_of(replace(view, stages=(bad, *view.stages[1:])))
        assert not page.xpath("//script")
        assert "<script>alert(1)</script>" in page.text_content()

    def test_speaks_chinese_throughout(self) -> None:
        text = page_of(view_at(HALF_WAY, day(26), "zh_CN"), "zh_CN").text_content()
        assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {"AQL"}
