"""What to take instead, in a browser without JavaScript: one short question, and everything else behind More wishes."""

from __future__ import annotations

import json
from typing import Any

import pytest_asyncio

from c2b.catalog import operations as catalog
from c2b.config import ROOT
from c2b.kit import db
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from tests import world
from tests.web.consumer.browser import HTMX, Browser, Form, Page
from tests.web.consumer.test_join import CHOICES
from tests.web.consumer.test_votes import paid_place, voted_on

#: As CHOICES, with keycaps that have no minimum in the schema below.
NAVY = CHOICES
BLACK = {"attribute": "case_color", "any_of": ["black"]}


def second() -> dict[str, Any]:
    """The second version of the keyboard, with small-lot premiums; keycaps are made from one set on."""
    document = json.loads((ROOT / "schemas/products/keyboard/2.schema.json").read_text())
    for option in document["properties"]["keycap"]["x-options"]:
        option.pop("moq", None)
        option.pop("premium_minor", None)
    return document


@pytest_asyncio.fixture
async def campaign(w: world.World) -> str:
    await catalog.publish_schema(w.product_id, second())
    row = await db.fetch_one(
        "SELECT slug FROM campaign WHERE id = ?", await w.open_campaign(closes="at_deadline")
    )
    assert row
    return f"/campaigns/{row['slug']}"


async def place() -> dict[str, Any]:
    (row,) = await db.fetch("SELECT * FROM participation")
    wishes = row["preferences"]
    return {**row, "preferences": json.loads(wishes) if isinstance(wishes, str) else wishes}


def join_form(page: Page) -> Form:
    return next(form for form in page.forms if form.action.endswith(("/join", "/requirement")))


def names(form: Form) -> set[str]:
    return {name for name, _ in form.fields}


async def asked(browser: Browser, campaign: str, **changes: Any) -> Page:
    """The form after its price was asked for."""
    form = join_form(await browser.get(f"{campaign}/join"))
    return await browser.send(form, button="quote", **{**NAVY, **changes})


class TestTheShortQuestion:
    async def test_is_asked_for_an_option_that_too_few_want_in_its_own_words(self, w, campaign, bo):
        page = await bo.get(f"{campaign}/join")
        assert "short question" not in page.text  # nothing is chosen yet
        page = await asked(bo, campaign)
        assert page.says("One short question", "If “Navy” is not made?", "Case color: 0 of 30 so far")
        assert page.says("refund me", "give me: Black · 0 of 30", "give me: any of these")
        assert (
            "Campaign color" not in page.text.partition("One short question")[2].partition("More wishes")[0]
        )
        assert names(join_form(page)) & {"instead.plate", "instead.keycap"} == set()

    async def test_is_asked_in_chinese_too(self, w, campaign, app):
        page = await asked(Browser(app, locale="zh_CN"), campaign)
        assert page.says("一个小问题", "如果“藏青色”做不成？", "改要：黑色")

    async def test_is_not_asked_where_ones_own_units_are_enough(self, w, campaign, bo):
        await w.fill(campaign.rpartition("/")[2], 29)
        page = await asked(bo, campaign)
        assert "short question" not in page.text

    async def test_says_what_each_answer_adds_to_the_price(self, w, campaign, bo):
        page = await asked(bo, campaign, answers__plate="pom")
        assert page.says(
            "A few short questions", "give me: Brass (+CN¥60.00) · 0 of 30", "You pay now CN¥639.00"
        )
        page = await bo.send(join_form(page), button="quote", instead__plate="brass")
        assert page.says("Your first choice, at most CN¥639.00", "You pay now CN¥699.00")
        assert page.says(
            "the most that any of your choices can cost; what is not needed comes back at the lock."
        )

    async def test_is_kept_in_the_fragment_that_htmx_swaps(self, w, campaign, bo):
        page = await asked(bo, campaign)
        part = await bo.send(join_form(page), button="quote", headers=HTMX, instead__case_color="black")
        assert '<option value="black" selected>' in part.html
        assert "<html" not in part.html

    async def test_is_answered_and_stored_with_the_place(self, w, campaign, bo, sandbox):
        await bo.send(join_form(await asked(bo, campaign)), instead__case_color="*")
        row = await place()
        assert row["preferences"] == {
            "alternatives": [{"attribute": "case_color", "any_of": ["black", "silver"]}]
        }
        page = await bo.get(f"/participations/{row['id']}")
        assert page.says("If your first choice is not made", "Case color Black or Silver")

    async def test_left_alone_is_a_refund(self, w, campaign, bo, sandbox):
        await bo.send(join_form(await asked(bo, campaign)))
        assert (await place())["preferences"] == {}

    async def test_that_no_longer_fits_the_first_choice_says_so_beside_itself(self, w, campaign, bo):
        form = join_form(await asked(bo, campaign))
        page = await bo.send(form, 422, instead__case_color="black", answers__case_color="black")
        assert page.says("“Black” is your first choice for “Case color” already.")
        assert 'href="#instead-case-color"' in page.html
        assert not await db.fetch("SELECT id FROM participation")


