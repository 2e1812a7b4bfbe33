"""Issuing fails closed: one unit, one hash, one fen or one missing fact, and nothing goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from c2b.catalog import rules as catalog
from c2b.purchasing import rules
from c2b.purchasing.rules import PurchaseOrderSnapshot
from tests.purchasing.orders import ANA, BASE_MINOR, BO, CY, FEW, ISSUED, crowd, draft, schema

Change = Callable[[PurchaseOrderSnapshot], PurchaseOrderSnapshot]


def more_of_the_first_line(order: PurchaseOrderSnapshot) -> PurchaseOrderSnapshot:
    first = order.lines[0]
    return replace(order, lines=(replace(first, quantity=first.quantity + 1), *order.lines[1:]))


def other_engraving(order: PurchaseOrderSnapshot) -> PurchaseOrderSnapshot:
    return replace(order, units=(replace(order.units[0], digest="0" * 64), *order.units[1:]))


def unit_on_another_line(order: PurchaseOrderSnapshot) -> PurchaseOrderSnapshot:
    return replace(order, units=(replace(order.units[0], line_no=2), *order.units[1:]))


DIFFERENCES: dict[str, Change] = {
    "one unit fewer in the list": lambda order: replace(order, units=order.units[1:]),
    "one unit more in the list": lambda order: replace(order, units=(*order.units, order.units[0])),
    "one unit more on a line": more_of_the_first_line,
    "one line missing": lambda order: replace(order, lines=order.lines[1:]),
    "one line twice": lambda order: replace(order, lines=(*order.lines, order.lines[0])),
    "another engraving": other_engraving,
    "a unit on the wrong line": unit_on_another_line,
    "a unit id twice": lambda order: replace(
        order, units=(replace(order.units[0], unit_id=order.units[1].unit_id), *order.units[1:])
    ),
    "a service that was not asked for": lambda order: replace(
        order, charges=(replace(order.charges[0], quantity=2), *order.charges[1:])
    ),
    "a service left out": lambda order: replace(order, charges=order.charges[1:]),
}


class TestAnOrder:
    def test_that_says_what_people_confirmed_is_balanced(self) -> None:
        rules.check_balanced(schema(), FEW, draft(FEW).snapshot)
        people = crowd(90, lines=30)
        rules.check_balanced(schema(), people, draft(people).snapshot)

    @pytest.mark.parametrize("difference", DIFFERENCES)
    def test_that_says_anything_else_is_not(self, difference: str) -> None:
        order = DIFFERENCES[difference](draft(FEW).snapshot)
        with pytest.raises(rules.PurchaseOrderUnbalanced) as caught:
            rules.check_balanced(schema(), FEW, order)
        assert caught.value.params["difference"]

    @pytest.mark.parametrize(
        "people",
        [
            (ANA, BO),
            (ANA, BO, CY, CY),
            (replace(ANA, quantity=1), BO, CY),
            (replace(ANA, configuration_key="0" * 64), BO, CY),
            (replace(ANA, answers_digest="0" * 64), BO, CY),
            (replace(ANA, answers={**ANA.answers, "plate": "pom"}), BO, CY),
        ],
        ids=["one left", "one joined", "one unit fewer", "other configuration", "other hash", "other answer"],
    )
    def test_is_not_balanced_for_other_participations(self, people: tuple[rules.Confirmed, ...]) -> None:
        with pytest.raises(rules.PurchaseOrderUnbalanced):
            rules.check_balanced(schema(), people, draft(FEW).snapshot)


def facts(**changes: Any) -> rules.Facts:
    given: dict[str, Any] = {
        "captured_units": 4,
        "spec_digest": "5f" * 32,
        "shortfalls": (),
        "small_lots": (),
        "small_lot_fees": {},
        "nre": (),
        "required_certificates": ("SRRC",),
        "quoted_until": date(2026, 12, 31),
        "quoted_unit_price_minor": BASE_MINOR,
        "base_unit_price_minor": BASE_MINOR,
        "capacity": 500,
    }
    return rules.Facts(**{**given, **changes})


FACTS = {
    "not_paid": facts(captured_units=3),
    "price_not_quoted": facts(quoted_unit_price_minor=BASE_MINOR + 1),
    "quotation_expired": facts(quoted_until=date(2026, 11, 22)),
    "below_minimum": facts(shortfalls=(catalog.Shortfall("plate", "brass", 1, 30),)),
    "nre_differs": facts(nre=(catalog.Nre("case_color", "custom", 150_000),)),
    "other_specification": facts(spec_digest="60" * 32),
    "over_capacity": facts(capacity=3),
    "certificates_missing": facts(required_certificates=("SRRC", "KC")),
}
PAPER: dict[str, Change] = {
    "wrong_totals": lambda order: replace(
        order, totals=replace(order.totals, gross_minor=order.totals.gross_minor + 1)
    ),
    "wrong_schedule": lambda order: replace(order, payments=order.payments[1:]),
    "bad_number": lambda order: replace(order, number="采购-2026-000123"),
    "no_validity": lambda order: replace(order, validity_until=ISSUED),
    "late_delivery": lambda order: replace(
        order, delivery=replace(order.delivery, latest_date=ISSUED.date() - timedelta(days=1))
    ),
    "incoterm_not_exportable": lambda order: replace(order, delivery=replace(order.delivery, incoterm="DPU")),
    "no_spares": lambda order: replace(order, quality=replace(order.quality, spare_units=0)),
    "personal_data": lambda order: replace(
        order,
        units=tuple(
            replace(unit, personalization=tuple(replace(each, code="phone") for each in unit.personalization))
            for unit in order.units
        ),
    ),
}


class TestBeforeIssue:
    def test_nothing_stands_against_a_good_order(self) -> None:
        assert rules.problems_before_issue(draft(FEW).snapshot, facts()) == ()
        rules.check_ready(draft(FEW).snapshot, facts())

    @pytest.mark.parametrize("code", FACTS)
    def test_the_facts_are_held_against_it(self, code: str) -> None:
        assert [each.code for each in rules.problems_before_issue(draft(FEW).snapshot, FACTS[code])] == [code]

    @pytest.mark.parametrize("code", PAPER)
    def test_the_paper_itself_is_checked(self, code: str) -> None:
        order = PAPER[code](draft(FEW).snapshot)
        assert code in [each.code for each in rules.problems_before_issue(order, facts())]

    @pytest.mark.parametrize("amount", ["unit_price_minor", "total_minor"])
    def test_a_line_whose_sum_is_wrong_is_found(self, amount: str) -> None:
        order = draft(FEW).snapshot
        wrong = replace(order.lines[0], **{amount: getattr(order.lines[0], amount) + 1})
        order = replace(order, lines=(wrong, *order.lines[1:]))
        assert "wrong_totals" in [each.code for each in rules.problems_before_issue(order, facts())]

    def test_all_problems_are_named_at_once_in_words(self) -> None:
        bad = facts(captured_units=0, capacity=1)
        with pytest.raises(rules.PurchaseOrderNotReady) as caught:
            rules.check_ready(draft(FEW).snapshot, bad)
        assert [each.code for each in caught.value.problems] == ["not_paid", "over_capacity"]
        assert all(each.message.format(**each.params) for each in caught.value.problems)
