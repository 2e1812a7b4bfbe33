"""Which paid units count, at which price, and what is missing: the fixed point beside trying every tier."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from c2b.campaigns.reach import Reach, reach, to_count_on
from c2b.campaigns.rules import PriceTier

TIERS = (PriceTier(100, 11900), PriceTier(200, 10900), PriceTier(300, 9900))


def stands(found: Reach) -> tuple[int, int, int]:
    return found.counted, found.waiting, found.unit_price_minor


class TestPaidUnits:
    def test_all_count_where_nobody_asks_for_a_price(self):
        assert stands(reach(TIERS, 0, {})) == (0, 0, 11900)
        assert stands(reach(TIERS, 99, {})) == (99, 0, 11900)
        assert stands(reach(TIERS, 200, {})) == (200, 0, 10900)

    def test_of_those_who_take_part_from_a_price_on_wait_until_it_is_reached(self):
        assert stands(reach(TIERS, 140, {10900: 50})) == (90, 50, 11900)
        assert stands(reach(TIERS, 199, {10900: 110})) == (89, 110, 11900)

    def test_bring_the_price_together_with_those_who_wait_for_it(self):
        assert stands(reach(TIERS, 200, {10900: 110})) == (200, 0, 10900)

    def test_of_a_deeper_price_do_not_help_a_higher_one(self):
        assert stands(reach(TIERS, 210, {10900: 60, 9900: 30})) == (120, 90, 11900)
        assert stands(reach(TIERS, 230, {10900: 60, 9900: 30})) == (200, 30, 10900)
        assert stands(reach(TIERS, 300, {10900: 60, 9900: 30})) == (300, 0, 9900)


class TestWhatIsMissing:
    def test_is_told_for_every_tier_by_those_who_take_part_in_it(self):
        found = reach(TIERS, 140, {10900: 50})
        assert [(rung.units, rung.missing) for rung in found.rungs] == [(90, 10), (140, 60), (140, 160)]

    def test_is_told_for_the_threshold_by_the_shortest_way(self):
        assert reach(TIERS, 140, {10900: 50}).missing_for(100) == 10
        assert reach(TIERS, 195, {10900: 150}).missing_for(100) == 5  # by way of the lower price
        assert reach(TIERS, 100, {}).missing_for(100) == 0

    def test_names_the_next_price(self):
        following = reach(TIERS, 140, {10900: 50}).following
        assert following and (following.unit_price_minor, following.missing) == (10900, 60)
        assert reach(TIERS, 300, {}).following is None
        nearer = reach(TIERS, 290, {9900: 150}).following
        assert nearer and (nearer.unit_price_minor, nearer.missing) == (9900, 10)


class TestAPlaceThatWaits:
    def test_is_told_how_many_more_bring_its_price_or_a_lower_one(self):
        found = reach(TIERS, 140, {10900: 50})
        assert (found.missing_at(10900), found.missing_at(9900), found.missing_at(11900)) == (60, 160, 0)
        assert reach(TIERS, 290, {9900: 150}).missing_at(10900) == 10  # by way of the lowest
        assert reach(TIERS, 200, {10900: 50}).missing_at(10900) == 0


class TestTiersToCountOn:
    def test_end_at_the_threshold_where_the_group_closes_on_it(self):
        assert to_count_on(TIERS, closes="on_threshold", threshold=200) == TIERS[:2]
        assert to_count_on(TIERS, closes="on_threshold", threshold=50) == TIERS[:1]
        assert to_count_on(TIERS, closes="at_deadline", threshold=50) == TIERS


@st.composite
def groups(draw: st.DrawFn) -> tuple[tuple[PriceTier, ...], int, dict[int, int]]:
    steps = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    tiers = tuple(PriceTier(sum(steps[: at + 1]), 100 - 5 * at) for at in range(len(steps)))
    conditional = {tier.unit_price_minor: draw(st.integers(0, 6)) for tier in tiers[1:]}
    return tiers, draw(st.integers(0, 12)) + sum(conditional.values()), conditional


class TestEveryGroup:
    @given(groups())
    def test_counts_as_many_as_any_price_allows(self, group):
        """No price at which more people would take part, and could have it, is missed."""
        tiers, paid, conditional = group
        found = reach(tiers, paid, conditional)
        possible = []
        for at, tier in enumerate(tiers):
            there = paid - sum(units for price, units in conditional.items() if price < tier.unit_price_minor)
            if there >= tier.from_quantity or at == 0:
                possible.append((there, tier.unit_price_minor))
        assert (found.counted, -found.unit_price_minor) == max((units, -price) for units, price in possible)

    @given(groups(), st.integers(1, 20))
    def test_misses_exactly_what_it_says(self, group, threshold):
        tiers, paid, conditional = group
        missing = reach(tiers, paid, conditional).missing_for(threshold)
        assert reach(tiers, paid + missing, conditional).counts_for(threshold)
        assert missing == 0 or not reach(tiers, paid + missing - 1, conditional).counts_for(threshold)
