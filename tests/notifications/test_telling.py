"""Who is told what: whole stories, on both databases, and every mail that came of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from starlette.routing import Match

from c2b import app, config
from c2b.campaigns import counting
from c2b.durable import enqueue
from c2b.durable.sweep import drain
from c2b.kit import clock, db, mail, storage
from c2b.kit.i18n import LOCALES
from c2b.notifications.letters import FOLDER, letter, templates
from c2b.notifications.models import Mail
from c2b.notifications.tellings import TELLINGS
from c2b.purchasing import operations as purchasing
from c2b.purchasing.models import Document, PurchaseOrder
from c2b.referrals import operations as referrals
from tests.notifications import stories
from tests.notifications.collected import collected, held, invoiced, stuck, transferred
from tests.notifications.payouts import maker_is_paid
from tests.notifications.questions import questioned
from tests.notifications.stories import failed_jobs
from tests.notifications.waiting import waited, waited_for_nothing
from tests.referrals import earning

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")
STYLE = re.search(r"<style>.*</style>", (FOLDER / "body.html").read_text(), re.DOTALL).group()  # type: ignore[union-attr]
ANA, BO, CY = "ana.ferreira", "bo.lindqvist", "cy.cyrano"


class TestAGroupOrderThatIsMade:
    async def test_is_told_to_everybody_step_by_step_and_once(self):
        told = await stories.ordered()
        await stories.answered(told, "accepted")
        await stories.made(told)
        assert await failed_jobs() == []
        counts = Counter(await stories.mails())
        for who in (ANA, BO, CY, "dee"):
            for template in (
                "participation_joined", "group_threshold_reached", "group_locked", "group_ordered",
                "timeline_planned", "participation_delivered", "refund_done",
            ):  # fmt: skip
                assert counts.pop((template, who)) == 1, (template, who)
            assert counts.pop(("milestone_blocked", who)) == 2
            assert (
                counts.pop(("milestone_reached", who)) == 8
            )  # SEMI has 11 stages; lock, plan and delivery have mails
        assert counts.pop(("campaign_submitted", ANA)) == 3
        assert counts.pop(("campaign_returned", ANA)) == 2
        for template in ("opened", "threshold_reached", "locked", "ordered", "completed"):
            assert counts.pop((f"campaign_{template}", ANA)) == 1, template
        assert counts.pop(("review_waiting", "root.rootsdottir")) == 3
        assert counts.pop(("purchase_order_issued", "orders")) == 1
        assert counts.pop(("release_waiting", "root.rootsdottir")) == 2
        assert counts == {}

    async def test_says_where_things_stood_when_it_happened(self):
        """The mails about the stages go out when all of them are long done."""
        told = await stories.ordered()
        await stories.answered(told, "accepted")
        await stories.made(told)
        rows = await Mail.filter(template="milestone_reached", to_address__startswith=f"{BO}@")
        assert sorted(row.context["done"] for row in rows) == list(range(3, 11))
        by_done = {row.context["done"]: row for row in rows}
        assert [each["en"] for each in by_done[3].context["next"]] == [
            "Color and material sample", "Component procurement",
        ]  # fmt: skip
        assert all(row.context["note"].endswith("this is how it went.") for row in rows)

    async def test_told_again_is_told_once(self):
        told = await stories.ordered()
        await stories.answered(told, "accepted")
        before = await stories.mails()
        await _again("kind IN ('event.tell', 'mail.send')")
        assert await drain() > len(before)
        assert await stories.mails() == before
        assert await Mail.filter(state="sent").count() == len(before)

    async def test_tells_each_member_their_own_in_their_language(self):
        told = await stories.ordered()
        text = (await stories.mail_to(BO, "group_locked")).text
        for expected in (
            "Bo Lindqvist，您好：", stories.TITLE, "2026年12月14日", "您的数量：20", "轴体", "BO 2026",
            "您已支付：¥", "磨坊", "您将得到首选，每台 ¥",
        ):  # fmt: skip
            assert expected in text, (expected, text)
        row = await db.fetch_one(
            "SELECT total_minor - settled_minor AS more FROM participation WHERE user_id = ?",
            told.world.bo.id,
        )
        assert row == {"more": 20 * (45900 - 42900)}
        assert "正在退回给您：¥600.00" in text

    async def test_sends_the_order_with_its_document_and_nobodys_name(self, data_dir):
        told = await stories.ordered()
        await stories.answered(told, "rejected", note="The price is too low.")
        await purchasing.reissue(told.world.root, (await told.order()).id, reason="A better price.")
        await drain()
        clock.shift(timedelta(days=4))
        await drain()
        to_mill = await Mail.filter(to_address="orders@mill.example").order_by("id")
        assert [row.template for row in to_mill] == ["purchase_order_issued"] * 2 + [
            "purchase_order_reminder"
        ]
        for row in to_mill:
            whole = " ".join(
                (row.subject, row.text, row.html, str(row.context), mail.outbox_path(row.key).name)
            )
            assert [name for name in stories.PRIVATE if name.lower() in whole.lower()] == []
            assert row.locale == "zh_CN"
        assert "A better price." in to_mill[1].text
        for row, revision in zip(to_mill, (1, 2), strict=False):
            document = await Document.get(revision__revision=revision, locale="zh_CN")
            (file,) = row.attachments
            assert file["storage_key"] == document.storage_key
            assert storage.get(document.storage_key).startswith(b"%PDF")
            assert file["filename"] == f"{(await told.order()).number}-r{revision}.zh_CN.pdf"


class TestAGroupThatDoesNotFill:
    async def test_tells_whoever_stayed_that_their_money_comes_back(self):
        await stories.failed()
        assert await failed_jobs() == []
        told = Counter(await stories.mails())
        assert told[("campaign_failed", ANA)] == 1
        assert [who for template, who in told if template == "group_failed"] == [BO]
        assert [who for template, who in told if template == "participation_withdrawn"] == [CY]
        assert [who for template, who in told if template == "reservation_expired"] == [ANA]
        assert sorted(who for template, who in told.elements() if template == "refund_done") == [BO, CY]

    async def test_says_how_much(self):
        await stories.failed()
        paid = await db.fetch_one("SELECT amount_minor FROM payment p JOIN user_account u ON u.id = p.user_id "
                                  "WHERE u.name = 'Bo Lindqvist'")  # fmt: skip
        assert paid
        amount = f"¥{paid['amount_minor'] / 100:,.2f}"
        for template in ("participation_joined", "group_failed", "refund_done"):
            assert amount in (await stories.mail_to(BO, template)).text

    async def test_tells_the_same_when_refunds_are_quicker_than_mails(self):
        """The fan-out of the failure runs last: the members are already refunded."""
        told = await stories.failed()
        before = await stories.mails()
        await db.execute("DELETE FROM mail WHERE template = 'group_failed'")
        await db.execute("UPDATE job SET key = key || ':old' WHERE kind = 'mail.send'")
        await db.execute(
            "UPDATE job SET state = 'ready' WHERE key = ?", f"tell:campaign.failed:{told.campaign_id}"
        )
        row = await db.fetch_one("SELECT state FROM participation WHERE user_id = ?", told.world.bo.id)
        assert row == {"state": "refunded"}
        await drain()
        assert await stories.mails() == before

    async def test_says_so_when_enough_was_paid_and_too_little_of_it_can_be_made(self):
        told = await stories.reopened()
        clock.shift(timedelta(days=21))
        await counting.keep_deadlines()
        await drain()
        assert await failed_jobs() == []
        row = await db.fetch_one("SELECT state FROM campaign WHERE id = ?", told.campaign_id)
        assert row == {"state": "failed"}
        text = (await stories.mail_to(CY, "group_failed")).text
        assert "50 units were paid, but so many of them had options below the factory's minimum" in text


class TestACanceledGroup:
    async def test_is_told_to_its_members_with_the_reason(self):
        await stories.canceled()
        assert await failed_jobs() == []
        told = Counter(await stories.mails())
        assert all(told[("group_canceled", who)] == 1 for who in (ANA, BO, CY))
        assert told[("campaign_canceled", ANA)] == 1
        assert "The factory burned down." in (await stories.mail_to(BO, "group_canceled")).text

    async def test_tells_the_manufacturer_of_an_order_that_went_out(self):
        told = await stories.ordered()
        await _withdraw(told.campaign_id)
        assert (
            await Mail.filter(template="purchase_order_canceled", to_address="orders@mill.example").count()
            == 1
        )

    async def test_tells_no_manufacturer_of_an_order_it_never_got(self):
        found = await stories.cast()
        campaign_id = await found.open_campaign()
        await PurchaseOrder.create(
            campaign_id=campaign_id,
            manufacturer_id=found.manufacturer_id,
            number="PO-1",
            created_at=clock.now(),
        )
        await _withdraw(campaign_id)
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'purchase_order.canceled'")) == 1
        assert await Mail.filter(to_address="orders@mill.example").count() == 0
        assert await failed_jobs() == []


async def _withdraw(campaign_id: str) -> None:
    async with db.transaction():
        assert await purchasing.withdraw(campaign_id=campaign_id)
    await drain()


class TestSomebodyOnTheWaitlist:
    async def test_is_told_when_a_place_opens_until_when_it_is_theirs_and_when_the_wait_is_over(self):
        await waited()
        offered = await Mail.get(template="place_offered")
        assert offered.to_address.startswith(BO)
        assert offered.subject.startswith("“Ana Ferreira's navy seventy-five”的一个名额为您保留至")
        assert offered.context["reserved_until_at"] > clock.now().isoformat()
        ended = await Mail.get(template="waitlist_ended")
        assert ended.to_address.startswith(CY)
        assert "was canceled, and its waitlist has ended with it" in ended.text
        assert "Nothing was charged" in ended.text

    async def test_is_told_when_what_they_wait_for_is_no_longer_made(self):
        await waited_for_nothing()
        ended = await Mail.get(template="waitlist_ended")
        assert ended.to_address.startswith(BO)
        assert "您的需求已不在其中" in ended.text
        assert await Mail.filter(template="place_offered").count() == 0


class TestAnAdmin:
    async def test_is_told_when_the_manufacturer_says_no_or_nothing(self):
        told = await stories.ordered()
        await stories.answered(told, "rejected", note="The price is too low.")
        rejected = await Mail.get(template="purchase_order_rejected")
        assert "The price is too low." in rejected.text
        assert "Wang Mei" in rejected.text
        await purchasing.reissue(told.world.root, (await told.order()).id, reason="A better price.")
        await drain()
        for _ in range(3):
            clock.shift(timedelta(days=7))
            await drain()
        assert await Mail.filter(template="purchase_order_expired").count() == 1

    async def test_is_told_of_each_death_of_a_job_but_not_of_a_mails(self):
        found = await stories.cast()
        await found.open_campaign()
        await drain()
        for _ in range(2):
            await _again("key LIKE 'tell:%submit%'", "kind = 'no.handler'")
            await drain()
        assert await Mail.filter(template="job_died").count() == 2
        await _again("key LIKE 'mail:campaign_opened%'", """args = '{"mail_id": "?"}'""")
        await drain()
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'job.died'")) == 3
        assert await Mail.filter(template="job_died").count() == 2

    async def test_is_told_of_an_error_full_of_odd_characters(self):
        await stories.cast()
        await _job_dies()
        await db.execute(
            "UPDATE job SET error = ? WHERE key = 'nobody does this'", "Traceback\n\x1b[31mred\u202e\x07"
        )
        await db.execute("DELETE FROM mail")
        await db.execute("UPDATE job SET key = 'old' WHERE kind = 'mail.send'")
        await _again("kind = 'event.tell'")
        await drain()
        assert await failed_jobs() != []
        assert "[31mred" in (await Mail.get(template="job_died")).text


async def _again(which: str, changes: str = "failures = 0") -> None:
    """As an admin's retry does: the job is due once more."""
    await db.execute(f"UPDATE job SET {changes}, state = 'ready', due_at = created_at WHERE {which}")


