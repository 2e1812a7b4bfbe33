"""Our bank's statement on the pages: typed or read from a file, confirmed, kept for the rest, or sent back."""

from __future__ import annotations

import pytest

from c2b.kit import clock, db
from c2b.kit.money import plain_money
from c2b.participations.operations import withdraw
from c2b.payments.asking import check_out
from c2b.payments.gateways.bank.references import printed
from c2b.payments.statement.deciding import assign
from tests import small, world
from tests.books import provider, work
from tests.payments.paying import state_of
from tests.payments.statement.story import asked_by_transfer, came, open_campaign
from tests.payments.statement.test_keeping import paid_out
from tests.web.consumer.browser import Browser, Form, Page

__all__ = ["provider"]
pytestmark = pytest.mark.usefixtures("provider")


@pytest.fixture(autouse=True)
def _with_bank(fresh, with_bank) -> None:
    """In this order: the site's own settings, then these."""


async def waiting() -> tuple[world.World, object, dict]:
    home = await small.build()
    joined, payment, _ = await asked_by_transfer(home, await open_campaign(home))
    return home, joined, payment


def typed(payment: dict, **changes) -> dict[str, str]:
    return {
        "booked_on": clock.today().isoformat(), "amount": plain_money(payment["amount_minor"], "CNY"),
        "currency": "CNY",
        "payer_name": "Bo Zhang", "account": "6222 0000 1234 5678", "reference": "ST-1",
        "text": printed(payment["provider_ref"]), **changes,
    }  # fmt: skip


def entry(page: Page) -> Form:
    """The form that enters a line; the one that filters goes to the same address."""
    return next(form for form in page.forms if form.action == "/admin/bank-lines" and form.method == "post")


class TestAnAdmin:
    async def test_enters_a_line_and_confirms_the_payment_that_it_makes_up(self, w, app, root):
        _, joined, payment = await waiting()
        page = await root.get("/admin/bank-lines")
        assert page.says("Nothing waits for you here.")
        page = await root.send(entry(page), **typed(payment))
        assert page.says("The line is in the book.", "Makes up the payment", "•••• 5678")
        page = await root.send(page.form("/assignment"))
        assert page.says("The payment is confirmed.", "Assigned")
        assert await state_of(joined) == "joined"
        assert not [form for form in page.forms if "bank-lines" in form.action]

    async def test_is_told_what_was_typed_wrong_and_keeps_the_rest(self, w, app, root):
        _, _, payment = await waiting()
        page = await root.get("/admin/bank-lines")
        wrong = typed(payment, amount="12,5x", account="??")
        page = await root.send(entry(page), 422, **wrong)
        assert page.says("This is no amount: write 1234.50.")
        page = await root.send(entry(page), 422, **typed(payment, account="??"))
        assert page.says("Enter an IBAN or account number, or nothing.")
        assert 'value="Bo Zhang"' in page.response.text
        await root.send(entry(page), **typed(payment))
        page = await root.get("/admin/bank-lines")
        page = await root.send(entry(page), 409, **typed(payment))
        assert page.says("This line was entered before, and it says the same.")

    async def test_confirms_all_that_fit_and_decides_about_each_other_one(self, w, app, root):
        home, joined, payment = await waiting()
        await came(home.root, payment["amount_minor"], text=payment["provider_ref"])
        await came(home.root, 100, text="rent")
        page = await root.get("/admin/bank-lines")
        assert page.says("1 line makes up exactly the payment", "not known")
        page = await root.send(page.form("/fitting"))
        assert page.says("Payments confirmed: 1.")
        assert await state_of(joined) == "joined"
        assert not [form for form in page.forms if form.action.endswith("/fitting")]

    async def test_keeps_too_little_for_the_rest_and_takes_a_typed_reference(self, w, app, root):
        home, joined, payment = await waiting()
        line = await came(home.root, 1000, text="no reference")
        page = await root.get(f"/admin/bank-lines/{line}")
        page = await root.send(page.form("/assignment"), 422, written="RF00 0000")
        assert page.says("No payment has this reference.")
        page = await root.send(page.form("/assignment"), written=printed(payment["provider_ref"]))
        assert page.says("Kept for this payment; the rest is missing.", "is missing")
        rest = await came(home.root, payment["amount_minor"] - 1000, account="")
        page = await root.get(f"/admin/bank-lines/{rest}")
        assert page.says("Payments that lack exactly this amount", "Makes up the payment")
        page = await root.send(page.form("/assignment"))
        assert page.says("The payment is confirmed.")
        assert await state_of(joined) == "joined"

    async def test_sends_back_what_pays_nothing_and_needs_a_reason(self, w, app, root):
        home, _, _ = await waiting()
        line = await came(home.root, 9000, account="")
        page = await root.get(f"/admin/bank-lines/{line}")
        page = await root.send(page.form("/return"), 422, note="")
        assert page.says("Please say why.", "Enter an IBAN or account number.")
        page = await root.send(
            page.form("/return"), note="Not for us.", payee_name="Bo", payee_account="DE02120300000000202051"
        )
        assert page.says("The bank transfer is proposed.", "Going back", "Not for us.")
        (transfer,) = await db.fetch("SELECT id FROM disbursement")
        page = await root.get(f"/admin/disbursements/{transfer['id']}")
        assert page.says("Back to its sender", "Bo")
        assert f"/admin/bank-lines/{line}" in page.response.text

    async def test_sees_in_the_book_where_it_rests_and_how_many_wait(self, w, app, root):
        home, _, _ = await waiting()
        line = await came(home.root, 9000)
        assert (await root.get("/admin/money")).says("Bank statement", "1 waits")
        page = await root.get("/admin/ledger/accounts/suspense:bank:CNY")
        assert page.says("Line of our bank statement", "CN¥90.00")
        assert f"/admin/bank-lines/{line}" in page.response.text


