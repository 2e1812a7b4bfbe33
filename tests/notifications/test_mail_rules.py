"""What a mail's context may hold, and its key."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from c2b.notifications.announcing import REACTIONS
from c2b.notifications.rules import MAX_KEY, key_of, revived, stored
from c2b.notifications.tellings import REPEATED, TELLINGS

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class TestAContext:
    def test_comes_back_as_it_was(self):
        context = {
            "deadline_at": NOON, "promised_on": date(2027, 3, 1), "paid": 50, "title": "2026-11-23",
            "delivered_on": None,
            "product": {"en": "Mill 75", "zh": "磨坊75"}, "answers": [["Color", "Navy"]],
        }  # fmt: skip
        kept = stored(context)
        assert kept["deadline_at"] == "2026-11-23T12:00:00+00:00"
        assert kept["promised_on"] == "2027-03-01"
        assert revived(kept) == context

    def test_keeps_the_instant_whatever_its_zone(self):
        beijing = NOON.astimezone(timezone(timedelta(hours=8)))
        assert revived(stored({"at_at": beijing})) == {"at_at": NOON}

    @pytest.mark.parametrize(
        "context", [{"deadline": NOON}, {"deadline_on": NOON}, {"promised": date(2027, 3, 1)}]
    )
    def test_refuses_a_moment_under_a_name_that_hides_it(self, context):
        with pytest.raises(ValueError, match="must end in"):
            stored(context)


class TestAKey:
    def test_names_template_subject_and_person(self):
        assert key_of("group_locked", "c1", "u1") == "group_locked:c1:u1"

    def test_tells_a_second_time_apart(self):
        assert len({key_of("milestone_blocked", "m1", "u1", turn) for turn in (1, 2, 3)}) == 3

    def test_always_has_room(self):
        longest = max(len(each.template) for many in TELLINGS.values() for each in many)
        assert longest + 80 + 26 + len("::") + len(":9999999") <= MAX_KEY


class TestTheTable:
    def test_is_what_the_wiring_gets(self):
        assert set(REACTIONS) == set(TELLINGS)

    def test_repeats_only_what_it_tells(self):
        assert set(TELLINGS) >= REPEATED
