"""Refunds on the pages: what is stuck is seen with its reason, asked for again, or proposed as a bank transfer."""

from __future__ import annotations

from datetime import timedelta

from c2b.kit import clock, db
from c2b.payments.refunding import request_refund
from tests import small
from tests.books import provider, work
from tests.payments.paying import payment_of
from tests.payments.test_refunding import paid

__all__ = ["provider"]


async def test_an_empty_list_says_so(w, root):
    assert (await root.get("/admin/refunds")).says("No refund yet.")
    assert (await root.get("/admin/refunds?state=by_hand")).says("No refund is like that.")


async def test_a_refund_too_old_for_its_provider_becomes_a_bank_transfer(w, app, root, provider):
    await _claimed(provider, late=True)
    (row,) = await db.fetch("SELECT id FROM refund")
    page = await root.get("/admin/refunds?state=waiting")
    assert page.says("To send by hand", "CN¥30.00")
    page = await root.get(f"/admin/refunds/{row['id']}")
    assert not [form for form in page.forms if form.action.endswith("/retry")]
    page = await root.send(page.form("/transfer"), 422, payee_name="Bo Zhang", payee_account="?")
    assert page.says("Enter an IBAN or account number.")
    page = await root.send(page.form("/transfer"), payee_account="6222 0000 1234 5678")
    assert page.says("The bank transfer is proposed.", "•••• 5678")
    assert not [
        form for form in (await root.get(f"/admin/refunds/{row['id']}")).forms if "/transfer" in form.action
    ]


async def test_a_refused_one_shows_why_and_is_tried_again(w, app, root, provider):
    await _claimed(provider)
    await db.execute("UPDATE refund SET state = 'failed', tries = 1")
    await db.execute(
        "UPDATE job SET state = 'dead', error = 'the provider refuses it: account_closed' WHERE kind = 'refund.send'"
    )
    (row,) = await db.fetch("SELECT id FROM refund")
    page = await root.get(f"/admin/refunds/{row['id']}")
    assert page.says("Refused by the provider", "account_closed", "Pay by hand")
    page = await root.send(page.form("/retry"))
    assert page.says("The provider is being asked again.")
    await work("refund.send")
    assert (await root.get(page.path)).says("Paid back")


async def _claimed(provider, *, late: bool = False) -> None:
    home = await small.build()
    joined = await paid(home, await small.open_campaign(home), provider)
    payment = await payment_of(joined)
    if late:
        await db.execute("UPDATE payment SET refund_until = ?", clock.now() - timedelta(seconds=1))
    async with db.transaction():
        assert await request_refund(payment["id"], reason="claim", amount_minor=3000)


async def test_those_that_need_a_person_are_one_step_from_the_money(w, root):
    page = await root.get("/admin/refunds?state=waiting")
    assert page.says("Every refund goes its way by itself.", "Show all")
