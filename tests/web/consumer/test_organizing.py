"""Opening and keeping a campaign: the form with its faults, the review, the members, the end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from c2b.campaigns import operations
from c2b.kit import clock, db
from c2b.seeds import wishes
from c2b.seeds.world import people_and_catalog
from tests import world
from tests.web.consumer.browser import HTMX, Browser, Form


def filled(form: Form) -> dict[str, object]:
    """What Ana types into the form of a new campaign on Mill's keyboard."""
    answers = {f"answers__{name}": {True: "yes"}.get(value, value) for name, value in world.BATCH.items()}
    deadline = (clock.now() + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
    return {
        **answers, "title": "Navy seventy-five", "story": "Quiet.\r\nFor <all>.", "threshold": "50", "cap": "100",
        "tier_from": ["50", "80", ""], "tier_price": ["459", "429.00", ""], "closes": "at_deadline",
        "visibility": "public", "deadline": deadline,
    }  # fmt: skip


#: Each product of the seed world, with batch answers that its factory makes from its smallest quantity on.
UNTOUCHED = {
    "lingyue-75": wishes.KEYBOARD_BATCH,
    "lingyue-power": wishes.POWERBANK_BATCH,
    "qingshi-book": wishes.LAPTOP_BATCH,
    "qingshi-p1": wishes.PHONE_BATCH,
    "yunting-one": wishes.EARPHONES_BATCH,
}


@pytest.fixture
async def form(w, ana) -> Form:
    return (await ana.get(f"/products/{w.product_slug}/campaigns/new")).form("/campaigns/new")


async def rows() -> list[dict]:
    return await db.fetch("SELECT * FROM campaign ORDER BY id")


def campaign_tiers(row: dict) -> list[dict]:
    return json.loads(row["tiers"]) if isinstance(row["tiers"], str) else row["tiers"]


class TestTheFormOfACampaign:
    async def test_begins_with_what_the_product_asks_for(self, w, ana, form):
        kept = dict(form.fields)
        assert (kept["threshold"], kept["cap"], kept["closes"], kept["visibility"]) == (
            "50",
            "200",
            "at_deadline",
            "public",
        )
        page = await ana.get(f"/products/{w.product_slug}/campaigns/new")
        assert page.says("What the manufacturer quoted", "CN¥399.00 – CN¥529.00", "Time zone: UTC.")
        assert page.says("tiers above the threshold are not shown to anybody")

    async def test_keeps_a_draft(self, w, ana, form):
        page = await ana.send(form, button="draft", **filled(form))
        assert page.says("Saved as a draft.", "Edit the draft")
        [row] = await rows()
        assert (row["state"], row["threshold"], row["closes"]) == ("draft", 50, "at_deadline")
        assert row["story"] == "Quiet.\nFor <all>."
        kept = dict(page.form(page.path).fields)
        assert kept["title"] == "Navy seventy-five"
        assert "For &lt;all&gt;." in page.html

    async def test_is_valid_as_it_stands_once_title_and_batch_are_chosen(self, app, database):
        cast = await people_and_catalog(clock.now())
        browser = await Browser.of(app, cast.ana)
        for slug, batch in UNTOUCHED.items():
            form = (await browser.get(f"/products/{slug}/campaigns/new")).form("/campaigns/new")
            answers = {
                f"answers__{name}": "yes" if value is True else value
                for name, value in batch.items()
                if value is not False
            }
            page = await browser.send(form, button="draft", title=f"One of {slug}", **answers)
            assert page.says("Saved as a draft.")
        kept = [(row["threshold"], row["cap"], len(campaign_tiers(row))) for row in await rows()]
        assert kept == [(60, 300, 3), (100, 400, 2), (50, 200, 2), (100, 400, 2), (300, 1200, 2)]

    async def test_submits_at_once_when_asked(self, w, ana, form):
        page = await ana.send(form, button="submit", **filled(form))
        assert page.says("Submitted.", "Under review", "We are looking at the campaign.")
        assert [row["state"] for row in await rows()] == ["under_review"]

    async def test_names_every_fault_beside_its_field_and_keeps_what_was_typed(self, w, ana, form):
        wrong = {
            **filled(form),
            "title": "x",
            "threshold": "20",
            "tier_price": ["459", "499", ""],
            "deadline": "2020-01-01T10:00",
            "answers__mounting": None,
        }
        page = await ana.send(form, 422, button="draft", **wrong)
        assert page.says("Choose an option for “Mounting”.")
        assert page.says("Give the campaign a title of 4 to 120 characters.")
        assert page.says(
            "The manufacturer makes this from 50 units on; raise the threshold or choose other options."
        )
        assert page.says("Each tier needs more units and a lower price than the one before it.")
        assert page.says("Choose a deadline between one hour and 90 days from now.")
        kept = page.form("/campaigns/new").fields
        assert (
            ("tier_price", "499") in kept
            and ("title", "x") in kept
            and ("answers.case_material", "alu") in kept
        )
        assert await rows() == []

    async def test_that_was_refused_or_checked_comes_back_as_itself_in_another_language(self, w, ana, form):
        address = f"/products/{w.product_slug}/campaigns/new"
        refused = await ana.send(form, 422, button="draft", **{**filled(form), "title": "x"})
        checked = await ana.send(form, button="preview", **filled(form))
        for page in (refused, checked):
            assert dict(page.form("/language").fields)["next"] == address
        assert (await ana.send(refused.form("/language"), button="zh_CN")).path == address
        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        saved = (await ana.get(f"/my/campaigns/{draft.id}")).form(f"/my/campaigns/{draft.id}")
        refused = await ana.send(saved, 422, title="x")
        assert dict(refused.form("/language").fields)["next"] == f"/my/campaigns/{draft.id}"

    async def test_tells_a_price_that_is_none_and_a_day_that_is_none(self, w, ana, form):
        wrong = {
            **filled(form),
            "threshold": "fifty",
            "tier_price": ["4,5,9.0.1", "429", ""],
            "deadline": "soon",
        }
        page = await ana.send(form, 422, button="draft", **wrong)
        assert page.says("Give a whole number.", "Give a price such as 459.00.", "Give a day and a time.")

    async def test_holds_prices_to_the_quotation(self, w, ana, form):
        greedy = {**filled(form), "tier_from": ["50"], "tier_price": ["999"]}
        page = await ana.send(form, 422, button="draft", **greedy)
        assert page.says("The manufacturer quoted CN¥399.00 to CN¥529.00 for this quantity.")

    async def test_explains_which_choices_do_not_go_together(self, w, ana, form):
        page = await ana.send(form, button="preview", **{**filled(form), "answers__pcb_sensing": "hall"})
        assert page.says("With these choices the manufacturer makes 200 units or more.", "CN¥20,000.00")
        assert page.says("These choices add CN¥245.00 to every unit")
        part = await ana.send(
            form, button="preview", headers=HTMX, **{**filled(form), "answers__pcb_sensing": "hall"}
        )
        assert "<html" not in part.html
        assert part.html.strip() in page.html
        assert await rows() == []

    async def test_reads_the_deadline_in_the_zone_it_names(self, app, w):
        li = await world.person("Li", locale="zh_CN")
        browser = await Browser.of(app, li)
        page = await browser.get(f"/products/{w.product_slug}/campaigns/new")
        assert page.says("时区：北京时间")
        form = page.form("/campaigns/new")
        day = (clock.now() + timedelta(days=20)).strftime("%Y-%m-%d")
        await browser.send(form, button="draft", **{**filled(form), "deadline": f"{day}T20:00"})
        [row] = await rows()
        instant = db.instant(row["deadline"])
        assert instant is not None
        assert instant.strftime("%Y-%m-%dT%H:%M") == f"{day}T12:00"

    async def test_is_for_consumers(self, app, w, stranger):
        address = f"/products/{w.product_slug}/campaigns/new"
        for actor in (w.mill, w.root):
            await (await Browser.of(app, actor)).get(address, 404)
        assert (await stranger.get(address)).path == "/log-in"


class TestADraft:
    async def test_that_was_sent_back_says_why_and_can_be_mended_and_submitted_again(self, w, ana):
        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        await operations.submit(w.ana, draft.id)
        await operations.send_back(w.root, draft.id, reason="Say who it is for.")
        assert (await ana.get("/my/campaigns")).says("Sent back: Say who it is for.")
        page = await ana.get(f"/my/campaigns/{draft.id}")
        assert page.says("Sent back. Please change this and submit again:", "Say who it is for.")
        done = await ana.send(
            page.form(f"/my/campaigns/{draft.id}"), button="submit", story="For the Thursday club."
        )
        assert done.says("Under review")
        [row] = await rows()
        assert (row["state"], row["story"]) == ("under_review", "For the Thursday club.")

    async def test_that_is_out_of_date_comes_back_with_what_to_change(self, w, ana):
        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        clock.shift(timedelta(days=30))
        await ana.log_in(w.ana)
        token = (await ana.get(f"/my/campaigns/{draft.id}")).forms[0].fields[0][1]
        response = await ana.http.post(f"/my/campaigns/{draft.id}/submission", data={"csrf_token": token})
        assert response.status_code == 422
        assert "Choose a deadline between one hour and 90 days from now." in response.text

    async def test_can_be_submitted_by_itself_and_given_up(self, w, ana):
        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        other = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        page = await ana.get(f"/my/campaigns/{draft.id}")
        token = page.forms[0].fields[0][1]
        await ana.http.post(f"/my/campaigns/{draft.id}/submission", data={"csrf_token": token})
        given_up = await ana.send(
            (await ana.get(f"/my/campaigns/{other.id}")).form("/cancellation"), reason="No time."
        )
        assert given_up.says("The campaign is canceled.", "Canceled")
        assert [row["state"] for row in await rows()] == ["under_review", "canceled"]


class TestTheStandingOfACampaign:
    async def test_tells_its_organizer_how_the_review_went(self, w, ana):
        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        await operations.submit(w.ana, draft.id)
        first = await ana.get(f"/my/campaigns/{draft.id}")
        assert first.says("What happened so far", "Submitted for review")
        await operations.send_back(w.root, draft.id, reason="This story will not do.")
        await operations.submit(w.ana, draft.id)
        await operations.approve(w.root, draft.id)
        told = (await ana.get(f"/my/campaigns/{draft.id}")).text.partition("What happened so far")[2]
        order = [
            told.index(words) for words in (" Open ", "Submitted again", "Sent back This story will not do.")
        ]
        assert order == sorted(order)
        assert told.index("Submitted for review") > order[-1]
        assert "will not do" not in (await ana.get(f"/campaigns/{draft.slug}")).text

    async def test_shows_members_by_first_name_with_what_they_chose_and_how_the_money_stands(self, w, ana):
        campaign_id = await w.open_campaign()
        li = await world.person("Li Lei")
        await w.pay(
            await w.join(
                campaign_id,
                li,
                quantity=2,
                engraving={"text": "secret", "font": "sans", "position": "case_back"},
            )
        )
        page = await ana.get(f"/my/campaigns/{campaign_id}")
        assert page.says("Li 2 units", "Joined", "Switches Tactile B", "captured CN¥1,308.00")
        assert page.says("2 of 50 units paid", "Navy 2 of 30")
        assert "Lei" not in page.text
        assert "secret" not in page.text
        assert "@c2b.example" not in page.text

    async def test_is_empty_at_first(self, w, ana):
        assert (await ana.get("/my/campaigns")).says("You have not opened a campaign yet")
        assert (await ana.get(f"/my/campaigns/{await w.open_campaign()}")).says("Nobody has joined yet")

    async def test_is_nobody_elses_to_see_or_to_touch(self, app, w, ana, bo):
        campaign_id = await w.open_campaign()
        draft = await operations.draft(w.ana, product_slug=w.product_slug, offer=w.offer())
        await w.pay(await w.join(campaign_id, w.bo))
        token = (await bo.get("/my/campaigns")).forms[0].fields[0][1]
        for found in (campaign_id, draft.id):
            await bo.get(f"/my/campaigns/{found}", 404)
            await (await Browser.of(app, w.root)).get(f"/my/campaigns/{found}", 404)
            for action in ("", "/submission", "/cancellation", "/preview"):
                data = {"csrf_token": token, "reason": "mine now"}
                response = await bo.http.post(f"/my/campaigns/{found}{action}", data=data)
                assert response.status_code == 404, action
        assert {row["state"] for row in await rows()} == {"open", "draft"}

    async def test_ends_with_a_reason_that_everybody_reads(self, w, ana, stranger):
        campaign_id = await w.open_campaign()
        page = await ana.get(f"/my/campaigns/{campaign_id}")
        silent = await ana.send(page.form("/cancellation"), reason=" ")
        assert silent.says("Please say why")
        ended = await ana.send(page.form("/cancellation"), reason="The case cannot be made <so>.")
        assert ended.says("The campaign is canceled. Whoever has paid gets all of it back, by itself.")
        seen = await stranger.get(f"/campaigns/{campaign_id}")
        assert seen.says("Canceled", "The case cannot be made <so>.")
        assert "50 more" not in seen.text  # nobody is needed any more

    async def test_cannot_be_ended_once_the_group_has_closed(self, w, ana):
        campaign_id = await w.open_campaign()
        form = (await ana.get(f"/my/campaigns/{campaign_id}")).form("/cancellation")
        await w.fill(campaign_id, 50)
        assert (await ana.send(form, reason="Too late")).says(
            "The campaign is not in a state that allows this."
        )
        assert not [
            each
            for each in (await ana.get(f"/my/campaigns/{campaign_id}")).forms
            if "cancellation" in each.action
        ]
