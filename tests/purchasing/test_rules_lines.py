"""The line is the requirement: lines, services, one-off engineering and unit ids follow from the answers alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from c2b.purchasing import rules
from c2b.purchasing.lines import unit_suffix
from tests.purchasing.orders import ANA, BASE_MINOR, BO, CY, FEW, confirmed, crowd, draft


class TestALine:
    def test_holds_all_units_of_one_configuration_whoever_ordered_them(self) -> None:
        order = draft(FEW).snapshot
        assert [(line.line_no, line.quantity) for line in order.lines] == [(1, 1), (2, 3)]
        assert [line.configuration_key for line in order.lines] == [
            CY.configuration_key,
            ANA.configuration_key,
        ]
        assert ANA.configuration_key == BO.configuration_key

    def test_spells_out_every_attribute_with_label_and_code_in_both_languages(self) -> None:
        order = draft(FEW).snapshot
        said = {each.code: each for each in (*order.common, *order.lines[1].specification)}
        assert set(said) == set(ANA.answers)
        color = said["case_color"]
        assert (color.option, color.label.en, color.value.zh) == ("navy", "Case color", "藏青色")
        assert said["battery_mah"].value.en == "4000 mAh"
        assert (said["hot_swap"].value.en, said["hot_swap"].value.zh) == ("Yes", "是")

    def test_costs_the_quoted_price_and_the_surcharges_of_its_options(self) -> None:
        silver, navy = draft(FEW).snapshot.lines
        batch = 15_000 + 1_500 + 6_000  # aluminum, gasket, tri-mode
        assert navy.unit_price_minor == BASE_MINOR + batch + 1_500
        assert silver.unit_price_minor == BASE_MINOR + batch + 6_000 + 2_500 + 3_900
        assert navy.total_minor == 3 * navy.unit_price_minor
        assert sum(each.minor for each in silver.components) == silver.unit_price_minor

    def test_is_named_for_what_sets_it_apart(self) -> None:
        silver, navy = draft(FEW).snapshot.lines
        assert (silver.name.en, navy.name.zh) == (
            "Silver · Brass · Silent linear C · Coiled cable",
            "藏青色 · FR4 玻纤 · 段落轴 B",
        )
        (only,) = draft([BO]).snapshot.lines
        assert only.name.en == "Fully built · ANSI (US) · Navy"

    def test_keeps_its_place_whatever_order_people_joined_in(self) -> None:
        people = crowd(40)
        assert draft(people).snapshot == draft(reversed(people)).snapshot

    def test_of_another_batch_is_refused(self) -> None:
        with pytest.raises(ValueError, match="batch"):
            draft([ANA, confirmed("dee", mounting="top")])

    def test_without_anybody_is_refused(self) -> None:
        with pytest.raises(ValueError, match="nobody"):
            draft([])


class TestACharge:
    def test_counts_the_units_with_personal_work(self) -> None:
        people = [ANA, BO, confirmed("dee", quantity=3, engraving=BO.answers["engraving"]), CY]
        engraving, keycap = draft(people).snapshot.charges
        assert (engraving.kind, engraving.quantity, engraving.unit_price_minor) == ("service", 4, 1_500)
        assert (keycap.attribute, keycap.quantity, keycap.total_minor) == ("novelty_key", 1, 2_900)
        assert engraving.line_no == 3

    def test_for_one_off_engineering_stands_once_however_many_chose_it(self) -> None:
        own = [confirmed(f"m{n}", case_color="custom", campaign_color="2965 C") for n in range(5)]
        (nre,) = draft(own).snapshot.charges
        assert (nre.kind, nre.unit_code, nre.quantity, nre.total_minor) == ("nre", "LS", 1, 150_000)
        assert nre.name.en == "Case color: Campaign color"


class TestAUnit:
    def test_has_an_id_that_is_the_same_on_every_replay(self) -> None:
        assert draft(FEW).snapshot.units == draft(FEW).snapshot.units
        assert draft(FEW).assignments == draft(FEW).assignments

    def test_has_an_id_that_says_nothing_without_the_secret(self) -> None:
        given = {"campaign_code": "CMP-1", "participation_id": "bo", "index": 0}
        ours = unit_suffix(**given, salt="one")
        assert ours != unit_suffix(**given, salt="two")
        assert ours != unit_suffix(**{**given, "index": 1}, salt="one")
        assert len(ours.replace("-", "")) == 10

    def test_is_listed_in_an_order_that_hides_who_joined_when(self) -> None:
        people = [confirmed(f"m{n:02}") for n in range(30)]
        listed = [each.participation_id for each in draft(people).assignments]
        assert sorted(listed) == [each.id for each in people]
        assert listed != sorted(listed)

    def test_carries_its_personal_answers_and_nothing_about_a_person(self) -> None:
        found = draft(FEW)
        (bo,) = [each.unit_id for each in found.assignments if each.participation_id == "bo"]
        (unit,) = [unit for unit in found.snapshot.units if unit.unit_id == bo]
        assert [each.code for each in unit.personalization] == [
            "engraving.text",
            "engraving.font",
            "engraving.position",
        ]
        assert unit.personalization[0].value.zh == "Li Lei 李雷"
        assert [each.literal for each in unit.personalization] == [True, False, False]
        written = json.dumps(found.snapshot.to_canonical())
        assert not any(f'"{person.id}"' in written for person in FEW)

    def test_says_what_to_make_and_not_what_was_consented_to(self) -> None:
        (unit,) = draft([CY]).snapshot.units
        assert [(each.code, each.value.en) for each in unit.personalization] == [
            ("novelty_key.key", "Esc"),
            ("novelty_key.image_sha256", "SHA-256 abababababababab…"),
        ]

    def test_stands_in_the_list_as_often_as_it_was_ordered(self) -> None:
        found = draft([ANA, replace(BO, quantity=7)])
        assert len(found.snapshot.units) == 9
        assert len({unit.unit_id for unit in found.snapshot.units}) == 9


class TestTotals:
    def test_contain_the_tax_rounded_once_on_the_sum(self) -> None:
        order = draft(FEW).snapshot
        sums = order.totals
        goods = sum(line.total_minor for line in order.lines)
        assert (sums.goods_minor, sums.services_minor, sums.nre_minor) == (goods, 4_400, 0)
        assert sums.gross_minor == goods + 4_400
        assert sums.net_minor == (sums.gross_minor * 100 * 2 + 113) // (2 * 113)
        assert sums.net_minor + sums.tax_minor == sums.gross_minor

    def test_of_one_fen_have_no_tax(self) -> None:
        (line,) = draft([BO]).snapshot.lines
        tiny = rules.totals([replace(line, total_minor=1)], [], rate_percent=13)
        assert (tiny.net_minor, tiny.tax_minor) == (1, 0)

    def test_are_paid_in_milestones_to_the_last_fen(self) -> None:
        order = draft(crowd(77)).snapshot
        assert [(each.basis, each.percent) for each in order.payments] == [("goods", p) for p in (30, 60, 10)]
        assert sum(each.amount_minor for each in order.payments) == order.totals.gross_minor


class TestTheSnapshot:
    def test_comes_back_from_its_canonical_form_with_the_same_digest(self) -> None:
        order = draft(crowd(25)).snapshot
        again = rules.PurchaseOrderSnapshot.from_canonical(json.loads(json.dumps(order.to_canonical())))
        assert again == order
        assert again.digest == order.digest

    def test_has_another_digest_when_one_letter_of_one_engraving_differs(self) -> None:
        other = confirmed("bo", engraving={"text": "Li Lei 李蕾", "font": "kai", "position": "weight_back"})
        assert draft([ANA, other]).snapshot.digest != draft([ANA, BO]).snapshot.digest

    @pytest.mark.parametrize("change", [{"surprise": 1}, {"revision": "1"}, {"issued_at": 5}])
    def test_refuses_data_of_another_shape(self, change: dict[str, object]) -> None:
        with pytest.raises(ValueError):
            rules.PurchaseOrderSnapshot.from_canonical({**draft().snapshot.to_canonical(), **change})
