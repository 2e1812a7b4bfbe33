"""A group that is moved to another version, on the pages of organizer and members, without JavaScript."""

from __future__ import annotations

import pytest

from c2b.catalog import operations as catalog
from c2b.kit import db
from c2b.participations.operations import join
from tests import versions, world
from tests.web.consumer.browser import Form, Page


@pytest.fixture
async def moving(w) -> tuple[str, str]:
    """Bo's paid place with a plate that is gone in the next version, and Ana's page about the group."""
    campaign = await w.open_campaign()
    wishes = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}]}
    joined = await join(w.bo, campaign, answers={**world.ANSWERS, "plate": "pc"}, preferences=wishes)
    await w.pay(joined)
    await w.fill(campaign, 2)
    document = world.schema_document()
    versions.without("plate", "pc")(document)
    versions.with_attribute("gift")(document)
    await catalog.publish_schema(w.product_id, document)
    return f"/participations/{joined.participation_id}", f"/my/campaigns/{campaign}"


def version_form(page: Page) -> Form:
    return next(form for form in page.forms if "/version?version=" in form.action)


async def state(place: str) -> tuple[str, int]:
    row = await db.fetch_one(
        "SELECT state, schema_version FROM participation WHERE id = ?", place.rpartition("/")[2]
    )
    assert row
    return row["state"], row["schema_version"]


class TestTheOrganizer:
    async def test_sees_what_changes_and_for_how_many_before_moving(self, w, moving, ana):
        place, group = moving
        assert (await ana.get(group)).says("Version 1 of the product", "has published version 2")
        page = await ana.get(f"{group}/version")
        assert page.says("Narrowing", "“Plate” is no longer offered as: Polycarbonate", "“Gift box” is new")
        assert page.says("Need to do nothing 1", "Are asked again 1 (1 unit)")
        assert await state(place) == ("joined", 1)
        again = await ana.send(version_form(page), 422, answer_hours=0)
        assert again.says("Give members between 1 and 168 hours to answer.")
        done = await ana.send(version_form(page), answer_hours=24)
        assert done.says("Members who are asked again: 1.", "1 member is asked to choose again")
        assert await state(place) == ("needs_attention", 2)
        over = await ana.get(f"{group}/version")
        assert over.says("The campaign stands on version 2.", "There is no newer one.")
        assert not [form for form in over.forms if "/version" in form.action]

    async def test_cannot_move_to_what_the_batch_does_not_allow(self, w, moving, ana):
        _, group = moving
        document = world.schema_document()
        versions.without("connectivity", "wired")(document)
        await catalog.publish_schema(w.product_id, document)
        page = await ana.get(f"{group}/version")
        assert page.says("is not possible under this version", "not offered for “Connection”")
        assert not [form for form in page.forms if form.action.endswith("/version?version=3")]
        assert (await ana.get(f"{group}/version?version=2")).says("What version 2 changes")

    async def test_is_the_only_one(self, w, moving, bo, cy):
        for who in (bo, cy):
            await who.get(f"{moving[1]}/version", 404)


class TestTheMember:
    @pytest.fixture
    async def asked(self, moving, ana) -> str:
        page = await ana.get(f"{moving[1]}/version")
        await ana.send(version_form(page), answer_hours=24)
        return moving[0]

    async def test_reads_what_no_longer_fits_above_the_form_and_beside_the_field(self, w, asked, bo):
        for path in (asked, f"{asked}/requirement"):
            page = await bo.get(path)
            assert page.says(
                "Something you chose no longer fits", "“Polycarbonate” is no longer offered for “Plate”."
            )
            assert page.says("Take your alternative", "Plate: FR4", "Leave and be refunded")
        assert "answers-field--invalid" in page.html

    async def test_takes_an_alternative_with_one_click(self, w, asked, bo):
        page = await bo.get(f"{asked}/requirement")
        (button,) = page.form("/answer").buttons
        done = await bo.send(page.form("/answer"), button=button["value"])
        assert done.says("Your place counts as before", "FR4", "Joined")
        assert await state(asked) == ("joined", 2)

    async def test_answers_in_the_form(self, w, asked, bo):
        page = await bo.get(f"{asked}/requirement")
        done = await bo.send(page.form("/requirement"), answers__plate="alu")
        assert done.says("Your requirement is changed", "Joined")

    async def test_is_told_when_an_answer_came_too_late(self, w, asked, bo):
        page = await bo.get(f"{asked}/requirement")
        assert (await bo.send(page.form("/answer"), answer="nothing")).says("not possible any more")
