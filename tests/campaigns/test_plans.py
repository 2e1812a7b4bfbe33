"""Amounts and hours of payment plans, and whether a provider's windows carry them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from c2b import wiring
from c2b.campaigns import windows
from c2b.campaigns.plans import (
    deposit_minor,
    faults_of_plan,
    first_due_minor,
    missing_minor,
    overdue_at,
    reminder_days,
)
from c2b.campaigns.windows import P80_DAYS, Timing, Windows, faults_of_fit, fitting, misfit, needs_of
from c2b.catalog.markets import MARKETS
from c2b.fulfillment import rules as fulfillment
from c2b.kit.errors import Invalid
from tests import world

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
YEAR = Windows("stripe", refund=365, hold=90, authorization=7)
SPLIT = Windows("wechatpay", refund=365, hold=180)
MONTH = Windows("alipay", refund=365, hold=30)
FREE = Windows("bank", refund=365)


class TestADeposit:
    @pytest.mark.parametrize(
        ("total", "percent", "deposit"),
        [(45900, 20, 9180), (45905, 10, 4591), (45904, 10, 4590), (999, 30, 300), (1, 10, 1), (4, 10, 1)],
    )
    def test_is_a_part_rounded_to_the_minor_unit_and_never_nothing(self, total, percent, deposit):
        assert deposit_minor(total, percent) == deposit

    def test_is_all_that_is_asked_for_first_and_other_plans_ask_for_everything(self):
        assert [first_due_minor(plan, 20, 45900) for plan in ("deposit", "full", "authorize")] == [
            9180, 45900, 45900,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("settled", "captured", "missing"), [(39900, 9180, 30720), (39900, 39900, 0), (39900, 45900, 0)]
    )
    def test_leaves_the_balance_of_the_handbook(self, settled, captured, missing):
        assert missing_minor(settled, captured) == missing

    def test_reminds_on_day_one_three_and_seven_and_gives_the_place_away_on_the_eighth(self):
        days = [reminder_days(NOON, NOON + timedelta(days=n)) for n in (0, 1, 2, 3, 6, 7)]
        assert days == [(), (1,), (1,), (1, 3), (1, 3), (1, 3, 7)]
        assert overdue_at(NOON) == NOON + timedelta(days=8)

    @pytest.mark.parametrize(
        ("plan", "percent", "days", "wrong"),
        [
            ("deposit", 9, 7, ["deposit_percent"]),
            ("deposit", 31, 0, ["deposit_percent", "balance_days"]),
            ("later", 0, 7, ["payment_plan"]),
            ("full", 0, 7, []),
            ("deposit", 30, 30, []),
        ],
    )
    def test_is_from_ten_to_thirty_percent(self, plan, percent, days, wrong):
        assert [each.path for each in faults_of_plan(plan, percent, days)] == wrong


class TestTheWindowsOfAProvider:
    def test_know_the_days_that_the_timelines_promise(self):
        for name, days in P80_DAYS.items():
            plan = fulfillment.plan(
                fulfillment.load_template(name), locked_on=date(2026, 6, 1), extra_lead_days=0
            )
            assert plan.p80_days == days, name

    @pytest.mark.parametrize(
        ("template", "join", "hold"), [("LIGHT", 14, 58), ("SEMI", 30, 141), ("TOOLED", 30, 241)]
    )
    def test_are_measured_from_the_payment_as_in_the_handbook(self, template, join, hold):
        needs = needs_of("full", Timing(join, P80_DAYS[template]))
        assert (needs.hold, needs.refund, needs.authorization) == (hold, hold, None)

    @pytest.mark.parametrize(
        ("plan", "template", "join", "gateways"),
        [
            ("full", "LIGHT", 14, ("stripe", "wechatpay", "bank")),
            ("full", "SEMI", 30, ("wechatpay", "bank")),
            ("full", "SEMI", 80, ("bank",)),
            ("deposit", "SEMI", 80, ("wechatpay", "bank")),
            ("full", "TOOLED", 30, ("bank",)),
            ("authorize", "LIGHT", 5, ("stripe",)),
            ("authorize", "LIGHT", 6, ()),
            ("authorize", "SEMI", 3, ()),
        ],
    )
    def test_carry_a_plan_or_not(self, plan, template, join, gateways):
        assert fitting(plan, Timing(join, P80_DAYS[template]), (YEAR, SPLIT, MONTH, FREE)) == gateways

    def test_are_longer_where_the_law_gives_more_days_to_return(self):
        cn, eu = (MARKETS[code].return_days for code in ("cn", "eu"))
        usual = needs_of("full", Timing(14, 37, return_days=cn))
        assert needs_of("full", Timing(14, 37, return_days=eu)).refund == usual.refund + 7

    def test_say_which_is_too_short_and_by_how_many_days(self):
        found = misfit(needs_of("full", Timing(30, 204)), SPLIT)
        assert found
        assert (found.gateway, found.window, found.missing_days) == ("wechatpay", "hold", 61)

    def test_refuse_an_offer_with_the_plan_that_would_fit(self):
        (fault,) = faults_of_fit("full", Timing(80, 104), (SPLIT, MONTH))
        assert (fault.path, fault.code) == ("payment_plan", "does_not_fit")
        assert "191 days" in fault.text()
        assert "11 more than wechatpay" in fault.text()
        assert "deposit" in fault.text()

    def test_refuse_what_nothing_carries_with_what_to_change(self):
        (fault,) = faults_of_fit("full", Timing(80, 204), (SPLIT,))
        assert "111 more than wechatpay" in fault.text()
        assert "earlier deadline" in fault.text()

    def test_are_no_reason_where_nothing_is_known(self):
        assert faults_of_fit("authorize", Timing(80, 204), ()) == []


class TestACampaignThatNoProviderCanCarry:
    async def test_is_refused_when_it_is_submitted(self, database):
        wiring.connect()
        w = await world.build()
        windows.learn(lambda: (SPLIT,))
        try:
            with pytest.raises(Invalid) as refused:
                await w.open_campaign(payment_plan="authorize")
        finally:
            wiring.connect()
        assert [each.path for each in refused.value.fields] == ["payment_plan"]
        assert await w.open_campaign(payment_plan="deposit", deposit_percent=20)
