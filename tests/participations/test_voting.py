"""Counting a vote: worked examples, ties, and what must hold whatever people rank."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from c2b.participations.votes.voting import Ballot, count, tally_of

CHOICES = ("wired", "tri", "dongle")
PRICES = {"wired": 0, "tri": 6000, "dongle": 2000}


def ballots(*rankings: tuple[int, str]) -> list[Ballot]:
    """``(units, "tri wired")`` each, in the order in which their members paid."""
    return [Ballot(tuple(words.split()), units, order) for order, (units, words) in enumerate(rankings)]


def outcome(*rankings: tuple[int, str], tie_rule: str = "listed") -> str:
    return count(CHOICES, ballots(*rankings), tie_rule=tie_rule, prices=PRICES).outcome


class TestAVote:
    def test_goes_to_what_more_than_half_of_the_units_rank_first(self):
        counted = count(CHOICES, ballots((3, "tri"), (2, "wired tri"), (1, "tri")), tie_rule="listed")
        assert counted.outcome == "tri"
        assert len(counted.rounds) == 1
        assert counted.rounds[0].units == (("wired", 2), ("tri", 4), ("dongle", 0))
        assert not counted.by_tie_rule

    def test_counts_units_not_people(self):
        assert outcome((1, "tri"), (1, "tri"), (3, "wired")) == "wired"

    def test_passes_the_ballots_of_the_weakest_on_to_their_next_choice(self):
        counted = count(
            CHOICES, ballots((4, "wired"), (3, "tri dongle"), (2, "dongle tri")), tie_rule="listed"
        )
        assert counted.outcome == "tri"
        assert [each.out for each in counted.rounds] == ["dongle", None]
        assert counted.rounds[1].units == (("wired", 4), ("tri", 5))

    def test_needs_half_of_the_units_that_still_have_a_choice(self):
        counted = count(CHOICES, ballots((4, "wired"), (3, "tri"), (2, "dongle")), tie_rule="listed")
        assert counted.outcome == "wired"
        assert counted.rounds[1].exhausted == 2
        assert counted.units == 9

    def test_keeps_its_rounds_as_plain_values(self):
        counted = count(CHOICES, ballots((2, "wired"), (2, "tri"), (1, "dongle")), tie_rule="listed")
        assert tally_of(counted) == {
            "units": 5,
            "rounds": [
                {"units": [["wired", 2], ["tri", 2], ["dongle", 1]], "exhausted": 0, "out": "dongle", "tied": []},
                {"units": [["wired", 2], ["tri", 2]], "exhausted": 1, "out": "tri", "tied": ["wired", "tri"]},
                {"units": [["wired", 2]], "exhausted": 3, "out": None, "tied": []},
            ],
        }  # fmt: skip


class TestATie:
    def test_is_decided_by_the_organizers_order(self):
        assert outcome((2, "tri"), (2, "wired")) == "wired"
        assert outcome((2, "dongle"), (2, "tri")) == "tri"

    def test_is_decided_by_the_lower_price_where_that_was_the_rule(self):
        assert outcome((2, "tri"), (2, "dongle"), tie_rule="cheapest") == "dongle"

    def test_is_decided_by_who_paid_first_where_that_was_the_rule(self):
        assert outcome((1, "tri"), (2, "wired"), (1, "tri"), tie_rule="earliest") == "tri"
        assert outcome((2, "wired"), (1, "tri"), (1, "tri"), tie_rule="earliest") == "wired"

    def test_of_the_weakest_decides_who_stays_longer(self):
        """Dongle and tri have two each; whoever stays gets the other's ballots and wins."""
        rankings = ((3, "wired"), (2, "dongle tri"), (2, "tri dongle"))
        assert outcome(*rankings) == "tri"
        assert outcome(*rankings, tie_rule="cheapest") == "dongle"
        assert outcome(*rankings, tie_rule="earliest") == "dongle"
        assert count(CHOICES, ballots(*rankings), tie_rule="listed").by_tie_rule

    def test_of_nobody_voting_is_decided_by_the_rule_alone(self):
        assert outcome() == "wired"
        assert outcome(tie_rule="cheapest") == "wired"
        assert count(("tri", "wired"), [], tie_rule="cheapest", prices=PRICES).outcome == "wired"
        assert count(("tri", "wired"), [], tie_rule="earliest", prices=PRICES).outcome == "tri"


_RANKING = st.permutations(CHOICES).flatmap(lambda all_: st.integers(1, 3).map(lambda n: tuple(all_[:n])))
_BALLOTS = st.lists(st.tuples(_RANKING, st.integers(1, 20)), max_size=12).map(
    lambda rows: [Ballot(ranking, units, order) for order, (ranking, units) in enumerate(rows)]
)
_RULES = st.sampled_from(("listed", "cheapest", "earliest"))


class TestWhateverPeopleRank:
    @given(_BALLOTS, _RULES, st.randoms())
    def test_the_order_of_the_ballots_does_not_matter(self, cast, rule, chance):
        mixed = list(cast)
        chance.shuffle(mixed)
        assert count(CHOICES, mixed, tie_rule=rule, prices=PRICES) == count(
            CHOICES, cast, tie_rule=rule, prices=PRICES
        )

    @given(_BALLOTS, _RULES, st.sampled_from(CHOICES))
    def test_more_than_half_of_the_units_decide(self, cast, rule, favorite):
        majority = Ballot((favorite,), sum(each.units for each in cast) + 1, len(cast))
        assert count(CHOICES, [*cast, majority], tie_rule=rule, prices=PRICES).outcome == favorite

    @given(_BALLOTS, _RULES)
    def test_every_unit_is_counted_in_every_round(self, cast, rule):
        counted = count(CHOICES, cast, tie_rule=rule, prices=PRICES)
        total = sum(each.units for each in cast)
        for each in counted.rounds:
            assert sum(units for _, units in each.units) + each.exhausted == total
        assert [len(each.units) for each in counted.rounds] == list(range(3, 3 - len(counted.rounds), -1))

    @given(_BALLOTS, _RULES, st.sampled_from(CHOICES))
    def test_a_choice_that_nobody_ranks_loses_to_one_that_somebody_does(self, cast, rule, nobodys):
        ranked = [each for each in cast if nobodys not in each.ranking]
        if ranked:
            assert count(CHOICES, ranked, tie_rule=rule, prices=PRICES).outcome != nobodys
