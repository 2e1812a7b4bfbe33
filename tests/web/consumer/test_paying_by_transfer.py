"""Paying by bank transfer: where to send the money to, what has come of it, and a change of mind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from c2b.config import settings
from c2b.kit import clock, db
from c2b.payments.choosing import Checkout, Way
from c2b.payments.gateways.bank.references import printed
from c2b.payments.statement.deciding import assign
from c2b.web.consumer.payment import credit_transfer
from tests.payments.statement.story import came


@pytest.fixture
def bank(sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,bank")
    monkeypatch.setenv("C2B_BANK_HOLDER", "C2B Ltd")
    monkeypatch.setenv("C2B_BANK_NAME", "Our Bank")
    monkeypatch.setenv("C2B_BANK_ACCOUNTS", "CNY:6222111122223333,EUR:DE02120300000000202051")
    settings.cache_clear()


async def chosen(w, bo) -> tuple[str, dict]:
    joined = await w.join(await w.open_campaign(deadline=clock.now() + timedelta(days=20)), w.bo)
    place = f"/participations/{joined.participation_id}"
    page = await bo.get(f"{place}/payment")
    assert page.says("Please pay by", "A bank transfer may take 5 days")
    page = await bo.send(page.form("/payment"), way="bank:transfer")
    assert "may take 5 days" not in (await bo.get(f"{place}/payment?choose=1")).text
    (payment,) = await db.fetch("SELECT * FROM payment")
    assert page.says("Pay by bank transfer", "C2B Ltd", "6222111122223333", "CN¥639.00")
    assert page.says(printed(payment["provider_ref"]), "one to three working days")
    return place, payment


@pytest.mark.usefixtures("bank")
class TestATransfer:
    async def test_is_explained_and_found_again(self, w, bo, cy):
        place, payment = await chosen(w, bo)
        page = await bo.send((await bo.get(place)).form("/payment"))
        assert page.says("Transfer to", printed(payment["provider_ref"]))
        await cy.get(f"{place}/payment", 404)

    async def test_shows_what_has_come_and_what_is_missing(self, w, bo):
        place, payment = await chosen(w, bo)
        await assign(w.root, await came(w.root, 63000), payment["id"])
        page = await bo.get(f"{place}/payment")
        assert page.says("CN¥630.00 has arrived.", "CN¥9.00")
        await assign(w.root, await came(w.root, 900), payment["id"])
        assert (await bo.get(f"{place}/payment")).says("Joined")

    async def test_is_still_explained_when_it_is_too_late_to_choose_it(self, w, bo):
        place, payment = await chosen(w, bo)
        await db.execute("UPDATE campaign SET deadline = ?", clock.now() + timedelta(days=1))
        assert (await bo.get(f"{place}/payment")).says(printed(payment["provider_ref"]))
        page = await bo.get(f"{place}/payment?choose=1")
        assert page.says("Test payment")
        assert "Bank transfer" not in page.text

    async def test_is_given_up_for_another_way(self, w, bo):
        place, _ = await chosen(w, bo)
        page = await bo.send(
            (await bo.get(f"{place}/payment?choose=1")).form("/payment"),
            follow=False,
            status=303,
            way="sandbox:page",
        )
        assert "/sandbox/checkout/" in page.response.headers["location"]
        rows = await db.fetch("SELECT gateway, state FROM payment ORDER BY id")
        assert [(row["gateway"], row["state"]) for row in rows] == [
            ("bank", "closed"),
            ("sandbox", "created"),
        ]


class TestACodeForBankingApps:
    def test_fills_in_a_credit_transfer_in_euros_only(self, bank):
        opened = Checkout(
            payment_id="P", way=Way("bank", "transfer"), amount_minor=1250, currency="EUR", holds=False,
            until=clock.now(), transfer={"holder": "C2B Ltd", "account": "DE02120300000000202051", "bank": "B",
                                         "bic": "", "reference": "RF18539007547034"},
        )  # fmt: skip
        lines = credit_transfer(opened)
        assert lines == ("BCD\n002\n1\nSCT\n\nC2B Ltd\nDE02120300000000202051\nEUR12.50\n\nRF18539007547034")
        assert credit_transfer(replace(opened, currency="CNY")) == ""
        assert credit_transfer(replace(opened, transfer={**opened.transfer, "account": "622200"})) == ""


@pytest.mark.usefixtures("bank")
class TestThePlace:
    async def test_says_what_has_come_and_leads_to_where_to_transfer_to(self, w, bo):
        place, payment = await chosen(w, bo)
        page = await bo.get(place)
        assert page.says("We wait for your bank transfer.", "Show where to transfer to")
        await assign(w.root, await came(w.root, 63000), payment["id"])
        assert (await bo.get(place)).says("CN¥630.00 has arrived by bank transfer, CN¥9.00 is missing.")
        assert (await bo.get(f"{place}/payment?choose=1")).says(
            "If you pay in another way you pay the whole amount"
        )
        await db.execute("UPDATE participation SET state = 'expired', reserved_until = NULL")
        assert "bank transfer" not in (await bo.get(place)).text

    async def test_says_that_what_has_come_goes_back_when_its_member_leaves(self, w, bo):
        place, payment = await chosen(w, bo)
        assert (await bo.get(f"{place}/withdrawal")).says("Nothing was charged.")
        await assign(w.root, await came(w.root, 63000), payment["id"])
        page = await bo.get(f"{place}/withdrawal")
        assert page.says("CN¥630.00, goes back to the account it came from.")
        assert "Nothing was charged" not in page.text