class TestSomebodyNew:
    async def test_is_asked_to_confirm_the_address(self):
        clock.set(stories.MORNING)
        email = await stories.newcomer()
        row = await Mail.get(template="email_confirmation", to_address=email)
        assert "https://c2b.example/email-confirmations/" in row.text
        assert row.subject == "请确认您的邮箱地址"
        assert await Mail.filter(template="password_changed", to_address=email).count() == 1


class TestEveryMail:
    async def test_can_be_read_in_both_languages(self):
        """Every template with the facts it really gets, and as they might be; a missing one is an error, not a gap."""
        told = await stories.ordered()
        await stories.answered(told, "rejected", note="The price is too low.")
        order = await told.order()
        await purchasing.reissue(told.world.root, order.id, reason="A better price.")
        await _days_pass(20)
        await purchasing.extend_validity(told.world.root, order.id, days=20)
        await _withdraw(told.campaign_id)
        made = await stories.ordered()
        await stories.answered(made, "accepted")
        await stories.made(made)
        await maker_is_paid(made)
        await stories.failed()
        await stories.left_out()
        await stories.proposed()
        await stories.decided()
        await stories.reopened()
        await stories.fallen_below()
        await stories.declined()
        await questioned()
        await waited()
        await waited_for_nothing()
        await drain()
        await collected()
        await held()
        await stuck()
        await transferred()
        await invoiced()
        await stories.delayed()
        await stories.canceled()
        await stories.newcomer()
        await _job_dies()
        await earned_and_paid_out()
        rows = await Mail.all()
        assert {row.template for row in rows} == set(templates())
        leads = {path for row in rows for path in _links(row.context)}
        assert [path for path in sorted(leads) if not _is_a_page(path)] == []
        for row in rows:
            for context in [row.context, *_as_they_might_be(row.context)]:
                _check_words(row.template, context)

    def test_belongs_to_an_event(self):
        assert {each.template for many in TELLINGS.values() for each in many} == set(templates())


