"""How far every minimum of a campaign is, through the API."""

from __future__ import annotations

from c2b.catalog import operations as catalog
from c2b.durable.sweep import drain
from tests import world
from tests.web.api.client import Program


def by_key(campaign: dict) -> dict[str, dict]:
    return {each["key"]: each for each in campaign["minimums"]}


class TestTheMinimumsOfACampaign:
    async def test_are_told_on_every_level_with_true_counts_and_what_a_small_lot_costs(self, database, app):
        w = await world.build()
        await catalog.publish_schema(w.product_id, world.schema_document(version=2))
        campaign = await w.open_campaign()
        await w.pay(await w.join(campaign, w.bo, quantity=4, plate="brass"))
        await w.join(campaign, quantity=9)  # not paid: does not count
        found = by_key(await Program(app).get(f"/campaigns/{campaign}"))
        group, navy, pair = (
            found[key] for key in ("product", "option:case_color:navy", "combination:navy_brass")
        )
        assert (group["count"], group["minimum"], group["missing"], group["premium_minor"]) == (
            4,
            50,
            46,
            None,
        )
        assert navy == {
            "level": "option", "key": "option:case_color:navy", "label": {"en": "Navy", "zh": "藏青色"}, "count": 4,
            "minimum": 30, "missing": 26, "premium_minor": 1200, "mine": False, "attribute": "case_color",
            "option": "navy",
        }  # fmt: skip
        assert (pair["level"], pair["count"], pair["missing"], pair["premium_minor"]) == (
            "combination",
            4,
            2,
            2600,
        )
        assert found["combination:custom_rest"]["premium_minor"] is None
        mine = by_key(await (await Program.of(app, w.bo)).get(f"/campaigns/{campaign}"))
        assert {key for key, each in mine.items() if each["mine"]} == {
            "option:case_color:navy", "option:plate:brass", "option:keycap:pbt_dye_a", "combination:navy_brass",
        }  # fmt: skip

    async def test_of_configurations_are_the_readers_own_and_those_nearest_to_it(self, database, app):
        w = await world.build()
        document = world.schema_document() | {
            "x-minimums": {"configuration": {"moq": 5, "premium_minor": 600}}
        }
        await catalog.publish_schema(w.product_id, document)
        campaign = await w.open_campaign()
        await w.pay(await w.join(campaign, w.bo, quantity=2))
        await w.pay(await w.join(campaign, quantity=3, plate="pc"))
        await w.pay(await w.join(campaign, quantity=6, plate="pc", case_color="black"))
        bo = (await (await Program.of(app, w.bo)).get(f"/campaigns/{campaign}"))["minimums"][-3:]
        assert [(each["mine"], each["count"], each["missing"]) for each in bo] == [
            (True, 2, 3), (False, 3, 2), (False, 6, 0),
        ]  # fmt: skip
        assert bo[0]["label"]["zh"].startswith("成品 · ANSI（美式） · 藏青色 · FR4")
        assert bo[0]["answers"] == {**world.ANSWERS}
        stranger = (await Program(app).get(f"/campaigns/{campaign}"))["minimums"]
        assert [each["count"] for each in stranger if each["level"] == "configuration"] == [6, 3, 2]

    async def test_are_no_longer_told_once_the_group_is_locked(self, database, app, sandbox):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.fill(campaign, 50)
        await drain()
        shown = await Program(app).get(f"/campaigns/{campaign}")
        assert shown["state"] not in ("open", "closed")
        assert shown["minimums"] == []