class TestAnAlternative:
    async def described(self, bo: Browser, campaign: str, **changes: Any) -> Page:
        page = await bo.send(join_form(await asked(bo, campaign)), button="alternative")
        assert page.says("Alternative 1", "Price of this alternative", "Your first choice: Fully built")
        return await bo.send(join_form(page), button="keep", **changes)

    async def test_is_described_apart_and_kept_while_the_first_choice_comes_back(
        self, w, campaign, bo, sandbox
    ):
        page = await self.described(bo, campaign, answers__plate="brass", answers__case_color="silver")
        form = join_form(page)
        assert dict(form.fields)["answers.case_color"] == "navy"
        assert page.says("Case color Silver Plate Brass", "at most CN¥699.00 each", "You pay now CN¥699.00")
        await bo.send(form, quantity=2)
        row = await place()
        (kept,) = row["preferences"]["alternatives"]
        assert (kept["answers"]["plate"], kept["answers"]["case_color"]) == ("brass", "silver")
        assert row["total_minor"] == 2 * 69900

    async def test_is_judged_like_the_first_choice_beside_its_fields(self, w, campaign, bo):
        page = await bo.send(join_form(await asked(bo, campaign)), button="alternative")
        page = await bo.send(join_form(page), 422, button="keep", answers__legend="de", answers__plate=None)
        assert page.says(
            "German legends exist for the ISO layout only", "Choose an option for “Plate”.", "Alternative 1"
        )
        page = await bo.send(join_form(page), button="back")
        assert dict(join_form(page).fields)["answers.plate"] == "fr4"
        assert "alternative" not in names(join_form(page))

    async def test_that_changes_nothing_is_not_kept(self, w, campaign, bo):
        page = await bo.send(join_form(await asked(bo, campaign)), button="alternative")
        page = await bo.send(join_form(page), 422, button="keep")
        assert page.says("This is still your first choice: change what may be different.")

    async def test_is_changed_moved_and_removed_by_buttons(self, w, campaign, bo):
        page = await self.described(bo, campaign, answers__plate="pc")
        page = await bo.send(join_form(page), button="alternative")
        page = await bo.send(join_form(page), button="keep", answers__plate="alu")
        page = await bo.send(join_form(page), button="up:1")
        plates = [
            json.loads(value)["answers"]["plate"]
            for name, value in join_form(page).fields
            if name == "alternative"
        ]
        assert plates == ["alu", "pc"]
        page = await bo.send(join_form(page), button="edit:1")
        assert dict(join_form(page).fields)["answers.plate"] == "pc"
        page = await bo.send(join_form(page), button="keep", answers__plate="brass")
        page = await bo.send(join_form(page), button="remove:0")
        (left,) = [
            json.loads(value)["answers"]["plate"]
            for name, value in join_form(page).fields
            if name == "alternative"
        ]
        assert left == "brass"
        assert dict(join_form(page).fields)["answers.plate"] == "fr4"

    async def test_is_the_last_after_four(self, w, campaign, bo):
        page = await bo.send(
            join_form(await asked(bo, campaign)), button="quote", instead__case_color="black"
        )
        for plate in ("pc", "alu", "brass"):
            page = await bo.send(join_form(page), button="alternative")
            page = await bo.send(join_form(page), button="keep", answers__plate=plate)
        assert not [each for each in join_form(page).buttons if each.get("value") == "alternative"]

    async def test_is_kept_when_the_form_that_shows_it_is_sent_to_join(self, w, campaign, bo):
        page = await bo.send(join_form(await asked(bo, campaign)), button="alternative")
        page = await bo.send(join_form(page), answers__plate="pc")
        assert "alternative" in names(join_form(page))
        assert not await db.fetch("SELECT id FROM participation")

    async def test_that_no_page_of_ours_sent_is_refused(self, w, campaign, bo):
        form = join_form(await asked(bo, campaign))
        for alternative in ("navy", "[]", '{"answers": {"plate": "gold"}}', '{"answers": 1}', "{"):
            await bo.send(form, 422, alternative=alternative)
        await bo.send(form, 422, wishes="[]")
        await bo.send(form, 422, first="3", place="0")
        assert not await db.fetch("SELECT id FROM participation")


