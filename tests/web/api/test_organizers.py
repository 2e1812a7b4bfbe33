"""An organizer's way through the API, and what the review answers."""

from __future__ import annotations

import pytest

from c2b.kit import db
from tests import world
from tests.web.api.client import Program
from tests.web.api.offers import offer


class TestADraft:
    async def test_is_revised_submitted_sent_back_with_a_reason_and_approved(self, database, app):
        w = await world.build()
        ana, root, bo = [await Program.of(app, who) for who in (w.ana, w.root, w.bo)]
        draft = await ana.post("/campaigns", {"product": w.product_slug, **offer()}, 201)
        assert (draft["state"], draft["schema"]["version"]) == ("draft", 1)
        path = f"/campaigns/{draft['id']}"
        await bo.get(path, 404)
        revised = await ana.put(path, offer(title="Navy seventy-five, again"))
        assert revised["title"] == "Navy seventy-five, again"
        await ana.post(f"{path}/submission")
        queue = await root.everything("/admin/campaigns", state="under_review")
        assert [each["id"] for each in queue] == [draft["id"]]
        await root.post(f"{path}/return", {"reason": "Name the color."})
        assert (await ana.get(path))["review_note"] == "Name the color."
        await ana.post(f"{path}/submission")
        opened = await root.post(f"{path}/approval")
        assert opened["state"] == "open"
        assert [each["id"] for each in await Program(app).everything("/campaigns")] == [draft["id"]]

    async def test_is_refused_with_a_fault_beside_each_field(self, database, app):
        w = await world.build()
        ana = await Program.of(app, w.ana)
        wrong = offer(
            title=7,
            threshold="50",
            tiers=[{"from_quantity": 50}, 3],
            closes="never",
            deadline="tomorrow",
            extra=1,
        )
        refused = await ana.post("/campaigns", {"product": w.product_slug, **wrong}, 422)
        assert {each["path"] for each in refused["errors"]} == {
            "title", "threshold", "tiers.0.unit_price_minor", "tiers.1", "closes", "deadline", "extra",
        }  # fmt: skip
        refused = await ana.post(
            "/campaigns", {"product": w.product_slug, **offer(threshold=10, cap=9000)}, 422
        )
        assert {each["code"] for each in refused["errors"]} >= {"below_minimum", "above_capacity"}
        refused = await ana.post(
            "/campaigns", {"product": w.product_slug, **offer(batch_answers={"case_material": "gold"})}, 422
        )
        assert "case_material" in {each["path"] for each in refused["errors"]}

    async def test_sent_twice_with_one_key_is_one(self, database, app):
        w = await world.build()
        ana = await Program.of(app, w.ana)
        body = {"product": w.product_slug, **offer()}
        first = await ana.post("/campaigns", body, 201, key="draft")
        assert await ana.post("/campaigns", body, 201, key="draft") == first
        assert len(await ana.everything("/me/campaigns")) == 1


