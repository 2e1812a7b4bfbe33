"""Bank transfers on the pages: an admin approves, another one sends, each step once and on the record."""

from __future__ import annotations

import pytest

from c2b.config import settings
from c2b.kit import db
from c2b.payments import disbursing
from tests import world
from tests.payments.test_disbursing import PAYEE, nobody_listens
from tests.web.consumer.browser import Browser

__all__ = ["nobody_listens"]
pytestmark = pytest.mark.usefixtures("nobody_listens")


async def proposed(subject: str, amount: int) -> str:
    found = await db.atomically(
        lambda: disbursing.propose(
            kind="commission", subject_id=subject, amount_minor=amount, currency="CNY", payee=PAYEE
        )
    )
    assert found
    return found


async def test_two_admins_take_a_large_transfer_to_the_bank(w, app, root):
    id = await proposed("01m8c9yfz7kshshdt330mymx7d", settings().two_person_minor)
    at = f"/admin/disbursements/{id}"
    assert (await root.get("/admin/disbursements")).says("Bo Zhang", "To approve", "CN¥1,000.00")
    page = await root.get(at)
    assert page.says("This amount takes two persons.", "•••• 5678")
    assert PAYEE.account not in page.html
    assert (await root.send(page.form("/payee"))).says(PAYEE.account)
    page = await root.send(page.form("/approval"))
    assert page.says("You have done your step: the next one is for another admin.")
    assert not [form for form in page.forms if form.action.endswith("/dispatch")]
    other = await Browser.of(app, await world.person("Other", "admin"))
    page = await other.get(at)
    page = await other.send(page.form("/dispatch"), 422, bank_reference=" ")
    assert page.says("Enter the reference of the bank transfer.")
    page = await other.send(page.form("/dispatch"), bank_reference="ICBC-7")
    assert page.says("Booked as sent.", "ICBC-7", "Other")
    assert not [form for form in page.forms if form.action.endswith("/refusal")]


async def test_what_was_decided_meanwhile_is_said(w, app, root):
    page = await root.get(f"/admin/disbursements/{await proposed('01m8c9yfz7kshshdt330mymx7d', 5)}")
    other = await Browser.of(app, await world.person("Other", "admin"))
    called_off = await other.send((await other.get(page.path)).form("/refusal"), reason="Wrong account.")
    assert called_off.says("Called off. Nothing was sent.", "Wrong account.")
    assert (await root.send(page.form("/approval"), 409)).says("was decided or sent already")


async def test_the_list_is_honest_when_it_is_empty(w, root):
    assert (await root.get("/admin/disbursements")).says("No bank transfer yet.")
    assert (await root.get("/admin/disbursements?state=sent&kind=refund")).says(
        "No bank transfer is like that."
    )
