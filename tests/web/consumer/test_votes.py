"""What members decide together, on pages: what is open and how it stands, one's own ranking, and what came out."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from c2b.campaigns.queries import open_votes
from c2b.campaigns.votes import OpenVote
from c2b.kit import clock, db
from c2b.participations import operations as participations
from c2b.participations.votes.deciding import keep_votes
from c2b.web.consumer import progress
from tests import world
from tests.web.consumer.browser import HTMX, Browser
from tests.web.consumer.test_organizing import filled

VOTING_TIME = timedelta(hours=5)
FIXED = {name: code for name, code in world.BATCH.items() if name != "mounting"}


async def voted_on(w: world.World) -> tuple[str, str]:
    """An open campaign whose mounting is put to a vote; its id and its address."""
    vote = OpenVote("mounting", ("tray", "gasket", "top"), clock.now() + VOTING_TIME, "listed")
    campaign = await w.open_campaign(batch_answers=FIXED, votes=(vote,))
    row = await db.fetch_one("SELECT slug FROM campaign WHERE id = ?", campaign)
    assert row
    return campaign, f"/campaigns/{row['slug']}"


async def paid_place(w: world.World, campaign: str, who=None, *, ranking: tuple[str, ...] = ()) -> str:
    """The address of a paid place with a ranking."""
    wishes = {"votes": {"mounting": {"ranking": list(ranking)}}} if ranking else None
    joined = await participations.join(
        who or w.bo, campaign, answers=world.ANSWERS, quantity=2, preferences=wishes
    )
    await w.pay(joined)
    return f"/participations/{joined.participation_id}"


class TestLeavingSomethingOpen:
    async def test_is_a_box_beside_the_choice_and_asks_which_may_come_out(self, w, ana):
        page = await ana.get(f"/products/{w.product_slug}/campaigns/new")
        assert page.says("Let the members decide", "The vote closes", "Who wins a tie?")
        form = page.form("/campaigns/new")
        closes_at = (clock.now() + VOTING_TIME).strftime("%Y-%m-%dT%H:%M")
        changes = {
            **filled(form), "open": ["mounting"], "vote__mounting": ["top", "gasket"],
            "vote_closes_at": closes_at, "tie_rule": "cheapest",
        }  # fmt: skip
        await ana.send(form, **changes)
        row = await db.fetch_one("SELECT id, batch_answers FROM campaign")
        assert row
        assert "mounting" not in str(row["batch_answers"])
        (vote,) = await open_votes(row["id"])
        assert (vote.choices, vote.tie_rule) == (("gasket", "top"), "cheapest")
        draft = (await ana.get(f"/my/campaigns/{row['id']}")).form(f"/my/campaigns/{row['id']}")
        assert [value for name, value in draft.fields if name == "vote.mounting"] == ["gasket", "top"]
        assert ("open", "mounting") in draft.fields

    async def test_says_beside_the_choice_what_cannot_be_voted_on(self, w, ana):
        form = (await ana.get(f"/products/{w.product_slug}/campaigns/new")).form("/campaigns/new")
        changes = {
            **filled(form), "open": ["case_material", "mounting"], "vote__case_material": ["alu", "pc"],
            "vote__mounting": ["top"], "vote_closes_at": "soon",
        }  # fmt: skip
        page = await ana.send(form, 422, **changes)
        assert page.says("Give a day and a time.")
        page = await ana.send(form, 422, **{**changes, "vote_closes_at": "2020-01-01T12:00"})
        assert page.says(
            "Let the vote close in the future.",
            "“Polycarbonate” is made from 100 units on",
            "Let at least two different choices of “Mounting” come out, or fix it.",
        )
        assert "#vote-mounting" in page.links
        assert await db.fetch("SELECT id FROM campaign") == []

    async def test_changes_what_the_form_says_about_prices(self, w, ana):
        form = (await ana.get(f"/products/{w.product_slug}/campaigns/new")).form("/campaigns/new")
        changes = {**filled(form), "open": ["mounting"], "vote__mounting": ["tray", "gasket"]}
        page = await ana.send(form, button="preview", headers=HTMX, **changes)
        assert page.says("These choices add at most CN¥165.00 to every unit")


class TestTheCampaignPage:
    async def test_says_before_anybody_pays_what_is_open_and_how_it_is_decided(self, w, stranger):
        _, address = await voted_on(w)
        page = await stranger.get(address)
        assert page.says(
            "The members decide", "Tray mount", "Gasket mount", "+CN¥15.00", "Top mount", "Nobody has voted yet.",
            "A tie goes to the choice that is listed first.", "One vote per paid unit",
            "at most: with the dearest of what the members may decide",
        )  # fmt: skip

    async def test_shows_how_it_stands_and_then_what_came_out(self, w, stranger, bo):
        campaign, address = await voted_on(w)
        await paid_place(w, campaign, ranking=("top",))
        page = await stranger.get(address)
        assert page.says("First choices of 2 paid units.", "Counted now, Top mount would come out.")
        clock.shift(VOTING_TIME)
        await keep_votes()
        page = await stranger.get(address)
        assert page.says("Decided: Top mount", "2 paid units voted", "counted in 1 round")
        assert "would come out" not in page.text

    async def test_pushes_the_standing_to_everybody_who_looks(self, w):
        campaign, _ = await voted_on(w)
        topic = f"{campaign}:en:public"
        before = await progress.HUB.source(topic)
        await paid_place(w, campaign, ranking=("top",))
        after = await progress.HUB.source(topic)
        assert before != after
        assert b"would come out" in (after or b"")

    async def test_of_a_group_with_enough_paid_units_says_that_the_vote_is_waited_for(self, w, stranger):
        campaign, address = await voted_on(w)
        for _ in range(3):
            who = await world.person("Member")
            joined = await participations.join(who, campaign, answers=world.ANSWERS, quantity=18)
            await w.pay(joined)
        page = await stranger.get(address)
        assert page.says("Threshold met", "it goes ahead when the vote is over")


class TestOnesRanking:
    async def test_is_changed_with_lists_and_boxes(self, w, bo):
        campaign, _ = await voted_on(w)
        place = await paid_place(w, campaign, ranking=("top",))
        page = await bo.get(place)
        assert page.says("Your ranking: Top mount", "Change my ranking")
        form = (await bo.get(f"{place}/ballot")).form("/ballot")
        assert [value for name, value in form.fields if name == "rank.mounting"] == ["top", "", ""]
        page = await bo.send(form, rank__mounting=["gasket", "top", ""], refuse__mounting=["tray"])
        assert page.says("Your ranking is kept.", "Your ranking: Gasket mount › Top mount")
        assert page.says("Only if: Gasket mount, Top mount")

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"rank__mounting": ["top", "top", ""]}, "Name each choice only once."),
            ({"rank__mounting": ["top", "", ""], "refuse__mounting": ["top"]}, "rank only what you accept"),
            ({"refuse__mounting": ["tray", "gasket", "top"]}, "You accept no outcome of this vote at all"),
        ],
    )
    async def test_that_makes_no_sense_is_said_beside_it_and_nothing_is_kept(self, w, bo, changes, said):
        campaign, _ = await voted_on(w)
        place = await paid_place(w, campaign, ranking=("top",))
        form = (await bo.get(f"{place}/ballot")).form("/ballot")
        assert (await bo.send(form, 422, **changes)).says(said)
        assert (await bo.get(place)).says("Your ranking: Top mount")

    async def test_cannot_be_changed_once_the_vote_is_over(self, w, bo):
        campaign, _ = await voted_on(w)
        place = await paid_place(w, campaign, ranking=("top",))
        form = (await bo.get(f"{place}/ballot")).form("/ballot")
        clock.shift(VOTING_TIME)
        page = await bo.send(form, rank__mounting=["gasket", "", ""])
        assert page.says("The vote is over")
        await keep_votes()
        page = await bo.get(place)
        assert page.says("Decided: Top mount")
        assert "Change my ranking" not in page.text
        assert f"{place}/ballot" not in page.links

    async def test_is_nobody_elses(self, w, bo, cy):
        campaign, _ = await voted_on(w)
        place = await paid_place(w, campaign, ranking=("top",))
        form = (await bo.get(f"{place}/ballot")).form("/ballot")
        await cy.get(f"{place}/ballot", 404)
        form.fields = [("csrf_token", (await cy.get("/my/participations")).forms[0].fields[0][1])]
        await cy.send(form, 404)

    async def test_can_be_read_in_chinese(self, w, app):
        _, address = await voted_on(w)
        browser = Browser(app, locale="zh_CN")
        page = await browser.get(address)
        assert page.says("团员决定", "平票时，排在前面的选项胜出。", "每台已付款的产品一票")


class TestJoining:
    async def test_asks_for_a_ranking_and_prices_the_dearest_outcome(self, w, bo):
        _, address = await voted_on(w)
        page = await bo.get(f"{address}/join")
        assert page.says(
            "What should be the same for everybody?", "Your ranking", "The vote closes", "One vote per paid unit",
            "Only if: which outcomes are not for you?",
        )  # fmt: skip
        form = page.form("/join")
        answers = {f"answers__{name}": value for name, value in world.ANSWERS.items()}
        page = await bo.send(form, button="quote", headers=HTMX, **answers)
        assert page.says("Mounting at most: the members decide +CN¥15.00")
        page = await bo.send(form, button="quote", headers=HTMX, refuse__mounting=["gasket"], **answers)
        assert page.says("You pay now CN¥634.00")

    async def test_keeps_the_ranking_with_the_place(self, w, bo):
        campaign, address = await voted_on(w)
        form = (await bo.get(f"{address}/join")).form("/join")
        answers = {f"answers__{name}": value for name, value in world.ANSWERS.items()}
        ranks = {"rank__mounting": ["top", "tray", ""], "refuse__mounting": ["gasket"]}
        await bo.send(form, 303, follow=False, **answers, **ranks)
        row = await db.fetch_one("SELECT preferences FROM participation WHERE campaign_id = ?", campaign)
        assert row
        assert json.loads(row["preferences"])["votes"] == {
            "mounting": {"ranking": ["top", "tray"], "only": ["tray", "top"]}
        }

    async def test_offers_what_any_outcome_allows(self, w, stranger):
        """Both kinds of switches, while mechanical and Hall-effect boards are put to a vote."""
        fixed = {name: code for name, code in world.BATCH.items() if name != "pcb_sensing"}
        vote = OpenVote("pcb_sensing", ("mech", "hall"), clock.now() + VOTING_TIME, "listed")
        campaign = await w.open_campaign(
            batch_answers=fixed, votes=(vote,), threshold=200, cap=300, tiers=(world.PriceTier(200, 45900),)
        )
        form = (await stranger.get(f"/campaigns/{campaign}/join")).html
        for code in ("hall_d", "tactile_b"):
            (tag,) = re.findall(rf'<input [^>]*value="{code}"[^>]*>', form)
            assert "disabled" not in tag
