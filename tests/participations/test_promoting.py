"""Another of one's own choices first: nothing is added, nothing is lost."""

from __future__ import annotations

import pytest

from c2b.participations.wishes.promoting import promoted
from c2b.participations.wishes.ranking import ranked

NAVY = {"case_color": "navy", "plate": "brass"}
BLACK = {**NAVY, "case_color": "black"}
SILVER = {**NAVY, "case_color": "silver"}
COLORS = {"attribute": "case_color", "any_of": ["black", "silver"]}
PLATES = {"attribute": "plate", "any_of": ["fr4"]}


def all_of(answers, preferences) -> list[dict]:
    return sorted((each.answers for each in ranked(answers, preferences)), key=str)


class TestAPromotedChoice:
    def test_swaps_places_with_the_first_one(self):
        answers, preferences = promoted(NAVY, {"alternatives": [COLORS], "limit_minor": 5}, 2)
        assert answers == SILVER
        assert preferences == {
            "alternatives": [{"attribute": "case_color", "any_of": ["black", "navy"]}], "limit_minor": 5,
        }  # fmt: skip

    def test_takes_the_place_of_a_whole_specification(self):
        other = {"case_color": "silver", "plate": "pc"}
        answers, preferences = promoted(NAVY, {"alternatives": [{"answers": other}, COLORS]}, 1)
        assert answers == other
        assert NAVY in [each.answers for each in ranked(answers, preferences)]

    @pytest.mark.parametrize("position", range(6))
    def test_keeps_everything_that_short_alternatives_allowed(self, position):
        preferences = {"alternatives": [COLORS, PLATES]}
        assert all_of(*promoted(NAVY, preferences, position)) == all_of(NAVY, preferences)

    def test_of_the_first_choice_changes_nothing(self):
        assert promoted(NAVY, {"alternatives": [COLORS]}, 0) == (NAVY, {"alternatives": [COLORS]})
        assert promoted(NAVY, {}, 0) == (NAVY, {})

    def test_that_was_never_named_is_refused(self):
        with pytest.raises(IndexError):
            promoted(NAVY, {"alternatives": [PLATES]}, 2)
