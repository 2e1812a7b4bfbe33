"""One's own places: what was asked for, what was paid, and what may still be done; nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.participations.explanations.outcomes import CellMark, Change, Outcome
from c2b.participations.operations import keep_reservations
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from tests.web.consumer.browser import HTMX, Browser


@pytest.fixture
async def place(w) -> str:
    """The address of a place of Bo's that is paid, in an open campaign."""
    joined = await w.join(await w.open_campaign(), w.bo, quantity=2, engraving=ENGRAVING)
    await w.pay(joined)
    return f"/participations/{joined.participation_id}"


ENGRAVING = {"text": "Bo & Li", "font": "sans", "position": "case_back"}


async def unpaid(w) -> str:
    joined = await w.join(await w.open_campaign(), w.bo)
    return f"/participations/{joined.participation_id}"


class TestTheList:
    async def test_shows_ones_own_places_only(self, w, place, bo, cy):
        page = await bo.get("/my/participations")
        assert page.says("Navy seventy-five", "Campaign: Open · 2 units", "Joined", "CN¥1,308.00")
        assert (await cy.get("/my/participations")).says("You have not joined a campaign yet")

    async def test_asks_for_a_log_in(self, w, stranger):
        page = await stranger.get("/my/participations", 303, follow=False)
        assert page.response.headers["location"] == "/log-in?next=%2Fmy%2Fparticipations"

    async def test_goes_on_page_after_page(self, w, bo):
        for number in range(3):
            await w.join(await w.open_campaign(title=f"Board {number}"), w.bo)
        first = await bo.get("/my/participations?limit=2")
        assert "Board 2" in first.text and "Board 0" not in first.text
        assert "Board 0" in (await bo.get(next(link for link in first.links if "cursor=" in link))).text


class TestReceipts:
    async def test_lie_beside_the_payment_for_whoever_paid_and_for_nobody_else(
        self, w, place, bo, cy, stranger, monkeypatch
    ):
        async def quick(content, *, locale):
            return f"%PDF-1.7 {content['number']} {locale} %%EOF".encode()

        monkeypatch.setattr("c2b.invoicing.documents.render_receipt", quick)
        assert "Receipt (PDF)" not in (await bo.get(place)).text
        await drain()
        page = await bo.get(place)
        assert page.says("Receipt (PDF)")
        (link,) = [link for link in page.links if link.startswith("/receipts/")]
        file = await bo.get(link)
        assert file.response.headers["content-type"] == "application/pdf"
        assert "attachment" in file.response.headers["content-disposition"]
        assert file.response.content.startswith(b"%PDF-1.7 RC-")
        await cy.get(link, 404)
        assert (
            (await stranger.get(link, 303, follow=False)).response.headers["location"].startswith("/log-in")
        )


