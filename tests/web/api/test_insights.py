"""What would be made if a group closed now, and how its options lived, for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest_asyncio

from c2b.durable.sweep import drain
from c2b.kit import clock
from c2b.participations import operations
from c2b.participations.foresight.previewing import SETTLE
from tests import small, world
from tests.web.api.client import Program


@pytest_asyncio.fixture
async def w(database) -> world.World:
    return await small.build()


@pytest_asyncio.fixture
async def campaign(w) -> str:
    """Bo alone has paid for brass, three others for the cheapest plate."""
    campaign = await small.open_campaign(w, closes="at_deadline")
    await w.pay(await w.join(campaign, w.bo, plate="brass"))
    await w.pay(await w.join(campaign, quantity=3))
    return campaign


class TestThePreview:
    async def test_is_null_until_it_is_worked_out(self, app, w, campaign):
        assert await Program(app).get(f"/campaigns/{campaign}/preview") == {"preview": None}

    async def test_says_what_would_be_made_and_to_a_member_what_they_would_get(self, app, w, campaign):
        clock.shift(timedelta(seconds=SETTLE))
        await drain()
        found = (await Program(app).get(f"/campaigns/{campaign}/preview"))["preview"]
        assert (found["goes_ahead"], found["units"], found["paid"]) == (True, 3, 4)
        [brass] = found["cells"]
        assert (brass["label"]["zh"], brass["wanted"], brass["count"], brass["made"]) == ("黄铜", 1, 0, False)
        [place] = await (await Program.of(app, w.bo)).everything("/me/participations")
        assert place["outcome"] is None
        assert place["preview"]["kind"] == "left"
        assert place["preview"]["sentence"].startswith("Brass needed 2 and reached 1, so you are out")


class TestANudge:
    async def test_holds_the_wishes_that_would_follow_it(self, app, w):
        """POM needs three. Cy wants it first; Bo and one more named it behind their own first choice."""
        campaign = await small.open_campaign(w, closes="at_deadline")
        for who, plate, other in (
            (w.bo, "fr4", "pom"), (await world.person("Di"), "fr4", "pom"), (w.cy, "pom", "fr4"),
        ):  # fmt: skip
            wishes = {"alternatives": [{"attribute": "plate", "any_of": [other]}]}
            answers = {**world.ANSWERS, "plate": plate}
            await w.pay(await operations.join(who, campaign, answers=answers, preferences=wishes))
        clock.shift(timedelta(seconds=SETTLE))
        await drain()
        bo, cy = await Program.of(app, w.bo), await Program.of(app, w.cy)
        [place] = await bo.everything("/me/participations")
        [nudge] = place["nudges"]
        assert nudge["sentence"] == "2 people moving to POM make POM real."
        assert [each["nudges"] for each in await cy.everything("/me/participations")] == [[]]
        moved = await bo.put(f"/participations/{place['id']}/requirement", nudge["requirement"])
        assert (moved["answers"]["plate"], moved["nudges"], moved["preview"]) == ("pom", [], None)


class TestOptionLives:
    async def test_count_paid_units_over_time_for_the_organizer(self, app, w, campaign):
        found = await (await Program.of(app, w.ana)).get(f"/campaigns/{campaign}/option-lives")
        [brass] = found["cells"]
        assert (brass["key"], brass["minimum"], brass["count"], brass["peak"]) == (
            "option:plate:brass",
            2,
            1,
            1,
        )
        assert [point["count"] for point in brass["points"]] == [1]
        assert (found["units"], found["locked_at"], brass["reached_at"]) == (4, None, None)

    async def test_are_nobody_elses_to_read(self, app, w, campaign):
        await (await Program.of(app, w.bo)).get(f"/campaigns/{campaign}/option-lives", 404)
        await (await Program.of(app, w.root)).get(f"/campaigns/{campaign}/option-lives")
