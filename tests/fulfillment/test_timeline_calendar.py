"""Day arithmetic over the holidays on which work stands still."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.fulfillment.calendar import EVERYONE, CalendarTooShort, load_calendar

calendar = load_calendar()
days_of_2027 = st.dates(date(2026, 12, 1), date(2027, 12, 31))


class TestChineseNewYear:
    """New Year's Day 2027 is February 6: factories stand still from January 30 to February 19."""

    @pytest.mark.parametrize(
        ("start", "days", "end"),
        [
            (date(2027, 1, 20), 9, date(2027, 1, 29)),  # done on the last evening before
            (date(2027, 1, 20), 10, date(2027, 2, 20)),  # one day too long: the first day after
            (date(2027, 1, 29), 1, date(2027, 2, 20)),
            (date(2027, 2, 3), 2, date(2027, 2, 21)),  # begun in the holiday
            (date(2027, 2, 19), 1, date(2027, 2, 20)),
            (date(2027, 2, 20), 1, date(2027, 2, 21)),
            (date(2027, 2, 3), 0, date(2027, 2, 3)),
        ],
    )
    def test_stops_factories_for_three_weeks(self, start: date, days: int, end: date) -> None:
        assert calendar.day_after(start, days, "factory") == end

    def test_stops_carriers_for_eight_days(self) -> None:
        assert calendar.day_after(date(2027, 2, 4), 1, "carrier") == date(2027, 2, 13)

    def test_does_not_stop_the_platform(self) -> None:
        assert calendar.day_after(date(2027, 2, 4), 2, "open") == date(2027, 2, 6)

    def test_is_told_with_its_name(self) -> None:
        closures = calendar.between(date(2027, 2, 10), date(2027, 2, 10), "factory")
        assert [closure.label.zh for closure in closures] == ["春节"]


class TestNationalDay:
    def test_stops_factories_and_not_carriers(self) -> None:
        assert calendar.day_after(date(2026, 9, 30), 1, "factory") == date(2026, 10, 8)
        assert calendar.day_after(date(2026, 9, 30), 1, "carrier") == date(2026, 10, 1)


class TestAYearNobodyKnowsYet:
    def test_is_refused_rather_than_guessed(self) -> None:
        with pytest.raises(CalendarTooShort):
            calendar.day_after(date(2035, 12, 30), 2)
        assert calendar.day_after(date(2035, 12, 30), 1) == date(2035, 12, 31)

    def test_is_refused_before_the_first_one_too(self) -> None:
        with pytest.raises(CalendarTooShort):
            calendar.day_after(date(2023, 12, 30), 5)
        with pytest.raises(CalendarTooShort):
            calendar.add_each([date(2023, 12, 30).toordinal()], [5.0], "open")


class TestCounting:
    @settings(deadline=None)
    @given(
        start=days_of_2027, days=st.integers(1, 200), name=st.sampled_from(["factory", "carrier", EVERYONE])
    )
    def test_agrees_with_counting_day_by_day(self, start: date, days: int, name: str) -> None:
        day, left = start, days
        while left:
            day += timedelta(days=1)
            left -= not calendar.between(day, day, name)
        assert calendar.day_after(start, days, name) == day

    @settings(deadline=None)
    @given(start=days_of_2027, days=st.integers(0, 200), name=st.sampled_from(["factory", "carrier", "open"]))
    def test_later_or_longer_work_never_ends_earlier(self, start: date, days: int, name: str) -> None:
        end = calendar.day_after(start, days, name)
        assert calendar.day_after(start + timedelta(days=1), days, name) >= end
        assert calendar.day_after(start, days + 1, name) > end

    @settings(deadline=None)
    @given(start=days_of_2027, days=st.integers(0, 200), name=st.sampled_from(["factory", "carrier", "open"]))
    def test_everybodys_calendar_is_never_earlier_than_ones_own(
        self, start: date, days: int, name: str
    ) -> None:
        assert calendar.day_after(start, days) >= calendar.day_after(start, days, name)

    @settings(deadline=None)
    @given(starts=st.lists(days_of_2027, min_size=1, max_size=5), days=st.floats(0.1, 90))
    def test_is_the_same_for_many_worlds_at_once(self, starts: list[date], days: float) -> None:
        numbers = [float(start.toordinal()) for start in starts]
        lengths = [days] * len(numbers)
        one_by_one = [calendar.add(number, days, "factory") for number in numbers]
        assert calendar.add_each(numbers, lengths, "factory") == one_by_one
