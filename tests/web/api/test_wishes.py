"""Ranked wishes through the API: quoted, joined with, seen and changed, by the same judgment as the form."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.kit import db
from tests import world
from tests.web.api.client import Program

BLACK = {"attribute": "case_color", "any_of": ["black"]}
BRASS = {"answers": {**world.ANSWERS, "plate": "brass"}}
WISHES = {"alternatives": [BLACK, BRASS], "ask_first": True}
#: The first choice at the first tier.
FIRST = 45900 + 15000 + 1500 + 1500


async def begun(app: Any, w: world.World) -> tuple[Program, str]:
    return await Program.of(app, w.bo), await w.open_campaign(closes="at_deadline")


class TestAQuote:
    async def test_says_what_is_paid_when_joining(self, database, app):
        _, campaign = await begun(app, await world.build())
        body = {"answers": world.ANSWERS, "quantity": 2, "preferences": WISHES}
        answer = await Program(app).post(f"/campaigns/{campaign}/quote", body)
        assert (answer["valid"], answer["quote"]["total_minor"]) == (True, 2 * FIRST)
        assert answer["commitment_minor"] == 2 * (FIRST + 6000)

    async def test_lists_faults_below_preferences(self, database, app):
        _, campaign = await begun(app, await world.build())
        wishes = {"alternatives": [{"answers": {**world.ANSWERS, "case_color": "gold"}}]}
        answer = await Program(app).post(
            f"/campaigns/{campaign}/quote", {"answers": world.ANSWERS, "preferences": wishes}
        )
        assert (answer["valid"], answer["commitment_minor"]) == (False, None)
        (fault,) = answer["errors"]
        assert (fault["path"], fault["code"]) == (
            "preferences.alternatives.0.answers.case_color",
            "not_offered",
        )


class TestALowerPrice:
    async def test_is_what_a_member_pays_for_and_what_the_group_still_misses(self, database, app, sandbox):
        w = await world.build()
        bo, campaign = await begun(app, w)
        body = {"answers": world.ANSWERS, "preferences": {"commit_below_minor": 42900}}
        place = await bo.post(f"/campaigns/{campaign}/participations", body, 201)
        assert place["total_minor"] == FIRST - 3000
        await w.fill(campaign, 12)
        await w.pay(await w.join(campaign, quantity=2, wishes={"commit_below_minor": 42900}))
        for found in (
            await Program(app).get(f"/campaigns/{campaign}/progress"),
            await Program(app).get(f"/campaigns/{campaign}"),
        ):
            names = ("paid", "counted", "conditional", "missing", "price_minor")
            assert [found[name] for name in names] == [14, 12, 2, 38, 45900]
            assert [each["missing"] for each in found["tiers"]] == [38, 66]
            assert "conditional_at" not in found

    async def test_is_that_of_a_tier(self, database, app):
        bo, campaign = await begun(app, await world.build())
        body = {"answers": world.ANSWERS, "preferences": {"commit_below_minor": 42901}}
        refusal = await bo.post(f"/campaigns/{campaign}/participations", body, 422)
        assert [(each["path"], each["code"]) for each in refusal["errors"]] == [
            ("preferences.commit_below_minor", "no_tier")
        ]


class TestJoining:
    async def test_keeps_the_wishes_and_shows_them(self, database, app, sandbox):
        bo, campaign = await begun(app, await world.build())
        body = {"answers": world.ANSWERS, "preferences": WISHES}
        place = await bo.post(f"/campaigns/{campaign}/participations", body, 201)
        assert place["total_minor"] == FIRST + 6000
        shown = await bo.get(f"/participations/{place['id']}")
        assert shown["preferences"] == WISHES
        assert (shown["quote"]["total_minor"], shown["total_minor"]) == (FIRST, FIRST + 6000)
        assert (await bo.get("/me/participations"))["items"][0]["preferences"] == WISHES

    @pytest.mark.parametrize(
        ("wishes", "path", "code"),
        [
            (None, "preferences", "object"),
            ({"limit": 1}, "preferences.limit", "unknown"),
            ({"limit_minor": 1}, "preferences.limit_minor", "below_every_price"),
            ({"fee_limit_minor": 1}, "preferences.fee_limit_minor", "without_fee"),
            ({"alternatives": [{"answers": world.ANSWERS}]}, "preferences.alternatives.0", "same_as_first"),
            ({"votes": {"mounting": {"ranking": ["top"]}}}, "preferences.votes.mounting", "not_open"),
        ],
    )
    async def test_with_wishes_that_cannot_be_meant_takes_no_place(self, database, app, wishes, path, code):
        bo, campaign = await begun(app, await world.build())
        body = {"answers": world.ANSWERS, "preferences": wishes}
        refused = await bo.post(f"/campaigns/{campaign}/participations", body, 422)
        assert [(each["path"], each["code"]) for each in refused["errors"]] == [(path, code)]
        assert await db.fetch("SELECT id FROM participation") == []


class TestAChange:
    async def test_replaces_the_wishes_or_leaves_them(self, database, app, sandbox):
        w = await world.build()
        bo, campaign = await begun(app, w)
        joined = await w.join(campaign, w.bo)
        await w.pay(joined)
        address = f"/participations/{joined.participation_id}/requirement"
        changed = await bo.put(address, {"answers": world.ANSWERS, "preferences": {"alternatives": [BLACK]}})
        assert changed["preferences"] == {"alternatives": [BLACK]}
        kept = await bo.put(address, {"answers": {**world.ANSWERS, "plate": "pc"}})
        assert (kept["preferences"], kept["answers"]["plate"]) == ({"alternatives": [BLACK]}, "pc")
        refused = await bo.put(address, {"answers": {**world.ANSWERS, "case_color": "black"}}, 422)
        assert [each["path"] for each in refused["errors"]] == ["preferences.alternatives.0.any_of"]
        dearer = await bo.put(address, {"answers": world.ANSWERS, "preferences": WISHES}, 409)
        assert dearer["code"] == "price_would_rise"
        assert (await bo.put(address, {"answers": world.ANSWERS, "preferences": {}}))["preferences"] == {}
