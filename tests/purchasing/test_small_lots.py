"""A cell below its minimum on a purchase order: one charge line for what is missing, or no order at all."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from c2b.catalog import rules as catalog
from c2b.config import ROOT
from c2b.kit.canonical import digest
from c2b.purchasing import rules
from c2b.purchasing.small_lots import SmallLot, small_lots
from c2b.purchasing.snapshot import SMALL_LOT, PurchaseOrderSnapshot
from c2b.purchasing.terms import totals
from tests.purchasing import orders
from tests.purchasing.test_rules_checks import facts


@cache
def schema() -> catalog.ProductSchema:
    """The keyboard whose navy cases are made from 30 on or for ¥12 a missing unit, with brass plates from 6 or ¥26."""
    path = ROOT / "schemas" / "products" / "keyboard" / "2.schema.json"
    return catalog.parse_schema(json.loads(path.read_text()))


def wants(name: str, *, quantity: int, **answers: Any) -> rules.Confirmed:
    complete = {**orders.BATCH, **orders.VARIANT, "keycap": None, "legend": None, "kit": "barebones"}
    complete = {
        key: value for key, value in (complete | {"switch": None} | answers).items() if value is not None
    }
    return rules.Confirmed(
        id=name, quantity=quantity, answers=complete,
        configuration_key=catalog.configuration_key(schema(), complete), answers_digest=digest(complete),
    )  # fmt: skip


PEOPLE = (
    wants("ana", quantity=20, case_color="navy"),
    wants("bo", quantity=4, case_color="navy", plate="brass"),
    wants("cy", quantity=40, case_color="silver"),
)


def snapshot() -> PurchaseOrderSnapshot:
    drafted = orders.draft(PEOPLE, schema=schema())
    return drafted.snapshot


def lots() -> tuple[SmallLot, ...]:
    return small_lots(schema(), [(each.answers, each.quantity) for each in PEOPLE])


FEES = {
    "option:case_color:navy": 6 * 1200,
    "option:plate:brass": 26 * 1800,
    "combination:navy_brass": 2 * 2600,
}


class TestWhatIsBelowItsMinimum:
    def test_is_charged_once_for_the_units_that_are_missing(self):
        charged = [each for each in snapshot().charges if each.kind == SMALL_LOT]
        assert {each.attribute: each.total_minor for each in charged} == FEES
        navy = charged[0]
        assert (navy.quantity, navy.unit_price_minor, navy.unit_code) == (6, 1200, "H87")
        assert (navy.name.en, navy.name.zh) == ("Case color: Navy", "外壳颜色：藏青色")
        assert navy.note.en == "24 of at least 30 units ordered; premium for each missing one"

    def test_is_in_the_total_and_paid_with_the_goods(self):
        order = snapshot()
        goods = sum(line.total_minor for line in order.lines)
        sums = order.totals
        assert (sums.goods_minor, sums.services_minor, sums.nre_minor) == (goods, sum(FEES.values()), 0)
        assert sums.gross_minor == goods + sum(FEES.values())
        assert sums == totals(order.lines, order.charges, rate_percent=sums.rate_percent)
        assert sum(each.amount_minor for each in order.payments) == sums.gross_minor

    def test_balances_with_what_the_members_have_paid(self):
        rules.check_balanced(schema(), PEOPLE, snapshot())
        assert problems() == []

    @pytest.mark.parametrize(
        "change",
        [
            {"small_lot_fees": {**FEES, "option:case_color:navy": 1}},
            {"small_lot_fees": {}},
            {"small_lots": ()},
            {"small_lot_fees": {**FEES, "option:switch:silent_c": 800}},
        ],
        ids=["another fee", "nobody paid", "nothing is short", "paid for what is not short"],
    )
    def test_is_not_issued_when_fees_and_charges_differ(self, change):
        assert problems(**change) == ["small_lots_differ"]

    def test_is_not_issued_without_a_premium_that_makes_up_for_it(self):
        (navy, *rest) = lots()
        never = replace(navy, cell=replace(navy.cell, premium_minor=0))
        assert "below_minimum" in problems(small_lots=(never, *rest))

    def test_is_not_issued_with_a_charge_that_nobody_knows(self):
        order = snapshot()
        odd = replace(order.charges[0], kind="tip")
        with pytest.raises(rules.PurchaseOrderUnbalanced):
            rules.check_balanced(schema(), PEOPLE, replace(order, charges=(odd, *order.charges[1:])))


def problems(**changes: Any) -> list[str]:
    """The codes of what keeps this order from being issued, apart from what small lots have nothing to do with."""
    given = {"small_lots": lots(), "small_lot_fees": FEES, "captured_units": 64, **changes}
    found = rules.problems_before_issue(snapshot(), facts(**given))
    return [
        each.code
        for each in found
        if each.code in ("small_lots_differ", "below_minimum", "nre_differs", "wrong_totals")
    ]