def _links(context: dict[str, Any]) -> Iterator[str]:
    """The paths of our pages that a mail leads to."""
    for value in context.values():
        if isinstance(value, str) and value.startswith("https://c2b.example"):
            yield value.removeprefix("https://c2b.example").partition("#")[0]


def _is_a_page(path: str) -> bool:
    scope = {"type": "http", "path": path, "method": "GET", "root_path": ""}
    return any(route.matches(scope)[0] is Match.FULL for route in app.make_app(config.settings()).routes)


async def _days_pass(days: int) -> None:
    for _ in range(days):
        clock.shift(timedelta(days=1))
        await drain()


async def earned_and_paid_out() -> None:
    """Bo earned on Cy's order: refused once, paid out, and then the order came back."""
    found = await earning.build()
    _, place = await earning.earned(found)
    await earning.identify(found.bo)
    asked = await referrals.withdraw(found.bo, currency="CNY")
    await referrals.refuse(found.root, asked, reason="The names differ.")
    await earning.pay_out(found.root, await referrals.withdraw(found.bo, currency="CNY"))
    await earning.refund(place)
    await drain()


async def _job_dies() -> None:
    async with db.transaction():
        await enqueue("no.handler", key="nobody does this")
    await drain()


OTHERWISE = {
    "place": [None, 0, 1, 2],
    "voting_until_at": [None, "2026-11-30T12:00:00+00:00"],
    "voted": [0, 1, 12],
    "by_tie_rule": [False, True],
    "questioned": [False, True],
    "asked": [0, 1, 12],
    "left": [0, 1, 12],
    "closes": ["on_threshold", "at_deadline"],
    "why": [
        "campaign_failed",
        "withdrawal",
        "option_minimum",
        "left_out",
        "price_difference",
        "late",
        "overdue",
        "delay",
        "claim",
        "goodwill",
        "schema",
        "vote",
    ],
    "final_minor": [None, 60000],
    "by_hand": [False, True],
    "missing": [0, 7],
    "late_days": [0, 1, 12],
    "difference_minor": [0, 60000],
    "back_minor": [None, 60000],
    "returning_minor": [0, 60000],
    "reason": ["", "Because.", "vote"],
    "note": ["", "First line.\nSecond <line>."],
    "revision_reason": ["", "A better price."],
    "next": [[], [{"en": "Molds", "zh": "模具"}]],
    "delivered_on": [None, "2027-03-01"],
    "error": [""],
    "left_out": [0, 1, 12],
    "unmade": [False, True],
    "short": [[], [[{"en": "Plate", "zh": "定位板"}, None, 2, 30]]],
    "faults": [[], [["Plate", "Choose <another>."], ["Switch", "Choose."]]],
    "first_choice": [False, True],
    "option": [None, {"en": "Brass", "zh": "黄铜"}],
    "title": ["<b>Title</b> & {name}"],
}


