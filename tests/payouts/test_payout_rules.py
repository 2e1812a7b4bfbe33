"""When a manufacturer is paid what, without a database."""

from __future__ import annotations

from datetime import date

import pytest

from c2b.catalog.payment_terms import USUAL, Part, PaymentTerms, payment_terms
from c2b.payouts import rules

DAY = date(2026, 11, 26)


def terms(*goods: tuple[int, str]) -> dict[str, object]:
    return {
        "payment_terms": {
            "goods": [{"share_bp": share, "milestone": milestone} for share, milestone in goods]
        }
    }


class TestTheTermsOfAQuotation:
    def test_are_the_usual_ones_unless_it_names_others(self):
        assert payment_terms({}) == USUAL
        assert [(p.share_bp, p.milestone, p.days) for p in USUAL.goods] == [
            (3000, "acknowledged", 0), (6000, "inspected", 0), (1000, "delivered", 30),
        ]  # fmt: skip

    def test_survive_being_stored(self):
        own = PaymentTerms((Part(3333, "acknowledged"), Part(6667, "delivered", 14)), USUAL.nre)
        assert payment_terms({"payment_terms": own.to_json()}) == own

    @pytest.mark.parametrize(
        "given",
        [
            terms((3000, "acknowledged"), (6000, "inspected")),
            terms((3000, "acknowledged"), (7001, "inspected")),
            terms((5000, "someday"), (5000, "delivered")),
            terms((5000, "delivered"), (5000, "acknowledged")),
            terms((0, "acknowledged"), (10000, "delivered")),
            {"payment_terms": {"goods": []}},
            {"payment_terms": {"goods": "30/70"}},
            {"payment_terms": {"tooling": []}},
            {"payment_terms": {"goods": [{"share_bp": 10000.0, "milestone": "delivered"}]}},
            {"payment_terms": {"goods": [{"share_bp": 10000, "milestone": "delivered", "days": -1}]}},
            {"payment_terms": {"goods": [{"share_bp": True, "milestone": "delivered"}]}},
        ],
    )
    def test_are_refused_where_they_do_not_add_up(self, given):
        with pytest.raises(ValueError, match=r"payment_terms|milestone|share|days"):
            payment_terms(given)

    def test_read_as_percent_on_paper(self):
        assert [Part(share, "delivered").percent for share in (3000, 3333, 3330, 5)] == [
            30,
            "33.33",
            "33.3",
            "0.05",
        ]


class TestASchedule:
    @pytest.mark.parametrize("goods", [1, 3, 99, 100, 1550000, 1550001, 10**12 + 7])
    @pytest.mark.parametrize("nre", [0, 1, 101, 1800000])
    def test_makes_the_amounts_to_the_cent(self, goods, nre):
        parts = rules.schedule(USUAL, goods_minor=goods, nre_minor=nre)
        assert sum(part.amount_minor for part in parts) == goods + nre
        assert all(part.amount_minor > 0 for part in parts)

    def test_gives_odd_cents_to_the_largest_remainder(self):
        own = PaymentTerms(
            (Part(3333, "acknowledged"), Part(3333, "inspected"), Part(3334, "delivered")), USUAL.nre
        )
        assert [p.amount_minor for p in rules.schedule(own, goods_minor=100, nre_minor=0)] == [33, 33, 34]


class TestAMilestone:
    @pytest.mark.parametrize(
        ("codes", "golden"),
        [
            (("LOCK", "PO_ACK", "PROOF", "KIT", "FAI", "MP", "OQC", "PACK", "LASTMILE"), "FAI"),
            (
                (
                    "LOCK",
                    "PO_ACK",
                    "REVIEW",
                    "COLOR",
                    "PROC",
                    "CERT",
                    "PILOT",
                    "MP",
                    "OQC",
                    "SHIP",
                    "LASTMILE",
                ),
                "COLOR",
            ),
            (("LOCK", "PO_ACK", "DFM", "TOOL", "TOOLFIX", "DVT", "MP", "OQC", "SHIP", "LASTMILE"), "TOOLFIX"),
        ],
    )
    def test_is_found_whatever_the_template_calls_it(self, codes, golden):
        assert rules.stage_of("golden_sample", codes) == golden
        assert rules.stage_of("inspected", codes) == "OQC"

    def test_without_a_stage_comes_with_the_delivery(self):
        given = {"acknowledged": DAY, "done": {"MP": DAY}, "codes": ("MP",)}
        assert rules.reached_on("inspected", delivered=None, **given) is None
        assert rules.reached_on("inspected", delivered=DAY, **given) == DAY

    @pytest.mark.parametrize(
        ("reached", "days", "blocked", "state"),
        [
            (None, 0, False, "held"), (DAY, 0, False, "releasable"), (DAY, 0, True, "frozen"), (DAY, 1, False, "held"),
            (DAY, 1, True, "held"),
        ],
    )  # fmt: skip
    def test_makes_a_part_releasable_when_its_day_has_come_and_nothing_blocks(
        self, reached, days, blocked, state
    ):
        assert rules.state_of(reached=reached, days=days, today=DAY, blocked=blocked) == state


class TestAFee:
    def test_is_five_percent_rounded_down(self):
        assert rules.fee(2145000, 500) == 107250
        assert rules.fee(19, 500) == 0

    def test_is_not_earned_on_what_never_came(self):
        assert rules.fee_due(1000, goods_minor=3000, reduced_minor=1000) == 666
        assert rules.fee_due(1000, goods_minor=3000, reduced_minor=4000) == 0
        assert rules.fee_due(7, goods_minor=0, reduced_minor=0) == 7


class TestAShortDelivery:
    @pytest.mark.parametrize(
        ("lefts", "minor", "taken", "owed"),
        [
            ([60, 10], 5, [0, 5], 0), ([60, 10], 30, [20, 10], 0), ([60, 10], 80, [60, 10], 10), ([], 8, [], 8),
            ([60, 10], 0, [0, 0], 0),
        ],
    )  # fmt: skip
    def test_is_taken_off_the_last_parts_first(self, lefts, minor, taken, owed):
        assert rules.taken_off(lefts, minor) == (taken, owed)

    def test_gives_members_their_share_rounded_up(self):
        assert rules.member_share(60900, quantity=3, missing=1) == 20300
        assert rules.member_share(100, quantity=3, missing=1) == 34
        with pytest.raises(ValueError, match="more is missing"):
            rules.member_share(100, quantity=3, missing=4)
