"""A member's way through the API: quote, join, pay, change, leave."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.http.idempotency import call_of, claim_or_answer
from c2b.participations.explanations.outcomes import CellMark, Outcome
from c2b.participations.votes.deciding import keep_votes
from c2b.web.api.routing import V1
from tests import world
from tests.web.api.client import Program
from tests.web.api.offers import offer


def ref_of(checkout: dict[str, Any]) -> str:
    return checkout["checkout_url"].rpartition("/")[2]


class TestAQuote:
    async def test_prices_without_joining_and_without_a_token(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        answer = await Program(app).post(
            f"/campaigns/{campaign}/quote", {"answers": world.ANSWERS, "quantity": 2}
        )
        assert answer["valid"] is True
        assert answer["quote"]["base_minor"] == 45900
        assert answer["quote"]["total_minor"] == 2 * answer["quote"]["unit_price_minor"]
        assert await db.fetch("SELECT id FROM participation") == []

    async def test_says_what_is_wrong_and_why_options_are_closed_in_the_readers_language(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        body = {"answers": {**world.ANSWERS, "switch": "hall_d"}}
        answer = await Program(app, locale="zh_CN").post(f"/campaigns/{campaign}/quote", body)
        assert answer["valid"] is False
        assert answer["quote"] is None
        assert {each["path"] for each in answer["errors"]} == {"switch"}
        closed = {(each["path"], each["option"]): each for each in answer["forbidden"]}
        hall = closed["switch", "hall_d"]
        assert hall["final"] is True
        assert any("\u4e00" <= char <= "\u9fff" for char in hall["reason"])

    async def test_of_a_campaign_that_is_not_open_yet_is_refused(self, database, app):
        await Program(app).post("/campaigns/nowhere/quote", {"answers": {}}, 404)


class TestJoining:
    async def test_reserves_a_place_that_counts_once_the_webhook_has_come(self, database, app, sandbox):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        place = await bo.post(
            f"/campaigns/{campaign}/participations", {"answers": world.ANSWERS, "quantity": 2}, 201
        )
        assert (await bo.get(f"/campaigns/{campaign}"))["my_participation_id"] == place["id"]
        assert (await bo.get(f"/campaigns/{campaign}/progress"))["reserved"] == 2
        checkout = await bo.post(f"/participations/{place['id']}/payment", status=201)
        await sandbox.pay(ref_of(checkout))
        assert (await bo.get(f"/participations/{place['id']}"))["state"] == "joined"
        assert (await bo.get(f"/campaigns/{campaign}/progress"))["paid"] == 2
        money = await bo.get(f"/participations/{place['id']}/payments")
        assert [each["state"] for each in money["payments"]] == ["succeeded"]
        assert money["payments"][0]["amount_minor"] == place["total_minor"]

    async def test_is_refused_with_a_fault_beside_each_field(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        path = f"/campaigns/{campaign}/participations"
        refused = await bo.post(path, {"answers": {**world.ANSWERS, "switch": "hall_d", "unknown": 1}}, 422)
        assert {each["path"] for each in refused["errors"]} == {"switch", "unknown"}
        refused = await bo.post(path, {"answers": [], "quantity": True, "extra": 1}, 422)
        assert {each["path"]: each["code"] for each in refused["errors"]} == {
            "answers": "object", "quantity": "whole_number", "extra": "unknown",
        }  # fmt: skip
        assert (await bo.get(f"/campaigns/{campaign}/progress"))["reserved"] == 0

    async def test_is_credited_to_the_link_it_came_through(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        ana, bo = await Program.of(app, w.ana), await Program.of(app, w.bo)
        link = await ana.post(f"/campaigns/{campaign}/invitation")
        target = await Program(app).post("/invitation-openings", {"token": link["url"].rpartition("/")[2]})
        assert target["inviter"] == {"name": "Ana"}
        body = {"answers": world.ANSWERS, "invitation_id": target["invitation_id"]}
        await bo.post(f"/campaigns/{target['campaign']['slug']}/participations", body, 201)
        assert [each["invited"] for each in await ana.everything(f"/campaigns/{campaign}/members")] == [True]
        await Program(app).post("/invitation-openings", {"token": "guessed"}, 404)


class TestAMember:
    async def test_changes_the_requirement_and_leaves_with_the_money_back(self, database, app, sandbox):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        place = await bo.post(f"/campaigns/{campaign}/participations", {"answers": world.ANSWERS}, 201)
        own = f"/participations/{place['id']}"
        await bo.put(f"{own}/requirement", {"answers": world.ANSWERS}, 409)  # not paid yet
        await sandbox.pay(ref_of(await bo.post(f"{own}/payment", status=201)))
        changed = await bo.put(f"{own}/requirement", {"answers": {**world.ANSWERS, "plate": "pc"}})
        assert changed["answers"]["plate"] == "pc"
        await bo.post(f"{own}/withdrawal")
        await drain()
        await sandbox.deliver_due()
        await drain()
        money = await bo.get(f"{own}/payments")
        assert [(each["reason"], each["state"]) for each in money["refunds"]] == [("withdrawal", "succeeded")]
        assert (await bo.get(own))["state"] == "refunded"

    async def test_reads_their_own_places_only(self, database, app):
        w = await world.build()
        first, second = await w.open_campaign(), await w.open_campaign()
        await w.join(first, w.bo)
        await w.join(second, w.bo)
        theirs = await w.join(first, w.cy)
        bo = await Program.of(app, w.bo)
        mine = await bo.everything("/me/participations", limit=1)
        assert {each["campaign"]["id"] for each in mine} == {first, second}
        await bo.get(f"/participations/{theirs.participation_id}", 404)

    async def test_reads_what_they_got_and_why_in_their_language(self, database, app):
        w = await world.build()
        place = await w.join(await w.open_campaign(), w.bo)
        bo, own = await Program.of(app, w.bo), f"/participations/{place.participation_id}"
        assert (await bo.get(own))["outcome"] is None
        navy = CellMark(key="option:case_color:navy", level="option", count=24, minimum=30)
        outcome = Outcome(kind="left", cause="minimum", cell=navy, returned_minor=place.total_minor)
        await db.execute("UPDATE participation SET outcome = ?", canonical_json(outcome.to_json()).decode())
        told = (await bo.get(own))["outcome"]
        assert (told["kind"], told["cause"], told["cell"]["count"]) == ("left", "minimum", 24)
        assert told["sentence"].startswith("Navy needed 30 and reached 24, so you are out")
        chinese = await Program.of(app, w.bo, locale="zh_CN")
        [listed] = await chinese.everything("/me/participations")
        assert listed["outcome"]["sentence"].startswith("藏青色需 30 台、实有 24 台，因此您退出本团")


class TestTheSameKey:
    async def test_fifty_times_at_once_joins_once(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        path, body = f"/campaigns/{campaign}/participations", {"answers": world.ANSWERS}
        answers = await asyncio.gather(*(bo.send("POST", path, body=body, key="once") for _ in range(50)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert len(await db.fetch("SELECT id FROM participation")) == 1
        again = await bo.send("POST", path, body=body, key="once")
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content == answers[0].content
        assert again.headers["location"] == answers[0].headers["location"]

    @pytest.mark.parametrize("what", ["withdrawal", "payment"])
    async def test_fifty_times_at_once_acts_once(self, database, app, sandbox, what):
        w = await world.build()
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo)
        bo = await Program.of(app, w.bo)
        path = f"/participations/{joined.participation_id}/{what}"
        answers = await asyncio.gather(*(bo.send("POST", path, key="once") for _ in range(50)))
        good = [answer for answer in answers if answer.status_code < 300]
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert len({answer.content for answer in good}) == 1
        events = await db.fetch("SELECT id FROM event WHERE name = 'participation.withdrawn'")
        payments = await db.fetch("SELECT id FROM payment")
        assert (len(events), len(payments)) == ((1, 0) if what == "withdrawal" else (0, 1))

    async def test_with_another_body_is_refused(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        path = f"/campaigns/{campaign}/participations"
        await bo.post(path, {"answers": world.ANSWERS}, 201, key="once")
        refused = await bo.post(path, {"answers": world.ANSWERS, "quantity": 2}, 422, key="once")
        assert refused["code"] == "idempotency_key_reused"

    async def test_is_needed(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo)
        answer = await bo.send(
            "POST", f"/campaigns/{campaign}/participations", body={"answers": world.ANSWERS}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")

    async def test_left_by_a_server_that_died_is_usable_again_after_its_lease(self, database, app, sandbox):
        w = await world.build()
        joined = await w.join(await w.open_campaign(), w.bo)
        bo = await Program.of(app, w.bo)
        path = f"/participations/{joined.participation_id}/payment"
        await claim_or_answer(
            call_of(actor_id=w.bo.id, key="once", method="POST", path=f"{V1}{path}", body=b"")
        )
        assert (await bo.post(path, status=409, key="once"))["code"] == "idempotency_key_busy"
        clock.shift(timedelta(seconds=61))
        first = await bo.post(path, status=201, key="once")
        assert await bo.post(path, status=201, key="once") == first
        assert len(await db.fetch("SELECT id FROM payment")) == 1

    async def test_of_somebody_else_is_another_key(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        for who in (w.bo, w.cy):
            program = await Program.of(app, who)
            path = f"/campaigns/{campaign}/participations"
            await program.post(path, {"answers": world.ANSWERS}, 201, key="once")
        assert len(await db.fetch("SELECT id FROM participation")) == 2


class TestAVote:
    async def test_is_drafted_read_ranked_and_decided(self, database, app):
        w = await world.build()
        ana, bo = await Program.of(app, w.ana), await Program.of(app, w.bo)
        fixed = {name: code for name, code in world.BATCH.items() if name != "mounting"}
        vote = {
            "attribute": "mounting", "choices": ["top", "gasket"], "tie_rule": "earliest",
            "closes_at": (clock.now() + timedelta(days=5)).isoformat(),
        }  # fmt: skip
        draft = await ana.post(
            "/campaigns", {"product": w.product_slug, **offer(batch_answers=fixed, votes=[vote])}, 201
        )
        await ana.post(f"/campaigns/{draft['id']}/submission")
        await (await Program.of(app, w.root)).post(f"/campaigns/{draft['id']}/approval")
        joined = await w.join(draft["id"], w.bo)
        await w.pay(joined)
        place = f"/participations/{joined.participation_id}"
        ballot = {"votes": {"mounting": {"ranking": ["gasket", "top"]}}}
        await bo.put(f"{place}/ballot", ballot)
        await bo.put(f"{place}/ballot", ballot)
        (shown,) = (await bo.get(f"/campaigns/{draft['id']}"))["votes"]
        assert shown["choices"] == [{"option": "top", "units": 0}, {"option": "gasket", "units": 1}]
        assert (shown["voted"], shown["leader"], shown["outcome"]) == (1, "gasket", None)
        wrong = await bo.put(f"{place}/ballot", {"votes": {"mounting": {"ranking": ["glue"]}}}, 422)
        assert [each["path"] for each in wrong["errors"]] == ["preferences.votes.mounting.ranking"]
        clock.shift(timedelta(days=5))
        assert (await bo.put(f"{place}/ballot", {"votes": {}}, 409))["code"] == "vote_over"
        await keep_votes()
        (shown,) = (await bo.get(f"/campaigns/{draft['id']}"))["votes"]
        assert (shown["state"], shown["outcome"]) == ("closed", "gasket")
        assert len(shown["rounds"]) == 1

    async def test_of_values_that_are_none_is_refused_beside_each_field(self, database, app):
        w = await world.build()
        ana = await Program.of(app, w.ana)
        vote = {"attribute": 7, "choices": [None], "closes_at": "soon", "tie_rule": "dice"}
        body = {"product": w.product_slug, **offer(votes=[vote])}
        refused = await ana.post("/campaigns", body, 422)
        assert {each["path"] for each in refused["errors"]} == {
            "votes.0.attribute", "votes.0.choices.0", "votes.0.closes_at", "votes.0.tie_rule",
        }  # fmt: skip


class TestAProposal:
    async def test_is_read_and_accepted_and_the_organizer_sees_who_gets_what(self, database, app):
        w = await world.build()
        campaign, place = await world.proposed(w)
        bo, ana = await Program.of(app, w.bo), await Program.of(app, w.ana)
        mine = await bo.get(f"/participations/{place}/proposal")
        assert (mine["outcome"]["kind"], mine["may_answer"], mine["accepted"]) == ("alternative", True, False)
        assert mine["outcome"]["sentence"].startswith("Brass needed 30 and reached 2")
        whole = await ana.get(f"/campaigns/{campaign}/allocation")
        assert (whole["state"], whole["units"], whole["optimal"]) == ("proposed", 62, True)
        (line,) = [each for each in whole["members"] if each["kind"] == "alternative"]
        assert (line["name"], line["result"], line["reason"]) == (
            "Bo",
            "second choice: FR4",
            "Brass: 2 of 30",
        )
        assert line["settled_minor"] == mine["settled_minor"]
        cells = {each["key"]: (each["wanted"], each["count"], each["made"]) for each in whole["cells"]}
        assert cells["option:plate:brass"] == (2, 0, False)
        await bo.post(f"/participations/{place}/acceptance", {})
        await drain()
        assert (await ana.get(f"/campaigns/{campaign}/allocation"))["state"] == "locked"
        await bo.get(f"/participations/{place}/proposal", 404)
        assert (await bo.post(f"/participations/{place}/acceptance", {}, 409))["code"] == "nothing_to_answer"