def _as_they_might_be(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, values in OTHERWISE.items():
        if name in context:
            yield from ({**context, name: value} for value in values)


def _check_words(template: str, context: dict[str, Any]) -> None:
    own = str(context.get("title", ""))
    for locale in LOCALES:
        written = letter(template, context, locale)
        assert written.subject
        assert "{" not in (written.subject + written.text + written.html).replace(STYLE, "").replace(
            "{name}", ""
        )
        assert "\n\n\n" not in written.text
        assert own in written.text + written.subject
        assert "<b>" not in written.html
        plain = _plain(written.html)
        for line in written.text.partition("\n--\n")[0].splitlines():
            assert _squeezed(line.removeprefix("> ")) in plain, (template, line)
        chinese = any("\u4e00" <= char <= "\u9fff" for char in written.subject.replace(own, ""))
        assert chinese is (locale == "zh_CN")


def _plain(html: str) -> str:
    """What a reader sees of an HTML mail, links included, all white space gone."""
    return _squeezed(unescape(re.sub(r'<a class="button" href="([^"]*)">([^<]*)</a>', r"\2: \1", html)))


def _squeezed(text: str) -> str:
    return re.sub(r"[\s:：]+", "", re.sub(r"<(/?(p|strong|br|blockquote|a|html|body)\b[^>]*)>", "", text))
