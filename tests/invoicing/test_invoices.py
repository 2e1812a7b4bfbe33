"""Tax invoices: asked for when the money is final, issued about what it is then, taken back as it goes back."""

from __future__ import annotations

import pytest

from c2b import wiring
from c2b.invoicing import operations as papers
from c2b.invoicing.asking import InvoiceAsked, NoOpenRequest, NothingToInvoice, NotYetFinal
from c2b.invoicing.issuing import AmountChanged, InvoiceNotOpen
from c2b.invoicing.requests import invoice, invoices, standing, waiting
from c2b.kit import db
from c2b.kit.errors import Invalid, NotFound
from c2b.kit.http.paging import Window
from c2b.payments.claiming import cancel_for_delay, claim
from tests import world
from tests.books import MONEY, provider, work
from tests.payments.paying import asked
from tests.small import build, open_campaign

__all__ = ["provider"]
COMPANY = {
    "title_kind": "company",
    "title": "腾讯科技",
    "tax_id": "9144030071526726XG",
    "email": "a@c2b.example",
}
PERSON = {"title_kind": "personal", "title": "Bo", "email": "bo@c2b.example"}
NUMBER, RED, RED_TOO = "24312000000012345678", "24312000000099999999", "24312000000088888888"


class Place:
    """A place that is paid, in a group that is locked."""

    def __init__(self, w, joined, member) -> None:
        self.w, self.id, self.member, self.total = w, joined.participation_id, member, joined.total_minor

    async def ask(self, **wish):
        return await papers.ask(self.member, self.id, **(wish or PERSON))

    async def issue(self, request, number=NUMBER, amount=None):
        now = (await invoice(request)).amount_minor
        await papers.issue_invoice(self.w.root, request, number=number, amount_minor=amount or now)

    async def back(self, amount, number=1):
        await claim(self.w.root, self.id, amount_minor=amount, note="A scratch.", number=number)
        await work("receipt.issue", *MONEY)

    async def all_back(self):
        await cancel_for_delay(self.w.root, self.id, note="Late.")
        await work("receipt.issue", *MONEY)


@pytest.fixture
async def place(database, provider):
    wiring.connect()
    w = await build()
    joined, ref = await asked(w, await open_campaign(w))
    await provider.pay(ref)
    await db.execute("UPDATE participation SET state = 'confirmed'")
    return Place(w, joined, w.members[-1])


async def events(name):
    return await db.fetch("SELECT actor_id FROM event WHERE name = ?", name)


class TestAsking:
    async def test_is_for_money_that_is_final(self, place):
        for state in ("joined", "needs_attention"):
            await db.execute("UPDATE participation SET state = ?", state)
            assert not (await standing(place.member, place.id)).may_ask
            with pytest.raises(NotYetFinal):
                await place.ask()
        await db.execute("UPDATE participation SET state = 'delivered'")
        assert (await standing(place.member, place.id)).amount_minor == place.total
        await place.ask()
        found = (await standing(place.member, place.id)).latest
        assert (found.state, found.reason, found.amount_minor) == ("requested", "requested", place.total)
        assert await events("invoice.requested") == [{"actor_id": place.member.id}]

    async def test_a_second_time_is_refused_until_the_first_is_taken_back(self, place):
        await place.ask()
        with pytest.raises(InvoiceAsked):
            await place.ask(**COMPANY)
        await papers.withdraw(place.member, place.id)
        with pytest.raises(NoOpenRequest):
            await papers.withdraw(place.member, place.id)
        assert (await standing(place.member, place.id)).latest.reason == "withdrawn"
        await place.ask(**COMPANY)
        assert (await standing(place.member, place.id)).latest.tax_id == COMPANY["tax_id"]

    async def test_for_a_company_needs_its_number_and_for_a_person_keeps_none(self, place):
        for wrong in ("", "9144030071526726XX", "123"):
            with pytest.raises(Invalid) as refused:
                await place.ask(**{**COMPANY, "tax_id": wrong})
            assert [fault.path for fault in refused.value.fields] == ["tax_id"]
        with pytest.raises(Invalid) as refused:
            await place.ask(title_kind="nobody", title=" ", email="x")
        assert {fault.path for fault in refused.value.fields} == {"title_kind", "title", "email"}
        await place.ask(**PERSON, tax_id=COMPANY["tax_id"])
        assert (await standing(place.member, place.id)).latest.tax_id == ""

    async def test_is_nobody_elses(self, place):
        await place.ask()
        for stranger in (place.w.root, place.w.ana, await world.person("Dee")):
            for act in (standing, papers.withdraw):
                with pytest.raises(NotFound):
                    await act(stranger, place.id)
            with pytest.raises(NotFound):
                await papers.ask(stranger, place.id, **PERSON)

    async def test_when_everything_went_back_is_about_nothing(self, place):
        await place.ask()
        await place.all_back()
        found = (await standing(place.member, place.id)).latest
        assert (found.state, found.reason) == ("withdrawn", "all_refunded")
        assert await events("invoice.withdrawn") == [{"actor_id": None}]
        await db.execute("UPDATE participation SET state = 'confirmed'")
        with pytest.raises(NothingToInvoice):
            await place.ask()