class TestLimits:
    async def test_are_stored_in_minor_units(self, w, campaign, bo, sandbox):
        form = join_form(await asked(bo, campaign))
        await bo.send(form, limit="700", otherwise="small_lot_fee", fee_limit="12.50", ask_first="yes")
        row = await place()
        assert row["preferences"] == {
            "limit_minor": 70000, "otherwise": "small_lot_fee", "fee_limit_minor": 1250, "ask_first": True,
        }  # fmt: skip
        assert row["total_minor"] == 63900 + 1250

    async def test_say_beside_their_field_what_is_wrong_and_keep_what_was_typed(self, w, campaign, bo):
        form = join_form(await asked(bo, campaign))
        page = await bo.send(form, 422, limit="cheap", otherwise="small_lot_fee", fee_limit="1 coin")
        assert page.text.count("Write an amount, such as 439.00.") == 4  # in the summary and beside the field
        assert 'href="#wish-limit_minor"' in page.html
        assert dict(join_form(page).fields)["limit"] == "cheap"
        page = await bo.send(form, 422, limit="100")
        assert page.says(
            "Nothing that you chose can cost so little: at the lowest price tier it comes to CN¥609.00."
        )
        page = await bo.send(form, 422, otherwise="small_lot_fee")
        assert page.says("Say how much of a small-lot fee you would pay per unit, at most.")
        assert not await db.fetch("SELECT id FROM participation")

    async def test_below_the_first_price_say_why_less_is_paid_now(self, w, campaign, bo):
        page = await asked(bo, campaign, limit="610")
        assert page.says("You pay now CN¥609.00", "your highest unit price allows no more")

    async def test_offer_no_small_lot_fee_where_the_factory_takes_none(self, w, bo):
        row = await db.fetch_one("SELECT slug FROM campaign WHERE id = ?", await w.open_campaign())
        assert row
        page = await asked(bo, f"/campaigns/{row['slug']}")
        assert "small-lot fee" not in page.text