class TestAPlace:
    async def test_shows_what_was_asked_for_in_words_with_every_surcharge(self, w, place, bo):
        page = await bo.get(place)
        assert page.says(
            "Switches Tactile B +CN¥15.00", "Text Bo & Li", "Base price CN¥459.00", "Each CN¥654.00"
        )
        assert page.says("× 2", "Promised, at most CN¥1,308.00", "Payment", "Paid")

    async def test_says_in_one_sentence_why_it_is_not_the_first_choice(self, w, place, bo):
        navy = CellMark(key="option:case_color:navy", level="option", count=24, minimum=30)
        outcome = Outcome(
            kind="alternative", rank=1, cause="minimum", cell=navy, unit_price_minor=39900, saved_minor=3000,
            returned_minor=3000, changes=(Change(attribute="case_color", before="navy", after="black"),),
        )  # fmt: skip
        assert "needed" not in (await bo.get(place)).text
        await db.execute("UPDATE participation SET outcome = ?", canonical_json(outcome.to_json()).decode())
        page = await bo.get(place)
        assert page.says(
            "Navy needed 30 and reached 24, so you get your second choice, Black, at CN¥399; you save CN¥30."
        )

    async def test_is_nobody_elses_to_see_or_to_touch(self, app, w, place, cy, ana):
        others = [cy, ana, await Browser.of(app, w.mill), await Browser.of(app, w.root)]
        token = (await cy.get("/my/participations")).forms[0].fields[0][1]
        for browser in others:
            await browser.get(place, 404)
            await browser.get(f"{place}/withdrawal", 404)
            await browser.get(f"{place}/requirement", 404)
        for action in ("payment", "withdrawal", "requirement", "quote"):
            response = await cy.http.post(f"{place}/{action}", data={"csrf_token": token})
            assert response.status_code == 404, action
        [row] = await db.fetch("SELECT state FROM participation")
        assert row["state"] == "joined"

    async def test_waits_for_the_provider_and_offers_to_pay_until_the_place_is_gone(self, w, bo, sandbox):
        address = await unpaid(w)
        page = await bo.get(address)
        assert page.says("Waiting for payment", "Reserved until", "No money has moved yet.")
        checkout = await bo.send(page.form("/payment"))
        assert checkout.path.startswith("/sandbox/checkout/")
        waiting = await bo.get(address)
        assert waiting.says("If you have just paid, we are waiting for the provider to tell us.")
        assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in waiting.html
        clock.shift(timedelta(hours=1))
        await keep_reservations()
        gone = await bo.get(address)
        assert gone.says("Place let go", "Nothing was charged.")
        assert not [form for form in gone.forms if form.action.startswith(address)]

    async def test_whose_payment_was_declined_says_so_and_can_be_paid_again(self, w, bo, sandbox):
        address = await unpaid(w)
        checkout = await bo.send((await bo.get(address)).form("/payment"))
        await sandbox.choose(checkout.path.rpartition("/")[2], Behavior.DECLINE)
        await sandbox.deliver_due()
        page = await bo.get(address)
        assert page.says("Declined", "Waiting for payment")
        assert page.says("The payment was declined. Nothing was charged. Your place is still reserved until")
        again = await bo.send(page.form("/payment"))
        assert again.path.startswith("/sandbox/checkout/")
        assert again.path != checkout.path
        assert "was declined" not in (await bo.get(address)).text  # the next payment is under way

    async def test_that_is_paid_already_says_so_instead_of_asking_again(self, w, place, bo, sandbox):
        token = (await bo.get(place)).forms[0].fields[0][1]
        response = await bo.http.post(f"{place}/payment", data={"csrf_token": token}, follow_redirects=True)
        assert "There is nothing to pay here" in response.text

    async def test_warns_of_ones_own_option_that_too_few_have_chosen(self, w, bo):
        campaign_id = await w.open_campaign(threshold=60)
        await w.fill(campaign_id, 30)
        joined = await w.join(campaign_id, w.bo, quantity=2, case_color="black")
        address = f"/participations/{joined.participation_id}"
        assert (
            "Too few people have chosen this" not in (await bo.get(address)).text
        )  # not paid: does not count
        await w.pay(joined)
        page = await bo.get(address)
        assert page.says("Too few people have chosen this so far:", "Case color: Black 2 of 30")
        assert page.says("you get all your money back at the lock, by itself")
        assert "of 30" not in page.text.replace("Black 2 of 30", "")
        assert page.links.count(f"{address}/requirement") == 2
        for units in (20, 8):
            await w.pay(await w.join(campaign_id, quantity=units, case_color="black"))
            told = "Too few people have chosen this" in (await bo.get(address)).text
            assert told is (units == 20)

    async def test_names_the_order_and_the_final_price_once_it_is_locked(self, w, bo, sandbox):
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 49)
        joined = await w.join(campaign_id, w.bo)
        await w.pay(joined)
        await drain()
        page = await bo.get(f"/participations/{joined.participation_id}")
        assert page.says(
            "Confirmed", "The factory works from exactly this.", "Purchase order PO-", "Final price CN¥639.00"
        )
        assert not [form for form in page.forms if form.action.startswith("/participations")]

    async def test_tells_that_everything_is_on_its_way_back_when_the_group_did_not_fill(self, w, bo):
        from c2b.campaigns.counting import fail

        campaign_id = await w.open_campaign()
        joined = await w.join(campaign_id, w.bo)
        await w.pay(joined)
        await db.atomically(lambda: fail(campaign_id))
        await drain()
        page = await bo.get(f"/participations/{joined.participation_id}")
        assert page.says("Refund under way", "The campaign did not go ahead", "−CN¥639.00")


