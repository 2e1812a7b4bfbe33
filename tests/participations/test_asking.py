"""Members who are asked again: they still count, answer by revising, and the clock decides for who does not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.catalog import operations as catalog
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import use_locale
from c2b.participations import operations
from c2b.participations.joining import Joined
from c2b.participations.queries import counts_of
from c2b.participations.reconfirming import asking, questions
from c2b.payments.queries import money_of
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work

FAULT = FieldError(
    "plate", "not_offered", "Choose an option for “{label}”.", {"label": {"en": "Plate", "zh": "定位板"}}
)


def wanting(**changes: object) -> dict[str, object]:
    return {**world.ANSWERS, **changes}


def parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


async def row_of(joined: Joined) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return row


async def question(joined: Joined) -> dict[str, Any]:
    row = await db.fetch_one(
        "SELECT * FROM reconfirmation WHERE participation_id = ?", joined.participation_id
    )
    assert row
    return row


async def counts(campaign: str) -> tuple[str, int, int]:
    row = await db.fetch_one("SELECT state, reserved, paid FROM campaign WHERE id = ?", campaign)
    assert row
    return row["state"], row["reserved"], row["paid"]


async def wishing(
    w: world.World, campaign: str, answers: dict[str, object], wishes: dict[str, Any]
) -> Joined:
    """Bo joins with preferences, and pays."""
    joined = await operations.join(w.bo, campaign, answers=answers, preferences=wishes)
    assert isinstance(joined, Joined)
    await w.pay(joined)
    return joined


async def events(name: str) -> int:
    return len(await db.fetch("SELECT id FROM event WHERE name = ?", name))


async def ask(
    joined: Joined, *, hours: int = 24, fault: FieldError = FAULT, reason: str = "schema"
) -> datetime:
    until = clock.now() + timedelta(hours=hours)
    asked = await db.atomically(
        lambda: asking.ask_again(joined.participation_id, reason=reason, faults=[fault], until=until)
    )
    assert asked
    return until


async def without_plate(w: world.World, campaign: str, code: str) -> None:
    """The campaign stands on a schema in which a plate is no longer offered, as after a move."""
    document = small.document()
    plate = document["properties"]["plate"]
    plate["enum"] = [each for each in plate["enum"] if each != code]
    plate["x-options"] = [each for each in plate["x-options"] if each["code"] != code]
    document["allOf"] = [rule for rule in document["allOf"] if f'"{code}"' not in json.dumps(rule)]
    version = await catalog.publish_schema(w.product_id, document)
    await db.execute(
        "UPDATE campaign SET schema_id = ?, terms_version = terms_version + 1 WHERE id = ?",
        version.id,
        campaign,
    )
    forget_offers()


class TestAQuestion:
    async def test_leaves_the_member_their_place_and_their_money_and_is_told_once(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, wanting(), quantity=2)
        until = await ask(joined)
        row = await row_of(joined)
        assert (row["state"], row["attention"]) == ("needs_attention", "asked:schema")
        assert await counts(campaign) == ("open", 2, 2)
        offer = await operations.join_offer(campaign)
        assert (await counts_of(offer))["plate"]["fr4"] == 2
        asked = await questions.question_of(joined.participation_id)
        assert asked and asked.answer_until == until == await asking.open_questions(campaign)
        with use_locale("zh_CN"):
            assert asked.faults[0].text() == "请为“定位板”选择一个选项。"
        await drain()
        mails = await db.fetch("SELECT subject, text FROM mail WHERE template = 'requirement_questioned'")
        assert len(mails) == 1
        assert "Choose an option for “Plate”." in mails[0]["text"]
        assert f"/participations/{joined.participation_id}/requirement" in mails[0]["text"]
        await assert_books(database, provider.store.path)

    async def test_asked_anew_replaces_what_was_asked_and_is_told_anew(self, database, provider):
        w = await small.build()
        joined = await join_and_pay(w.bo, await small.open_campaign(w), wanting())
        await ask(joined)
        await drain()
        until = await ask(joined, hours=48, reason="vote")
        await drain()
        row = await question(joined)
        assert (row["reason"], db.instant(row["answer_until"]), row["state"]) == ("vote", until, "open")
        assert len(await db.fetch("SELECT id FROM mail WHERE template = 'requirement_questioned'")) == 2

    async def test_is_not_asked_of_who_has_not_paid_or_is_gone(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        unpaid = await w.join(campaign, w.cy)
        gone = await join_and_pay(w.bo, campaign, wanting())
        await operations.withdraw(w.bo, gone.participation_id)
        for joined in (unpaid, gone):
            assert not await db.atomically(
                lambda joined=joined: asking.ask_again(
                    joined.participation_id, reason="vote", faults=[], until=clock.now()
                )
            )
        assert await db.fetch("SELECT id FROM reconfirmation") == []


class TestAnAnswer:
    async def test_is_a_requirement_that_fits_and_joins_the_member_again(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await join_and_pay(w.bo, campaign, wanting(plate="pc"))
        await without_plate(w, campaign, "pc")
        await ask(joined)
        with pytest.raises(Invalid) as caught:
            await operations.revise(w.bo, joined.participation_id, answers=wanting(plate="pc"))
        assert [fault.path for fault in caught.value.fields] == ["plate"]
        assert (await row_of(joined))["state"] == "needs_attention"
        await operations.revise(w.bo, joined.participation_id, answers=wanting(plate="fr4"))
        row = await row_of(joined)
        assert (row["state"], row["attention"], row["schema_version"]) == ("joined", "", 3)
        assert (await question(joined))["state"] == "answered"
        assert await asking.open_questions(campaign) is None
        assert await events("requirement.reconfirmed") == 1
        clock.shift(timedelta(hours=25))
        assert await asking.keep_reconfirmations() == 0

    async def test_with_the_same_answers_keeps_the_promised_price(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await join_and_pay(w.bo, campaign, wanting())
        before = await row_of(joined)
        dearer = small.document()
        for option in dearer["properties"]["plate"]["x-options"]:
            option["surcharge_minor"] = option.get("surcharge_minor", 0) + 700
        version = await catalog.publish_schema(w.product_id, dearer)
        await db.execute(
            "UPDATE campaign SET schema_id = ?, terms_version = 2 WHERE id = ?", version.id, campaign
        )
        await ask(joined)
        with pytest.raises(operations.PriceWouldRise):
            await operations.revise(w.bo, joined.participation_id, answers=wanting(legend="cn_zhuyin"))
        await operations.revise(w.bo, joined.participation_id, answers=wanting())
        after = await row_of(joined)
        assert (after["state"], after["schema_version"]) == ("joined", 3)
        assert parsed(after["quote"]) == parsed(before["quote"])

    async def test_may_be_an_alternative_and_what_cannot_be_made_falls_away(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        wishes = {
            "alternatives": [
                {"attribute": "plate", "any_of": ["fr4", "alu"]},
                {"answers": wanting(plate="pom")},
            ]
        }
        joined = await wishing(w, campaign, wanting(plate="pc"), wishes)
        await without_plate(w, campaign, "pc")
        await ask(joined)
        await operations.revise(w.bo, joined.participation_id, answers=wanting(plate="fr4"))
        row = await row_of(joined)
        assert parsed(row["answers"])["plate"] == "fr4"
        assert parsed(row["preferences"]) == {
            "alternatives": [{"attribute": "plate", "any_of": ["alu"]}, {"answers": wanting(plate="pom")}]
        }

    async def test_may_be_to_leave_with_everything(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, wanting(), quantity=2)
        await ask(joined)
        await operations.withdraw(w.bo, joined.participation_id)
        assert (await question(joined))["state"] == "left"
        assert await counts(campaign) == ("open", 0, 0)
        await work()
        assert (await row_of(joined))["state"] == "refunded"
        await assert_books(database, provider.store.path)


class TestSilence:
    async def test_keeps_the_place_of_whoever_chose_what_can_still_be_made(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, wanting())
        await without_plate(w, campaign, "pc")
        await ask(joined)
        assert await asking.keep_reconfirmations() == 0
        clock.shift(timedelta(hours=24, seconds=1))
        assert await asking.keep_reconfirmations() == 1
        assert await asking.keep_reconfirmations() == 0
        row = await row_of(joined)
        assert (row["state"], row["attention"], row["schema_version"]) == ("joined", "", 3)
        assert (await question(joined))["state"] == "kept"
        await drain()
        assert len(await db.fetch("SELECT id FROM mail WHERE template = 'requirement_kept'")) == 1
        assert await counts(campaign) == ("open", 1, 1)

    async def test_keeps_the_place_of_whoever_has_an_alternative_that_can(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        wishes = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}]}
        joined = await wishing(w, campaign, wanting(plate="pc"), wishes)
        before = await row_of(joined)
        await without_plate(w, campaign, "pc")
        await ask(joined)
        clock.shift(timedelta(hours=24, seconds=1))
        await asking.keep_reconfirmations()
        row = await row_of(joined)
        assert (row["state"], row["schema_version"]) == ("joined", 3)
        assert parsed(row["answers"])["plate"] == "pc" and row["preferences"] == before["preferences"]
        await drain()
        (mail,) = await db.fetch("SELECT text FROM mail WHERE template = 'requirement_kept'")
        assert "one of your alternatives can" in mail["text"]

    async def test_lets_go_with_everything_whoever_chose_what_cannot(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, wanting(plate="pc"), quantity=2)
        await join_and_pay(w.cy, campaign, wanting(), quantity=2)
        assert (await counts(campaign))[0] == "threshold_met"
        await without_plate(w, campaign, "pc")
        await ask(joined)
        clock.shift(timedelta(hours=24, seconds=1))
        assert await asking.keep_reconfirmations() == 1
        row = await row_of(joined)
        outcome = parsed(row["outcome"])
        assert (row["state"], outcome["kind"], outcome["cause"]) == ("refunding", "left", "schema")
        assert await counts(campaign) == ("open", 2, 2)
        await drain()
        (refund,) = (await money_of(joined.participation_id))["refunds"]
        assert (refund["reason"], refund["amount_minor"]) == ("left_out", joined.total_minor)
        assert (await row_of(joined))["state"] == "refunded"
        told = {
            row["template"]
            for row in await db.fetch("SELECT template FROM mail WHERE recipient_id = ?", w.bo.id)
        }
        assert "participation_unanswered" in told and "participation_left_out" not in told
        await assert_books(database, provider.store.path)

    async def test_after_the_group_has_ended_decides_nothing(self, database, provider):
        w = await small.build()
        campaign = await small.open_campaign(w)
        joined = await join_and_pay(w.bo, campaign, wanting())
        await ask(joined)
        await campaigns.cancel(w.ana, campaign, reason="No time.")
        clock.shift(timedelta(hours=25))
        assert await asking.keep_reconfirmations() == 1
        assert (await question(joined))["state"] == "left"
        assert await events("participation.left_out") == await events("requirement.kept") == 0
        await work()
        assert (await row_of(joined))["state"] == "refunded"
        await assert_books(database, provider.store.path)


class TestACrash:
    @pytest.mark.parametrize("plate", ["fr4", "pc"], ids=["kept", "left"])
    async def test_at_any_statement_of_the_decision_loses_nothing_and_does_nothing_twice(
        self, database, provider, monkeypatch, plate
    ):
        """The decision is one transaction: whatever statement is its last, the next sweep finds the question open."""
        w = await small.build()
        campaign = await small.open_campaign(w, closes="at_deadline")
        joined = await join_and_pay(w.bo, campaign, wanting(plate=plate), quantity=2)
        await without_plate(w, campaign, "pc")
        await ask(joined)
        clock.shift(timedelta(hours=24, seconds=1))
        real, statements = db.execute, 0
        for last in range(30):
            left = [last]

            async def dying(sql: str, *args: Any, left: list[int] = left) -> int:
                left[0] -= 1
                if left[0] < 0:
                    raise ConnectionError("the power is gone")
                return await real(sql, *args)

            before = await _everything()
            monkeypatch.setattr(db, "execute", dying)
            try:
                await asking.keep_reconfirmations()
            except ConnectionError:
                monkeypatch.setattr(db, "execute", real)
                assert await _everything() == before
                statements += 1
                continue
            monkeypatch.setattr(db, "execute", real)
            break
        assert statements >= 3
        assert (await question(joined))["state"] == ("kept" if plate == "fr4" else "left")
        await drain()
        await assert_books(database, provider.store.path)


async def _everything() -> list[Any]:
    found: list[Any] = []
    for table in ("participation", "reconfirmation", "campaign", "event", "job"):
        rows = await db.fetch(f"SELECT * FROM {table} ORDER BY id")
        found.append([{key: str(value) for key, value in row.items()} for row in rows])
    return found