class TestIssuing:
    async def test_is_about_what_is_left_at_that_time(self, place):
        request = await place.ask()
        await place.back(1000)
        assert (await invoice(request)).amount_minor == place.total - 1000
        with pytest.raises(AmountChanged):
            await place.issue(request, amount=place.total)
        await place.issue(request)
        found = await invoice(request)
        assert (found.state, found.number, found.amount_minor) == ("issued", NUMBER, place.total - 1000)
        assert (found.red_due_minor, found.reason) == (0, "issued")
        assert await events("invoice.issued") == [{"actor_id": place.w.root.id}]
        with pytest.raises(InvoiceNotOpen):
            await place.issue(request, number=RED)
        with pytest.raises(NoOpenRequest):
            await papers.withdraw(place.member, place.id)

    async def test_needs_a_number_that_no_other_has_and_an_admin(self, place):
        request = await place.ask()
        for wrong in ("", "1234567", "1234567a", "１２３４５６７８", "1" * 23):
            with pytest.raises(Invalid):
                await place.issue(request, number=wrong)
        with pytest.raises(NotFound):
            await papers.issue_invoice(place.member, request, number=NUMBER, amount_minor=place.total)
        await place.issue(request)
        await place.back(100)
        with pytest.raises(Invalid):
            await papers.write_red_note(place.w.root, request, number=NUMBER, amount_minor=100)


class TestRedNotes:
    async def test_take_back_what_goes_back_in_parts_and_then_all_of_it(self, place):
        request = await place.ask()
        await place.issue(request)
        assert await waiting() == 0
        with pytest.raises(InvoiceNotOpen):
            await papers.write_red_note(place.w.root, request, number=RED, amount_minor=1)
        await place.back(1000)
        found = await invoice(request)
        assert (found.red_due_minor, found.reason, await waiting()) == (1000, "red_waits", 1)
        assert [each.id for each in (await invoices(Window(), state="red")).items] == [request]
        with pytest.raises(AmountChanged):
            await papers.write_red_note(place.w.root, request, number=RED, amount_minor=999)
        await papers.write_red_note(place.w.root, request, number=RED, amount_minor=1000)
        found = await invoice(request)
        assert (found.state, found.red_minor, found.red_due_minor) == ("issued", 1000, 0)
        assert (found.reason, await waiting()) == ("red_in_part", 0)
        assert (await invoices(Window(), state="red")).items == []
        await place.all_back()
        with pytest.raises(Invalid):
            await papers.write_red_note(place.w.root, request, number=RED, amount_minor=place.total - 1000)
        await papers.write_red_note(place.w.root, request, number=RED_TOO, amount_minor=place.total - 1000)
        found = await invoice(request)
        assert (found.state, found.reason) == ("red_reversed", "red_reversed")
        assert (found.red_minor, found.red_numbers) == (place.total, (RED, RED_TOO))
        assert len(await events("invoice.red_noted")) == 2


class TestARefusedRequest:
    async def test_needs_a_reason_and_frees_the_place_for_another(self, place):
        request = await place.ask()
        with pytest.raises(Invalid):
            await papers.refuse_invoice(place.w.root, request, reason=" ")
        with pytest.raises(NotFound):
            await papers.refuse_invoice(place.member, request, reason="No.")
        await papers.refuse_invoice(place.w.root, request, reason="Nobody of that name.")
        found = await invoice(request)
        assert (found.state, found.reason, found.note) == ("refused", "refused", "Nobody of that name.")
        with pytest.raises(InvoiceNotOpen):
            await place.issue(request)
        with pytest.raises(InvoiceNotOpen):
            await papers.refuse_invoice(place.w.root, request, reason="Again.")
        again = await place.ask()
        await place.issue(again)
        with pytest.raises(InvoiceNotOpen):
            await papers.refuse_invoice(place.w.root, again, reason="Too late.")
