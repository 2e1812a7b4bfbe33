"""What an offer may be: every fault at its border, beside its field; and the prices and steps of a campaign."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.campaigns.rules import (
    BEFORE_LOCK,
    JOINABLE,
    SHOWN,
    TRANSITIONS,
    Bounds,
    Offer,
    PriceTier,
    QuotedTier,
    entry_price,
    faults_of,
    may_change,
    price_at,
    price_tiers,
    quoted_at,
    quoted_tiers,
    slug_of,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
BOUNDS = Bounds(
    min_quantity=50, capacity=500,
    quoted=(QuotedTier(50, 31000, 39900, 52900), QuotedTier(200, 28000, 36900, 49900)),
    quoted_until=NOON + 60 * DAY, batch_minimum=1, nre_minor=0,
)  # fmt: skip
OFFER = Offer(
    title="Navy seventy-five", story="Quiet.", batch_answers={}, threshold=100, cap=300,
    tiers=(PriceTier(100, 45900), PriceTier(200, 42900)), closes="on_threshold", visibility="public",
    deadline=NOON + 20 * DAY,
)  # fmt: skip


def tiers(*pairs: tuple[int, int]) -> tuple[PriceTier, ...]:
    return tuple(PriceTier(*pair) for pair in pairs)


def found(bounds: Bounds = BOUNDS, **changes: object) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in faults_of(replace(OFFER, **changes), bounds, now=NOON)]


class TestAnOffer:
    def test_that_is_right_has_no_fault(self):
        assert found() == []

    @pytest.mark.parametrize(
        ("changes", "faults"),
        [
            ({"title": "  abc  "}, [("title", "length")]),
            ({"title": "abcd"}, []),
            ({"title": "x" * 120}, []),
            ({"title": "x" * 121}, [("title", "length")]),
            ({"story": "x" * 5000}, []),
            ({"story": "x" * 5001}, [("story", "length")]),
            ({"closes": "whenever"}, [("closes", "choice")]),
            ({"visibility": "secret"}, [("visibility", "choice")]),
            ({"objection_hours": 0}, []),
            ({"objection_hours": -1}, [("objection_hours", "range")]),
            ({"objection_hours": 168}, []),
            ({"objection_hours": 169}, [("objection_hours", "range")]),
            ({"threshold": 50, "tiers": tiers((50, 45900))}, []),
            ({"threshold": 49, "tiers": tiers((49, 45900))}, [("threshold", "below_minimum")]),
            ({"cap": 100, "tiers": tiers((100, 45900))}, []),
            ({"cap": 99, "tiers": tiers((90, 45900))}, [("cap", "below_threshold")]),
            ({"cap": 500}, []),
            ({"cap": 501}, [("cap", "above_capacity")]),
            ({"tiers": ()}, [("tiers", "count")]),
            ({"tiers": tiers(*((100 + n, 45900 - n) for n in range(6)))}, []),
            ({"tiers": tiers(*((100 + n, 45900 - n) for n in range(7)))}, [("tiers", "count")]),
            ({"tiers": tiers((101, 45900))}, [("tiers.0.from_quantity", "above_threshold")]),
            ({"tiers": tiers((100, 45900), (200, 45900))}, [("tiers.1", "not_falling")]),
            ({"tiers": tiers((100, 45900), (100, 42900))}, [("tiers.1", "not_falling")]),
            ({"tiers": tiers((100, 42900), (200, 45900))}, [("tiers.1", "not_falling")]),
            ({"tiers": tiers((100, 45900), (300, 42900))}, []),
            ({"tiers": tiers((100, 45900), (301, 42900))}, [("tiers.1.from_quantity", "above_cap")]),
            ({"tiers": tiers((100, 52900))}, []),
            ({"tiers": tiers((100, 52901))}, [("tiers.0.unit_price_minor", "outside_quotation")]),
            ({"tiers": tiers((100, 39900))}, []),
            ({"tiers": tiers((100, 39899))}, [("tiers.0.unit_price_minor", "outside_quotation")]),
            ({"tiers": tiers((1, 39899))}, [("tiers.0.unit_price_minor", "outside_quotation")]),
            ({"tiers": tiers((100, 45900), (199, 39899))}, [("tiers.1.unit_price_minor", "outside_quotation")]),
            ({"tiers": tiers((100, 45900), (200, 36900))}, []),
            ({"tiers": tiers((100, 45900), (200, 36899))}, [("tiers.1.unit_price_minor", "outside_quotation")]),
            ({"deadline": NOON + HOUR}, []),
            ({"deadline": NOON + HOUR - SECOND}, [("deadline", "range")]),
            ({"deadline": NOON - DAY}, [("deadline", "range")]),
            ({"deadline": NOON + 60 * DAY}, []),
            ({"deadline": NOON + 60 * DAY + SECOND}, [("deadline", "after_quotation")]),
            ({"deadline": NOON + 90 * DAY + SECOND}, [("deadline", "range")]),
            ({"title": "", "cap": 501, "deadline": NOON},
             [("title", "length"), ("cap", "above_capacity"), ("deadline", "range")]),
        ],
    )  # fmt: skip
    def test_is_refused_exactly_beyond_each_border(self, changes, faults):
        assert found(**changes) == faults

    def test_needs_what_the_chosen_batch_options_need(self):
        assert found(replace(BOUNDS, batch_minimum=100)) == []
        (fault,) = faults_of(OFFER, replace(BOUNDS, batch_minimum=101), now=NOON)
        assert (fault.path, fault.code, fault.params) == ("threshold", "below_minimum", {"minimum": 101})

    def test_carries_the_one_off_cost_with_its_margin_at_the_threshold(self):
        margin = (45900 - 31000) * 100
        assert found(replace(BOUNDS, nre_minor=margin)) == []
        assert found(replace(BOUNDS, nre_minor=margin + 1)) == [
            ("tiers.0.unit_price_minor", "nre_not_covered")
        ]

    def test_carries_it_at_the_price_of_the_tier_that_the_threshold_reaches(self):
        early = tiers((50, 45900), (100, 42900))
        margin = (42900 - 31000) * 100
        assert found(replace(BOUNDS, nre_minor=margin), tiers=early) == []
        assert found(replace(BOUNDS, nre_minor=margin + 1), tiers=early) == [
            ("tiers.0.unit_price_minor", "nre_not_covered")
        ]

    def test_says_what_was_quoted(self):
        (fault,) = faults_of(replace(OFFER, tiers=tiers((100, 1))), BOUNDS, now=NOON)
        assert fault.params == {"low_minor": 39900, "high_minor": 52900}


class TestAPrice:
    def test_falls_with_the_paid_units_and_starts_at_the_first_tier(self):
        ladder = price_tiers(
            [
                {"from_quantity": 200, "unit_price_minor": 42900},
                {"from_quantity": 100, "unit_price_minor": 45900},
            ]
        )
        assert [price_at(ladder, units) for units in (0, 99, 100, 199, 200, 10**6)] == [
            45900, 45900, 45900, 45900, 42900, 42900,
        ]  # fmt: skip
        assert entry_price(ladder) == 45900

    def test_is_covered_by_the_quoted_tier_below(self):
        quoted = quoted_tiers([tier.__dict__ for tier in reversed(BOUNDS.quoted)])
        assert [quoted_at(quoted, units) for units in (49, 50, 199, 200)] == [
            None, BOUNDS.quoted[0], BOUNDS.quoted[0], BOUNDS.quoted[1],
        ]  # fmt: skip

    @given(
        prices=st.lists(st.integers(1, 10**6), min_size=1, max_size=6, unique=True),
        units=st.lists(st.integers(0, 700), min_size=2, max_size=2),
    )
    def test_never_rises_when_more_people_come(self, prices, units):
        ladder = tiers(*zip(range(100, 700, 100), sorted(prices, reverse=True), strict=False))
        fewer, more = sorted(units)
        assert entry_price(ladder) >= price_at(ladder, fewer) >= price_at(ladder, more)


class TestALife:
    def test_has_these_ends_and_no_others(self):
        assert {state for state, after in TRANSITIONS.items() if not after} == {
            "completed",
            "failed",
            "canceled",
        }

    def test_reaches_every_state_from_a_draft(self):
        reached, fresh = {"draft"}, {"draft"}
        while fresh:
            fresh = {after for state in fresh for after in TRANSITIONS[state]} - reached
            reached |= fresh
        assert reached == TRANSITIONS.keys()

    def test_never_leaves_the_lock_backwards(self):
        after, fresh = set(), {"locked"}
        while fresh:
            fresh = {later for state in fresh for later in TRANSITIONS[state]} - after
            after |= fresh
        assert after == {"ordered", "in_production", "shipping", "completed", "canceled"}

    @pytest.mark.parametrize("wrong", [("draft", "open"), ("open", "locked"), ("failed", "open"), ("none", "open"),
                                       ("shipping", "canceled"), ("under_review", "failed")])  # fmt: skip
    def test_refuses_steps_that_skip_something(self, wrong):
        assert not may_change(*wrong)

    def test_takes_members_and_is_shown_when_it_should(self):
        assert set(JOINABLE) < set(BEFORE_LOCK) < set(SHOWN)
        assert not {"draft", "under_review"} & set(SHOWN)


class TestAnAddress:
    @pytest.mark.parametrize(
        ("title", "address"),
        [
            ("Navy seventy-five!", "navy-seventy-five-00012"),
            ("带得上飞机的移动电源", "00012"),
            ("  C3 研究组 Linux ", "c3-linux-00012"),
            ("../../etc/passwd?x=<b>", "etc-passwd-x-b-00012"),
        ],
    )
    def test_is_readable_and_ends_with_the_number(self, title, address):
        assert slug_of(title, "CMP-2026-00012") == address

    def test_keeps_the_number_of_a_long_title(self):
        one, other = (slug_of("word " * 24, f"CMP-2026-0001{n}") for n in (2, 3))
        assert (len(one) <= 80, one.endswith("-00012"), one != other) == (True, True, True)
        assert slug_of("x" * 120, "CMP-2026-00012", with_year=True).endswith("-2026-00012")
        assert len(slug_of("x" * 120, "CMP-2026-00012", with_year=True)) == 80
