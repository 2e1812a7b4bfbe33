"""What people are told when things turn out otherwise: left out, open again, declined, late."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

import pytest

from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.i18n import format_date, format_datetime, use_locale
from c2b.notifications.models import Mail
from tests import world
from tests.notifications import stories
from tests.notifications.stories import failed_jobs

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")
ANA, BO, CY = "ana.ferreira", "bo.lindqvist", "cy.cyrano"


class TestSomebodyWhoseChoiceCannotBeMade:
    async def test_is_told_which_one_by_its_name_with_the_numbers_and_the_money(self):
        await stories.left_out()
        assert await failed_jobs() == []
        text = (await stories.mail_to(BO, "participation_left_out")).text
        paid = await db.fetch_one("SELECT amount_minor FROM payment p JOIN user_account u ON u.id = p.user_id "
                                  "WHERE u.name = 'Bo Lindqvist'")  # fmt: skip
        assert paid
        amount = f"正在退回给您：¥{paid['amount_minor'] / 100:,.2f}"
        for expected in ("黄铜需 30 台、实有 2 台，因此您退出本团", amount):
            assert expected in text, (expected, text)
        assert "您的份额无法投产" in (await stories.mail_to(BO, "refund_done")).text

    async def test_is_not_told_that_the_group_is_locked_for_them(self):
        await stories.left_out()
        told = Counter(await stories.mails())
        assert sorted(who for template, who in told if template == "group_locked") == [ANA, CY, "dee"]
        assert [who for template, who in told if template == "participation_left_out"] == [BO]

    async def test_is_counted_in_the_organizers_mail_and_nobody_is_where_all_stay(self):
        await stories.left_out()
        assert (
            "For 1 member nothing that they would have taken"
            in (await stories.mail_to(ANA, "campaign_locked")).text
        )
        await db.execute("DELETE FROM mail")
        await stories.ordered()
        assert "would have taken" not in (await stories.mail_to(ANA, "campaign_locked")).text


class TestAProposal:
    async def test_asks_who_wanted_to_be_asked_in_one_sentence_with_the_hour(self):
        told = await stories.proposed()
        assert await failed_jobs() == []
        text = (await stories.mail_to(BO, "participation_proposed")).text
        with use_locale("zh_CN"):
            until = format_datetime(clock.now() + timedelta(hours=24))
        for expected in ("黄铜需 30 台、实有 2 台，因此您将得", f"您可提出异议至：{until}"):
            assert expected in text, (expected, text)
        place = await db.fetch_one(
            "SELECT p.id FROM participation p JOIN user_account u ON u.id = p.user_id WHERE p.campaign_id = ? "
            "AND u.name = 'Bo Lindqvist'",
            told.campaign_id,
        )
        assert place
        assert f"https://c2b.example/participations/{place['id']}" in text

    async def test_is_told_to_the_organizer_and_the_admins_and_to_nobody_else(self):
        await stories.proposed()
        told = [(template, who) for template, who in await stories.mails() if "propos" in template]
        assert told == [
            ("campaign_proposed", ANA), ("participation_proposed", BO), ("proposal_waiting", "root.rootsdottir"),
        ]  # fmt: skip
        text = (await stories.mail_to(ANA, "campaign_proposed")).text
        assert "Units that are made: 62\nUnits that cannot be made, refunded: 0\n" in text


class TestAGroupThatOpensAgain:
    async def test_tells_its_organizer_each_time_which_options_need_company(self):
        told = await stories.reopened()
        assert await failed_jobs() == []
        text = (await stories.mail_to(ANA, "campaign_reopened")).text
        assert "Units paid: 50\nThreshold: 50\n" in text
        assert "Plate, Brass: 2 of 30\n" in text
        eve = await world.person("Eve")
        await stories.pay(eve, await told.world.join(told.campaign_id, eve, plate="brass"))
        await drain()
        again = await Mail.filter(template="campaign_reopened").order_by("id")
        assert [row.context["short"][0][2:] for row in again] == [[2, 30], [3, 30]]
        assert {row.to_address.partition("@")[0] for row in again} == {ANA}

    async def test_tells_its_organizer_how_many_are_missing_when_somebody_left(self):
        await stories.fallen_below()
        assert await failed_jobs() == []
        text = (await stories.mail_to(ANA, "campaign_reopened")).text
        assert "Units paid: 40\nThreshold: 50\nStill missing: 10" in text


class TestAPaymentThatFailed:
    async def test_is_told_with_the_time_that_is_left_and_where_to_pay(self):
        told = await stories.declined()
        await drain()
        assert await failed_jobs() == []
        row = await stories.mail_to(BO, "payment_failed")
        place = await db.fetch_one(
            "SELECT id, reserved_until FROM participation WHERE campaign_id = ?", told.campaign_id
        )
        assert place
        with use_locale("zh_CN"):
            assert f"名额保留至：{format_datetime(db.instant(place['reserved_until']))}" in row.text
        assert f"重新付款：https://c2b.example/participations/{place['id']}" in row.text

    async def test_is_not_told_once_the_place_is_free_again(self):
        await stories.declined()
        clock.shift(timedelta(days=2))
        await drain()
        assert await failed_jobs() == []
        assert await Mail.filter(template="payment_failed").count() == 0


class TestAPromiseThatIsLost:
    async def test_is_told_to_every_member_with_both_dates(self):
        await stories.delayed()
        assert await failed_jobs() == []
        rows = await Mail.filter(template="timeline_delayed")
        assert {row.to_address.partition("@")[0] for row in rows} == {ANA, BO, CY, "dee"}
        event = await db.fetch_one("SELECT payload FROM event WHERE name = 'timeline.delayed'")
        assert event
        payload = json.loads(event["payload"]) if isinstance(event["payload"], str) else event["payload"]
        text = (await stories.mail_to(CY, "timeline_delayed")).text
        for day in (payload["promised_delivery"], payload["forecast_delivery"]):
            assert format_date(date.fromisoformat(day)) in text
