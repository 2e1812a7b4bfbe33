"""Joining in a browser without JavaScript: choose, see the price, reserve, pay; and what may come between."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from c2b.campaigns.rules import PriceTier
from c2b.catalog import operations as catalog
from c2b.config import settings
from c2b.kit import db, storage
from c2b.payments import gateways
from c2b.payments.gateways.base import GatewayUnavailable
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.web.consumer import join
from tests import world
from tests.web.consumer.browser import HTMX, Browser

CHOICES = {
    "answers__kit": "full", "answers__physical_layout": "ansi", "answers__case_color": "navy", "answers__plate": "fr4",
    "answers__switch": "tactile_b", "answers__keycap": "pbt_dye_a", "answers__legend": "us",
}  # fmt: skip


async def participations() -> list[dict]:
    return await db.fetch("SELECT * FROM participation ORDER BY id")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#0c5a50").save(out, "PNG")
    return out.getvalue()


class TestTheFormToJoin:
    async def test_names_what_each_option_costs_and_why_some_are_closed(self, w, campaign, stranger):
        page = await stranger.get(f"{campaign}/join")
        assert page.says(
            "Tactile B +CN¥15.00", "Magnetic D works only on a Hall-effect board: choose another switch."
        )
        assert page.says("made from 50 pieces, 0 so far: 50 to go", "You pay now CN¥624.00")
        assert page.form("/join").fields[0][0] == "csrf_token"

    async def test_shows_how_far_everything_is_that_this_choice_needs(self, w, stranger):
        await catalog.publish_schema(w.product_id, world.schema_document(version=2))
        campaign_id = await w.open_campaign()
        await w.pay(await w.join(campaign_id, quantity=4, plate="brass"))
        form = (await stranger.get(f"/campaigns/{campaign_id}/join")).form("/join")
        page = await stranger.send(form, button="quote", **{**CHOICES, "answers__plate": "brass"})
        needs = page.text.partition("What this needs")[2]
        for words in (
            "The whole group 4 of 50, 46 to go", "Case color: Navy 4 of 30, 26 to go", "Plate: Brass 4 of 30, 26 to go",
            "Brass plate in a navy case 4 of 6, 2 to go", "CN¥13.00 per unit at present",
        ):  # fmt: skip
            assert words in needs
        other = await stranger.send(form, button="quote", **{**CHOICES, "answers__case_color": "black"})
        assert "Brass plate in a navy case" not in other.text.partition("What this needs")[2]

    async def test_gives_the_price_of_what_is_chosen_at_the_push_of_a_button(self, w, stranger):
        campaign_id = await w.open_campaign(closes="at_deadline")
        form = (await stranger.get(f"/campaigns/{campaign_id}/join")).form("/join")
        page = await stranger.send(form, button="quote", quantity=2, **CHOICES)
        # 459 + 165 for what is fixed + 15 for the switches, twice
        assert page.says("You pay now CN¥1,278.00", "from 80 units CN¥1,218.00", "Tactile B +CN¥15.00")
        kept = dict(page.form("/join").fields)
        assert (kept["answers.switch"], kept["quantity"]) == ("tactile_b", "2")
        assert await participations() == []

    async def test_promises_no_price_above_the_threshold_at_which_the_group_closes(
        self, w, campaign, stranger
    ):
        form = (await stranger.get(f"{campaign}/join")).form("/join")
        page = await stranger.send(form, button="quote", quantity=2, **CHOICES)
        assert page.says("You pay now CN¥1,278.00")
        assert "from 80 units" not in page.text

    async def test_is_redrawn_in_place_for_htmx_by_the_same_partial(self, w, campaign, stranger):
        form = (await stranger.get(f"{campaign}/join")).form("/join")
        whole = await stranger.send(form, button="quote", **CHOICES)
        part = await stranger.send(form, button="quote", headers=HTMX, **CHOICES)
        assert "<html" not in part.html
        assert part.html.strip() in whole.html

    async def test_explains_what_a_choice_closes(self, w, campaign, stranger):
        form = (await stranger.get(f"{campaign}/join")).form("/join")
        page = await stranger.send(form, button="quote", answers__kit="barebones")
        assert page.says("A barebones kit ships without switches and keycaps")

    async def test_says_beside_each_field_what_to_change_and_keeps_what_was_typed(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        wrong = {
            **CHOICES,
            "answers__switch": None,
            "answers__engraving": "yes",
            "answers__engraving__text": "<b>Bo</b>",
        }
        page = await bo.send(form, 422, quantity=99, **wrong)
        assert page.says(
            "Please look at this again:",
            "Choose a quantity from 1 to 20.",
            "Choose an option for “Switches”.",
        )
        assert 'href="#answers-engraving-text"' in page.html
        assert "&lt;b&gt;Bo&lt;/b&gt;" in page.html
        assert "<b>Bo" not in page.html
        kept = dict(page.form("/join").fields)
        assert kept["answers.engraving.text"] == "<b>Bo</b>"
        assert kept["quantity"] == "99"
        assert await participations() == []

    async def test_comes_back_as_itself_in_another_language(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        for page in (await bo.send(form, 422), await bo.send(form, button="quote", **CHOICES)):
            assert dict(page.form("/language").fields)["next"] == f"{campaign}/join"

    async def test_refuses_a_key_that_is_no_question(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        page = await bo.send(form, 422, **CHOICES, answers__price_minor="1")
        assert await participations() == []
        assert page.says("price_minor")

    async def test_is_refused_without_its_token(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        await bo.send(form, 403, csrf_token="x", **CHOICES)
        assert await participations() == []

    async def test_is_not_for_manufacturers_and_admins(self, app, w, campaign):
        mill = await Browser.of(app, w.mill)
        form = (await mill.get(f"{campaign}/join")).form("/join")
        await mill.send(form, 404, **CHOICES)


class TestJoining:
    async def test_reserves_a_place_and_leads_to_the_page_of_the_provider(self, w, campaign, bo, sandbox):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        checkout = await bo.send(form, quantity=2, **CHOICES)
        assert checkout.path.startswith("/sandbox/checkout/")
        assert checkout.says("CN¥1,278.00", "Navy seventy-five")
        [row] = await participations()
        assert (row["state"], row["user_id"], row["quantity"]) == ("pending_payment", w.bo.id, 2)
        await sandbox.choose(checkout.path.rpartition("/")[2], Behavior.PAY)
        await sandbox.deliver_due()
        page = await bo.get(f"/participations/{row['id']}")
        assert page.says("Joined", "Your payment has arrived and your place counts.", "Paid")

    async def test_twice_with_one_form_is_one_place_and_one_checkout(self, w, campaign, bo, sandbox):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        first = await bo.send(form, **CHOICES)
        second = await bo.send(form, **CHOICES)
        assert first.path == second.path
        assert len(await participations()) == 1
        assert len(await db.fetch("SELECT id FROM payment")) == 1

    async def test_keeps_the_place_when_the_provider_cannot_be_reached(
        self, w, campaign, bo, sandbox, monkeypatch
    ):
        async def down(**_: object) -> None:
            raise GatewayUnavailable

        monkeypatch.setattr(sandbox, "start", down)
        form = (await bo.get(f"{campaign}/join")).form("/join")
        page = await bo.send(form, **CHOICES)
        assert page.says(
            "The payment page cannot be reached at the moment. Your place is reserved: please pay from here."
        )
        assert page.says("Waiting for payment", "Reserved until")
        monkeypatch.undo()
        with gateways.replaced_by(sandbox):
            assert (await bo.send(page.form("/payment"))).path.startswith("/sandbox/checkout/")

    async def test_tells_when_too_few_places_are_left(self, w, bo, sandbox):
        campaign_id = await w.open_campaign(cap=50, closes="at_deadline", tiers=(PriceTier(50, 45900),))
        await w.fill(campaign_id, 49)
        form = (await bo.get(f"/campaigns/{campaign_id}/join")).form("/join")
        page = await bo.send(form, 409, quantity=3, **CHOICES)
        assert page.says("Only 1 places are left.")
        assert dict(page.form("/join").fields)["answers.switch"] == "tactile_b"

    async def test_tells_when_the_campaign_is_closed(self, w, bo, sandbox):
        campaign_id = await w.open_campaign()
        form = (await bo.get(f"/campaigns/{campaign_id}/join")).form("/join")
        await w.fill(campaign_id, 50)
        page = await bo.send(form, 409, **CHOICES)
        assert page.says("This campaign does not take new members any more.")
        assert not [button for button in page.form("/join").buttons if button.get("name") != "action"]

    async def test_may_be_tried_ten_times_in_five_minutes(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        for _ in range(join.JOINS.times):
            await bo.send(form, 422)
        page = await bo.send(form, 429, **CHOICES)
        assert page.says("Too many attempts.")
        assert await participations() == []


class TestSomebodyWithoutAnAccount:
    async def test_comes_back_from_the_log_in_with_everything_they_chose(
        self, w, campaign, stranger, sandbox
    ):
        form = (await stranger.get(f"{campaign}/join")).form("/join")
        engraved = {
            **CHOICES, "answers__engraving": "yes", "answers__engraving__text": "李雷 2026",
            "answers__engraving__font": "kai", "answers__engraving__position": "case_back",
        }  # fmt: skip
        asked = await stranger.send(form, 200, quantity=3, **engraved)
        assert asked.path == "/log-in"
        assert dict(asked.form("/log-in").fields)["next"] == f"{campaign}/join"
        assert await participations() == []
        await stranger.log_in(w.bo)
        page = await stranger.get(f"{campaign}/join")
        assert page.says("Here is what you had chosen.")
        kept = dict(page.form("/join").fields)
        assert (kept["answers.engraving.text"], kept["answers.keycap"], kept["quantity"]) == (
            "李雷 2026",
            "pbt_dye_a",
            "3",
        )
        assert (await stranger.send(page.form("/join"))).path.startswith("/sandbox/checkout/")
        assert "requirement" not in stranger.http.cookies

    async def test_cannot_bring_a_requirement_that_somebody_else_wrote(self, w, campaign, stranger):
        form = (await stranger.get(f"{campaign}/join")).form("/join")
        await stranger.send(form, **CHOICES)
        name, value = next(
            (each.name, each.value) for each in stranger.http.cookies.jar if each.name == "requirement"
        )
        payload, _, mac = (value or "").partition(".")
        for forged in (f"{payload}x.{mac}", f"{payload}.{mac[:-1]}", "x", "."):
            stranger.http.cookies.delete(name)
            stranger.http.cookies.set(name, forged)
            page = await stranger.get(f"{campaign}/join")
            assert "Here is what you had chosen." not in page.text


class TestAPicture:
    """Drawn on one keycap of the member's own board."""

    KEYCAP = {
        **CHOICES, "answers__novelty_key": "yes", "answers__novelty_key__key": "esc",
        "answers__novelty_key__rights_confirmed": "yes",
    }  # fmt: skip
    NAME = "answers.novelty_key.image_sha256"

    async def test_is_painted_anew_and_stored_under_its_hash(self, w, campaign, bo, sandbox):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        assert form.multipart
        files = {f"{self.NAME}.file": ("me.png", picture(), "image/png")}
        assert (await bo.send(form, files=files, **self.KEYCAP)).path.startswith("/sandbox/checkout/")
        [row] = await participations()
        answers = row["answers"] if isinstance(row["answers"], str) else str(row["answers"])
        [stored] = list((settings().data_dir / "files" / "pictures").rglob("*.webp"))
        assert stored.stem in answers
        assert storage.get(f"pictures/{stored.stem[:2]}/{stored.stem}.webp")[8:12] == b"WEBP"

    async def test_that_is_none_is_refused_beside_its_field(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        files = {f"{self.NAME}.file": ("me.png", b"<svg onload=alert(1)>", "image/png")}
        page = await bo.send(form, 422, files=files, **self.KEYCAP)
        assert page.says("Send the photo as PNG, JPEG or WebP.")
        assert await participations() == []

    async def test_that_we_do_not_hold_cannot_be_named(self, w, campaign, bo):
        form = (await bo.get(f"{campaign}/join")).form("/join")
        page = await bo.send(form, 422, **self.KEYCAP, **{self.NAME.replace(".", "__"): "ab" * 32})
        assert page.says("Please choose the picture again.")
        await bo.send(form, 422, **self.KEYCAP, **{self.NAME.replace(".", "__"): "../../etc/passwd"})


class TestAnInvitation:
    async def test_is_remembered_greets_and_is_stored_with_the_join(self, app, w, campaign, ana, bo, sandbox):
        link = await _link_of(ana, campaign)
        arrived = await bo.get(link)
        assert arrived.path == campaign
        assert arrived.says("Ana invites you to this campaign.")
        form = (await bo.get(f"{campaign}/join")).form("/join")
        await bo.send(form, **CHOICES)
        [row] = await participations()
        [invitation] = await db.fetch("SELECT id, opened FROM invitation")
        assert (row["invitation_id"], invitation["opened"]) == (invitation["id"], 1)

    async def test_survives_signing_in(self, w, campaign, ana, stranger, sandbox):
        await stranger.get(await _link_of(ana, campaign))
        form = (await stranger.get(f"{campaign}/join")).form("/join")
        await stranger.send(form, **CHOICES)
        await stranger.log_in(w.bo)
        await stranger.send((await stranger.get(f"{campaign}/join")).form("/join"))
        [row] = await participations()
        assert row["invitation_id"] is not None

    async def test_tells_no_other_site_where_somebody_came_from(self, campaign, ana, stranger):
        page = await stranger.get(await _link_of(ana, campaign), 303, follow=False)
        assert page.response.headers["referrer-policy"] == "no-referrer"
        assert page.response.headers["location"] == campaign

    async def test_is_credited_to_who_came_first_and_never_to_oneself(
        self, app, w, campaign, ana, bo, sandbox
    ):
        first = await _link_of(ana, campaign)
        other = await w.join((await _campaign_id(campaign)), w.cy)
        await w.pay(other)
        second = await _link_of(await Browser.of(app, w.cy), campaign)
        await bo.get(first)
        assert (await bo.get(second)).says("Ana invites you")
        assert "invites you" not in (await ana.get(first)).text

    async def test_that_is_guessed_is_not_there_and_soon_not_answered(self, campaign, ana, stranger):
        from c2b.web.consumer.invitation import GUESSES

        for number in range(GUESSES.times):
            await stranger.get(f"/i/{number:043d}", 404)
        await stranger.get("/i/one-more", 429)

    async def test_that_is_good_is_never_counted_as_a_guess(self, campaign, ana, stranger):
        link = await _link_of(ana, campaign)
        for _ in range(25):
            await stranger.get(link, 303, follow=False)

    async def test_is_shown_with_its_code_and_what_became_of_it(self, campaign, ana):
        page = await ana.send((await ana.get(campaign)).form("/invitation"))
        assert page.path == f"{campaign}/invitation"
        assert page.says("http://testserver/i/", "Opened 0 times. 0 people joined through it.")
        assert "<svg" in page.html and "style=" not in page.html
        part = await ana.send((await ana.get(campaign)).form("/invitation"), headers=HTMX)
        assert "<html" not in part.html
        assert part.html.strip() in page.html


async def _link_of(browser: Browser, campaign: str) -> str:
    page = await browser.get(f"{campaign}/invitation")
    return next(word for word in page.text.split() if "/i/" in word).removeprefix("http://testserver")


async def _campaign_id(campaign: str) -> str:
    row = await db.fetch_one("SELECT id FROM campaign WHERE slug = ?", campaign.rpartition("/")[2])
    assert row
    return str(row["id"])


@pytest.mark.parametrize("page", ["join", "progress", "invitation"])
async def test_what_is_no_campaign_is_not_there(w, bo, page):
    await bo.get(f"/campaigns/no-such-campaign/{page}", 404)