class TestLeaving:
    async def test_asks_once_more_and_tells_what_comes_back(self, w, place, bo):
        page = await bo.get(f"{place}/withdrawal")
        assert page.says("Leave the campaign?", "You get CN¥1,308.00 back, all of it")
        left = await bo.send(page.form("/withdrawal"))
        assert left.says("You have left the campaign.", "Withdrawn")
        assert (await bo.send(page.form("/withdrawal"))).path == place  # a second click changes nothing
        rows = await db.fetch("SELECT reserved, paid FROM campaign")
        assert [(row["reserved"], row["paid"]) for row in rows] == [(0, 0)]

    async def test_is_too_late_once_the_group_is_locked(self, w, bo, sandbox):
        campaign_id = await w.open_campaign()
        await w.fill(campaign_id, 49)
        joined = await w.join(campaign_id, w.bo)
        address = f"/participations/{joined.participation_id}"
        await w.pay(joined)
        form = (await bo.get(f"{address}/withdrawal")).form("/withdrawal")
        await drain()
        assert (await bo.get(f"{address}/withdrawal")).path == address
        late = await bo.send(form)
        assert late.says("The group has been locked: the factory works from what was agreed.", "Confirmed")


class TestChanging:
    async def test_shows_the_present_answers_and_takes_new_ones_that_cost_no_more(self, w, place, bo):
        page = await bo.get(f"{place}/requirement")
        kept = dict(page.form("/requirement").fields)
        assert (kept["answers.switch"], kept["answers.engraving.text"]) == ("tactile_b", "Bo & Li")
        assert page.says("You paid CN¥1,308.00.")
        changed = await bo.send(page.form("/requirement"), answers__switch="linear_a")
        assert changed.path == place
        assert changed.says(
            "Your requirement is changed.", "Switches Linear A", "Promised, at most CN¥1,278.00"
        )

    async def test_refuses_what_costs_more_and_keeps_the_form(self, w, place, bo):
        form = (await bo.get(f"{place}/requirement")).form("/requirement")
        page = await bo.send(form, 409, answers__plate="brass")
        assert page.says("This change costs CN¥120.00 more than you have paid.")
        assert dict(page.form("/requirement").fields)["answers.plate"] == "brass"

    async def test_says_beside_the_field_what_is_wrong(self, w, place, bo):
        form = (await bo.get(f"{place}/requirement")).form("/requirement")
        assert (await bo.send(form, 422, answers__switch=None)).says("Choose an option for “Switches”.")

    async def test_prices_as_you_choose(self, w, place, bo):
        form = (await bo.get(f"{place}/requirement")).form("/requirement")
        whole = await bo.send(form, button="quote", answers__switch="linear_a")
        assert whole.says("CN¥1,278.00")
        part = await bo.send(form, button="quote", headers=HTMX, answers__switch="linear_a")
        assert "<html" not in part.html
        assert part.html.strip() in whole.html

    async def test_is_not_offered_before_the_place_is_paid(self, w, bo):
        address = await unpaid(w)
        assert (await bo.get(f"{address}/requirement")).path == address


async def test_a_name_in_an_engraving_is_text_and_nothing_else(w, bo):
    hostile = {**ENGRAVING, "text": "A & B - 'x'"}
    joined = await w.join(await w.open_campaign(), w.bo, engraving=hostile)
    page = await bo.get(f"/participations/{joined.participation_id}")
    assert "A &amp; B - &#39;x&#39;" in page.html
