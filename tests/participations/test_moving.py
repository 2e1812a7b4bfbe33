"""Moving a group to a newer version of its product's schema: exactly the people it affects are asked."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.queries import join_offer
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.errors import Invalid, NotFound
from c2b.participations import operations
from c2b.participations.joining import Joined
from c2b.participations.queries import own
from c2b.participations.reconfirming import asking, moving, questions
from c2b.participations.reconfirming.moving import move, outlook
from c2b.participations.reconfirming.offers import offered
from c2b.seeds.acting import join_and_pay
from tests import small, versions, world
from tests.books import assert_books, work


def wanting(**changes: object) -> dict[str, Any]:
    return {**world.ANSWERS, **changes}


async def row_of(joined: Joined) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return {
        key: json.loads(row[key]) if isinstance(row[key], str) and row[key][:1] == "{" else row[key]
        for key in row
    }


async def faults(joined: Joined) -> list[tuple[str, str]]:
    asked = await questions.question_of(joined.participation_id)
    return [(each.path, each.code) for each in asked.faults] if asked else []


async def group(w: world.World, **changes: Any) -> str:
    return await small.open_campaign(w, closes="at_deadline", **changes)


class TestAWideningMove:
    async def test_rebinds_everybody_and_asks_nobody(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        joined = await join_and_pay(w.bo, campaign, wanting(), quantity=2)
        before = await row_of(joined)
        version = await versions.publish(
            w, versions.with_attribute("gift"), versions.terms("switch", "tactile_b", surcharge_minor=1000)
        )
        done = await move(w.ana, campaign, version=version, answer_hours=24)
        assert (done.comparison.kind, done.unaffected, done.asked) == ("widening", 1, 0)
        after = await row_of(joined)
        assert (after["state"], after["schema_version"]) == ("joined", version)
        assert before["quote"]["total_minor"] - after["quote"]["total_minor"] == 2 * 500
        assert after["total_minor"] == before["total_minor"]
        assert (await join_offer(campaign)).schema.version == version
        again = await join_and_pay(w.cy, campaign, wanting(gift=True))
        assert (await row_of(again))["schema_version"] == version
        clock.shift(timedelta(days=3, seconds=1))
        await keep_deadlines()
        await drain()
        assert await states(campaign) == {"confirmed"}
        await assert_books(database, provider.store.path)


async def states(campaign: str) -> set[str]:
    return {
        row["state"]
        for row in await db.fetch("SELECT state FROM participation WHERE campaign_id = ?", campaign)
    }


class TestANarrowingMove:
    async def test_asks_exactly_those_whose_choice_is_gone_dearer_or_too_rare(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        people = {name: await world.person(name) for name in ("Gone", "Dearer", "Rare", "Same")}
        chosen = {
            "Gone": wanting(plate="pc"), "Dearer": wanting(switch="linear_a"), "Rare": wanting(legend="cn_zhuyin"),
            "Same": wanting(),
        }  # fmt: skip
        places = {name: await join_and_pay(who, campaign, chosen[name]) for name, who in people.items()}
        version = await versions.publish(
            w, versions.without("plate", "pc"), versions.terms("switch", "linear_a", surcharge_minor=900),
            versions.terms("legend", "cn_zhuyin", moq=2), versions.terms("legend", "us", moq=2),
        )  # fmt: skip
        seen = await outlook(w.ana, campaign, version=version)
        assert (seen.unaffected, seen.asked, seen.asked_units, seen.released) == (1, 3, 3, 0)
        await move(w.ana, campaign, version=version, answer_hours=24)
        assert {name: await faults(place) for name, place in places.items()} == {
            "Gone": [("plate", "not_offered")], "Dearer": [("switch", "dearer")],
            "Rare": [("legend", "minimum_raised")], "Same": [],
        }  # fmt: skip
        assert {name: (await row_of(place))["state"] for name, place in places.items()} == {
            "Gone": "needs_attention", "Dearer": "needs_attention", "Rare": "needs_attention", "Same": "joined",
        }  # fmt: skip
        assert {(await row_of(place))["schema_version"] for place in places.values()} == {version}
        await drain()
        mails = await db.fetch("SELECT text FROM mail WHERE template = 'requirement_questioned'")
        assert len(mails) == 3 and not any("{" in mail["text"] for mail in mails)
        clock.shift(timedelta(hours=25))
        assert await asking.keep_reconfirmations() == 3
        kept = {name for name, place in places.items() if (await row_of(place))["state"] == "joined"}
        assert kept == {"Dearer", "Rare", "Same"}
        await work()
        await assert_books(database, provider.store.path)

    async def test_lets_go_who_has_not_paid_and_asks_no_money_for_what_cannot_be_made(
        self, database, provider
    ):
        w = await small.build()
        campaign = await group(w)
        misfit = await w.join(campaign, w.bo, plate="pc")
        fits = await w.join(campaign, w.cy)
        payment = await w.ask(misfit)
        version = await versions.publish(w, versions.without("plate", "pc"))
        done = await move(w.ana, campaign, version=version, answer_hours=24)
        assert (done.released, done.asked, done.unaffected) == (1, 0, 1)
        assert [(await row_of(each))["state"] for each in (misfit, fits)] == ["expired", "pending_payment"]
        counts = await db.fetch_one("SELECT reserved, paid FROM campaign WHERE id = ?", campaign)
        assert counts == {"reserved": 1, "paid": 0}
        await drain()
        assert len(await db.fetch("SELECT id FROM mail WHERE template = 'participation_released'")) == 1
        assert await w.capture(payment)
        refund = await db.fetch_one("SELECT reason FROM refund WHERE payment_id = ?", payment.id)
        assert refund == {"reason": "late"}
        await w.pay(fits)
        assert (await row_of(fits))["schema_version"] == version

    async def test_never_gives_longer_than_the_deadline(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        joined = await join_and_pay(w.bo, campaign, wanting(plate="pc"))
        version = await versions.publish(w, versions.without("plate", "pc"))
        await move(w.ana, campaign, version=version, answer_hours=168)
        asked = await questions.question_of(joined.participation_id)
        assert asked and asked.answer_until == (await join_offer(campaign)).deadline


class TestABreakingMove:
    async def test_asks_everybody_and_an_answer_joins_them_again(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        joined = await join_and_pay(w.bo, campaign, wanting())
        version = await versions.publish(w, versions.with_attribute("gift", required=True))
        done = await move(w.root, campaign, version=version, answer_hours=24)
        assert (done.comparison.kind, done.unaffected, done.asked) == ("breaking", 0, 1)
        assert await faults(joined) == [("gift", "required")]
        member = await own(w.bo, joined.participation_id)
        (suggestion,) = offered(await join_offer(campaign), member)
        assert (suggestion.kind, suggestion.answers) == ("nearest", wanting(gift=False))
        await operations.revise(w.bo, joined.participation_id, answers=suggestion.answers)
        assert (await row_of(joined))["state"] == "joined"


class TestWhoIsAskedAgain:
    async def test_is_offered_their_alternatives_first_and_the_nearest_that_costs_no_more(
        self, database, provider
    ):
        w = await small.build()
        campaign = await group(w)
        wishes = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}]}
        joined = await operations.join(w.bo, campaign, answers=wanting(plate="pc"), preferences=wishes)
        assert isinstance(joined, Joined)
        await w.pay(joined)
        version = await versions.publish(w, versions.without("plate", "pc"))
        await move(w.ana, campaign, version=version, answer_hours=24)
        found = offered(await join_offer(campaign), await own(w.bo, joined.participation_id))
        assert (found[0].kind, found[0].answers) == ("alternative", wanting(plate="fr4"))
        paid = (await row_of(joined))["total_minor"]
        for each in found:
            assert each.unit_price_minor <= paid
            await operations.revise(w.bo, joined.participation_id, answers=each.answers)

    async def test_and_fits_again_under_the_next_version_needs_to_say_nothing(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        joined = await join_and_pay(w.bo, campaign, wanting(plate="pc"))
        narrower = await versions.publish(w, versions.without("plate", "pc"))
        await move(w.ana, campaign, version=narrower, answer_hours=24)
        wider = await versions.publish(w, versions.with_attribute("gift"))
        await move(w.ana, campaign, version=wider, answer_hours=24)
        row = await row_of(joined)
        assert (row["state"], row["schema_version"]) == ("joined", wider)
        assert await asking.open_questions(campaign) is None


class TestAMove:
    async def test_is_for_organizer_and_admin(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        version = await versions.publish(w, versions.with_attribute("gift"))
        for who in (w.bo, w.mill):
            for act in (
                partial(outlook, who, campaign, version=version),
                partial(move, who, campaign, version=version, answer_hours=24),
            ):
                with pytest.raises(NotFound):
                    await act()

    async def test_goes_forward_only_and_before_the_group_closes(self, database, provider):
        w = await small.build()
        campaign = await group(w)
        version = await versions.publish(w, versions.with_attribute("gift"))
        for hours in (0, 169, "24"):
            with pytest.raises(Invalid):
                await move(w.ana, campaign, version=version, answer_hours=hours)  # type: ignore[arg-type]
        await move(w.ana, campaign, version=version, answer_hours=24)
        for earlier in (1, 2, version):
            with pytest.raises(moving.AnotherVersion):
                await move(w.ana, campaign, version=earlier, answer_hours=24)
        with pytest.raises(NotFound):
            await move(w.ana, campaign, version=99, answer_hours=24)
        later = await versions.publish(w)
        await join_and_pay(w.bo, campaign, wanting(), quantity=3)
        clock.shift(timedelta(days=3, seconds=1))
        with pytest.raises(moving.TooLateToMove):
            await move(w.ana, campaign, version=later, answer_hours=24)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (versions.without("connectivity", "wired"), "not offered"),
            (versions.terms("case_material", "alu", moq=50), "threshold"),
            (versions.with_attribute("gift", required=True, scope="batch"), "Gift box"),
        ],
        ids=["a choice is gone", "a minimum above the threshold", "a choice is missing"],
    )
    async def test_to_a_version_that_the_batch_does_not_fit_is_refused_and_changes_nothing(
        self, database, provider, change, said
    ):
        w = await small.build()
        campaign = await group(w)
        joined = await join_and_pay(w.bo, campaign, wanting())
        before = await row_of(joined)
        version = await versions.publish(w, change)
        assert (await outlook(w.ana, campaign, version=version)).faults
        with pytest.raises(moving.BatchDoesNotFit) as caught:
            await move(w.ana, campaign, version=version, answer_hours=24)
        assert said in " ".join(each.text() for each in caught.value.fields)
        assert await row_of(joined) == before
        assert (await join_offer(campaign, fresh=True)).schema.version == 2

    async def test_cut_off_at_any_statement_changes_nothing(self, database, provider, monkeypatch):
        w = await small.build()
        campaign = await group(w)
        await join_and_pay(w.bo, campaign, wanting(plate="pc"))
        await join_and_pay(w.cy, campaign, wanting())
        await w.join(campaign, plate="pc")
        version = await versions.publish(w, versions.without("plate", "pc"))
        reals = {name: getattr(db, name) for name in ("execute", "execute_many")}
        cut = 0
        for last in range(40):
            left = [last]

            def dying(name: str, left: list[int] = left) -> Any:
                async def call(*args: Any) -> Any:
                    left[0] -= 1
                    if left[0] < 0:
                        raise ConnectionError("the power is gone")
                    return await reals[name](*args)

                return call

            before = await _everything()
            for name in reals:
                monkeypatch.setattr(db, name, dying(name))
            try:
                await move(w.ana, campaign, version=version, answer_hours=24)
            except ConnectionError:
                cut += 1
                continue
            finally:
                for name, real in reals.items():
                    monkeypatch.setattr(db, name, real)
                if left[0] < 0:
                    assert await _everything() == before
            break
        assert cut >= 8
        assert (await join_offer(campaign, fresh=True)).schema.version == version
        with pytest.raises(moving.AnotherVersion):
            await move(w.ana, campaign, version=version, answer_hours=24)


async def _everything() -> list[Any]:
    found: list[Any] = []
    for table in ("participation", "reconfirmation", "campaign", "event", "job"):
        rows = await db.fetch(f"SELECT * FROM {table} ORDER BY id")
        found.append([{key: str(value) for key, value in row.items()} for row in rows])
    return found