class TestWishes:
    async def test_wait_with_the_rest_for_their_owner_to_log_in(self, w, campaign, stranger):
        page = await stranger.send(join_form(await asked(stranger, campaign)), button="alternative")
        page = await stranger.send(join_form(page), button="keep", answers__plate="pc")
        page = await stranger.send(
            join_form(page), instead__case_color="silver", limit="7o0", ask_first="yes"
        )
        assert page.path == "/log-in"
        await stranger.log_in(w.bo)
        fields = join_form(await stranger.get(f"{campaign}/join")).fields
        kept = dict(fields)
        assert (kept["instead.case_color"], kept["limit"], kept["ask_first"]) == ("silver", "7o0", "yes")
        assert json.loads(kept["alternative"])["answers"]["plate"] == "pc"

    async def test_are_changed_with_the_requirement_within_what_was_paid(self, w, campaign, bo, sandbox):
        checkout = await bo.send(
            join_form(await asked(bo, campaign)), instead__case_color="black", ask_first="yes"
        )
        await sandbox.choose(checkout.path.rpartition("/")[2], Behavior.PAY)
        await sandbox.deliver_due()
        address = f"/participations/{(await place())['id']}"
        form = join_form(await bo.get(f"{address}/requirement"))
        assert dict(form.fields)["instead.case_color"] == "black"
        page = await bo.send(form, button="alternative")
        page = await bo.send(join_form(page), button="keep", answers__plate="brass")
        assert page.says("In all, at most CN¥699.00", "This is CN¥60.00 more than you have paid")
        refused = await bo.send(join_form(page), 409)
        assert refused.says("This change costs CN¥60.00 more than you have paid.")
        page = await bo.send(join_form(page), button="edit:0")
        page = await bo.send(join_form(page), button="keep", answers__plate="pc")
        await bo.send(join_form(page), instead__case_color="*", ask_first=None)
        wishes = (await place())["preferences"]
        assert wishes["alternatives"][0] == {"attribute": "case_color", "any_of": ["black", "silver"]}
        assert wishes["alternatives"][1]["answers"]["plate"] == "pc"
        assert "ask_first" not in wishes
        page = await bo.get(address)
        assert page.says(
            "Case color Black or Silver", "Plate Polycarbonate", "Change what you would take instead"
        )

    async def test_of_a_program_keep_their_order_on_the_page(self, w, campaign, bo, sandbox):
        await bo.send(join_form(await asked(bo, campaign)))
        plate = {"answers": {**world.ANSWERS, "plate": "pc"}}
        wishes = {"alternatives": [plate, BLACK]}
        await db.execute("UPDATE participation SET state = 'joined', preferences = ?", json.dumps(wishes))
        form = join_form(await bo.get(f"/participations/{(await place())['id']}/requirement"))
        assert [json.loads(value) for name, value in form.fields if name == "alternative"] == [plate, BLACK]
        assert dict(form.fields)["instead.case_color"] == ""


class TestTheBallot:
    """The mounting is put to a vote: tray, gasket (+15) or top (+10)."""

    async def test_is_cast_with_the_requirement_and_covers_the_dearest_outcome(self, w, bo, sandbox):
        _, address = await voted_on(w)
        page = await asked(bo, address)
        assert page.says("What should be the same for everybody?", "You pay now CN¥639.00")
        form = join_form(page)
        page = await bo.send(form, button="quote", rank__mounting=["tray", "top"], refuse__mounting="gasket")
        assert page.says("You pay now CN¥634.00")
        page = await bo.send(join_form(page), 422, rank__mounting=["tray", "tray"])
        assert page.says("Name each choice only once.")
        assert 'href="#ballot-mounting"' in page.html
        await bo.send(join_form(page), rank__mounting=["tray", "top"])
        row = await place()
        ballot = {"ranking": ["tray", "top"], "only": ["tray", "top"]}
        assert row["preferences"] == {"votes": {"mounting": ballot}}
        assert row["total_minor"] == 63400

    async def test_stays_with_wishes_that_change(self, w, bo):
        campaign, _ = await voted_on(w)
        address = await paid_place(w, campaign, ranking=("top",))
        form = join_form(await bo.get(f"{address}/requirement"))
        await bo.send(form, ask_first="yes")
        wishes = {"ask_first": True, "votes": {"mounting": {"ranking": ["top"]}}}
        assert (await place())["preferences"] == wishes
