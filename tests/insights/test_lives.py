"""How options live and die: counts over time per cell, and where they are drawn."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from c2b.catalog.rules import ProductSchema, parse_schema
from c2b.insights.drawing import FLOOR, LEFT, RIGHT, TOP, Days, chart
from c2b.insights.lives import Life, Stay, lives
from c2b.insights.queries import OptionLives
from c2b.web.consumer.lives import LISTED, SHOWN, lives_view
from tests import small, world

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def wants(plate: str) -> dict:
    return {**world.ANSWERS, **world.BATCH, "plate": plate}


@pytest.fixture(scope="module")
def schema() -> ProductSchema:
    document = small.document()
    document["x-minimums"] = {"configuration": {"moq": 4}}
    return parse_schema(document)


def found(schema: ProductSchema, *stays: Stay) -> dict[str, Life]:
    return {life.cell.key: life for life in lives(schema, stays)}


class TestTheLives:
    def test_of_nobody_are_none(self, schema):
        assert lives(schema, []) == ()

    def test_count_from_the_payment_on_and_move_with_every_change(self, schema):
        stays = [
            Stay(2, ((at(1), wants("brass")),)),
            Stay(1, ((at(2), wants("brass")), (at(5), wants("pom")))),
            Stay(3, ((at(3), wants("pom")), (at(6), None))),
        ]
        life = found(schema, *stays)
        assert life["option:plate:brass"].points == ((at(1), 2), (at(2), 3), (at(5), 2))
        assert life["option:plate:pom"].points == ((at(3), 3), (at(5), 4), (at(6), 1))

    def test_know_their_peak_and_since_when_the_minimum_is_reached(self, schema):
        stays = [Stay(3, ((at(1), wants("pom")), (at(2), None))), Stay(4, ((at(4), wants("pom")),))]
        pom = found(schema, *stays)["option:plate:pom"]
        assert (pom.peak, pom.count, pom.reached_at) == (4, 4, at(4))
        assert [pom.at(at(hour)) for hour in (0, 1, 3, 9)] == [0, 3, 0, 4]
        dead = found(schema, stays[0])["option:plate:pom"]
        assert (dead.peak, dead.count, dead.reached_at) == (3, 0, None)

    def test_do_not_count_a_change_that_leaves_the_option_alone(self, schema):
        other = {**wants("brass"), "case_color": "black"}
        brass = found(schema, Stay(1, ((at(1), wants("brass")), (at(2), other))))["option:plate:brass"]
        assert brass.points == ((at(1), 1),)

    def test_follow_the_form_and_put_the_commonest_configuration_first(self, schema):
        stays = [
            Stay(1, ((at(1), wants("pom")),)),
            Stay(2, ((at(1), wants("fr4")),)),
            Stay(1, ((at(2), wants("brass")),)),
        ]
        keys = [life.cell.key for life in lives(schema, stays)]
        assert keys[:2] == ["option:plate:pom", "option:plate:brass"]
        assert [life.peak for life in lives(schema, stays)][2:] == [2, 1, 1]


class TestTheChart:
    def life(self, schema: ProductSchema, *counts: int) -> Life:
        brass = found(schema, Stay(1, ((START, wants("brass")),)))["option:plate:brass"]
        points = tuple((at(number), count) for number, count in enumerate(counts))
        return Life(brass.cell, points, brass.example)

    def test_steps_up_to_the_right_edge_below_the_line_of_the_minimum(self, schema):
        drawn = chart(self.life(schema, 1), Days(START, at(10), None))
        assert drawn.line == f"M{LEFT} {FLOOR}H{LEFT}V{(FLOOR + TOP) // 2}H{RIGHT}"
        assert (drawn.minimum_y, drawn.end_y, drawn.reached) == (TOP, (FLOOR + TOP) // 2, False)
        assert chart(self.life(schema, 1, 2), Days(START, at(10), None)).reached

    @pytest.mark.parametrize("hours", [1, 50, 5000])
    def test_stays_inside_and_small_however_much_happened(self, schema, hours):
        counts = [1 + number % 7 for number in range(hours)]
        drawn = chart(self.life(schema, *counts), Days(START, at(hours), at(hours - 1)))
        numbers = [int(number) for number in re.findall(r"\d+", drawn.line)]
        assert all(LEFT <= number <= RIGHT for number in numbers)
        assert len(drawn.line) < 3000
        assert drawn.locked_x is not None and LEFT <= drawn.locked_x <= RIGHT
        last = int(re.findall(r"V(\d+)H\d+$", drawn.line)[0])
        assert last == drawn.end_y == FLOOR - counts[-1] * (FLOOR - TOP) // max(2, *counts)

    @pytest.mark.parametrize("count", range(5))
    def test_keeps_the_two_figures_apart(self, schema, count):
        drawn = chart(self.life(schema, count), Days(START, at(1), None))
        assert abs(drawn.minimum_text_y - drawn.end_text_y) >= 13

    def test_of_a_campaign_that_has_just_opened_has_one_column(self):
        assert Days(START, START, None).columns() == (START,)
        assert Days(START, at(60), None).columns()[-1] == at(60)
        assert Days(START, START, None).x(START) == LEFT


class TestALargeGroup:
    def test_is_drawn_for_what_is_nearest_to_its_minimum_and_listed_a_little_further(self, schema):
        stays = [
            Stay(1 + number % 4, ((at(number), {**wants("fr4"), "legend": f"l{number}"}),))
            for number in range(LISTED + 30)
        ]
        found = OptionLives(schema, START, at(LISTED + 30), None, 1, lives(schema, stays))
        [group] = lives_view(found).groups
        assert (len(group.cells), group.undrawn, group.unlisted) == (LISTED, LISTED - SHOWN, 30)
        assert {cell.count for cell in group.cells if cell.chart} == {4}
