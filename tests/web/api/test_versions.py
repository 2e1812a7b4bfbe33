"""Newer versions through the API: compared, moved to, asked about, answered."""

from __future__ import annotations

from c2b.catalog import operations as catalog
from tests import versions, world
from tests.web.api.client import Program


class TestAMove:
    async def test_is_looked_at_made_and_answered(self, database, app):
        w = await world.build()
        ana, bo = await Program.of(app, w.ana), await Program.of(app, w.bo)
        campaign = await w.open_campaign()
        joined = await w.join(campaign, w.bo, plate="pc")
        await w.pay(joined)
        document = world.schema_document()
        versions.without("plate", "pc")(document)
        await catalog.publish_schema(w.product_id, document)
        path, place = f"/campaigns/{campaign}", f"/participations/{joined.participation_id}"
        assert (await bo.get(f"{place}/reconfirmation")) == {"open": None}
        seen = await ana.get(f"{path}/versions/2")
        assert (seen["kind"], seen["asked"], seen["faults"]) == ("narrowing", 1, [])
        assert seen["changes"][0]["sentence"] == "“Plate” is no longer offered as: Polycarbonate."
        chinese = await Program.of(app, w.ana, locale="zh_CN")
        assert "不再提供" in (await chinese.get(f"{path}/versions/2"))["changes"][0]["sentence"]
        await ana.post(f"{path}/version", {"version": 2, "answer_hours": 0}, 422)
        done = await ana.post(f"{path}/version", {"version": 2, "answer_hours": 24}, key="once")
        assert (
            await ana.post(f"{path}/version", {"version": 2, "answer_hours": 24}, key="once") == done == seen
        )
        assert (await ana.post(f"{path}/version", {"version": 2, "answer_hours": 24}, 409))["code"] == (
            "another_version"
        )
        asked = (await bo.get(f"{place}/reconfirmation"))["open"]
        assert (asked["reason"], [each["path"] for each in asked["faults"]]) == ("schema", ["plate"])
        (nearest,) = asked["offers"]
        answered = await bo.put(f"{place}/requirement", {"answers": nearest["answers"]})
        assert (answered["state"], answered["schema_version"]) == ("joined", 2)
        assert (await bo.get(f"{place}/reconfirmation")) == {"open": None}

    async def test_that_the_batch_forbids_says_why(self, database, app):
        w = await world.build()
        root = await Program.of(app, w.root)
        campaign = await w.open_campaign()
        document = world.schema_document()
        versions.without("connectivity", "wired")(document)
        await catalog.publish_schema(w.product_id, document)
        assert (await root.get(f"/campaigns/{campaign}/versions/2"))["faults"]
        refused = await root.post(f"/campaigns/{campaign}/version", {"version": 2, "answer_hours": 24}, 422)
        assert refused["code"] == "batch_does_not_fit" and refused["errors"][0]["path"] == "version"
        await root.get(f"/campaigns/{campaign}/versions/7", 404)
        await root.get(f"/campaigns/{campaign}/versions/two", 404)