class TestAFile:
    async def send(self, root: Browser, data: bytes, status: int = 200):
        page = await root.get("/admin/bank-lines")
        return await root.send(
            page.form("/import"), status, files={"file": ("statement.csv", data, "text/csv")}
        )

    async def test_is_read_once(self, w, app, root):
        data = b"date,amount,text,reference\n2026-11-20,90.00,x,A1\n2026-11-20,-5,shop,A2\n"
        assert (await self.send(root, data)).says("Lines: 1 new, 0 known before, 1 left out")
        assert (await self.send(root, data)).says("Lines: 0 new, 1 known before, 1 left out")

    async def test_with_faults_enters_nothing_and_names_them(self, w, app, root):
        page = await self.send(root, b"date,amount\n2026-11-20,90.00\nsoon,5\n", 422)
        assert page.says("Nothing of this file was entered.", "row 3.date", "This is no date")
        page = await self.send(root, b"date,amount,reference\n2026-11-20,9,A\n2026-11-20,8,A\n", 422)
        assert page.says("Line A was entered before with another amount")
        assert await db.fetch("SELECT id FROM bank_line") == []
        page = await root.get("/admin/bank-lines")
        assert (await root.send(page.form("/import"), 422)).says("Choose a file.")


async def test_it_is_for_admins_only(w, app, bo, mill):
    for somebody in (bo, mill):
        await somebody.get("/admin/bank-lines", 404)
        await somebody.get("/admin/bank-lines/01ARZ3NDEKTSV4RRFFQ69G5FAV", 404)


class TestAPartWhoseRestIsNotWaitedForAnyMore:
    @pytest.mark.parametrize("how", ["pays another way", "loses the place"])
    async def test_is_in_front_of_an_admin_again(self, w, app, root, how):
        home, joined, payment = await waiting()
        line = await came(home.root, 1000)
        assert not await assign(home.root, line, payment["id"])
        assert (await root.get("/admin/bank-lines")).says("Nothing waits for you here.")
        if how == "pays another way":
            await check_out(home.members[-1], joined.participation_id, gateway_name="sandbox")
        else:
            await db.execute("UPDATE participation SET state = 'expired', reserved_until = NULL")
        page = await root.get("/admin/bank-lines")
        assert page.says("A part, and the rest is not waited for")
        assert (await root.get("/admin/money")).says("1 waits")
        page = await root.get(f"/admin/bank-lines/{line}")
        assert page.says("The rest is not waited for any more")
        assert (await root.send(page.form("/return"), note="It will not come.")).says("Going back")
        assert (await root.get("/admin/bank-lines")).says("Nothing waits for you here.")


class TestARefundOfATransfer:
    async def test_shows_from_which_accounts_it_came(self, w, app, root):
        home, joined, payment = await waiting()
        for amount, account in ((1000, "6222000011119999"), (payment["amount_minor"] - 1000, "")):
            line = await came(home.root, amount, account=account)
            await assign(home.root, line, payment["id"])
        await withdraw(home.members[-1], joined.participation_id)
        await work()
        (refund,) = await db.fetch("SELECT id FROM refund")
        page = await root.get(f"/admin/refunds/{refund['id']}")
        assert page.says("Came by", "CN¥10.00 · Bo Zhang · •••• 9999", "Pay by hand")
        assert f"/admin/bank-lines/{line}" in page.html


class TestOurOwnMoney:
    async def test_is_written_down_and_taken_back(self, w, app, root):
        await waiting()
        line = await came(w.root, 4200)
        page = await root.get(f"/admin/bank-lines/{line}")
        assert page.says("Our own money", "No member sent it", "Something else")
        form = page.form("/own")
        page = await root.send(form, 422)
        assert page.says("Choose where it comes from.")
        assert '<details class="fold" open>' in page.html  # what is wrong is not hidden
        assert (await root.send(form, 422, what="other", what_note=" ")).says("Please say what it is.")
        page = await root.send(form, what="other", what_note="Interest of <b>November</b>.")
        assert page.says("Written down as our own money.", "Interest of <b>November</b>.", "something else")
        assert (await root.send(form, 409, what="other", what_note="Again.")).says(
            "decided about this line already"
        )
        assert (await root.get("/admin/bank-lines?state=own")).says("Our own money")
        again = page.form("/reopening")
        assert (await root.send(again, 422, reason="")).says("Please say why.")
        assert (await root.send(again, reason="It was Bo's.")).says(
            "The line waits for a decision again.", "To decide"
        )

    async def test_stands_beside_the_payout_that_a_report_told(self, w, app, root):
        await waiting()
        await paid_out(90_000)
        page = await root.get(f"/admin/bank-lines/{await came(w.root, 90_000)}")
        assert page.says("stripe · po_1")
        page = await root.send(page.form("/own"))
        assert page.says("Written down as our own money.", "Comes from", "stripe")
