"""How far every minimum is: all levels, first choices of paid units, and of configurations the nearest."""

from __future__ import annotations

from typing import Any

from c2b.campaigns.queries import join_offer
from c2b.catalog import operations as catalog
from c2b.catalog.schema import parse_schema
from c2b.participations.queries import demand_of
from c2b.participations.wishes.minimums import NEAREST, is_complete, short, standings
from tests import world
from tests.catalog.samples import example, newest

KEYBOARD = parse_schema(newest("keyboard"))
EARPHONES = parse_schema(newest("earphones"))
PLAIN = {
    **example("earphones", "entry_plain_white", version=2),
    "tuning": "neutral", "prompt_lang": "zh", "finish": "gloss",
}  # fmt: skip
NAVY_BRASS = example("keyboard", "brass_plate_in_navy", version=2)


def plain(**changes: Any) -> dict[str, Any]:
    return {**PLAIN, **changes}


def counts(found: Any) -> dict[str, tuple[int, int]]:
    return {each.cell.key: (each.count, each.missing) for each in found if each.count}


class TestStandings:
    def test_count_units_of_options_and_of_options_together(self):
        demand = [(NAVY_BRASS, 4), ({**NAVY_BRASS, "plate": "fr4"}, 30)]
        assert counts(standings(KEYBOARD, demand)) == {
            "option:case_color:navy": (34, 0), "option:plate:brass": (4, 26), "option:keycap:pbt_dye_a": (34, 16),
            "combination:navy_brass": (4, 2),
        }  # fmt: skip

    def test_list_what_nobody_chose_yet(self):
        assert {each.cell.key for each in standings(KEYBOARD, [])} >= {
            "option:plate:pom", "combination:navy_brass", "combination:custom_rest",
        }  # fmt: skip

    def test_mark_what_the_reader_chose_though_not_everything_is_answered(self):
        found = standings(KEYBOARD, [], own={"case_color": "navy", "plate": "brass"})
        own = [each.cell.key for each in found if each.own]
        assert own == ["option:case_color:navy", "option:plate:brass", "combination:navy_brass"]

    def test_name_the_small_lot_fee_per_unit_as_it_would_be_now(self):
        """Navy with brass from 6 on at ¥26: 4 units lack 2, ¥52 for 4 is ¥13 each; for 3 it would be ¥78."""
        (pair,) = [
            e for e in standings(KEYBOARD, [(NAVY_BRASS, 4)]) if e.cell.level == "combination" and e.count
        ]
        assert (pair.fee_minor, pair.fee_each_minor) == (5_200, 1_300)
        (five,) = [
            e for e in standings(KEYBOARD, [(NAVY_BRASS, 5)]) if e.cell.level == "combination" and e.count
        ]
        assert five.fee_each_minor == 520

    def test_name_no_fee_where_the_factory_makes_no_small_lots_or_nothing_is_missing(self):
        rest = example("keyboard", "wrist_rest_in_the_campaign_color", version=2)
        by_key = {each.cell.key: each for each in standings(KEYBOARD, [(rest, 3), (NAVY_BRASS, 30)])}
        assert by_key["combination:custom_rest"].missing == 37
        assert by_key["combination:custom_rest"].fee_each_minor == 0
        assert by_key["option:plate:brass"].fee_each_minor == 0


class TestConfigurations:
    demand = (
        (plain(), 4),
        (plain(tuning="bass"), 9),
        (plain(tuning="bass", housing_color="black"), 2),
        (plain(tuning="vocal", housing_color="black", prompt_lang="en"), 7),
        (plain(eartip_size="S"), 1),
    )

    def own_and_near(self, **changes: Any) -> list[tuple[bool, int, int]]:
        found = standings(EARPHONES, self.demand, own=plain(**changes))
        return [(each.own, each.count, each.missing) for each in found if each.cell.level == "configuration"]

    def test_of_the_reader_comes_first_then_those_that_need_the_fewest_changes(self):
        assert self.own_and_near() == [(True, 5, 0), (False, 9, 0), (False, 2, 3), (False, 7, 0)]

    def test_that_nobody_else_has_is_shown_with_nobody(self):
        assert self.own_and_near(tuning="vocal")[:2] == [(True, 0, 5), (False, 9, 0)]

    def test_without_an_own_one_are_those_that_most_people_want(self):
        found = [each for each in standings(EARPHONES, self.demand) if each.cell.level == "configuration"]
        assert [each.count for each in found] == [9, 7, 5]
        assert len(found) == NEAREST

    def test_are_told_by_what_members_chose_and_by_nothing_personal(self):
        (mine, *_) = [
            e for e in standings(EARPHONES, self.demand, own=PLAIN) if e.cell.level == "configuration"
        ]
        assert mine.answers is not None
        assert "eartip_size" not in mine.answers

    def test_are_not_counted_before_everything_is_answered(self):
        begun = {key: value for key, value in PLAIN.items() if key != "tuning"}
        assert is_complete(EARPHONES, PLAIN)
        assert not is_complete(EARPHONES, begun)
        assert not any(each.own for each in standings(EARPHONES, self.demand, own=begun) if each.answers)


class TestShort:
    def test_is_what_somebody_chose_and_too_few_did(self):
        demand = [(NAVY_BRASS, 4), ({**NAVY_BRASS, "plate": "fr4"}, 46)]
        assert counts(short(KEYBOARD, demand)) == {
            "option:plate:brass": (4, 26), "combination:navy_brass": (4, 2),
        }  # fmt: skip

    def test_of_somebodys_answers_is_only_what_they_chose(self):
        demand = [(NAVY_BRASS, 4), ({**NAVY_BRASS, "plate": "fr4", "case_color": "black"}, 46)]
        own = {**NAVY_BRASS, "plate": "fr4", "case_color": "black"}
        assert short(KEYBOARD, demand, of_answers=own) == ()
        assert [e.cell.key for e in short(KEYBOARD, demand, of_answers=NAVY_BRASS)] == [
            "option:case_color:navy", "option:plate:brass", "combination:navy_brass",
        ]  # fmt: skip

    def test_has_of_configurations_those_nearest_to_their_minimum(self):
        found = [each for each in short(EARPHONES, TestConfigurations.demand) if each.answers]
        assert [(each.count, each.missing) for each in found] == [(2, 3)]


class TestDemand:
    async def test_counts_first_choices_of_paid_units_only(self, database):
        w = await world.build()
        await catalog.publish_schema(w.product_id, world.schema_document(version=2))
        campaign = await w.open_campaign()
        offer = await join_offer(campaign)
        await w.pay(await w.join(campaign, quantity=3, plate="brass"))
        await w.pay(await w.join(campaign, quantity=2, plate="brass"))
        await w.join(campaign, quantity=5, plate="brass")
        assert offer.schema.version == 2
        assert [units for _, units in await demand_of(offer)] == [5]
        found = counts(standings(offer.schema.parsed, await demand_of(offer)))
        assert found["combination:navy_brass"] == (5, 1)