class TestAnOpenCampaign:
    async def test_tells_its_organizer_and_admins_of_members_and_money_and_nobody_else(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.pay(await w.join(campaign, w.bo))
        for who, status in ((w.ana, 200), (w.root, 200), (w.bo, 404), (w.cy, 404)):
            program = await Program.of(app, who)
            for part in ("members", "money"):
                await program.get(f"/campaigns/{campaign}/{part}", status)
        ana = await Program.of(app, w.ana)
        assert (await ana.get(f"/campaigns/{campaign}/money"))["held_minor"] > 0
        member = (await ana.everything(f"/campaigns/{campaign}/members"))[0]
        assert (member["name"], member["state"]) == ("Bo", "joined")
        assert not {"email", "user_id"} & set(member)

    async def test_tells_each_reader_what_happened_for_them(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.pay(await w.join(campaign, w.bo))
        path = f"/campaigns/{campaign}/events"
        told = {}
        for who in (w.bo, w.ana, w.root):
            told[who.name] = {
                each["name"] for each in await (await Program.of(app, who)).everything(path, limit=2)
            }
        assert "campaign.opened" in told["Bo"] < told["Ana"] < told["Root"]
        assert "participation.joined" not in told["Bo"]
        assert "payment.captured" not in told["Ana"]
        for stranger in (w.cy, w.mill):
            await (await Program.of(app, stranger)).get(path, 404)

    async def test_does_not_tell_the_public_of_its_review(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        path = f"/campaigns/{campaign}/transitions"
        assert [each["to_state"] for each in (await Program(app).get(path))["items"]] == ["open"]
        ana = await Program.of(app, w.ana)
        assert [each["to_state"] for each in (await ana.get(path))["items"]] == ["under_review", "open"]

    async def test_counts_demand_per_option_in_paid_units(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.pay(await w.join(campaign, w.bo, quantity=3))
        await w.join(campaign, w.cy)
        items = (await Program(app).get(f"/campaigns/{campaign}/demand"))["items"]
        assert {"attribute": "plate", "option": "fr4", "units": 3} in items

    async def test_is_canceled_by_its_organizer_with_a_reason(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        ana, cy = await Program.of(app, w.ana), await Program.of(app, w.cy)
        await cy.post(f"/campaigns/{campaign}/cancellation", {"reason": "No."}, 404)
        await ana.post(f"/campaigns/{campaign}/cancellation", {"reason": " "}, 422)
        canceled = await ana.post(f"/campaigns/{campaign}/cancellation", {"reason": "The club is moving."})
        assert canceled["state"] == "canceled"
        await ana.post(f"/campaigns/{campaign}/cancellation", {"reason": "Again."}, 409)


class TestTheCatalog:
    async def test_shows_products_without_what_the_manufacturer_is_paid(self, database, app):
        w = await world.build()
        anybody = Program(app)
        [product] = (await anybody.get("/products"))["items"]
        assert product == await anybody.get(f"/products/{w.product_slug}")
        assert set(product["tiers"][0]) == {"from_quantity", "min_retail_minor", "max_retail_minor"}

    async def test_serves_every_version_of_a_schema_for_ever(self, database, app):
        w = await world.build()
        anybody = Program(app)
        [version] = (await anybody.get(f"/products/{w.product_slug}/schemas"))["items"]
        path = version["href"].removeprefix("/api/v1")
        answer = await anybody.send("GET", path)
        assert answer.json() == world.schema_document()
        again = await anybody.send("GET", path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        for wrong in ("2", "0", "x", "99999999"):
            await anybody.get(f"/products/{w.product_slug}/schemas/{wrong}", 404)


class TestLists:
    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "nonsense"},
                                       {"cursor": "WzFd"}, {"family": "a b"}, {"family": "\x00"}])  # fmt: skip
    async def test_refuse_a_place_that_is_none(self, database, app, query):
        refused = await Program(app).get("/campaigns", 400, **query)
        assert refused["code"] in ("bad_limit", "bad_cursor", "bad_filter")

    async def test_meet_slice_by_slice_without_gap(self, database, app):
        w = await world.build()
        opened = {await w.open_campaign() for _ in range(5)}
        found = [each["id"] for each in await Program(app).everything("/campaigns", limit=2)]
        assert found == sorted(opened, reverse=True)
        assert await db.fetch("SELECT 1 AS yes")


class TestAnAddress:
    @pytest.mark.parametrize("path", ["/purchase-orders/{}", "/documents/{}", "/evidence/{}", "/admin/jobs/{}",
                                      "/admin/runs/{}", "/campaigns/{}", "/products/{}"])  # fmt: skip
    @pytest.mark.parametrize(
        "name", ["x", "x" * 27, "x" * 26, "x" * 500, "%00", "..", "a%2Fb", "%F0%9F%98%80"]
    )
    async def test_that_leads_nowhere_is_not_found(self, database, app, path, name):
        w = await world.build()
        await (await Program.of(app, w.root)).get(path.format(name), 404)
